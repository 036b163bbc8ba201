"""Reading a correction at a point while a record is evaluated: what was used and where it comes from, or why there is none."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from lims.core.text import Text
from lims.metrology import certified
from lims.metrology.correction import Correction as Readable
from lims.metrology.correction import Table
from lims.metrology.expression import EvaluationError
from lims.metrology.expression.arithmetic import CONTEXT, DomainError
from standards.procedures import exact
from standards.procedures.record import Certified, plain, trimmed
from standards.procedures.schema import Correction

_NAMELESS: Final = Certified("", "", "", "", "", "", (), "", "x", "", "", "", ())


@dataclass(frozen=True)
class Used:
    """A correction as used in one row or run; numbers in the units of the procedure, `between` in those of the certificate.

    `expanded` and `k` are None where the certificate is silent.
    """

    name: str
    label: Text
    certified: Certified
    point: Decimal
    at_unit: str
    value: Decimal
    unit: str
    expanded: Decimal | None = None
    k: Decimal | None = None
    between: tuple[str, ...] = ()

    @property
    def by_default(self) -> bool:
        """Whether no certificate gives it and the procedure's own value stands in."""
        return not self.certified.form

    @property
    def standard(self) -> Decimal | None:
        """The standard uncertainty U / k."""
        return None if self.expanded is None or not self.k else CONTEXT.divide(self.expanded, self.k)

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "label": self.label.as_json(),
            "source": "default" if self.by_default else "certificate",
            "device": self.certified.device,
            "certificate": self.certified.certificate,
            "form": self.certified.form,
            "at": plain(self.point),
            "at_unit": self.at_unit,
            "value": plain(self.value),
            "U": _text(self.expanded),
            "k": _text(self.k),
            "unit": self.unit,
            "between": list(self.between),
            "interpolation": "linear" if self.between else "",
        }


@dataclass(frozen=True, eq=False)
class Reader:
    """One correction of one record, ready to be read at its points; units as the record chose them."""

    correction: Correction
    given: Certified
    unit: str
    at_unit: str
    source: _Source | Text | None

    def at(self, point: Decimal) -> Used | Text:
        """The value at the point; or the sentence that says why there is none."""
        correction, given, found = self.correction, self.given, self.source
        if found is None:
            if not correction.default:
                return _nothing(correction, given)
            value = Decimal(correction.default)
            return Used(correction.name, correction.label, given, point, self.at_unit, value, self.unit)
        if isinstance(found, Text):
            return found
        there = CONTEXT.add(CONTEXT.multiply(point, found.stretch), found.shift)
        try:
            stated = found.readable.at(there)
        except (DomainError, EvaluationError) as failure:
            return _outside(correction, given, found.readable, there, failure)
        return Used(
            correction.name,
            correction.label,
            given,
            point,
            self.at_unit,
            CONTEXT.multiply(stated.value, found.factor),
            self.unit,
            None if stated.expanded is None else CONTEXT.multiply(stated.expanded, found.factor),
            stated.k,
            _between(found.readable, there),
        )


def reader(correction: Correction, held: Certified | None, unit: str, at_unit: str) -> Reader:
    """`held`: what the record holds for it, None where it holds nothing."""
    given = held or _NAMELESS
    return Reader(correction, given, unit, at_unit, _source(correction, given, unit, at_unit) if given.form else None)


@dataclass(frozen=True)
class _Source:
    """A certificate's correction made ready: point × stretch + shift is in its unit, its values × factor in ours."""

    readable: Readable
    stretch: Decimal
    shift: Decimal
    factor: Decimal


@lru_cache(maxsize=256)
def _source(correction: Correction, given: Certified, unit: str, at_unit: str) -> _Source | Text:
    """Kept by content: a sheet is evaluated at every keystroke, its certificates do not change."""
    factor = exact.difference(given.unit, unit)
    if factor is None:
        return _misfit(correction, given, Text("值", "the value"), given.unit, unit)
    moved = (Decimal(1), Decimal(0)) if _pointless(given) else exact.point(at_unit, given.at_unit)
    if moved is None:
        return _misfit(correction, given, Text("测量点", "the point"), given.at_unit, at_unit)
    try:
        found = certified.read(_rows(correction, given))[correction.certified].correction
    except (certified.CertifiedError, KeyError) as failure:
        zh, en = (
            (failure.zh, failure.en) if isinstance(failure, certified.CertifiedError) else ("没有值。", "no value.")
        )
        return Text(
            f"{correction.label.zh}：{_where(given).zh}给出的{_FORM[given.form].zh}不能用：{zh}",
            f"{correction.label.en}: the {_FORM[given.form].en} that {_where(given).en} gives cannot be used: {en}",
        )
    return _Source(found, *moved, factor)


