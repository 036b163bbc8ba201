"""Control charts of a check standard: average and standard deviation of groups, and the eight tests for a special cause.

Sources: GB/T 17989.2 (Shewhart charts): limits of the average chart x̿ ± A₃·s̄, of the s chart B₃·s̄ and B₄·s̄, with the factors
computed from c₄ rather than tabulated. The eight tests are those of ISO 8258:1991 (GB/T 4091-2001), figure of tests, in the
numbering of Nelson (1984); later editions leave the choice of tests to the user, so the caller says which apply.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from lims.metrology.expression.arithmetic import CONTEXT, ONE, ZERO, DomainError, mean, stdev

_PI: Final = Decimal("3.141592653589793238462643383279503")
_THREE: Final = Decimal(3)


@dataclass(frozen=True)
class Limits:
    """Centre and control limits of one chart, in the unit of the parameter."""

    lower: Decimal
    centre: Decimal
    upper: Decimal

    @property
    def sigma(self) -> Decimal:
        """A third of the distance from the centre to the upper limit: the width of a zone."""
        return CONTEXT.divide(CONTEXT.subtract(self.upper, self.centre), _THREE)


@dataclass(frozen=True)
class Charts:
    """Both charts of groups of one size."""

    average: Limits
    deviation: Limits


@dataclass(frozen=True)
class Signal:
    """Test number 1 to 8 and the positions of the points that gave it; the last one is where it is seen."""

    test: int
    points: tuple[int, ...]


@cache
def c4(n: int) -> Decimal:
    """c₄ of groups of n: E(s) = c₄·σ for normal readings. By c₄(n)·c₄(n+1) = √((n−1)/n), from c₄(2) = √(2/π)."""
    if n < 2:
        raise DomainError("分组至少需要两个读数。", "A group needs at least two readings.")
    value = CONTEXT.sqrt(CONTEXT.divide(Decimal(2), _PI))
    for size in range(2, n):
        step = CONTEXT.sqrt(CONTEXT.divide(Decimal(size - 1), Decimal(size)))
        value = CONTEXT.divide(step, value)
    return value


def factors(n: int) -> tuple[Decimal, Decimal, Decimal]:
    """A₃, B₃ and B₄ for groups of n readings; B₃ is never below zero."""
    c, centre = CONTEXT, c4(n)
    a3 = c.divide(_THREE, c.multiply(centre, c.sqrt(Decimal(n))))
    width = c.divide(c.multiply(_THREE, c.sqrt(c.subtract(ONE, c.multiply(centre, centre)))), centre)
    return a3, max(ZERO, c.subtract(ONE, width)), c.add(ONE, width)


def charts(groups: Sequence[Sequence[Decimal]]) -> Charts:
    """Limits from the groups of a base period. Raises DomainError for no groups, or groups of different size."""
    sizes = {len(one) for one in groups}
    if len(sizes) != 1:
        raise DomainError("控制图的各组读数个数必须相同。", "All groups of a chart have the same number of readings.")
    a3, b3, b4 = factors(sizes.pop())
    c = CONTEXT
    centre, s = mean([mean(one) for one in groups]), mean([stdev(one) for one in groups])
    reach = c.multiply(a3, s)
    return Charts(
        Limits(c.subtract(centre, reach), centre, c.add(centre, reach)),
        Limits(c.multiply(b3, s), s, c.multiply(b4, s)),
    )


def signals(values: Sequence[Decimal], limits: Limits, tests: Sequence[int] = (1, 2, 3, 5)) -> list[Signal]:
    """Every signal of the chosen tests over the points in their order, in the order in which it is first seen."""
    sigma = limits.sigma
    if not sigma:
        raise DomainError("控制限没有宽度。", "Limits without width test nothing.")
    zones = [CONTEXT.divide(CONTEXT.subtract(value, limits.centre), sigma) for value in values]
    found = [
        Signal(test, tuple(range(end - _LENGTH[test], end)))
        for test in sorted(set(tests))
        for end in range(_LENGTH[test], len(zones) + 1)
        if _TESTS[test](zones[end - _LENGTH[test] : end])
    ]
    return sorted(found, key=lambda one: (one.points[-1], one.test))


def _one_side(zones: Sequence[Decimal], count: int, beyond: int) -> bool:
    """Whether at least `count` of the points, the last among them, lie beyond so many sigma on the side of the last."""
    last = zones[-1]
    side = 1 if last > 0 else -1
    return side * last > beyond and sum(side * zone > beyond for zone in zones) >= count


def _runs_one_way(zones: Sequence[Decimal]) -> bool:
    steps = [after - before for before, after in pairwise(zones)]
    return all(step > 0 for step in steps) or all(step < 0 for step in steps)


def _alternates(zones: Sequence[Decimal]) -> bool:
    steps = [after - before for before, after in pairwise(zones)]
    return all(before * after < 0 for before, after in pairwise(steps))


_LENGTH: Final = MappingProxyType({1: 1, 2: 9, 3: 6, 4: 14, 5: 3, 6: 5, 7: 15, 8: 8})
_TESTS: Final[MappingProxyType[int, Callable[[Sequence[Decimal]], bool]]] = MappingProxyType(
    {
        1: lambda zones: abs(zones[0]) > 3,
        2: lambda zones: all(zone > 0 for zone in zones) or all(zone < 0 for zone in zones),
        3: _runs_one_way,
        4: _alternates,
        5: lambda zones: _one_side(zones, 2, 2),
        6: lambda zones: _one_side(zones, 4, 1),
        7: lambda zones: all(abs(zone) < 1 for zone in zones),
        8: lambda zones: all(abs(zone) > 1 for zone in zones) and min(zones) < 0 < max(zones),
    }
)

WORDS: Final = MappingProxyType(
    {
        1: ("一点超出控制限", "one point beyond the control limits"),
        2: ("连续 9 点在中心线同一侧", "nine points in a row on one side of the centre"),
        3: ("连续 6 点递增或递减", "six points in a row rising or falling"),
        4: ("连续 14 点上下交替", "fourteen points in a row alternating"),
        5: ("连续 3 点中有 2 点在同侧 2 倍标准差以外", "two of three points beyond two sigma on one side"),
        6: ("连续 5 点中有 4 点在同侧 1 倍标准差以外", "four of five points beyond one sigma on one side"),
        7: ("连续 15 点在 1 倍标准差以内", "fifteen points in a row within one sigma"),
        8: ("连续 8 点在两侧且都在 1 倍标准差以外", "eight points in a row on both sides, none within one sigma"),
    }
)
"""What each test says, Chinese and English."""
