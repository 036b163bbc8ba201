"""Parts that occur in many places of a pack file: claims, conditions, counts."""

from __future__ import annotations

from dataclasses import dataclass, field

from lims.core.strict import Table
from standards.procedures.schema import CONFIDENCES, UNKNOWN, Claim, Count, When


@dataclass(frozen=True)
class Sources:
    """The `[sources]` table: key → citation, and which of them a value cites."""

    listed: dict[str, str]
    cited: set[str] = field(default_factory=set)


def read_claim(table: Table, sources: Sources, *, value: object = "") -> Claim:
    """The fields source, confidence, confirmed (and clause, note) beside a value; an unknown value needs a note."""
    keys = table.strings("source", required=True)
    sources.cited.update(keys)
    for key in keys:
        if key not in sources.listed:
            table.fault("source", f"[sources] 中没有“{key[:40]}”。", f"[sources] has no “{key[:40]}”.")
    claim = Claim(
        source="; ".join(sources.listed.get(key, key) for key in keys),
        confidence=table.choice("confidence", CONFIDENCES),
        confirmed=table.flag("confirmed"),
        clause=table.text("clause", ""),
        note=table.optional_words("note"),
    )
    if value == UNKNOWN and claim.note is None:
        table.fault("note", "值为 unknown 时要写明缺什么。", "An unknown value needs a note saying what is missing.")
    if value == UNKNOWN and claim.confirmed:
        table.fault("confirmed", "unknown 的值不能是已确认。", "An unknown value cannot be confirmed.")
    return claim


def read_when(table: Table) -> When:
    """`when = { accuracy_class = "2", kind = ["subsequent", "in_use"] }`."""
    inner = table.table("when", required=False)
    return When(tuple((name, inner.strings(name)) for name in inner.data))


def read_count(table: Table, key: str, sources: Sources) -> Count | None:
    if not table.has(key):
        return None
    inner = table.table(key)
    count = Count(
        value=inner.text("value", ""),
        at_least=inner.text("at_least", ""),
        at_most=inner.text("at_most", ""),
        claim=read_claim(inner, sources, value=inner.data.get("value")),
    )
    for name, text in (("value", count.value), ("at_least", count.at_least), ("at_most", count.at_most)):
        if text and text != UNKNOWN and not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= 200):
            inner.fault(
                name, f"“{text[:40]}”不是 1 到 200 的整数。", f"“{text[:40]}” is no whole number from 1 to 200."
            )
    inner.close()
    return count