def _pointless(given: Certified) -> bool:
    """A single value without a range holds whatever the point."""
    return given.form == "single" and not given.lower and not given.upper


def _rows(correction: Correction, given: Certified) -> list[dict[str, str]]:
    """The rows as a certificate has them."""
    shared = {
        "name": correction.certified,
        "unit": given.unit,
        "at_unit": given.at_unit,
        "range_lower": given.lower,
        "range_upper": given.upper,
        "equation": given.equation,
        "variable": given.variable,
        "interpolation": given.interpolation,
    }
    return [{**shared, "at": one.at, "value": one.value, "U": one.U, "k": one.k} for one in given.rows]


def _between(readable: Readable, there: Decimal) -> tuple[str, ...]:
    """The points of a table on either side; empty on a point."""
    if not isinstance(readable, Table) or there in readable.points:
        return ()
    place = bisect_left(readable.points, there)
    return trimmed(readable.points[place - 1]), trimmed(readable.points[place])


_FORM: Final = {
    "single": Text("单个值", "single value"),
    "table": Text("表", "table"),
    "equation": Text("方程", "equation"),
}


def form_words(form: str) -> Text:
    """The name of a form for people."""
    return _FORM[form]


def _where(given: Certified) -> Text:
    return Text(
        f"设备 {given.device} 的证书 {given.certificate} ", f"certificate {given.certificate} of device {given.device}"
    )


def _nothing(correction: Correction, given: Certified) -> Text:
    zh, en = correction.label.zh, correction.label.en
    if not given.device:
        return Text(
            f"没有{zh}：角色“{correction.role}”还没有选设备。",
            f"{en}: no device is chosen for the role “{correction.role}”.",
        )
    if not given.certificate:
        return Text(
            f"没有{zh}：设备 {given.device} 在测量当日没有有效的检定/校准证书。",
            f"{en}: device {given.device} has no certificate in effect on the day of measurement.",
        )
    return Text(
        f"{_where(given).zh}没有给出可用的{zh}（名称“{correction.certified}”）。",
        f"{en}: {_where(given).en} gives no usable value of it (named “{correction.certified}”).",
    )


def _outside(correction: Correction, given: Certified, readable: Readable, there: Decimal, failure: Exception) -> Text:
    """The point and the range in the certificate's unit."""
    here = _with_unit(trimmed(there), given.at_unit)
    label, where = correction.label, _where(given)
    if isinstance(failure, EvaluationError):
        return Text(
            f"{label.zh}：{where.zh}的方程在点 {here} 算不出：{failure.message_zh}",
            f"{label.en}: the equation of {where.en} has no result at {here}: {failure.message_en}",
        )
    ends = [given.lower, given.upper]
    if isinstance(readable, Table):
        first, last = readable.points[0], readable.points[-1]
        if first <= there <= last:
            return Text(
                f"{label.zh}：点 {here} 不在{where.zh}列出的点上，该证书不允许内插。",
                f"{label.en}: the point {here} is none of those that {where.en} lists, and it allows no interpolation.",
            )
        ends = [trimmed(first), trimmed(last)]
    reach = _with_unit(f"{ends[0] or '−∞'}～{ends[1] or '+∞'}", given.at_unit)
    return Text(
        f"{label.zh}：点 {here} 超出{where.zh}给出的范围 {reach}，不外推。",
        f"{label.en}: the point {here} lies outside the range {reach} of {where.en}; nothing is extrapolated.",
    )


def _misfit(correction: Correction, given: Certified, what: Text, theirs: str, ours: str) -> Text:
    return Text(
        f"{correction.label.zh}：{_where(given).zh}{what.zh}的单位“{theirs}”不能准确换算为规程的“{ours}”。",
        f"{correction.label.en}: the unit “{theirs}” of {what.en} in {_where(given).en} does not convert exactly to “{ours}”.",
    )


def _with_unit(text: str, unit: str) -> str:
    return f"{text} {unit}" if unit and unit != "1" else text


def _text(number: Decimal | None) -> str:
    return "" if number is None else plain(number)
