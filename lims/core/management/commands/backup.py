"""`manage.py backup DIR`: a consistent copy of database and files."""

import json as json_text
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lims.core.backup.making import make
from lims.core.backup.manifest import BackupError


class Command(BaseCommand):
    help = "Copy database and files to a new directory, with counts and digests"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path)
        parser.add_argument("--json", action="store_true", help="print the manifest")

    def handle(self, *, directory: Path, json: bool, **options: Any) -> None:
        try:
            made = make(directory)
        except BackupError as error:
            raise CommandError(str(error), returncode=2) from error
        if json:
            self.stdout.write(_dump(asdict(made)))
        else:
            self.stdout.write(
                f"{directory}: {sum(made.rows.values())} rows in {len(made.rows)} tables, "
                f"{made.files - len(made.problems)} files ({made.bytes} bytes)"
            )
        if made.problems:
            raise CommandError(
                f"{len(made.problems)} stored files are missing or altered: {'; '.join(made.problems[:5])}. "
                "Restore them from an older backup",
                returncode=1,
            )


def _dump(content: dict[str, Any]) -> str:
    return json_text.dumps(content, ensure_ascii=False)
