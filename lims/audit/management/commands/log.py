"""`manage.py log`: the event log as files, its head, whether it agrees with the database, and a new one after a disaster."""

import json as json_text
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lims.audit.checking import faults
from lims.audit.export import export
from lims.audit.services import integrate, restart, signer
from lims.audit.tlog.note import encode
from lims.core.text import Refused


class Command(BaseCommand):
    help = "The event log: head, export, check, restart"

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_subparsers(dest="what", required=True)
        out = what.add_parser("export", help="checkpoint, tiles, entries and log.vkey into a directory")
        out.add_argument("directory", type=Path)
        again = what.add_parser("restart", help="begin a new log when only an older database was saved from a disaster")
        again.add_argument("--reason", required=True)
        head = what.add_parser("head", help="place what waits, have the head signed, print it")
        check = what.add_parser("check", help="compare every event with its leaf, every tile and the signed head")
        for one in (out, again, head, check):
            one.add_argument("--json", action="store_true")

    def handle(self, *, what: str, json: bool, **options: Any) -> None:
        if what == "check":
            self._check(json)
            return
        try:
            head = restart(reason=options["reason"]) if what == "restart" else integrate()
            if what == "export":
                export(options["directory"])
        except Refused as refused:
            raise CommandError(str(refused), returncode=1) from refused
        except OSError as error:
            raise CommandError(str(error), returncode=2) from error
        told = {"origin": head.origin, "size": head.size, "root": encode(head.root), "vkey": signer().vkey}
        if json:
            self.stdout.write(json_text.dumps(told))
        else:
            self.stdout.write("\n".join(f"{name}: {value}" for name, value in told.items()))

    def _check(self, json: bool) -> None:
        found = list(faults())
        if json:
            self.stdout.write(json_text.dumps({"faults": [one.as_json() for one in found]}, ensure_ascii=False))
        else:
            self.stdout.write(
                "\n".join(f"{one.zh} / {one.en}" for one in found) or "日志与数据库一致 / log and database agree"
            )
        if found:
            raise CommandError(f"{len(found)} faults", returncode=1)
