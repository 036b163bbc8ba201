"""`manage.py restore DIR`: brings a backup back, checked before and after."""

import fcntl
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from lims.core.backup.manifest import BackupError
from lims.core.backup.restoring import restore


class Command(BaseCommand):
    help = "Replace database and files by a backup; refuses a target in use"
    # The database to be replaced may be empty or broken.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path)
        parser.add_argument("--replace", action="store_true", help="overwrite a database that holds work")

    def handle(self, *, directory: Path, replace: bool, **options: Any) -> None:
        with (Path(settings.DATA_DIR) / "serve.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise CommandError("`serve` is running on this data; end it first", returncode=2) from None
            try:
                told = restore(directory, replace=replace)
            except BackupError as error:
                raise CommandError(str(error), returncode=2) from error
        for line in told:
            self.stdout.write(line)
        self.stdout.write("restored")
