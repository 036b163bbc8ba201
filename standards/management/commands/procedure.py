"""`manage.py procedure check|evaluate|template`: procedure packs on the command line."""

import argparse
import io
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from standards.procedures import cli


class Command(BaseCommand):
    help = "Check procedure packs, evaluate a record with one, or print an empty record."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        cli.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        out, err = io.StringIO(), io.StringIO()
        status = cli.run(argparse.Namespace(**options), out, err)
        self.stdout.write(out.getvalue(), ending="")
        self.stderr.write(err.getvalue(), ending="")
        if status:
            sys.exit(status)
