"""Evaluation of a budget by the GUM: propagation, effective degrees of freedom, expanded uncertainty.

JCGM 100:2008 equation (13) with correlations, the second-order terms of 5.1.2 note where asked for, and
Welch–Satterthwaite (G.2b). Inputs that are correlated count there as one component whose degrees of freedom are the
smallest among them: exact for readings taken together (Willink and Hall, Metrologia 39 (2002) 361), cautious otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from lims.metrology.budget.model import INFINITE, Budget, BudgetError
from lims.metrology.distributions import student_t_factor
from lims.metrology.expression import Expression, ExpressionError
from lims.metrology.expression.arithmetic import CONTEXT, ONE, ZERO, total

_multiply = CONTEXT.multiply


@dataclass(frozen=True)
class Contribution:
    """One line of the budget table: sensitivity `c`, standard uncertainty `u` of the input, and |c|·u."""

    input: str
    value: Decimal
    u: Decimal
    dof: Decimal
    c: Decimal
    contribution: Decimal


@dataclass(frozen=True)
class OutputResult:
    """One measurand: best estimate, combined standard uncertainty, effective degrees of freedom, k and U = k·u."""

    name: str
    unit: str | None
    value: Decimal
    u: Decimal
    dof: Decimal
    k: Decimal
    expanded: Decimal
    contributions: tuple[Contribution, ...]


@dataclass(frozen=True)
class BudgetResult:
    """The evaluated budget; `correlations` are between outputs, each pair once."""

    budget: Budget
    outputs: dict[str, OutputResult]
    correlations: dict[tuple[str, str], Decimal]

    def as_json(self) -> dict[str, object]:
        """The promised JSON: numbers as decimal strings with full precision, `reported` rounded for the certificate."""
        from lims.metrology.budget.report import result_json

        return result_json(self)


def evaluate(budget: Budget) -> BudgetResult:
    """Evaluate every output. Raises BudgetError where a formula has no value or derivative at the estimates."""
    values = {item.name: item.value for item in budget.inputs}
    slopes: dict[str, dict[str, Decimal]] = {}
    outputs: dict[str, OutputResult] = {}
    for name, expression in budget.outputs.items():
        try:
            estimate = expression(values)
            slopes[name] = expression.derivatives(values)
            extra = _second_order(budget, expression) if budget.second_order else ZERO
        except ExpressionError as error:
            raise BudgetError(f"outputs.{name}", error.message_zh, error.message_en) from None
        assert isinstance(estimate, Decimal)
        outputs[name] = _output(budget, name, expression.unit, estimate, slopes[name], extra)
    return BudgetResult(budget, outputs, _output_correlations(budget, outputs, slopes))


def _covariance(budget: Budget, first: dict[str, Decimal], second: dict[str, Decimal]) -> Decimal:
    """Σ c_i d_j u(x_i, x_j) over correlated pairs: the covariance of two outputs, or a variance."""
    terms: list[Decimal] = []
    for group in budget.groups:
        if len(group) == 1:
            alone = group[0]
            c, d = first.get(alone.name), second.get(alone.name)
            if c and d:
                terms.append(_multiply(_multiply(c, alone.u), _multiply(d, alone.u)))
            continue
        for a in group:
            for b in group:
                c, d = first.get(a.name), second.get(b.name)
                if c and d:
                    r = budget.correlation(a.name, b.name)
                    terms.append(_multiply(r, _multiply(_multiply(c, a.u), _multiply(d, b.u))))
    return total(terms)


def _second_order(budget: Budget, expression: Expression) -> Decimal:
    """Σ_i Σ_j [½ (∂²f/∂x_i∂x_j)² + ∂f/∂x_i · ∂³f/∂x_i∂x_j²] u_i² u_j², third derivatives by central difference.

    The third-order part is the derivative of the second, so it is taken from `second_derivatives` at x_i ± h with
    h a thousandth of u_i: exact for models up to the fourth degree but for a term of order h².
    """
    values = {item.name: item.value for item in budget.inputs}
    spread = {item.name: item.u for item in budget.inputs}
    slopes = expression.derivatives(values)
    bends = expression.second_derivatives(values)
    squares = {name: _multiply(spread[name], spread[name]) for name in slopes}
    terms: list[Decimal] = []
    for (a, b), bend in bends.items():
        weight = Decimal("0.5") if a == b else ONE
        terms.append(_multiply(weight, _multiply(_multiply(bend, bend), _multiply(squares[a], squares[b]))))
    for a, slope in slopes.items():
        step = _multiply(spread[a], Decimal("0.001"))
        if not slope or not step:
            continue
        above = expression.second_derivatives({**values, a: CONTEXT.add(values[a], step)})
        below = expression.second_derivatives({**values, a: CONTEXT.subtract(values[a], step)})
        for b in slopes:
            third = CONTEXT.divide(CONTEXT.subtract(above[b, b], below[b, b]), _multiply(Decimal(2), step))
            terms.append(_multiply(_multiply(slope, third), _multiply(squares[a], squares[b])))
    return total(terms)


def _output(
    budget: Budget,
    name: str,
    unit: str | None,
    value: Decimal,
    slopes: dict[str, Decimal],
    extra: Decimal,
) -> OutputResult:
    variance = CONTEXT.add(_covariance(budget, slopes, slopes), extra)
    if variance < 0:
        raise BudgetError(
            f"outputs.{name}",
            "相关系数互相矛盾，合成方差为负。",
            "The correlations contradict each other: the combined variance is negative.",
        )
    u = CONTEXT.sqrt(variance)
    dof = _effective_dof(budget, slopes, variance)
    k = budget.k if budget.k is not None else _coverage_factor(budget, dof)
    contributions = tuple(
        Contribution(
            item.name,
            item.value,
            item.u,
            item.dof,
            slopes[item.name],
            abs(_multiply(slopes[item.name], item.u)),
        )
        for item in budget.inputs
        if item.name in slopes
    )
    return OutputResult(name, unit, value, u, dof, k, _multiply(k, u), contributions)


def _effective_dof(budget: Budget, slopes: dict[str, Decimal], variance: Decimal) -> Decimal:
    """Welch–Satterthwaite: u⁴ / Σ u_g⁴/ν_g over sets of inputs correlated among themselves."""
    terms: list[Decimal] = []
    for group in budget.groups:
        members = {item.name: slopes[item.name] for item in group if slopes.get(item.name) and item.u}
        dof = min((item.dof for item in group if item.name in members), default=INFINITE)
        if dof == INFINITE:
            continue
        part = _covariance(budget, members, members)
        terms.append(CONTEXT.divide(_multiply(part, part), dof))
    below = total(terms)
    return CONTEXT.divide(_multiply(variance, variance), below) if below else INFINITE


def _coverage_factor(budget: Budget, dof: Decimal) -> Decimal:
    """Student's t at the effective degrees of freedom, cut to a whole number when the budget says so (not below 1)."""
    if budget.whole_dof and dof.is_finite() and dof >= 1:
        # A whole number of degrees must not lose one to the last digit of the division.
        dof = CONTEXT.add(dof, Decimal("1e-20")).to_integral_value(rounding=ROUND_FLOOR)
    return student_t_factor(budget.probability, dof)


def _output_correlations(
    budget: Budget, outputs: dict[str, OutputResult], slopes: dict[str, dict[str, Decimal]]
) -> dict[tuple[str, str], Decimal]:
    found: dict[tuple[str, str], Decimal] = {}
    names = list(outputs)
    for index, first in enumerate(names):
        for second in names[index + 1 :]:
            product = _multiply(outputs[first].u, outputs[second].u)
            covariance = _covariance(budget, slopes[first], slopes[second])
            r = CONTEXT.divide(covariance, product) if product else ZERO
            found[first, second] = max(-ONE, min(ONE, r))
    return found
