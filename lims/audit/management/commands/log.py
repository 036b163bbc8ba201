"""`manage.py log`: the event log as files, its head, whether it agrees with the database, a new key by plan, a new log after a
disaster."""

import json as json_text
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist
from django.core.management.base import BaseCommand, CommandError, CommandParser

from lims.audit.checking import faults
from lims.audit.export import export
from lims.audit.services import integrate, restart, rotate, signer
from lims.audit.services.rotating import OVERLAP
from lims.audit.tlog.note import encode
from lims.core.text import Refused


class Command(BaseCommand):
    help = "The event log: head, export, check, rotate, restart"

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_subparsers(dest="what", required=True)
        out = what.add_parser("export", help="checkpoint, tiles, entries and log.vkey into a directory")
        out.add_argument("directory", type=Path)
        again = what.add_parser("restart", help="begin a new log when only an older database was saved from a disaster")
        again.add_argument("--reason", required=True)
        new = what.add_parser("rotate", help="hand over to a new key; both sign for a while")
        new.add_argument("--reason", required=True)
        new.add_argument("--by", default="", help="user name of the quality manager who decided it")
        new.add_argument("--overlap", type=int, default=OVERLAP.days, help="days for which both keys sign")
        head = what.add_parser("head", help="place what waits, have the head signed, print it")
        check = what.add_parser("check", help="compare every event with its leaf, every tile and the signed head")
        for one in (out, new, again, head, check):
            one.add_argument("--json", action="store_true")

    def handle(self, *, what: str, json: bool, **options: Any) -> None:
        if what == "check":
            self._check(json)
            return
        try:
            if what == "restart":
                head = restart(reason=options["reason"])
            elif what == "rotate":
                head = rotate(
                    reason=options["reason"], by=_person(options["by"]), overlap=timedelta(days=options["overlap"])
                )
            else:
                head = integrate()
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


def _person(name: str) -> Any:
    """The person of a user name, None for an empty one. Raises CommandError."""
    if not name:
        return None
    try:
        return get_user_model()._default_manager.get_by_natural_key(name)
    except ObjectDoesNotExist:
        raise CommandError(f"没有用户 {name} / there is no user {name}", returncode=2) from None
