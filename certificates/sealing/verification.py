"""Judging a sealed file: four separate answers, each with its own reason. Nothing is fetched and nothing is ever raised.

1. Unchanged: is every byte still as it was sealed?
2. By whom: which certificate made the seal?
3. Trusted: does that certificate lead to a root the caller trusts, at the time of sealing?
4. When: is the time proven by a time stamp, or only claimed?
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from lims.core.text import Text

State = Literal["yes", "no", "unknown"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """yes, no, or unknown when the file does not let one tell; and the sentence for a person."""

    state: State
    text: Text


@dataclass(frozen=True)
class SealReport:
    """What a file says about itself. `good` needs all four answers."""

    sha256: str
    size: int
    unchanged: Answer
    by_whom: Answer
    trusted: Answer
    when: Answer
    institute: str = ""
    signer: str = ""
    at: datetime | None = None

    @property
    def good(self) -> bool:
        return all(one.state == "yes" for one in (self.unchanged, self.by_whom, self.trusted, self.when))

    def as_json(self) -> dict[str, Any]:
        return {
            "sha256": self.sha256,
            "size": self.size,
            "institute": self.institute,
            "signer": self.signer,
            "at": self.at.isoformat() if self.at else "",
            "good": self.good,
            **{
                name: {"state": answer.state, "text": answer.text.as_json()}
                for name, answer in (
                    ("unchanged", self.unchanged),
                    ("by_whom", self.by_whom),
                    ("trusted", self.trusted),
                    ("when", self.when),
                )
            },
        }


def verify(pdf: bytes, roots: bytes, *, now: datetime | None = None) -> SealReport:
    """Judge a file by the roots (PEM, one or more certificates) the caller trusts. `now` is for tests."""
    digest, size = hashlib.sha256(pdf).hexdigest(), len(pdf)

    def nothing(zh: str, en: str) -> SealReport:
        empty = Answer("unknown", Text(zh, en))
        return SealReport(digest, size, empty, empty, empty, empty)

    # pyHanko takes half a second to import, which every command would pay at its start.
    from . import judging

    try:
        report = judging.judge(pdf, roots, digest, size, now or datetime.now(UTC))
    except Exception as error:
        _log.info("a file could not be judged: %r", error)
        return nothing(
            "无法读取：不是完好的PDF文件，或其印章已损坏。",
            "Unreadable: not an intact PDF file, or its seal is damaged.",
        )
    return report or nothing("文件上没有电子印章。", "There is no electronic seal on this file.")
