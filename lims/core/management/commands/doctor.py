"""`manage.py doctor`: is everything well, and if not, what is to be done."""

import json as json_text
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lims.core import health


class Command(BaseCommand):
    help = "Examine clock, database, triggers, fonts, keys, waiting work, disk and backup; exit status 1 when something is wrong"
    # The doctor comes when the house is on fire: it must not be stopped by the smoke alarm.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true")
        parser.add_argument("--language", choices=("zh", "en"), default="zh")

    def handle(self, *, json: bool, language: str, **options: Any) -> None:
        findings = health.examine()
        wrong = [finding for finding in findings if finding.wrong]
        if json:
            content = {"ok": not wrong, "findings": [finding.as_json() for finding in findings]}
            self.stdout.write(json_text.dumps(content, ensure_ascii=False))
        for finding in [] if json else findings:
            self._tell(finding, language)
        if wrong:
            raise CommandError(
                f"{len(wrong)} of {len(findings)} checks failed: {', '.join(finding.name for finding in wrong)}",
                returncode=1,
            )

    def _tell(self, finding: health.Finding, language: str) -> None:
        if finding.wrong is None:
            note = f"  {finding.note.get(language)}" if finding.note else ""
            self.stdout.write(f"✓ {finding.name}{note}")
            return
        self.stdout.write(f"✗ {finding.name}  {finding.wrong.text.get(language)}")
        if finding.wrong.action:
            self.stdout.write(f"  → {finding.wrong.action.get(language)}")
