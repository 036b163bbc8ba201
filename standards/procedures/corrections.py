"""Reading a correction at a point while a record is evaluated: what was used and where it comes from, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from lims.core.text import Text
from lims.metrology.correction import Correction as Readable
from lims.metrology.correction import Equation, Single, Stated, Table, table
from lims.metrology.expression import EvaluationError, ExpressionError, Symbol, compile_expression
from lims.metrology.expression.arithmetic import CONTEXT, DomainError
from standards.procedures import exact
from standards.procedures.record import Certified, CertifiedRow, parse_number, plain, trimmed
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
            return _outside(correction, given, there, failure)
        between = _between(found, there)
        if between and given.interpolation:
            return _unlisted(correction, given, there)
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
            between,
        )


def reader(correction: Correction, certified: Certified | None, unit: str, at_unit: str) -> Reader:
    """`certified`: what the record holds for it, None where it holds nothing."""
    given = certified or _NAMELESS
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
        return _Source(_readable(given), *moved, factor)
    except (DomainError, ExpressionError, ValueError) as failure:
        zh, en = _words(failure)
        return Text(
            f"{correction.label.zh}：{_where(given).zh}给出的{_FORM[given.form].zh}不能用：{zh}",
            f"{correction.label.en}: the {_FORM[given.form].en} that {_where(given).en} gives cannot be used: {en}",
        )


def _pointless(given: Certified) -> bool:
    """A single value without a range holds whatever the point."""
    return given.form == "single" and not given.lower and not given.upper


def _readable(given: Certified) -> Readable:
    lower, upper = (_number(text) if text else None for text in (given.lower, given.upper))
    if given.form == "table":
        return table([(_number(one.at), _stated(one)) for one in given.rows])
    row = given.rows[0] if given.rows else CertifiedRow("", "", "", "")
    if given.form == "single":
        return Single(_stated(row), lower, upper)
    if lower is None or upper is None:
        raise DomainError("方程没有写明适用范围。", "The equation states no range.")
    name = given.variable
    compiled = compile_expression(given.equation, {name: Symbol(name, "scalar", "")})
    return Equation(compiled, lower, upper, name, _maybe(row.U), _maybe(row.k))


def _stated(row: CertifiedRow) -> Stated:
    return Stated(_number(row.value), _maybe(row.U), _maybe(row.k))


def _maybe(text: str) -> Decimal | None:
    return _number(text) if text else None


def _number(text: str) -> Decimal:
    found = parse_number(text)
    if found is None:
        raise DomainError(f"“{text[:40]}”不是数。", f"“{text[:40]}” is not a number.")
    return found


def _between(found: _Source, there: Decimal) -> tuple[str, ...]:
    """The points of a table on either side; empty on a point."""
    if not isinstance(found.readable, Table) or there in found.readable.points:
        return ()
    points = found.readable.points
    return tuple(trimmed(one) for one in (max(p for p in points if p < there), min(p for p in points if p > there)))


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
            f"There is no {en}: no device is chosen for the role “{correction.role}”.",
        )
    if not given.certificate:
        return Text(
            f"没有{zh}：设备 {given.device} 在测量当日没有有效的检定/校准证书。",
            f"There is no {en}: device {given.device} has no certificate in effect on the day of measurement.",
        )
    return Text(
        f"{_where(given).zh}没有给出可用的{zh}（名称“{correction.certified}”）。",
        f"The {_where(given).en} gives no usable {en} (named “{correction.certified}”).",
    )


def _outside(correction: Correction, given: Certified, there: Decimal, failure: Exception) -> Text:
    """The point and the range in the certificate's unit."""
    ends = [given.lower, given.upper]
    if given.form == "table":
        points = sorted(_number(one.at) for one in given.rows)
        ends = [trimmed(points[0]), trimmed(points[-1])]
    here = _with_unit(trimmed(there), given.at_unit)
    reach = _with_unit(f"{ends[0] or '−∞'}～{ends[1] or '+∞'}", given.at_unit)
    if isinstance(failure, EvaluationError):
        return Text(
            f"{correction.label.zh}：{_where(given).zh}的方程在点 {here} 算不出：{failure.message_zh}",
            f"{correction.label.en}: the equation of {_where(given).en} has no result at {here}: {failure.message_en}",
        )
    return Text(
        f"{correction.label.zh}：点 {here} 超出{_where(given).zh}给出的范围 {reach}，不外推。",
        f"{correction.label.en}: the point {here} lies outside the range {reach} of {_where(given).en}; nothing is extrapolated.",
    )


def _unlisted(correction: Correction, given: Certified, there: Decimal) -> Text:
    here = _with_unit(trimmed(there), given.at_unit)
    return Text(
        f"{correction.label.zh}：点 {here} 不在{_where(given).zh}列出的点上，该证书不允许内插。",
        f"{correction.label.en}: the point {here} is none of those that {_where(given).en} lists, and it allows no "
        "interpolation.",
    )


def _misfit(correction: Correction, given: Certified, what: Text, theirs: str, ours: str) -> Text:
    return Text(
        f"{correction.label.zh}：{_where(given).zh}{what.zh}的单位“{theirs}”不能准确换算为规程的“{ours}”。",
        f"{correction.label.en}: the unit “{theirs}” of {what.en} in {_where(given).en} does not convert exactly to “{ours}”.",
    )


def _words(failure: Exception) -> tuple[str, str]:
    if isinstance(failure, ExpressionError):
        return failure.message_zh, failure.message_en
    zh = getattr(failure, "zh", "") or getattr(failure, "message_zh", "") or str(failure)
    return zh, getattr(failure, "en", "") or getattr(failure, "message_en", "") or str(failure)


def _with_unit(text: str, unit: str) -> str:
    return f"{text} {unit}" if unit and unit != "1" else text


def _text(number: Decimal | None) -> str:
    return "" if number is None else plain(number)
