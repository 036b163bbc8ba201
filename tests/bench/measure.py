"""Measuring: rounds, median with least and most, and the table that shows them."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Span:
    """Several rounds of one measurement in one unit."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def __str__(self) -> str:
        return f"{self.median:.4g} ({min(self.values):.4g}–{max(self.values):.4g})"

    def as_json(self) -> dict[str, float | int]:
        return {"median": self.median, "min": min(self.values), "max": max(self.values), "rounds": len(self.values)}


@dataclass(frozen=True)
class Figure:
    """One line of the result: ours, what it is compared with, and how many times more ours takes.

    floor: the same rounds for the least that the task can cost; None where nothing is comparable.
    """

    part: str
    name: str
    unit: str
    ours: Span
    floor: Span | None = None
    floor_is: str = ""
    remark: str = ""

    @property
    def ratio(self) -> float | None:
        if self.floor is None or not self.floor.median or not self.ours.median:
            return None
        quotient = self.ours.median / self.floor.median
        return 1 / quotient if self.unit.endswith("/s") else quotient

    def as_json(self) -> dict[str, Any]:
        return {
            "part": self.part,
            "name": self.name,
            "unit": self.unit,
            "ours": self.ours.as_json(),
            "floor": self.floor.as_json() if self.floor else None,
            "floor_is": self.floor_is,
            "ratio": self.ratio,
            "remark": self.remark,
        }


def timed(act: Callable[[], object], *, clock: Callable[[], float] = time.perf_counter) -> float:
    """Milliseconds of one call, by the wall or by `time.process_time`."""
    begun = clock()
    act()
    return 1000 * (clock() - begun)


def spans(
    acts: Sequence[Callable[[], object]], *, rounds: int, clock: Callable[[], float] = time.perf_counter
) -> list[Span]:
    """The acts in turn, `rounds` times, after one unmeasured turn: what disturbs the machine disturbs all of them alike."""
    taken: list[list[float]] = [[] for _ in acts]
    for turn in range(rounds + 1):
        for act, values in zip(acts, taken, strict=True):
            value = timed(act, clock=clock)
            if turn:
                values.append(value)
    return [Span(tuple(values)) for values in taken]


def table(figures: Sequence[Figure]) -> str:
    """The figures as aligned text, one line each."""
    rows = [("part", "what", "unit", "ours: median (min–max)", "floor", "ratio", "floor is; remark")]
    for one in figures:
        ratio = f"{one.ratio:.2f}×" if one.ratio else ""
        notes = "; ".join(text for text in (one.floor_is, one.remark) if text)
        rows.append((one.part, one.name, one.unit, str(one.ours), str(one.floor or ""), ratio, notes))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
