"""Corrections and errors as a certificate states them: one value, a table of points, or an equation with its range.

A table is read by straight lines between neighbouring points and nowhere beyond them: what was not calibrated is not known.
The uncertainty between two points is the larger of theirs; what the straight line itself may add is for the budget that uses
the value. An equation is written in the project's expression language in one name, the point.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from lims.metrology.expression import Expression
from lims.metrology.expression.arithmetic import CONTEXT, DomainError


@dataclass(frozen=True)
class Stated:
    """A value at a point with its expanded uncertainty and coverage factor, None where the certificate states none."""

    value: Decimal
    expanded: Decimal | None = None
    k: Decimal | None = None


@dataclass(frozen=True)
class Single:
    """One value for the whole range between `lower` and `upper`; None leaves an end open, as the certificate does."""

    stated: Stated
    lower: Decimal | None = None
    upper: Decimal | None = None

    def at(self, point: Decimal) -> Stated:
        """The value. Raises DomainError outside the stated range."""
        _inside(point, self.lower, self.upper)
        return self.stated


@dataclass(frozen=True)
class Table:
    """Values at points, in rising order of the points. `between` False: the values hold on the points only."""

    points: tuple[Decimal, ...]
    stated: tuple[Stated, ...]
    between: bool = True

    def __post_init__(self) -> None:
        if not self.points or len(self.points) != len(self.stated):
            raise DomainError(
                "表中点与值的个数不同，或表是空的。", "A table has as many values as points, at least one."
            )
        if any(after <= before for before, after in pairwise(self.points)):
            raise DomainError("表中的点必须依次增大，且不得重复。", "The points of a table rise and never repeat.")

    def at(self, point: Decimal) -> Stated:
        """On a point its own value; between two, the straight line. Raises DomainError beyond the first and last point."""
        _inside(point, self.points[0], self.points[-1])
        place = bisect_left(self.points, point)
        if self.points[place] == point:
            return self.stated[place]
        if not self.between:
            raise DomainError(
                f"{point} 不是证书所列的点，该表不内插。",
                f"{point} is not a point of the table, and it is not interpolated.",
            )
        c, low, high = CONTEXT, self.stated[place - 1], self.stated[place]
        start, end = self.points[place - 1], self.points[place]
        share = c.divide(c.subtract(point, start), c.subtract(end, start))
        value = c.add(low.value, c.multiply(share, c.subtract(high.value, low.value)))
        return Stated(value, *_wider(low, high))


@dataclass(frozen=True)
class Equation:
    """A value computed from the point, valid between `lower` and `upper`."""

    expression: Expression
    lower: Decimal
    upper: Decimal
    name: str = "x"
    expanded: Decimal | None = None
    k: Decimal | None = None

    def at(self, point: Decimal) -> Stated:
        """The value. Raises DomainError outside the stated range."""
        _inside(point, self.lower, self.upper)
        found = self.expression({self.name: point})
        if not isinstance(found, Decimal):
            raise DomainError("方程的结果不是一个数。", "The equation does not give a number.")
        return Stated(found, self.expanded, self.k)


Correction = Single | Table | Equation


def table(rows: Sequence[tuple[Decimal, Stated]], *, between: bool = True) -> Table:
    """A table from rows in any order. Raises DomainError when a point is there twice."""
    ordered = sorted(rows, key=lambda one: one[0])
    return Table(tuple(point for point, _ in ordered), tuple(stated for _, stated in ordered), between)


def _wider(first: Stated, second: Stated) -> tuple[Decimal | None, Decimal | None]:
    """The larger standard uncertainty of two, with its own U and k; unknown as soon as one of them is."""
    known = [(one.expanded, one.k) for one in (first, second) if one.expanded is not None and one.k]
    if len(known) < 2:
        return None, None
    return max(known, key=lambda one: CONTEXT.divide(one[0], one[1]))


def _inside(point: Decimal, lower: Decimal | None, upper: Decimal | None) -> None:
    if (lower is not None and point < lower) or (upper is not None and point > upper):
        raise DomainError(
            f"{point} 在证书给出的范围 {lower} 至 {upper} 之外，不外推。",
            f"{point} lies outside the certified range {lower} to {upper}; nothing is extrapolated.",
        )
