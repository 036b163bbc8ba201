"""`manage.py administrator`: the first account of a new installation; everybody else is entered on the pages."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from lims.core.text import Refused
from lims.people import services


class Command(BaseCommand):
    help = "Enter the institute and its first administrator, and print the link by which that person sets a password"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", required=True, help="the person's name as documents print it")
        parser.add_argument("--institute", default="", help="name of the institute; needed while none is entered")

    def handle(self, *, username: str, name: str, institute: str, **options: Any) -> None:
        try:
            link = services.first_administrator(username, display_name=name, institute=institute)
        except Refused as refusal:
            raise CommandError("; ".join(f"{one.text.zh} {one.text.en}" for one in refusal.reasons)) from None
        self.stdout.write(f"{settings.BASE_URL}{reverse('people:first_password', args=[link.person, link.token])}")
