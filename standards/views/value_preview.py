"""Values "as they will be used": the rule in words, the drawing, and the value at a point that somebody asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation

from lims.core.text import Reason, Text
from lims.metrology.certified import Certified, read
from lims.metrology.expression import ExpressionError
from lims.metrology.expression.arithmetic import DomainError
from standards import rules
from standards.models import CertifiedValue
from standards.selectors.snapshots import value_facts
from standards.views.value_plot import Plot, plot

_SHOWN = 10


@dataclass(frozen=True)
class Shown:
    """One named value as it will be used. `answer`: at the point asked for, or why there is none."""

    certified: Certified
    rule: Text
    plot: Plot | None
    answer: Text | None


@dataclass(frozen=True)
class Preview:
    shown: tuple[Shown, ...]
    reason: Reason | None
    point: str


def preview(rows: Sequence[Mapping[str, str]], point: str = "") -> Preview:
    """rows: as facts. What contradicts is told instead of drawn."""
    if reason := rules.values_agree(rows):
        return Preview((), reason, point)
    shown = tuple(
        Shown(one, Text(*one.rule()), plot(one), _answer(one, point.strip()) if point.strip() else None)
        for one in read(rows).values()
    )
    return Preview(shown, None, point)


def facts_of(rows: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Rows of an entry that is not stored yet, as facts."""
    return [value_facts(CertifiedValue(**row)) for row in rows]


def _answer(certified: Certified, point: str) -> Text:
    try:
        at = Decimal(point.replace("−", "-"))
    except InvalidOperation:
        return Text(f"“{point[:40]}”不是十进制数。", f"“{point[:40]}” is not a decimal number.")
    if not at.is_finite():
        return Text(f"“{point[:40]}”不是十进制数。", f"“{point[:40]}” is not a decimal number.")
    try:
        found = certified.at(at)
    except DomainError as error:
        return Text(error.zh, error.en)
    except ExpressionError as error:
        return Text(error.message_zh, error.message_en)
    told = f"{_short(found.value)} {certified.unit}".strip()
    if found.expanded is None:
        return Text(f"{told}，U 未知", f"{told}, U not known")
    factor = f"{found.k:f}" if found.k is not None else "—"
    return Text(
        f"{told}，U = {_short(found.expanded)} {certified.unit}（k = {factor}）",
        f"{told}, U = {_short(found.expanded)} {certified.unit} (k = {factor})",
    )


def _short(value: Decimal) -> str:
    """For the eye: a value of many computed digits is shown with ten, and said to be rounded."""
    if len(value.as_tuple().digits) <= _SHOWN:
        return f"{value:f}"
    return f"≈ {Context(prec=_SHOWN).plus(value):f}"
