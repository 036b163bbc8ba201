"""`manage.py demo`: loads or refreshes the demonstration institute."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from lims.demo import benches, equipment, establishing, ledger, people, upkeep


class Command(BaseCommand):
    help = "载入或刷新演示机构（可重复执行）"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quiet", action="store_true", help="do not print the accounts")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError(
                "the demonstration institute does not belong in a production database (LIMS_MODE=production)"
            )
        accounts = people.load()
        equipment.load_procedures(accounts)
        equipment.load(accounts)
        upkeep.load(accounts)
        establishing.load(accounts)
        benches.load(accounts)
        ledger.load(accounts)
        if options["quiet"]:
            return
        self.stdout.write(f"演示账号（密码和签名口令均为 {people.PASSWORD}）：")
        for account in people.ACCOUNTS:
            self.stdout.write(f"  {account.username:<14} {account.name}")
