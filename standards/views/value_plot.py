"""A certified table or equation as a drawing: points with their U, and the curve that calculations follow. The digits stand in the table beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from lims.metrology.certified import Certified
from lims.metrology.correction import Equation, Stated, Table
from lims.metrology.expression import ExpressionError
from lims.metrology.expression.arithmetic import DomainError

WIDTH, HEIGHT = 640, 240
LEFT, RIGHT, TOP, BOTTOM = 84, 16, 14, 38
_STEPS = 60

Place = Callable[[Decimal], str]


@dataclass(frozen=True)
class Mark:
    """One stated point: where it is drawn, the ends of its U, and its digits."""

    x: str
    y: str
    low: str
    high: str
    told: str


@dataclass(frozen=True)
class Plot:
    """A drawn value: the curve, the stated points, and the digits at the axes."""

    certified: Certified
    line: str
    band: str
    marks: tuple[Mark, ...]
    across: tuple[tuple[str, str, str], ...]
    up: tuple[tuple[str, str], ...]
    zero: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def plot(certified: Certified) -> Plot | None:
    """The drawing, or None where there is nothing to draw: a single value, one point, a range without width."""
    followed = _followed(certified)
    if len(followed) < 2:
        return None
    reach = [bound for _, one in followed for bound in _ends(one)]
    lowest, highest = min(reach), max(reach)
    margin = (highest - lowest) / 12 or abs(highest) / 10 or Decimal(1)
    bottom, top = lowest - margin, highest + margin
    first, last = followed[0][0], followed[-1][0]

    def across(point: Decimal) -> str:
        return f"{LEFT + (point - first) / (last - first) * (WIDTH - LEFT - RIGHT):.1f}"

    def down(value: Decimal) -> str:
        return f"{TOP + (top - value) / (top - bottom) * (HEIGHT - TOP - BOTTOM):.1f}"

    is_table = isinstance(certified.correction, Table)
    marks = tuple(_mark(point, one, across, down) for point, one in followed) if is_table else ()
    band = ""
    if not is_table and followed[0][1].expanded:
        ends = [(point, *_ends(one)) for point, one in followed]
        there = [f"{across(point)},{down(low)}" for point, low, _ in ends]
        band = " ".join(there + [f"{across(point)},{down(high)}" for point, _, high in reversed(ends)])
    joined = not isinstance(certified.correction, Table) or certified.correction.between
    digits = Decimal(1).scaleb(((highest - lowest) or abs(highest) or Decimal(1)).adjusted() - 2)
    return Plot(
        certified,
        " ".join(f"{across(point)},{down(one.value)}" for point, one in followed) if joined else "",
        band,
        marks,
        ((f"{first:f}", str(LEFT), "start"), (f"{last:f}", str(WIDTH - RIGHT), "end")),
        tuple((f"{value.quantize(digits):f}", down(value)) for value in (highest, lowest) if highest != lowest),
        down(Decimal(0)) if bottom < 0 < top else "",
    )


def _followed(certified: Certified) -> list[tuple[Decimal, Stated]]:
    """The points through which the curve is drawn."""
    found = certified.correction
    if isinstance(found, Table):
        return list(zip(found.points, found.stated, strict=True))
    if isinstance(found, Equation) and found.lower < found.upper:
        step = (found.upper - found.lower) / _STEPS
        points = [found.lower, *(found.lower + step * count for count in range(1, _STEPS)), found.upper]
        try:
            return [(point, found.at(point)) for point in points]
        except (ExpressionError, DomainError):
            return []
    return []


def _ends(one: Stated) -> tuple[Decimal, Decimal]:
    size = one.expanded or Decimal(0)
    return one.value - size, one.value + size


def _mark(point: Decimal, one: Stated, across: Place, down: Place) -> Mark:
    low, high = _ends(one)
    told = f"{point:f}: {one.value:f}" + (f" ± {one.expanded:f}" if one.expanded is not None else "")
    return Mark(across(point), down(one.value), down(low), down(high), told)
