"""The functions of the language, each with what every topic needs of it: kinds, units, value, slopes, LaTeX.

``DEFAULT`` is the promised list. A caller may pass a smaller or larger mapping to `compile_expression`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Literal

from lims.metrology.expression import arithmetic
from lims.metrology.expression.arithmetic import CONTEXT, ONE, ZERO, DomainError
from lims.metrology.rounding import round_to_interval

UnitRule = Literal["same", "root", "number"]
"""``same``: the unit of the argument. ``root``: its square root. ``number``: argument and result have unit 1."""

Slopes = Callable[[Decimal, Decimal], tuple[Decimal, Decimal]]
"""From the argument and the value to the first and second derivative."""


@dataclass(frozen=True)
class Elementwise:
    """One argument, scalar or vector; the result has the same kind."""

    value: Callable[[Decimal], Decimal]
    slopes: Slopes
    unit: UnitRule
    latex: str


@dataclass(frozen=True)
class Reduction:
    """One vector to a scalar. `weights` is the partial derivative after each element; `linear` if they are constant."""

    value: Callable[[Sequence[Decimal]], Decimal]
    weights: Callable[[Sequence[Decimal], Decimal], Sequence[Decimal]]
    latex: str
    linear: bool = True


@dataclass(frozen=True)
class Extreme:
    """``min``/``max``: of one vector, or of several scalars and vectors element by element."""

    value: Callable[[Sequence[Decimal]], Decimal]
    latex: str


@dataclass(frozen=True)
class Rounding:
    """``round_to(x, interval)`` by GB/T 8170; it has no derivative."""

    value: Callable[[Decimal, Decimal], Decimal]


Function = Elementwise | Reduction | Extreme | Rounding


def _divide(top: Decimal, bottom: Decimal) -> Decimal:
    if not bottom:
        raise DomainError("此处没有导数。", "There is no derivative here.")
    return CONTEXT.divide(top, bottom)


def _abs_slopes(x: Decimal, value: Decimal) -> tuple[Decimal, Decimal]:
    return _divide(x, value), ZERO


def _sqrt_slopes(x: Decimal, value: Decimal) -> tuple[Decimal, Decimal]:
    first = _divide(Decimal("0.5"), value)
    return first, _divide(CONTEXT.minus(first), CONTEXT.multiply(Decimal(2), x))


def _exp_slopes(x: Decimal, value: Decimal) -> tuple[Decimal, Decimal]:
    return value, value


def _ln_slopes(x: Decimal, value: Decimal) -> tuple[Decimal, Decimal]:
    first = _divide(ONE, x)
    return first, CONTEXT.minus(CONTEXT.multiply(first, first))


_LN_10 = CONTEXT.ln(Decimal(10))


def _log10_slopes(x: Decimal, value: Decimal) -> tuple[Decimal, Decimal]:
    first, second = _ln_slopes(x, value)
    return CONTEXT.divide(first, _LN_10), CONTEXT.divide(second, _LN_10)


def _sin_slopes(x: Decimal, value: Decimal) -> tuple[Decimal, Decimal]:
    return arithmetic.cos(x), CONTEXT.minus(value)


def _cos_slopes(x: Decimal, value: Decimal) -> tuple[Decimal, Decimal]:
    return CONTEXT.minus(arithmetic.sin(x)), CONTEXT.minus(value)


def _tan_slopes(x: Decimal, value: Decimal) -> tuple[Decimal, Decimal]:
    first = CONTEXT.add(ONE, CONTEXT.multiply(value, value))
    return first, CONTEXT.multiply(CONTEXT.multiply(Decimal(2), value), first)


def _atan_slopes(x: Decimal, value: Decimal) -> tuple[Decimal, Decimal]:
    first = CONTEXT.divide(ONE, CONTEXT.add(ONE, CONTEXT.multiply(x, x)))
    return first, CONTEXT.multiply(CONTEXT.multiply(Decimal(-2), x), CONTEXT.multiply(first, first))


def _mean_weights(values: Sequence[Decimal], value: Decimal) -> Sequence[Decimal]:
    return [CONTEXT.divide(ONE, Decimal(len(values)))] * len(values)


def _sum_weights(values: Sequence[Decimal], value: Decimal) -> Sequence[Decimal]:
    return [ONE] * len(values)


def _stdev_weights(values: Sequence[Decimal], value: Decimal) -> Sequence[Decimal]:
    centre = arithmetic.mean(values)
    below = CONTEXT.multiply(Decimal(len(values) - 1), value)
    return [_divide(CONTEXT.subtract(x, centre), below) for x in values]


def _range_weights(values: Sequence[Decimal], value: Decimal) -> Sequence[Decimal]:
    weights = [ZERO] * len(values)
    weights[values.index(max(values))] += ONE
    weights[values.index(min(values))] -= ONE
    return weights


def _finite_ln(function: Callable[[Decimal], Decimal]) -> Callable[[Decimal], Decimal]:
    def logarithm(x: Decimal) -> Decimal:
        if x <= 0:
            raise DomainError("对数只对正数有值。", "A logarithm needs a number above zero.")
        return function(x)

    return logarithm


def _root(x: Decimal) -> Decimal:
    if x < 0:
        raise DomainError("负数没有平方根。", "A negative number has no square root.")
    return CONTEXT.sqrt(x)


DEFAULT: Final[Mapping[str, Function]] = MappingProxyType(
    {
        "abs": Elementwise(CONTEXT.abs, _abs_slopes, "same", r"\left|{}\right|"),
        "sqrt": Elementwise(_root, _sqrt_slopes, "root", r"\sqrt{{{}}}"),
        "exp": Elementwise(CONTEXT.exp, _exp_slopes, "number", r"\exp\left({}\right)"),
        "ln": Elementwise(_finite_ln(CONTEXT.ln), _ln_slopes, "number", r"\ln\left({}\right)"),
        "log10": Elementwise(_finite_ln(CONTEXT.log10), _log10_slopes, "number", r"\log_{{10}}\left({}\right)"),
        "sin": Elementwise(arithmetic.sin, _sin_slopes, "number", r"\sin\left({}\right)"),
        "cos": Elementwise(arithmetic.cos, _cos_slopes, "number", r"\cos\left({}\right)"),
        "tan": Elementwise(arithmetic.tan, _tan_slopes, "number", r"\tan\left({}\right)"),
        "atan": Elementwise(arithmetic.atan, _atan_slopes, "number", r"\arctan\left({}\right)"),
        "mean": Reduction(arithmetic.mean, _mean_weights, r"\overline{{{}}}"),
        "stdev": Reduction(arithmetic.stdev, _stdev_weights, r"s\left({}\right)", linear=False),
        "sum": Reduction(arithmetic.total, _sum_weights, r"\sum {}"),
        "range": Reduction(arithmetic.spread, _range_weights, r"R\left({}\right)"),
        "min": Extreme(arithmetic.smallest, r"\min\left({}\right)"),
        "max": Extreme(arithmetic.largest, r"\max\left({}\right)"),
        "round_to": Rounding(round_to_interval),
    }
)
"""The functions of the promised list."""
