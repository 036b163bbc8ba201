"""Propagation of distributions by Monte Carlo (JCGM 101:2008), the only module here that needs numpy.

Draws are binary floating point by nature; what comes out is a check on the analytic result, never the digits of a
certificate. Seed, generator, numpy version and number of trials are recorded, so a run can be repeated exactly.
The adaptive run stops when mean, standard uncertainty and both ends of the coverage interval are stable to half a unit
of the second significant digit of u (7.9), or at the cap.

Correlated inputs are drawn from one normal distribution with their standard uncertainties and correlations. Readings
(and given uncertainties with finite degrees of freedom) are drawn from Student's t (6.4.9); limits keep their own shape
even where degrees of freedom are stated for them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from lims.metrology.budget import Budget, BudgetError, BudgetResult, Input, evaluate
from lims.metrology.distributions import student_t_factor
from lims.metrology.expression import Expression
from lims.metrology.expression.nodes import (
    Binary,
    Call,
    Choice,
    Compare,
    Logic,
    Name,
    Negate,
    Node,
    Not,
    Number,
    Power,
)

Array = npt.NDArray[np.float64]
Draws = dict[str, Array]
_Column = Callable[[Draws], npt.NDArray[np.float64]]

MOST_TRIALS: Final = 5_000_000
FEWEST_TRIALS: Final = 1_000
GENERATOR: Final = "PCG64"

_BINARY: Final[Mapping[str, np.ufunc]] = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}
_COMPARE: Final[Mapping[str, np.ufunc]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
_FUNCTIONS: Final[Mapping[str, np.ufunc]] = {
    "abs": np.absolute,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "ln": np.log,
    "log10": np.log10,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "atan": np.arctan,
}
_EXTREMES: Final[Mapping[str, np.ufunc]] = {"min": np.minimum, "max": np.maximum}


@dataclass(frozen=True)
class Sample:
    """One measurand from the draws: mean, standard deviation, both coverage intervals, tolerance of the stop rule.

    `gum_agrees`: both ends of the interval of the analytic result lie within the tolerance (JCGM 101 clause 8).
    """

    mean: float
    u: float
    interval: tuple[float, float]
    shortest: tuple[float, float]
    tolerance: float
    gum_agrees: bool


@dataclass(frozen=True)
class MonteCarloResult:
    """A run and everything needed to repeat it. `stable`: the adaptive stop was reached before the cap."""

    trials: int
    seed: int
    adaptive: bool
    stable: bool
    probability: str
    outputs: dict[str, Sample]
    notes: tuple[tuple[str, str], ...]
    generator: str = GENERATOR
    numpy: str = np.__version__

    def as_json(self) -> dict[str, object]:
        """The ``monte_carlo`` part of the command's JSON: shortest decimal strings of the binary results."""
        return {
            "trials": self.trials,
            "seed": self.seed,
            "generator": self.generator,
            "numpy": self.numpy,
            "adaptive": self.adaptive,
            "stable": self.stable,
            "probability": self.probability,
            "outputs": {
                name: {
                    "value": repr(sample.mean),
                    "u": repr(sample.u),
                    "interval": [repr(end) for end in sample.interval],
                    "shortest": [repr(end) for end in sample.shortest],
                    "tolerance": repr(sample.tolerance),
                    "gum_agrees": sample.gum_agrees,
                }
                for name, sample in self.outputs.items()
            },
            "notes": [{"zh": zh, "en": en} for zh, en in self.notes],
        }


def simulate(
    budget: Budget, *, trials: int | None = None, seed: int = 1, most_trials: int = MOST_TRIALS
) -> MonteCarloResult:
    """Run `trials` draws, or adaptively up to `most_trials` when `trials` is None.

    Raises BudgetError when the model has no result for some draws, ValueError for a number of trials out of range.
    """
    if trials is not None and not FEWEST_TRIALS <= trials <= MOST_TRIALS:
        raise ValueError(f"between {FEWEST_TRIALS} and {MOST_TRIALS} trials")
    probability = float(budget.probability)
    analytic = evaluate(budget)
    models = {name: _model(name, expression) for name, expression in budget.outputs.items()}
    sampler = _Sampler(budget, np.random.Generator(np.random.PCG64(seed)))
    runs = {name: _Run(float(analytic.outputs[name].value), probability) for name in models}
    batch = min(max(math.ceil(100 / (1 - probability)), 10_000), 1_000_000)
    done, stable = 0, False
    while True:
        size = batch if trials is None else min(batch, trials - done)
        draws = sampler.draw(size)
        for name, model in models.items():
            runs[name].add(_results(name, model, draws, size))
        done += size
        if trials is None:
            stable = all(run.stable() for run in runs.values())
        if stable or done >= (most_trials if trials is None else trials):
            break
    outputs = {name: run.summary(_analytic_interval(analytic, name)) for name, run in runs.items()}
    return MonteCarloResult(done, seed, trials is None, stable, str(budget.probability), outputs, tuple(_notes(budget)))


