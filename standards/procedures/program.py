"""The shapes of a compiled pack: every formula ready to evaluate, in an order in which it finds its inputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from lims.metrology.expression import Expression
from standards.procedures.schema import Correction, Formula

MEASURAND: Final = "measurand"
"""Name of the result in an uncertainty budget; no input may have it."""


@dataclass(frozen=True)
class CompiledFormula:
    formula: Formula
    expression: Expression
    interval: Expression | None


@dataclass(frozen=True)
class CompiledCorrection:
    """A correction in one item; `expression` gives the point."""

    correction: Correction
    expression: Expression


Step = CompiledFormula | CompiledCorrection
Stage = Literal["before", "run", "row"]
"""When the point of a correction is known: before the runs of a row, in each run, or after the runs."""


@dataclass(frozen=True)
class CompiledCase:
    """Limits of one case; None where empty or unknown."""

    only_if: Expression | None
    lower: Expression | None
    upper: Expression | None


@dataclass
class ItemProgram:
    """The formulas of one item, each scope in an order in which every formula finds its inputs.

    `stages` lists the corrections that the item uses.
    """

    before: list[CompiledCorrection] = field(default_factory=list)
    run: list[Step] = field(default_factory=list)
    row: list[Step] = field(default_factory=list)
    item: list[Step] = field(default_factory=list)
    limits: list[list[CompiledCase]] = field(default_factory=list)
    resolutions: dict[str, Expression] = field(default_factory=dict)
    bounds: dict[str, tuple[Expression | None, Expression | None]] = field(default_factory=dict)
    points: dict[str, tuple[Expression | None, dict[str, Expression]]] = field(default_factory=dict)
    series: tuple[Expression, Expression, Expression] | None = None
    names: set[str] = field(default_factory=set)
    stages: dict[str, Stage] = field(default_factory=dict)


@dataclass
class Program:
    lookups: list[tuple[str, list[Expression | None]]] = field(default_factory=list)
    items: dict[str, ItemProgram] = field(default_factory=dict)
    uncertainty: dict[tuple[str, str], dict[str, Expression]] = field(default_factory=dict)
    models: dict[tuple[str, str], Expression] = field(default_factory=dict)
