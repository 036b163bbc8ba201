"""The test points of an item for one instrument: fixed, computed from parameters, or left to the technician."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from lims.core.text import Text
from standards.procedures.context import Context, try_evaluate
from standards.procedures.record import MOST_RUNS, plain, trimmed
from standards.procedures.results import Values
from standards.procedures.schema import UNKNOWN, Count, Item

MOST_POINTS: Final = 100
"""More equally spaced points than this mean a wrong step, not a real instrument."""


@dataclass(frozen=True)
class LaidPoint:
    """A test point as laid out; a value is empty where the technician chooses it."""

    id: str
    title: Text
    values: dict[str, str]


def laid_points(context: Context, item: Item) -> list[LaidPoint]:
    """The points of this item for the record's kind and parameters; one nameless point when the pack declares none."""
    if item.series is not None:
        return _series(context, item) or [LaidPoint("p1", Text("1", "1"), {item.series.value: ""})]
    points = []
    compiled = context.program.items[item.id].points
    names: Values = dict(context.numbers)
    for point in item.points:
        if not point.when.holds(context.choices):
            continue
        condition, computed = compiled[point.id]
        if condition is not None and try_evaluate(condition, names, context.absent)[0] is not True:
            continue
        values = {}
        for name, _ in point.values:
            expression = computed.get(name)
            result = try_evaluate(expression, names, context.absent)[0] if expression else None
            values[name] = trimmed(result) if isinstance(result, Decimal) else ""
        points.append(LaidPoint(point.id, point.title, values))
    if not points and not item.points:
        count = laid(item.rows)
        points = [
            LaidPoint(f"p{at}", Text(str(at), str(at)), {value.name: "" for value in item.values})
            for at in range(1, count + 1)
        ]
    return points


def _series(context: Context, item: Item) -> list[LaidPoint]:
    assert item.series is not None
    compiled = context.program.items[item.id].series
    if compiled is None:
        return []
    found = [try_evaluate(one, dict(context.numbers), context.absent)[0] for one in compiled]
    start, stop, step = found
    if not (isinstance(start, Decimal) and isinstance(stop, Decimal) and isinstance(step, Decimal)):
        return []
    if step <= 0 or stop < start or (stop - start) / step >= MOST_POINTS:
        context.warn(
            f"items.{item.id}.rows",
            f"检定点无法排列：从 {plain(start)} 到 {plain(stop)}，间隔 {plain(step)}。",
            f"Test points cannot be laid out: from {plain(start)} to {plain(stop)} by {plain(step)}.",
        )
        return []
    points = []
    for at in range(int((stop - start) / step) + 1):
        value = trimmed(start + at * step)
        points.append(LaidPoint(f"p{at + 1}", Text(value, value), {item.series.value: value}))
    return points


def laid(count: Count | None) -> int:
    """How many are laid out; one where nothing is declared or known."""
    return int(count.value) if count is not None and count.value not in ("", UNKNOWN) else 1


def demanded(count: Count | None) -> int:
    """How many must be filled in: `at_least`, or as many as laid out; one where that is unknown."""
    if count is None or count.at_least == UNKNOWN:
        return 1
    return int(count.at_least) if count.at_least else laid(count)


def most_allowed(count: Count | None) -> int:
    """How many may be filled in: a formula such as the range method holds for one number of runs only."""
    return int(count.at_most) if count is not None and count.at_most else MOST_RUNS
