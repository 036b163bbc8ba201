"""Exact change of unit: a number is moved to another unit without rounding, or not at all."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Final

from lims.metrology.expression.arithmetic import CONTEXT
from lims.metrology.units import UnitError, ratio
from standards.procedures.record import parse_number, trimmed

_CELSIUS: Final = ("℃", "°C", "degC")
ICE_POINT: Final = Decimal("273.15")
"""Kelvin at 0 ℃, by the definition of the Celsius temperature."""


def factor(share: Fraction | None) -> Decimal | None:
    """The factor as a decimal; None where there is none, or where it does not end, as 1/60."""
    if share is None:
        return None
    rest = share.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return None if rest != 1 else CONTEXT.divide(share.numerator, share.denominator)


def scaled(text: str, share: Fraction | None) -> str:
    """The number in the other unit as text; empty where it cannot be moved exactly."""
    number, by = parse_number(text), factor(share)
    return "" if number is None or by is None else trimmed(CONTEXT.multiply(number, by))


def difference(old: str, new: str) -> Decimal | None:
    """The factor for a difference: of temperatures, K and ℃ are the same. None where the units do not fit exactly."""
    try:
        return factor(ratio(old, new))
    except UnitError:
        return None


def point(old: str, new: str) -> tuple[Decimal, Decimal] | None:
    """Factor and offset for a point: new = old × factor + offset. Of temperatures, K and ℃ are apart by 273.15."""
    by = difference(old, new)
    if by is None:
        return None
    celsius = [unit.strip() in _CELSIUS for unit in (old, new)]
    if celsius[0] == celsius[1]:
        return by, Decimal(0)
    if "K" not in (old.strip(), new.strip()):
        return None
    return Decimal(1), ICE_POINT if celsius[0] else -ICE_POINT
