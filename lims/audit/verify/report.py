"""What the verifier says: one sentence for each thing it looked at, in both languages, and what follows from them."""

from collections.abc import Callable
from dataclasses import dataclass, field

from lims.core.text import DataError, Text

GOOD, WRONG, UNKNOWN, NOTE = "good", "wrong", "unknown", "note"
MARKS = {GOOD: "✓", WRONG: "✗", UNKNOWN: "?", NOTE: "·"}
MOST_ALIKE = 5
"""Findings of one kind that are told one by one; the rest is counted."""


@dataclass(frozen=True)
class Finding:
    state: str
    text: Text


@dataclass
class Report:
    """The findings about one path, in the order they were made."""

    subject: str
    findings: list[Finding] = field(default_factory=list)

    def good(self, zh: str, en: str) -> None:
        self.findings.append(Finding(GOOD, Text(zh, en)))

    def wrong(self, zh: str, en: str) -> None:
        self.findings.append(Finding(WRONG, Text(zh, en)))

    def unknown(self, zh: str, en: str) -> None:
        self.findings.append(Finding(UNKNOWN, Text(zh, en)))

    def note(self, zh: str, en: str) -> None:
        """Something the reader must know and no check can settle; it changes no status."""
        self.findings.append(Finding(NOTE, Text(zh, en)))

    def compare(self, same: bool, good: Text, wrong: Text) -> bool:
        """One finding by whether two things agree; whether they do."""
        if same:
            self.good(good.zh, good.en)
        else:
            self.wrong(wrong.zh, wrong.en)
        return same

    def guarded(self, name: str, part: Callable[[], None]) -> None:
        """Runs the check of one part. A hostile archive may hold anything anywhere: what the check cannot make sense of is one
        more fault, never a crash."""
        try:
            part()
        except DataError as error:
            self.wrong(f"{name}：{error.path}：{error.text.zh}", f"{name}: {error.path}: {error.text.en}")
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, ArithmeticError, RecursionError) as error:
            what = f"{type(error).__name__} {error}"[:120]
            self.wrong(
                f"{name} 的内容不合格式，无法核对（{what}）", f"{name} is malformed and cannot be checked ({what})"
            )

    def several(self, faults: list[Text]) -> None:
        """Faults of one kind: the first few in words, the others as a number."""
        for fault in faults[:MOST_ALIKE]:
            self.wrong(fault.zh, fault.en)
        if (more := len(faults) - MOST_ALIKE) > 0:
            self.wrong(f"同类问题另有 {more} 处", f"{more} more of this kind")

    @property
    def status(self) -> int:
        """0 all good, 1 something is wrong, 2 nothing is wrong but something could not be told."""
        states = {one.state for one in self.findings}
        return 1 if WRONG in states else 2 if UNKNOWN in states or not states else 0

    def as_json(self) -> dict[str, object]:
        found = [{"state": one.state, **one.text.as_json()} for one in self.findings]
        return {"subject": self.subject, "status": self.status, "findings": found}

    def lines(self, language: str) -> list[str]:
        return [self.subject, *(f"  {MARKS[one.state]} {one.text.get(language)}" for one in self.findings)]
