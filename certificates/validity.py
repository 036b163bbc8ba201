"""How long a certificate is valid: months of the procedure's period, counted by the Civil Code's rules for periods."""

import calendar
from datetime import date, timedelta

from standards.procedures import Pack


def months_for(pack: Pack, *, kind: str, parameters: dict[str, str]) -> int | None:
    """The verification period in months for this kind and these parameters; None when the pack leaves it open."""
    given = {name: value for name, value in parameters.items() if value}
    choices = {**{one.name: one.default for one in pack.parameters}, **given, "kind": kind}
    for case in pack.period:
        if case.when.holds(choices):
            return int(case.months) if case.months.isdigit() else None
    return None


def last_valid_day(verified: date, months: int) -> date:
    """The last day of the period (有效期至): the day before the corresponding day; where the month has no such day, its end.

    Civil Code of the PRC, Articles 200-202. 20 November 2026 and 36 months give 19 November 2029; 31 August 2026 and
    6 months give 28 February 2027.
    """
    years, month = divmod(verified.month - 1 + months, 12)
    year, month = verified.year + years, month + 1
    end = calendar.monthrange(year, month)[1]
    if verified.day > end:
        return date(year, month, end)
    return date(year, month, verified.day) - timedelta(days=1)