def _analytic_interval(analytic: BudgetResult, name: str) -> tuple[float, float]:
    output = analytic.outputs[name]
    half = student_t_factor(analytic.budget.probability, output.dof) * output.u
    return float(output.value - half), float(output.value + half)


class _Sampler:
    """Draws of all inputs, set of correlated inputs by set."""

    def __init__(self, budget: Budget, generator: np.random.Generator) -> None:
        self._generator = generator
        self._groups = [(group, _mixing(budget, group)) for group in budget.groups]

    def draw(self, size: int) -> Draws:
        draws: Draws = {}
        for group, mixing in self._groups:
            if mixing is None:
                item = group[0]
                draws[item.name] = float(item.value) + self._deviation(item, size)
                continue
            joint = mixing @ self._generator.standard_normal((len(group), size))
            for item, column in zip(group, joint, strict=True):
                draws[item.name] = float(item.value) + float(item.u) * column
        return draws

    def _deviation(self, item: Input, size: int) -> Array:
        """Draws around zero from the distribution of one input (JCGM 101 table 1)."""
        rng, half, u = self._generator, float(item.half_width), float(item.u)
        match item.distribution:
            case "constant":
                return np.zeros(size)
            case "normal":
                return u * rng.standard_normal(size)
            case "t":
                return u * rng.standard_t(float(item.dof), size)
            case "rectangular":
                return rng.uniform(-half, half, size)
            case "triangular":
                return half * (rng.random(size) - rng.random(size))
            case "arcsine":
                return half * np.cos(math.pi * rng.random(size))
            case "trapezoidal":
                top = float(item.beta)
                return half / 2 * ((1 + top) * rng.uniform(-1, 1, size) + (1 - top) * rng.uniform(-1, 1, size))
            case "curvilinear_trapezoidal":
                widths = rng.uniform(half - float(item.tolerance), half + float(item.tolerance), size)
                return widths * rng.uniform(-1, 1, size)


def _mixing(budget: Budget, group: tuple[Input, ...]) -> Array | None:
    """The square root of a correlation matrix, or None for an input on its own."""
    if len(group) == 1:
        return None
    matrix = np.array([[float(budget.correlation(a.name, b.name)) for b in group] for a in group])
    values, vectors = np.linalg.eigh(matrix)
    root: Array = vectors * np.sqrt(np.clip(values, 0, None))
    return root


def _notes(budget: Budget) -> list[tuple[str, str]]:
    notes: list[tuple[str, str]] = []
    for group in budget.groups:
        shaped = [item.name for item in group if item.distribution not in ("normal", "constant")]
        if len(group) > 1 and shaped:
            names = ", ".join(shaped)
            notes.append((f"{names} 相关，按正态分布抽样。", f"{names}: correlated, drawn as normal."))
        elif len(group) == 1 and group[0].distribution == "t" and group[0].dof <= 2:
            name = group[0].name
            notes.append(
                (
                    f"{name} 的自由度不大于 2，t 分布没有方差，蒙特卡洛的 u 不稳定。",
                    f"{name} has at most 2 degrees of freedom: its t distribution has no variance, u is not stable.",
                )
            )
    return notes


def _model(name: str, expression: Expression) -> _Column:
    return _column(expression.root, f"outputs.{name}")


def _results(name: str, model: _Column, draws: Draws, size: int) -> Array:
    with np.errstate(all="ignore"):
        values = np.broadcast_to(np.asarray(model(draws), dtype=np.float64), (size,))
    broken = int(np.count_nonzero(~np.isfinite(values)))
    if broken:
        raise BudgetError(
            f"outputs.{name}",
            f"蒙特卡洛 {size} 次抽样中有 {broken} 次公式没有结果。",
            f"The formula has no result for {broken} of {size} Monte Carlo draws.",
        )
    return values


