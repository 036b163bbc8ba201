"""Rounding to an interval by GB/T 8170-2008 (the same as ISO 80000-1:2009 annex B, rule A).

A value is replaced by the nearest whole multiple of the rounding interval; a value exactly half-way goes to the
*even* multiple. The work is done on integers, so nothing is rounded twice and no binary float takes part.
Run as a program: ``python -m lims.metrology.rounding VALUE STEP``.
"""

from __future__ import annotations

import sys
from decimal import Decimal, InvalidOperation
from typing import Final, Literal

Mode = Literal["half_even", "up"]

_LARGEST_EXPONENT: Final = 100
"""Powers of ten beyond this are no measurement; the limit keeps the integers small."""
_LONGEST_TEXT: Final = 200


class RoundingError(ValueError):
    """A value or interval that cannot be rounded; one sentence in Chinese and one in English."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


def _number(value: Decimal | str) -> Decimal:
    """The value as a finite Decimal. Raises TypeError for a float, RoundingError for text that is no number."""
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, str):
        try:
            number = Decimal(value if len(value) <= _LONGEST_TEXT else "too long")
        except InvalidOperation:
            raise RoundingError(f"“{value[:40]}”不是数。", f"“{value[:40]}” is not a number.") from None
    elif isinstance(value, int) and not isinstance(value, bool):
        number = Decimal(value)
    else:
        raise TypeError(f"rounding takes Decimal or str, not {type(value).__name__}")
    if not number.is_finite():
        raise RoundingError(f"{value} 不是有限的数。", f"{value} is not a finite number.")
    if number and abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise RoundingError(f"{value} 超出可修约的范围。", f"{value} is outside the range that can be rounded.")
    return number


def _interval(interval: Decimal | str) -> Decimal:
    step = _number(interval)
    if step <= 0:
        raise RoundingError(
            f"修约间隔必须大于零，得到 {interval}。", f"The rounding interval must be above zero, not {interval}."
        )
    return step


def decimals(interval: Decimal | str) -> int:
    """Number of decimals a value rounded to this interval is printed with: ``"0.5"`` gives 1, ``"20"`` gives 0."""
    exponent = _interval(interval).as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)


def round_to_interval(value: Decimal | str, interval: Decimal | str, *, mode: Mode = "half_even") -> Decimal:
    """Round `value` once to a whole multiple of `interval`; the result carries the decimals of the interval.

    ``half_even`` is the rule of GB/T 8170-2008 clause 3; ``up`` moves any remainder away from zero and is meant for
    a reported uncertainty (GUM 7.2.6, JJF 1059.1). A zero result has no sign.
    Raises TypeError for binary floats, RoundingError for an interval that is not above zero or non-finite values.
    """
    number = _number(value)
    step = _interval(interval)
    if mode not in ("half_even", "up"):
        raise ValueError(f"unknown rounding mode {mode!r}")
    number_top, number_bottom = number.copy_abs().as_integer_ratio()
    step_top, step_bottom = step.as_integer_ratio()
    divisor = number_bottom * step_top
    multiple, rest = divmod(number_top * step_bottom, divisor)
    if mode == "up":
        multiple += rest > 0
    else:
        multiple += 2 * rest > divisor or (2 * rest == divisor and multiple % 2 == 1)
    places = decimals(step)
    scaled = multiple * step_top * 10**places // step_bottom
    negative = number.is_signed() and scaled != 0
    return Decimal((int(negative), tuple(map(int, str(scaled))), -places))


def main(arguments: list[str]) -> int:
    """Command line: prints the rounded value; exit status 2 and one sentence on standard error for wrong input."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m lims.metrology.rounding VALUE STEP\n")
        return 2
    try:
        sys.stdout.write(f"{round_to_interval(arguments[0], arguments[1])}\n")
    except RoundingError as error:
        sys.stderr.write(f"{error.zh} {error.en}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
