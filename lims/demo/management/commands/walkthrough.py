"""`manage.py walkthrough --out DIR`: the main job once, unattended, with its certificates as files."""

import hashlib
import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from certificates.export import export, export_authorities
from lims.core.text import Refused
from lims.demo import walkthrough


class Command(BaseCommand):
    help = "无人值守地走一遍主流程：装置取数、记录、核验、批准、签发（演示机构）"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", required=True, type=Path, help="directory for the certificates and their proofs")
        parser.add_argument("--seed", type=int, default=1, help="of the simulated instruments")
        parser.add_argument("--speed", type=float, default=walkthrough.SPEED, help="simulated seconds per second")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, out: Path, seed: int, speed: float, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("the walkthrough does not belong in a production database (LIMS_MODE=production)")
        call_command("demo", stdout=self.stderr, quiet=True, skip_checks=True)
        say = self.stderr.write if options["json"] else self.stdout.write
        try:
            certificates = walkthrough.run(seed=seed, speed=speed, say=say)
        except Refused as refused:
            raise CommandError("; ".join(one.text.zh for one in refused.reasons)) from refused
        out.mkdir(parents=True, exist_ok=True)
        issued = [(one, export(one, out)) for one in certificates]
        answer = {
            "certificates": [
                {
                    "number": one.number,
                    "kind": one.kind,
                    "instrument": one.instrument.serial,
                    "sha256": hashlib.sha256((out / f"{one.number}.pdf").read_bytes()).hexdigest(),
                    "files": files,
                }
                for one, files in issued
            ],
            "files": export_authorities(out),
        }
        if options["json"]:
            self.stdout.write(json.dumps(answer, ensure_ascii=False))
        else:
            for one in answer["certificates"]:
                self.stdout.write(f"{one['number']}  {', '.join(one['files'])}")
