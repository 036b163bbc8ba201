"""Static unit check of a formula.

What a part of a formula may be measured in is a small *set* of units, because a conversion factor written as a number
is ambiguous: ``(a-b)/b*100`` may be meant as a hundred times a ratio or as the ratio in percent, and ``v*1000`` as a
thousand litres or as millilitres. Sums, comparisons and choices keep the units both sides agree on; nothing left is a
unit clash. A plain number takes the unit of what it is added to or compared with. Names without a stated unit (empty
text) are open and agree with everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import reduce

from lims.metrology import units
from lims.metrology.expression.arithmetic import CONTEXT
from lims.metrology.expression.errors import ExpressionError
from lims.metrology.expression.functions import Elementwise, Function
from lims.metrology.expression.kinds import Symbol
from lims.metrology.expression.nodes import (
    Binary,
    Call,
    Choice,
    Compare,
    Name,
    Negate,
    Node,
    Number,
    Power,
    children,
)
from lims.metrology.units import Unit, UnitError, parse_unit

_MOST_READINGS = 24
_FACTORS = {Decimal(10) ** power for power in (*range(-9, 0), *range(1, 10))} | {
    Decimal(text) for text in ("60", "3600", "24", "86400", "3.6", "1440")
}


@dataclass(frozen=True)
class Units:
    """What a part may be measured in; `options` None: anything. `literal`: a written number, if known of value `number`."""

    options: frozenset[Unit] | None
    literal: bool = False
    number: Decimal | None = None

    def fits(self, unit: str) -> bool:
        """Whether the result may be stated in this unit. Raises UnitError for a unit that cannot be read."""
        wanted = parse_unit(unit)
        return self.options is None or self.literal or wanted in self.options

    def text(self, symbols: Iterable[Symbol]) -> str | None:
        """The one unit it must be, named as the symbols name it, or None."""
        if self.options is None or self.literal or len(self.options) != 1:
            return None
        named = {parse_unit(symbol.unit): symbol.unit for symbol in symbols if symbol.unit}
        return units.display(next(iter(self.options)), named)


_OPEN = Units(None)
_ONE = Units(frozenset({units.ONE}))


def infer(root: Node, symbols: Mapping[str, Symbol], functions: Mapping[str, Function]) -> Units:
    """Units of the result. Raises ExpressionError at the first clash, with the column."""
    names: dict[str, Units] = {}
    for name, symbol in symbols.items():
        if symbol.kind != "boolean" and symbol.unit:
            try:
                names[name] = Units(frozenset({parse_unit(symbol.unit)}))
            except UnitError as error:
                raise ExpressionError(f"“{name}”：{error.zh}", f"“{name}”: {error.en}") from None
    return _infer(root, names, functions)


def _infer(node: Node, names: Mapping[str, Units], functions: Mapping[str, Function]) -> Units:
    parts = [_infer(part, names, functions) for part in children(node)]
    match node:
        case Number(value=value):
            return Units(None, literal=True, number=value)
        case Name(name=name):
            return names.get(name, _OPEN)
        case Negate():
            number = parts[0].number
            return Units(parts[0].options, parts[0].literal, None if number is None else CONTEXT.minus(number))
        case Binary(operator=sign, at=at) if sign in "+-":
            return _agreed(parts[0], parts[1], at)
        case Binary(operator=sign):
            return _product(parts[0], parts[1], sign == "/")
        case Power(exponent=exponent):
            return _power(parts[0], Fraction(exponent))
        case Compare(at=at):
            reduce(lambda left, right: _agreed(left, right, at), parts)
            return _OPEN
        case Choice(at=at):
            return _agreed(parts[1], parts[2], at)
        case Call(function=name, at=at):
            function = functions[name]
            if not isinstance(function, Elementwise):
                return reduce(lambda left, right: _agreed(left, right, at), parts)
            if function.unit == "root":
                return _power(parts[0], Fraction(1, 2))
            return parts[0] if function.unit == "same" else _plain_number(name, parts[0], at)
        case _:
            return _OPEN


def _agreed(left: Units, right: Units, at: int) -> Units:
    if left.literal and right.literal:
        return Units(None, literal=True)
    if left.options is None or right.options is None:
        return right if left.options is None else left
    common = left.options & right.options
    if common:
        return Units(common)
    one, other = _some(left), _some(right)
    if one.dimension == other.dimension:
        raise ExpressionError(
            f"单位大小不同：{one} 与 {other}，请先换算。",
            f"The units {one} and {other} differ in size; convert one.",
            at,
        )
    raise ExpressionError(f"单位不符：{one} 与 {other}。", f"The units {one} and {other} do not go together.", at)


def _some(part: Units) -> Unit:
    """The simplest reading, for a message."""
    return min(part.options or (units.ONE,), key=lambda unit: len(str(unit)))


def _product(left: Units, right: Units, division: bool) -> Units:
    if left.literal and right.literal:
        return Units(None, literal=True, number=_folded(left.number, right.number, division))
    if right.literal:
        return _scaled(left, right.number, division)
    if left.literal:
        return _scaled(_power(right, Fraction(-1)) if division else right, left.number, False)
    if left.options is None or right.options is None:
        return _OPEN
    return _limited({a / b if division else a * b for a in left.options for b in right.options})


def _folded(left: Decimal | None, right: Decimal | None, division: bool) -> Decimal | None:
    if left is None or right is None or (division and not right):
        return None
    return CONTEXT.divide(left, right) if division else CONTEXT.multiply(left, right)


def _scaled(part: Units, number: Decimal | None, division: bool) -> Units:
    """A part times a written number: the same unit, or where the number is a usual factor also the converted unit."""
    if part.options is None or number is None or not number:
        return part
    size = abs(number)
    inverse = CONTEXT.divide(Decimal(1), size)
    if size not in _FACTORS and inverse not in _FACTORS:
        return part
    change = units.factor(Fraction(size)) if size in _FACTORS else units.factor(1 / Fraction(inverse))
    return _limited({*part.options, *((unit * change if division else unit / change) for unit in part.options)})


def _power(part: Units, exponent: Fraction) -> Units:
    if part.literal or part.options is None:
        return Units(None, literal=part.literal)
    return Units(frozenset(unit**exponent for unit in part.options))


def _plain_number(name: str, part: Units, at: int) -> Units:
    if part.options is not None and units.ONE not in part.options:
        unit = _some(part)
        raise ExpressionError(
            f"{name}() 需要无量纲的数（角度用 rad），不能用 {unit}。",
            f"{name}() needs a plain number (angles in rad), not {unit}.",
            at,
        )
    return _ONE


def _limited(options: set[Unit]) -> Units:
    return Units(frozenset(options)) if len(options) <= _MOST_READINGS else _OPEN
