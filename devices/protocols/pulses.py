"""Pulse comparison: what a meter counts, told by its pulses, against the energy of a reference over the same run.

A meter (or a pile with a pulse output) sends C pulses per kWh. N pulses stand for E = N / C, and with the reference
energy E0 of the same time its error is γ = (E - E0) / E0 × 100 %, the form of the pulse method in JJG 842 and JJG 1148
for charging piles. A run that is not begun and ended on a pulse leaves up to one pulse uncounted or counted too much:
one pulse moves γ by 1 / (C · E0) × 100 %.
"""

from dataclasses import dataclass
from decimal import Decimal

from devices.protocols.values import EXACT


@dataclass(frozen=True)
class Comparison:
    """`energy` by the pulses in kWh, `error` in per cent, `one_pulse`: how far one pulse would move it, in per cent."""

    energy: Decimal
    error: Decimal
    one_pulse: Decimal


def compare(pulses: Decimal, constant: Decimal, reference: Decimal) -> Comparison:
    """`pulses` of a meter with `constant` imp/kWh against `reference` kWh. Raises ValueError unless both are above zero
    and the pulses are a whole number from zero up."""
    if constant <= 0:
        raise ValueError("the meter constant must be above zero")
    if reference <= 0:
        raise ValueError("there is no reference energy")
    if pulses < 0 or pulses != pulses.to_integral_value():
        raise ValueError(f"{pulses} is no number of pulses")
    energy = EXACT.divide(pulses, constant)
    error = EXACT.multiply(EXACT.divide(EXACT.subtract(energy, reference), reference), Decimal(100))
    return Comparison(energy, error, EXACT.divide(Decimal(100), EXACT.multiply(constant, reference)))


def counted(before: Decimal, after: Decimal, wrap: Decimal | None) -> Decimal | None:
    """How far a counter that only goes up has gone; None when it was set back.

    With `wrap` (the count after which it stands at zero again) a step down of more than half the range is the counter
    starting again, a smaller one a reset: a run in which it goes round by half would be longer than one may be.
    """
    if after >= before:
        return EXACT.subtract(after, before)
    if wrap is None or EXACT.multiply(EXACT.subtract(before, after), Decimal(2)) <= wrap:
        return None
    return EXACT.add(EXACT.subtract(wrap, before), after)
