"""From quantities that a person chose to rows of certified values: names, points, sign. Digits are carried over, never computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lims.core.text import DataError

from .report import DccReport, Quantity, Series

ERROR, REFERENCE, INDICATED = "basic_measurementError", "basic_referenceValue", "basic_measuredValue"


@dataclass(frozen=True)
class Choice:
    """Which quantity becomes which named value.

    quantity: its path in the report, `series`: which of its units. points: path of the quantity with the points of the table
    and which of its units; empty for a single value. negated: every value changes its sign, as when an error becomes a
    correction (correction = −error). interpolation: `points` when nothing may be read between the points.
    """

    name: str
    quantity: str
    series: int = 0
    points: str = ""
    points_series: int = 0
    negated: bool = False
    interpolation: str = ""


def rows_of(report: DccReport, choice: Choice) -> list[dict[str, str]]:
    """Rows with the field names of a certified value. Raises DataError naming the path that cannot be used."""
    chosen = _series(report, choice.quantity, choice.series)
    points = _series(report, choice.points, choice.points_series) if choice.points else None
    if points is None and len(chosen.values) != 1:
        zh = f"该量有 {len(chosen.values)} 个数值，必须选择它们的测量点。"
        raise DataError(
            chosen.path, zh, f"This quantity has {len(chosen.values)} values; choose the points they belong to."
        )
    if points is not None and len(points.values) != len(chosen.values):
        zh = f"测量点有 {len(points.values)} 个，数值有 {len(chosen.values)} 个。"
        raise DataError(chosen.path, zh, f"There are {len(points.values)} points and {len(chosen.values)} values.")
    rows = [_row(choice, chosen, points, place) for place, value in enumerate(chosen.values) if value]
    if not rows:
        raise DataError(chosen.path, "该量的数值都是空的（NaN）。", "All values of this quantity are absent (NaN).")
    return rows


def left_out(report: DccReport, choice: Choice) -> list[int]:
    """Places (from 1) of the numbers that the file leaves open, and that therefore give no row."""
    return [at for at, value in enumerate(_series(report, choice.quantity, choice.series).values, 1) if not value]


def _series(report: DccReport, path: str, place: int) -> Series:
    found = report.quantity(path)
    if found is None or not 0 <= place < len(found.series):
        raise DataError(path[:300], "文件中没有这个量。", "The file has no such quantity.")
    series = found.series[place]
    if series.unit is None and not series.notes:
        raise DataError(
            series.path,
            f"不认识单位 {series.dsi[:80]}，不能使用。",
            f"The unit {series.dsi[:80]} is not known; it is not used.",
        )
    if series.notes:
        note = series.notes[0]
        raise DataError(note.path, note.text.zh, note.text.en)
    return series


def _row(choice: Choice, chosen: Series, points: Series | None, place: int) -> dict[str, str]:
    row = {
        "name": choice.name,
        "value": negated(chosen.values[place]) if choice.negated else chosen.values[place],
        "unit": chosen.unit or "",
        "source": chosen.path[-300:],
    }
    if points is not None:
        if not points.values[place]:
            raise DataError(points.path, f"第 {place + 1} 个测量点是空的。", f"Point {place + 1} is absent.")
        row |= {"at": points.values[place], "at_unit": points.unit or "", "interpolation": choice.interpolation}
    if chosen.expanded and chosen.expanded[place]:
        row |= {"expanded_uncertainty": chosen.expanded[place], "uncertainty_unit": chosen.unit or ""}
        if chosen.factors and chosen.factors[place]:
            row["k"] = chosen.factors[place]
    return row


def negated(digits: str) -> str:
    """The number with the other sign, all its digits kept; a zero stays as it is."""
    bare = digits.lstrip("+-")
    if not bare.lower().partition("e")[0].strip("0."):
        return bare
    return bare if digits.startswith("-") else f"-{bare}"


def suggestions(report: DccReport) -> list[Choice]:
    """Errors become corrections at the indicated values (else at the reference values) of their own list, in one unit."""
    found: list[Choice] = []
    for error in report.quantities:
        if ERROR not in error.roles or not error.series or not error.series[0].usable:
            continue
        beside = [one for one in report.quantities if one.group == error.group and one is not error]
        for role in (INDICATED, REFERENCE):
            if point := next(_usable(beside, role, len(error.series[0].values)), None):
                found.append(Choice("correction", error.path, 0, *point, negated=True))
                break
    return found


def _usable(beside: list[Quantity], role: str, count: int) -> Iterator[tuple[str, int]]:
    """Points that can be used; where they are stated in kelvin and in degrees Celsius, the latter first, as instruments show."""
    for one in (one for one in beside if role in one.roles):
        fitting = [place for place, series in enumerate(one.series) if series.usable and len(series.values) == count]
        celsius = [place for place in fitting if one.series[place].unit == "℃"]
        for place in celsius or fitting:
            yield one.path, place
