"""Whether the events of a log tell a story that can be true: their times, and the lives of the certificates."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from lims.audit import leaves
from lims.core.text import Text

TOLERANCE = timedelta(minutes=10)
"""An event is dated when it is written and placed when its transaction ends; long ones may be overtaken."""

NUMBERED, ISSUED, WITHDRAWN, REPLACED, VOIDED = (
    f"certificate.{verb}" for verb in ("numbered", "issued", "withdrawn", "replaced", "voided")
)
_NUMBER = re.compile(r"(.*?)(\d+)")


@dataclass
class Life:
    """What the log says about one certificate. `pdf` is the digest of the sealed file."""

    number: str
    pdf: str = ""
    states: list[str] = field(default_factory=list)
    replaced_by: str = ""

    @property
    def last(self) -> str:
        return self.states[-1]


@dataclass
class Story:
    """The events of a log, read one by one in their order; `read` may be called again with those that follow."""

    lives: dict[str, Life] = field(default_factory=dict)
    faults: list[Text] = field(default_factory=list)
    newer: int = 0
    _count: int = 0
    _latest: datetime | None = None

    def read(self, entries: Iterable[bytes]) -> None:
        for index, entry in enumerate(entries, self._count):
            self._count = index + 1
            if plain := leaves.time_of_plain(entry):
                self._in_order(index, plain)
                continue
            try:
                fields = leaves.read(entry)
                at = datetime.fromisoformat(fields["at"])
                if at.utcoffset() != timedelta(0):
                    raise ValueError("its time is not UTC")
            except (ValueError, TypeError) as error:
                self._fault(f"第 {index} 条不可读：{error}", f"entry {index} cannot be read: {error}")
                continue
            self._in_order(index, at)
            if "cert" in fields:
                self._certificate(index, fields)

    def gaps(self) -> list[Text]:
        """Certificate numbers that are missing between the first and the last of their series."""
        series: dict[str, dict[int, int]] = {}
        for number in self.lives:
            if found := _NUMBER.fullmatch(number):
                series.setdefault(found[1], {})[int(found[2])] = len(found[2])
        faults = []
        for prefix, known in sorted(series.items()):
            width = max(known.values())
            for missing in sorted(set(range(min(known), max(known))) - known.keys()):
                number = f"{prefix}{missing:0{width}d}"
                faults.append(Text(f"证书编号 {number} 不在日志中", f"certificate number {number} is not in the log"))
        return faults

    def _in_order(self, index: int, at: datetime) -> None:
        if self._latest is None or at >= self._latest:
            self._latest = at
        elif at < self._latest - TOLERANCE:
            self._fault(
                f"第 {index} 条的时间 {at:%Y-%m-%d %H:%M:%S} 早于它前面的事件（{self._latest:%Y-%m-%d %H:%M:%S}）：倒签",
                f"entry {index} is dated {at:%Y-%m-%d %H:%M:%S}, before events that precede it "
                f"({self._latest:%Y-%m-%d %H:%M:%S}): back-dated",
            )

    def _certificate(self, index: int, fields: dict[str, Any]) -> None:
        number, event = str(fields["cert"]), str(fields["event"])
        life = self.lives.setdefault(number, Life(number))
        if event == NUMBERED and life.states:
            self._fault(
                f"证书编号 {number} 被使用了两次（第 {index} 条）",
                f"certificate number {number} was taken twice (entry {index})",
            )
        if event == ISSUED:
            if ISSUED in life.states:
                self._fault(
                    f"证书 {number} 签发了两次（第 {index} 条）",
                    f"certificate {number} was issued twice (entry {index})",
                )
            life.pdf = str(fields.get("pdf", ""))
        if event in (WITHDRAWN, REPLACED) and ISSUED not in life.states:
            self._fault(
                f"证书 {number} 未签发即被撤回或替代（第 {index} 条）",
                f"certificate {number} was withdrawn or replaced before it was issued (entry {index})",
            )
        if event == REPLACED:
            life.replaced_by = str(fields.get("by", ""))
        life.states.append(event)

    def _fault(self, zh: str, en: str) -> None:
        self.faults.append(Text(zh, en))
