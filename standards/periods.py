"""Days as closed intervals: what of a period is covered, and what is not. Pure Python."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, order=True)
class Period:
    """From a day to a day, both included."""

    since: date
    until: date

    def __post_init__(self) -> None:
        if self.until < self.since:
            raise ValueError("a period ends before it begins")


def between(since: date, until: date | None, last: date) -> Period | None:
    """The period up to `last` at most; None where nothing is left. An open end runs to `last`."""
    until = last if until is None else min(until, last)
    return Period(since, until) if since <= until else None


def meet(first: Iterable[Period], second: Sequence[Period]) -> list[Period]:
    """The days that lie in both."""
    return sorted(
        Period(max(a.since, b.since), min(a.until, b.until))
        for a in first
        for b in second
        if max(a.since, b.since) <= min(a.until, b.until)
    )


def less(whole: Iterable[Period], covered: Iterable[Period]) -> list[Period]:
    """The days of `whole` that no period of `covered` holds, as few periods as possible."""
    blocks = sorted(covered)
    left = []
    for one in sorted(whole):
        day = one.since
        for block in blocks:
            if block.until < day:
                continue
            if block.since > one.until:
                break
            if block.since > day:
                left.append(Period(day, block.since - ONE_DAY))
            day = max(day, block.until + ONE_DAY)
        if day <= one.until:
            left.append(Period(day, one.until))
    return left


def where_at_least(periods: Iterable[Period], count: int) -> list[Period]:
    """The days that lie in at least `count` of the periods."""
    steps: dict[date, int] = {}
    for one in periods:
        steps[one.since] = steps.get(one.since, 0) + 1
        steps[one.until + ONE_DAY] = steps.get(one.until + ONE_DAY, 0) - 1
    found: list[Period] = []
    depth, began = 0, date.min
    for day in sorted(steps):
        before, depth = depth, depth + steps[day]
        if before < count <= depth:
            began = day
        elif depth < count <= before:
            found.append(Period(began, day - ONE_DAY))
    return found


def month_end(day: date) -> date:
    """The last day of the day's month."""
    first_of_next = date(day.year + 1, 1, 1) if day.month == 12 else date(day.year, day.month + 1, 1)
    return first_of_next - ONE_DAY
