"""The drift of an instrument as a drawing: coordinates for an SVG inside the band of permissible error.

A drawing for the eye; the digits stand in the table beneath it.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

WIDTH, HEIGHT = 640, 180
LEFT, RIGHT, TOP, BOTTOM = 60, 16, 12, 28
MOST_PLOTS = 12


@dataclass(frozen=True)
class Mark:
    x: str
    y: str
    out: bool
    said: str


@dataclass(frozen=True)
class Plot:
    """One series drawn. `band` is the polygon between the limits, `line` the polyline of the values, both as SVG points."""

    series: dict[str, Any]
    marks: tuple[Mark, ...]
    line: str
    band: str
    ticks: tuple[tuple[str, str], ...]
    days: tuple[tuple[str, str], ...]
    zero: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def plots(series: list[dict[str, Any]]) -> list[Plot]:
    """Every series that has a number to show, the first MOST_PLOTS of them."""
    drawn = (_plot(one) for one in series)
    return [one for one in drawn if one is not None][:MOST_PLOTS]


def _plot(series: dict[str, Any]) -> Plot | None:
    points = [
        (date.fromisoformat(one["day"]), value, one)
        for one in series["points"]
        if one["day"] and (value := _number(one["value"])) is not None
    ]
    if not points:
        return None
    first, last = points[0][0], points[-1][0]
    span = max((last - first).days, 1)
    limits = [
        bound
        for _day, _value, one in points
        for bound in (_number(one["lower"]), _number(one["upper"]))
        if bound is not None
    ]
    reach = max([abs(number) for number in [*limits, *(value for _day, value, _one in points)]] or [Decimal(1)])
    reach = reach * Decimal("1.25") or Decimal(1)
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def across(day: date) -> str:
        share = Decimal((day - first).days) / span if last > first else Decimal("0.5")
        return f"{LEFT + share * wide:.1f}"

    def down(value: Decimal) -> str:
        return f"{TOP + (reach - value) / (2 * reach) * high:.1f}"

    uppers = [(day, bound) for day, _value, one in points if (bound := _number(one["upper"])) is not None]
    lowers = [(day, bound) for day, _value, one in points if (bound := _number(one["lower"])) is not None]
    return Plot(
        series=series,
        marks=tuple(
            Mark(across(day), down(value), one["result"] == "fail", f"{one['day']}  {one['value']} {series['unit']}")
            for day, value, one in points
        ),
        line=" ".join(f"{across(day)},{down(value)}" for day, value, _one in points),
        band=_band(uppers, lowers, across, down) if uppers and lowers else "",
        ticks=tuple((f"{value.normalize():f}", down(value)) for value in _ticks(uppers, lowers)),
        days=tuple((day.isoformat(), across(day)) for day in dict.fromkeys((first, last))),
        zero=down(Decimal(0)),
    )


def _band(uppers: list[tuple[date, Decimal]], lowers: list[tuple[date, Decimal]], across: Any, down: Any) -> str:
    """The polygon between the limits; with a single day it spans the whole width."""
    if len(uppers) == 1:
        top, bottom = down(uppers[0][1]), down(lowers[0][1])
        return f"{LEFT},{top} {WIDTH - RIGHT},{top} {WIDTH - RIGHT},{bottom} {LEFT},{bottom}"
    edge = [f"{across(day)},{down(bound)}" for day, bound in uppers]
    return " ".join(edge + [f"{across(day)},{down(bound)}" for day, bound in reversed(lowers)])


def _ticks(uppers: list[tuple[date, Decimal]], lowers: list[tuple[date, Decimal]]) -> list[Decimal]:
    ends = [uppers[-1][1]] if uppers else []
    ends += [lowers[-1][1]] if lowers else []
    return list(dict.fromkeys([*ends, Decimal(0)]))
