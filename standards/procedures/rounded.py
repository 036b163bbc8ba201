"""Numbers shortened for people: compared and computed in full, shown with at most ten decimals."""

from decimal import Decimal

from lims.metrology.rounding import round_to_interval
from standards.procedures.record import plain, trimmed


def short(number: Decimal) -> str:
    """At most ten decimals: what was computed by division is shown shortened."""
    exponent = number.as_tuple().exponent
    long = isinstance(exponent, int) and exponent < -10
    return trimmed(round_to_interval(number, Decimal("1e-10"))) if long else plain(number)
