"""What an uncertainty budget says, after it has been read and checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Literal

from lims.metrology.expression import Expression
from lims.metrology.rounding import Mode

Distribution = Literal[
    "normal", "t", "rectangular", "triangular", "arcsine", "trapezoidal", "curvilinear_trapezoidal", "constant"
]
"""What is known about an input: the shape Monte Carlo draws from. ``t`` is scaled and shifted with `dof`."""

INFINITE = Decimal("Infinity")


class BudgetError(ValueError):
    """A budget that cannot be used: where in the file, and one sentence in Chinese and English."""

    def __init__(self, path: str, zh: str, en: str) -> None:
        super().__init__(f"{path}: {en}" if path else en)
        self.path = path
        self.zh = zh
        self.en = en


@dataclass(frozen=True)
class Input:
    """One input quantity. `u` is its standard uncertainty in `unit`; `dof` may be infinite.

    `half_width`, `beta` (trapezoid: top over base) and `tolerance` (uncertainty of the half width) describe the shape
    for Monte Carlo; `readings` are kept for correlations.
    """

    name: str
    value: Decimal
    u: Decimal
    dof: Decimal
    distribution: Distribution
    evaluation: Literal["A", "B"]
    unit: str = ""
    title: str = ""
    half_width: Decimal = Decimal(0)
    beta: Decimal = Decimal(0)
    tolerance: Decimal = Decimal(0)
    readings: tuple[Decimal, ...] = ()


@dataclass(frozen=True)
class Budget:
    """Inputs, correlations and measurands. `correlations` has each pair of names once, in the order of the inputs.

    `k` None: from Student's t at the effective degrees of freedom for `probability`. `whole_dof`: these are cut to
    whole numbers first (GUM G.4.1). `digits`, `rounding`: how the expanded uncertainty is printed.
    """

    inputs: tuple[Input, ...]
    outputs: dict[str, Expression]
    probability: Decimal
    k: Decimal | None = None
    correlations: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    whole_dof: bool = True
    second_order: bool = False
    digits: int = 2
    rounding: Mode = "half_even"

    def correlation(self, first: str, second: str) -> Decimal:
        """The correlation coefficient of two inputs."""
        if first == second:
            return Decimal(1)
        found = self.correlations.get((first, second))
        return found if found is not None else self.correlations.get((second, first), Decimal(0))

    @cached_property
    def groups(self) -> list[tuple[Input, ...]]:
        """The inputs in sets that are correlated among themselves; an uncorrelated input is a set of its own."""
        group_of = {item.name: index for index, item in enumerate(self.inputs)}
        for (first, second), r in self.correlations.items():
            if r:
                old, new = group_of[second], group_of[first]
                group_of = {name: new if group == old else group for name, group in group_of.items()}
        sets: dict[int, list[Input]] = {}
        for item in self.inputs:
            sets.setdefault(group_of[item.name], []).append(item)
        return [tuple(members) for members in sets.values()]
