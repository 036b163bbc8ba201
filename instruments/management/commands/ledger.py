"""`manage.py ledger import|export FILE.xlsx`: the instrument ledger as a spreadsheet."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from instruments.models import Instrument
from instruments.selectors.ledger_export import export, template
from instruments.services.ledger_import import ImportReport, import_ledger
from lims.core.text import DataError, Refused
from lims.people.models import User

_OUTCOMES = {"created": "新增", "updated": "修改", "unchanged": "未变", "refused": "拒绝"}


class Command(BaseCommand):
    help = "Imports the instrument ledger from an XLSX file with a row-by-row report, or exports it."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        importing = actions.add_parser("import", help="take a file in; exit status 1 when a row was refused")
        importing.add_argument("file", type=Path)
        importing.add_argument("--by", default="", metavar="USERNAME", help="in whose name; the system when left out")
        importing.add_argument("--json", action="store_true", dest="as_json", help="the report as one JSON object")
        exporting = actions.add_parser("export", help="write the whole ledger")
        exporting.add_argument("file", type=Path)
        emptying = actions.add_parser("template", help="write an empty file to fill in")
        emptying.add_argument("file", type=Path)

    def handle(self, *args: Any, action: str, file: Path, **options: Any) -> None:
        if action == "import":
            self._import(file, by=options["by"], as_json=options["as_json"])
            return
        rows = Instrument.objects.select_related("organisation", "site").defer("search").order_by("ledger_number")
        data = export(rows.iterator(chunk_size=1000)) if action == "export" else template()
        try:
            file.write_bytes(data)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}", returncode=2) from error

    def _import(self, file: Path, *, by: str, as_json: bool) -> None:
        user = User.objects.filter(username=by).first() if by else None
        if by and user is None:
            raise CommandError(f"没有用户 {by} / no user {by}", returncode=2)
        try:
            report = import_ledger(by=user, data=file.read_bytes())
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}", returncode=2) from error
        except DataError as error:
            raise CommandError(f"{file}: {error} / {error.text.en}", returncode=2) from error
        except Refused as refusal:
            raise CommandError(str(refusal), returncode=2) from refusal
        if as_json:
            self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False))
        else:
            self._tell(report)
        if report.count("refused"):
            raise CommandError(f"{report.count('refused')} 行被拒绝 / rows refused", returncode=1)

    def _tell(self, report: ImportReport) -> None:
        for row in report.rows:
            self.stdout.write(f"第 {row.number} 行 {_OUTCOMES[row.outcome]} {row.label}")
            for one in row.reasons:
                self.stdout.write(f"    {one.text.zh}" + (f"；{one.action.zh}" if one.action else ""))
        if report.ignored:
            self.stdout.write(f"未使用的列：{'、'.join(report.ignored)}")
        if report.cut:
            self.stdout.write("长段空行之后的内容没有读取")
        self.stdout.write("，".join(f"{_OUTCOMES[name]} {count}" for name, count in report.counts.items()))
