"""From the rows of a certificate to what calculations use: a single value, a table read by its rule, or an equation.

A row is a mapping of texts with the keys of the frozen facts: name, value, unit, at, at_unit, range_lower, range_upper, U,
U_unit, k, and where used equation, variable, interpolation. Rows that contradict each other are refused and named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from lims.metrology import correction
from lims.metrology.correction import Correction, Equation, Single, Stated
from lims.metrology.expression import Expression, ExpressionError, Symbol, compile_expression
from lims.metrology.expression.arithmetic import CONTEXT, DomainError
from lims.metrology.units import Unit, UnitError, parse_unit

Row = Mapping[str, str]


class CertifiedError(ValueError):
    """Rows that cannot be used: one sentence in Chinese and one in English, the row (from 0) and the key it concerns."""

    def __init__(self, row: int, key: str, zh: str, en: str) -> None:
        super().__init__(f"row {row + 1}, {key}: {en}")
        self.row, self.key, self.zh, self.en = row, key, zh, en


@dataclass(frozen=True)
class Certified:
    """One named value, ready to use: `correction` answers in `unit` for a point in `at_unit`, with U in `unit`."""

    name: str
    correction: Correction
    unit: str
    at_unit: str

    def at(self, point: Decimal) -> Stated:
        """The value with its U and k. Raises DomainError where the certificate states nothing, EvaluationError in an equation."""
        return self.correction.at(point)

    def rule(self) -> tuple[str, str]:
        """How values between and beyond the stated points come about, in Chinese and in English."""
        match self.correction:
            case Single(lower=None, upper=None):
                return "单个值，证书没有限定适用范围。", "One value; the certificate states no range for it."
            case Single():
                return "单个值，只在所载范围内使用。", "One value, used within the stated range only."
            case Equation():
                return (
                    "由方程计算，只在所载范围内使用，不外推。",
                    "Computed by the equation, within the stated range only.",
                )
            case correction.Table(between=False):
                return (
                    "只在所列的点上使用，点与点之间不内插，不外推。",
                    "Used at the listed points only; nothing is interpolated.",
                )
        return (
            "相邻两点之间按直线内插，U 取两点中标准不确定度较大者；首末点之外不外推。",
            "Straight lines between neighbouring points, U of the point with the larger standard uncertainty; "
            "nothing beyond the first and last point.",
        )


def read(rows: Sequence[Row]) -> dict[str, Certified]:
    """Every named value of a certificate. Raises CertifiedError with the row that contradicts or cannot be read."""
    named: dict[str, list[int]] = {}
    for place in range(len(rows)):
        named.setdefault(_need(rows, place, "name"), []).append(place)
    return {name: _one(name, rows, places) for name, places in named.items()}


def equation(text: str, variable: str) -> Expression:
    """The equation of a certificate in its one variable. Raises ExpressionError with the column."""
    # The unit of the point is left open: coefficients of a fitted curve carry units that nobody writes down.
    found = compile_expression(text, {variable: Symbol(variable, "scalar", "")})
    if found.kind != "scalar":
        raise ExpressionError("方程的结果应是一个数。", "The equation must give one number.")
    return found


def _one(name: str, rows: Sequence[Row], places: Sequence[int]) -> Certified:
    first = places[0]
    forms = {place: _form(rows[place]) for place in places}
    for place in places[1:]:
        if forms[place] != forms[first]:
            zh = f"“{name}”在第 {first + 1} 行是{_FORM[forms[first]][0]}，在这一行是{_FORM[forms[place]][0]}。"
            en = f"{name} is {_FORM[forms[first]][1]} in row {first + 1} and {_FORM[forms[place]][1]} here."
            raise CertifiedError(place, "at", zh, en)
        if forms[place] != "table":
            zh = f"“{name}”已在第 {first + 1} 行给出；一个名称只能有一个值或一个方程。"
            en = f"{name} stands in row {first + 1} already; a name has one value or one equation."
            raise CertifiedError(place, "name", zh, en)
        for key in ("unit", "at_unit", "interpolation"):
            if rows[place].get(key, "") != rows[first].get(key, ""):
                zh = f"“{name}”各行的单位和内插规则必须相同，与第 {first + 1} 行不同。"
                en = f"All rows of {name} have one unit and one rule; this one differs from row {first + 1}."
                raise CertifiedError(place, key, zh, en)
    make = _MAKE[forms[first]]
    return Certified(name, make(rows, places), rows[first].get("unit", ""), rows[first].get("at_unit", ""))


_FORM = {"single": ("单个值", "a single value"), "table": ("表", "a table"), "equation": ("方程", "an equation")}


def _form(row: Row) -> str:
    return "equation" if row.get("equation") else "table" if row.get("at") else "single"


def _single(rows: Sequence[Row], places: Sequence[int]) -> Single:
    place = places[0]
    return Single(_stated(rows, place), *_range(rows, place))


def _table(rows: Sequence[Row], places: Sequence[int]) -> correction.Table:
    by_point: dict[Decimal, int] = {}
    for place in places:
        point = _number(rows, place, "at")
        if point in by_point:
            zh = f"测量点 {rows[place]['at']} 已在第 {by_point[point] + 1} 行给出。"
            raise CertifiedError(place, "at", zh, f"Row {by_point[point] + 1} states this point already.")
        by_point[point] = place
    between = rows[places[0]].get("interpolation", "") != "points"
    return correction.table([(point, _stated(rows, place)) for point, place in by_point.items()], between=between)


def _equation(rows: Sequence[Row], places: Sequence[int]) -> Equation:
    place = places[0]
    variable = _need(rows, place, "variable")
    try:
        expression = equation(rows[place]["equation"], variable)
    except ExpressionError as error:
        where = f"第 {error.column} 个字符处：" if error.column else ""
        place_en = f"at character {error.column}: " if error.column else ""
        raise CertifiedError(place, "equation", f"{where}{error.message_zh}", f"{place_en}{error.message_en}") from None
    _need(rows, place, "range_lower")
    _need(rows, place, "range_upper")
    lower, upper = _range(rows, place)
    assert lower is not None and upper is not None
    found = Equation(expression, lower, upper, variable, *_uncertainty(rows, place))
    for end in (lower, upper):
        try:
            found.at(end)
        except (ExpressionError, DomainError) as error:
            zh = getattr(error, "message_zh", getattr(error, "zh", ""))
            raise CertifiedError(
                place, "equation", f"在 {end} 处没有值：{zh}", f"There is no value at {end}: {error}"
            ) from None
    return found


def _stated(rows: Sequence[Row], place: int) -> Stated:
    return Stated(_number(rows, place, "value"), *_uncertainty(rows, place))


def _uncertainty(rows: Sequence[Row], place: int) -> tuple[Decimal | None, Decimal | None]:
    """U in the unit of the value, and k."""
    row = rows[place]
    k = _number(rows, place, "k") if row.get("k") else None
    if k is not None and k <= 0:
        raise CertifiedError(place, "k", "k 必须大于 0。", "k is above zero.")
    if not row.get("U"):
        return None, k
    size = _number(rows, place, "U")
    if size < 0:
        raise CertifiedError(place, "U", "U 不能是负数。", "U is not negative.")
    return _in_unit_of_value(size, row, place), k


def _in_unit_of_value(size: Decimal, row: Row, place: int) -> Decimal:
    given, wanted = row.get("U_unit", ""), row.get("unit", "")
    if not given or given == wanted:
        return size
    try:
        ratio = _unit(given) / _unit(wanted)
    except UnitError as error:
        raise CertifiedError(place, "U_unit", error.zh, error.en) from None
    if ratio.dimension != Unit():
        zh = f"U 的单位“{given}”与值的单位“{wanted or '1'}”不能换算；相对不确定度请先换算成值的单位。"
        en = f"U in “{given}” cannot be converted to “{wanted or '1'}”; state a relative uncertainty in the unit of the value."
        raise CertifiedError(place, "U_unit", zh, en)
    scale = Fraction(1)
    for atom, power in ratio.powers:
        scale *= Fraction(int(atom)) ** int(power)
    c = CONTEXT
    return c.divide(c.multiply(size, Decimal(scale.numerator)), Decimal(scale.denominator))


def _unit(text: str) -> Unit:
    return parse_unit(text) if text else Unit()


def _range(rows: Sequence[Row], place: int) -> tuple[Decimal | None, Decimal | None]:
    lower, upper = (
        _number(rows, place, key) if rows[place].get(key) else None for key in ("range_lower", "range_upper")
    )
    if lower is not None and upper is not None and lower > upper:
        raise CertifiedError(
            place, "range_lower", "适用下限大于上限。", "The lower end of the range is above the upper."
        )
    return lower, upper


_MAKE: Mapping[str, Callable[[Sequence[Row], Sequence[int]], Correction]] = {
    "single": _single,
    "table": _table,
    "equation": _equation,
}


def _need(rows: Sequence[Row], place: int, key: str) -> str:
    if not (text := rows[place].get(key, "")):
        raise CertifiedError(place, key, "没有填写。", "This is missing.")
    return text


def _number(rows: Sequence[Row], place: int, key: str) -> Decimal:
    text = _need(rows, place, key)
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or "_" in text:
        raise CertifiedError(place, key, f"“{text}”不是十进制数。", f"“{text}” is not a decimal number.")
    return number
