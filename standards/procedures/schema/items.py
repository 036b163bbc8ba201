"""One item of a procedure: test points, readings, formulas, limits, checks by eye."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lims.core.text import Text
from standards.procedures.schema.sourced import Claim, When

Scope = Literal["run", "row", "item"]
Show = Literal["both", "record", "no"]


@dataclass(frozen=True)
class PointValue:
    """A quantity that tells one test point from another, such as the load current; limits are expressions or empty."""

    name: str
    label: Text
    unit: str
    lower: str
    upper: str
    show: Show


@dataclass(frozen=True)
class Point:
    """One test point: for each point value an expression over parameters, or empty for the technician to fill in."""

    id: str
    title: Text
    when: When
    only_if: str
    values: tuple[tuple[str, str], ...]
    claim: Claim


@dataclass(frozen=True)
class Series:
    """Equally spaced test points: `value` runs from `start` to `stop` by `step`, all expressions over parameters."""

    value: str
    start: str
    stop: str
    step: str
    claim: Claim


@dataclass(frozen=True)
class Count:
    """How many rows or runs: `value` are laid out, `at_least` are demanded (unknown: one; empty: as many as laid out)."""

    value: str
    at_least: str
    at_most: str
    claim: Claim


@dataclass(frozen=True)
class Reading:
    """One column the technician types or the rig fills in."""

    name: str
    label: Text
    unit: str
    resolution: str
    scope: Literal["run", "row"]
    source: Literal["typed", "rig"]
    quantity: str
    role: str
    required: bool
    show: Show


@dataclass(frozen=True)
class Rounding:
    """Rounding of a column for print and, where the limit says so, for judgement; `interval` is an expression."""

    interval: str
    mode: Literal["half_even", "up"]
    claim: Claim


@dataclass(frozen=True)
class Formula:
    """One computed column. Other formulas always use its unrounded value, so that rounding happens once."""

    name: str
    label: Text
    scope: Scope
    unit: str
    expression: str
    round: Rounding | None
    sign: bool
    show: Show


@dataclass(frozen=True)
class Choice:
    """A way of judging that has a source of its own, such as comparing the rounded value."""

    value: str
    claim: Claim


@dataclass(frozen=True)
class LimitCase:
    when: When
    only_if: str
    lower: str
    upper: str
    claim: Claim


@dataclass(frozen=True)
class Limit:
    """Limits of a formula's value. `effect` void means: a violated condition makes the test void, not the instrument bad."""

    column: str
    title: Text
    compare: Choice
    rule: Literal["simple", "jjf1094", "guard"]
    effect: Literal["reject", "void"]
    cases: tuple[LimitCase, ...]


@dataclass(frozen=True)
class Check:
    """Something judged by eye: pass, fail or not applicable, with a remark."""

    id: str
    title: Text
    when: When
    claim: Claim


@dataclass(frozen=True)
class Item:
    """One item of the procedure, judged by eye (`checks`) or measured (rows × runs).

    `before` names the item that this one repeats: the same readings, taken before the instrument is adjusted or repaired.
    They are optional, and neither judged nor counted.
    """

    id: str
    type: Literal["judged", "measured"]
    title: Text
    when: When
    uses: tuple[str, ...] = ()
    values: tuple[PointValue, ...] = ()
    points: tuple[Point, ...] = ()
    series: Series | None = None
    rows: Count | None = None
    repeats: Count | None = None
    readings: tuple[Reading, ...] = ()
    formulas: tuple[Formula, ...] = ()
    limits: tuple[Limit, ...] = ()
    checks: tuple[Check, ...] = ()
    note: Text | None = None
    before: str = ""

    def formula(self, name: str) -> Formula | None:
        return next((one for one in self.formulas if one.name == name), None)

    def reading(self, name: str) -> Reading | None:
        return next((one for one in self.readings if one.name == name), None)

    def readings_of(self, scope: str) -> tuple[Reading, ...]:
        return tuple(one for one in self.readings if one.scope == scope)

    def formulas_of(self, scope: str) -> tuple[Formula, ...]:
        return tuple(one for one in self.formulas if one.scope == scope)
