"""Decimal arithmetic at 34 digits: one context that traps every non-finite result, and the elementary functions.

Trigonometric functions are Taylor series at 50 digits after reduction of the argument, rounded once to 34.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    getcontext,
    setcontext,
)
from typing import Final

PRECISION: Final = 34
CONTEXT: Final = Context(
    prec=PRECISION,
    rounding=ROUND_HALF_EVEN,
    Emin=-9999,
    Emax=9999,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[DivisionByZero, InvalidOperation, Overflow],
)
_WIDE = Context(
    prec=50,
    rounding=ROUND_HALF_EVEN,
    Emin=-99999,
    Emax=99999,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[DivisionByZero, InvalidOperation, Overflow],
)

PI: Final = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803")
_TINY = Decimal("1e-52")
_LARGEST_ANGLE = Decimal("1e12")
ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)


@contextmanager
def working() -> Iterator[None]:
    """Make `CONTEXT` the context of this thread. Many evaluations inside one such block are quicker than one by one."""
    outer = getcontext()
    setcontext(CONTEXT)
    try:
        yield
    finally:
        setcontext(outer)


class DomainError(ArithmeticError):
    """The function has no value there."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


def _reduced(x: Decimal) -> Decimal:
    """The angle minus the nearest multiple of 2π, good to 50 decimals. Raises DomainError for a huge angle."""
    if abs(x) > _LARGEST_ANGLE:
        raise DomainError("角度太大，三角函数没有可靠的值。", "The angle is too large for a reliable value.")
    if abs(x) <= 4:
        return x
    wide = Context(prec=80)
    turn = wide.multiply(PI, Decimal(2))
    return wide.subtract(x, wide.multiply(turn, wide.divide(x, turn).to_integral_value()))


def _series(x: Decimal, term: Decimal, first: int) -> Decimal:
    """Sum of ``term·(−x²)^k / (first·(first+1)·…)``, the common shape of sine and cosine."""
    w = _WIDE
    square = w.minus(w.multiply(x, x))
    total = term
    index = first
    while abs(term) > _TINY and term:
        term = w.divide(w.multiply(term, square), Decimal(index * (index + 1)))
        total = w.add(total, term)
        index += 2
    return total


def sin(x: Decimal) -> Decimal:
    """Sine of x in radian."""
    angle = _reduced(x)
    if abs(angle) < Decimal("1e-20"):
        return CONTEXT.plus(angle)
    return CONTEXT.plus(_series(angle, angle, 2))


def cos(x: Decimal) -> Decimal:
    """Cosine of x in radian."""
    return CONTEXT.plus(_series(_reduced(x), ONE, 1))


def tan(x: Decimal) -> Decimal:
    """Tangent of x in radian."""
    angle = _reduced(x)
    if abs(angle) < Decimal("1e-20"):
        return CONTEXT.plus(angle)
    return CONTEXT.plus(_WIDE.divide(_series(angle, angle, 2), _series(angle, ONE, 1)))


def atan(x: Decimal) -> Decimal:
    """Arc tangent in radian, by halving the angle three times and the series of the small rest."""
    w = _WIDE
    if abs(x) < Decimal("1e-20"):
        return CONTEXT.plus(x)
    if abs(x) > 1:
        half_turn = w.divide(PI.copy_sign(x), Decimal(2))
        return CONTEXT.plus(w.subtract(half_turn, _atan_wide(w.divide(ONE, x))))
    return CONTEXT.plus(_atan_wide(x))


def _atan_wide(x: Decimal) -> Decimal:
    w = _WIDE
    halvings = 3
    for _ in range(halvings):
        x = w.divide(x, w.add(ONE, w.sqrt(w.add(ONE, w.multiply(x, x)))))
    square = w.minus(w.multiply(x, x))
    total = power = x
    index = 1
    while abs(power) > _TINY:
        power = w.multiply(power, square)
        index += 2
        total = w.add(total, w.divide(power, Decimal(index)))
    return w.multiply(total, Decimal(2**halvings))


def total(values: Sequence[Decimal]) -> Decimal:
    """Sum; the empty sum is zero."""
    if getcontext() is CONTEXT:
        return sum(values, ZERO)
    result = ZERO
    add = CONTEXT.add
    for value in values:
        result = add(result, value)
    return result


def mean(values: Sequence[Decimal]) -> Decimal:
    """Arithmetic mean. Raises DomainError without values."""
    _need(values, 1)
    return CONTEXT.divide(total(values), Decimal(len(values)))


def stdev(values: Sequence[Decimal]) -> Decimal:
    """Experimental standard deviation with n−1 (GUM 4.2.2). Raises DomainError below two values."""
    _need(values, 2)
    c = CONTEXT
    centre = mean(values)
    squares = total([c.multiply(d, d) for d in (c.subtract(value, centre) for value in values)])
    return c.sqrt(c.divide(squares, Decimal(len(values) - 1)))


def spread(values: Sequence[Decimal]) -> Decimal:
    """Largest minus smallest. Raises DomainError without values."""
    _need(values, 1)
    return CONTEXT.subtract(max(values), min(values))


def largest(values: Sequence[Decimal]) -> Decimal:
    """The largest value. Raises DomainError without values."""
    _need(values, 1)
    return max(values)


def smallest(values: Sequence[Decimal]) -> Decimal:
    """The smallest value. Raises DomainError without values."""
    _need(values, 1)
    return min(values)


def _need(values: Sequence[Decimal], count: int) -> None:
    if len(values) < count:
        raise DomainError(f"至少需要 {count} 个值。", f"At least {count} value(s) are needed.")