def _column(node: Node, path: str) -> _Column:
    """The tree as a function of columns of draws."""

    def of(part: Node) -> _Column:
        return _column(part, path)

    match node:
        case Number(value=value):
            number = np.float64(value)
            return lambda draws: np.asarray(number)
        case Name(name=name):
            return lambda draws: draws[name]
        case Negate(operand=operand):
            inner = of(operand)
            return lambda draws: -inner(draws)
        case Power(base=base, exponent=exponent):
            root, power = of(base), float(exponent)
            return lambda draws: np.power(root(draws), power)
        case Binary(operator=sign, left=left, right=right):
            return _joined(_BINARY[sign], of(left), of(right))
        case Compare(first=first, rest=rest):
            links = []
            start = first
            for comparison, part in rest:
                links.append(_joined(_COMPARE[comparison], of(start), of(part)))
                start = part
            return _folded(np.logical_and, links)
        case Logic(operator=word, parts=parts):
            return _folded(np.logical_and if word == "and" else np.logical_or, [of(part) for part in parts])
        case Not(operand=operand):
            condition = of(operand)
            return lambda draws: np.logical_not(condition(draws))
        case Choice(condition=test, yes=yes, no=no):
            which, first_way, second_way = of(test), of(yes), of(no)
            return lambda draws: np.where(which(draws), first_way(draws), second_way(draws))
        case Call(function=name, arguments=arguments):
            columns = [of(argument) for argument in arguments]
            if name in _FUNCTIONS:
                function, argument = _FUNCTIONS[name], columns[0]
                return lambda draws: function(argument(draws))
            if name in _EXTREMES:
                return _folded(_EXTREMES[name], columns)
            raise BudgetError(path, f"{name}() 不能用于蒙特卡洛。", f"{name}() cannot be used in Monte Carlo.")


def _joined(function: np.ufunc, left: _Column, right: _Column) -> _Column:
    return lambda draws: function(left(draws), right(draws))


def _folded(function: np.ufunc, columns: list[_Column]) -> _Column:
    def fold(draws: Draws) -> Array:
        result = columns[0](draws)
        for column in columns[1:]:
            result = function(result, column(draws))
        return result

    return fold


class _Run:
    """The draws of one measurand so far, and what each batch said about it."""

    def __init__(self, centre: float, probability: float) -> None:
        self._centre = centre
        self._probability = probability
        self._batches: list[Array] = []
        self._statistics: list[tuple[float, float, float, float]] = []
        self._count = 0
        self._sum = 0.0
        self._squares = 0.0

    def add(self, values: Array) -> None:
        ordered = np.sort(values)
        low, high = _symmetric(ordered, self._probability)
        self._statistics.append((float(values.mean()), float(values.std(ddof=1)), low, high))
        self._batches.append(ordered)
        shifted = values - self._centre
        self._count += len(values)
        self._sum += float(shifted.sum())
        self._squares += float(np.square(shifted).sum())

    def stable(self) -> bool:
        """JCGM 101, 7.9.4: twice the standard deviation of the batch averages is below the tolerance, all four."""
        batches = len(self._statistics)
        if batches < 2:
            return False
        variance = (self._squares - self._sum**2 / self._count) / (self._count - 1)
        spread = np.asarray(self._statistics).std(axis=0, ddof=1) / math.sqrt(batches)
        return bool((2 * spread <= _tolerance(math.sqrt(max(variance, 0.0)))).all())

    def summary(self, analytic: tuple[float, float]) -> Sample:
        values = np.sort(np.concatenate(self._batches))
        u = float(values.std(ddof=1))
        low, high = _symmetric(values, self._probability)
        tolerance = _tolerance(u)
        agrees = abs(analytic[0] - low) <= tolerance and abs(analytic[1] - high) <= tolerance
        return Sample(float(values.mean()), u, (low, high), _shortest(values, self._probability), tolerance, agrees)


def _tolerance(u: float) -> float:
    """Half a unit of the second significant digit of u (JCGM 101, 7.9.2)."""
    return 0.0 if u == 0 else 0.5 * 10.0 ** (math.floor(math.log10(u)) - 1)


def _symmetric(ordered: Array, probability: float) -> tuple[float, float]:
    """The probabilistically symmetric coverage interval of sorted draws (JCGM 101, 7.7)."""
    count = len(ordered)
    inside = int(probability * count + 0.5)
    first = int((count - inside) / 2 + 0.5)
    return float(ordered[first - 1]), float(ordered[min(first + inside, count) - 1])


def _shortest(ordered: Array, probability: float) -> tuple[float, float]:
    """The shortest coverage interval of sorted draws (JCGM 101, 7.7.4)."""
    count = len(ordered)
    inside = int(probability * count + 0.5)
    widths = ordered[inside:] - ordered[: count - inside]
    first = int(np.argmin(widths))
    return float(ordered[first]), float(ordered[first + inside])
