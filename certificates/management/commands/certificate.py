"""`manage.py certificate export NUMBER --out DIR`."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from certificates.export import export, export_authorities
from certificates.models import Certificate


class Command(BaseCommand):
    help = "导出一份证书及其核对材料"

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        one = verbs.add_parser("export", help="write the files of one certificate")
        one.add_argument("number")
        one.add_argument("--out", required=True, type=Path)

    def handle(self, *args: Any, number: str, out: Path, **options: Any) -> None:
        certificate = Certificate.objects.filter(number=number).first()
        if certificate is None:
            raise CommandError(f"没有编号为 {number} 的证书", returncode=2)
        out.mkdir(parents=True, exist_ok=True)
        try:
            names = export(certificate, out)
        except (FileNotFoundError, ValueError) as error:
            raise CommandError(str(error), returncode=1) from error
        self.stdout.write("\n".join(names + export_authorities(out)))
