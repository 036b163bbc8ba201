"""Thousands of random budgets against GTC, an independent implementation of the GUM."""

import math
import random
from decimal import Decimal

import GTC
import pytest

from lims.metrology.budget import Budget, Input, evaluate
from lims.metrology.expression import Symbol, compile_expression

FORMULAS = [
    "a + b - c",
    "a*b/c",
    "a*(1 + b*(c - 20))",
    "(a - b)/b*100 + c",
    "sqrt(a*a + b*b + c*c)",
    "a**2*b - c**-1",
    "exp(-a/b) + ln(c)",
    "a/b*cos(c)",
    "sin(a)*tan(b/100) + atan(c)",
    "log10(a*b)*c",
    "a + 2*b + 3*c - d",
    "a*b + c*d",
    "(a + b)/(c + d)",
    "a - b*(1 + c*(d - 20)) ",
]
NAMES = "abcd"
GTC_NAMES = {name: getattr(GTC, name) for name in ("sqrt", "exp", "sin", "cos", "tan", "atan", "log10")} | {
    "ln": GTC.log
}
ROUNDS = 3000


def _compiled():
    symbols = {name: Symbol(name, "scalar", "") for name in NAMES}
    return [compile_expression(text, symbols) for text in FORMULAS]


def _random_budget(rng, expression):
    inputs = []
    for name in sorted(expression.names):
        dof = Decimal(rng.choice(["Infinity", "Infinity", "3", "8", "50", "12.5"]))
        inputs.append(
            Input(
                name=name,
                value=Decimal(rng.randint(100, 5000)) / 100,
                u=Decimal(rng.randint(1, 500)) / 1000,
                dof=dof,
                distribution="normal" if dof == Decimal("Infinity") else "t",
                evaluation="B",
            )
        )
    correlations, together = {}, False
    if rng.random() < 0.4:
        first, second = rng.sample(inputs, 2)
        r = Decimal(rng.randint(-95, 95)) / 100
        correlations[first.name, second.name] = r
        together = first.dof != Decimal("Infinity") and second.dof == first.dof
        if not together:
            inputs = [_with_infinite_dof(item) if item in (first, second) else item for item in inputs]
    # The quantile of t has tests of its own; a given k keeps thousands of budgets quick.
    budget = Budget(tuple(inputs), {"y": expression}, Decimal("0.95"), k=Decimal(2), correlations=correlations)
    return budget, together


def _with_infinite_dof(item):
    return Input(item.name, item.value, item.u, Decimal("Infinity"), "normal", "B")


def _by_gtc(budget, together):
    members = {name for pair in budget.correlations for name in pair}
    numbers = {}
    if together:
        group = [item for item in budget.inputs if item.name in members]
        reals = GTC.multiple_ureal(
            [float(item.value) for item in group], [float(item.u) for item in group], float(group[0].dof)
        )
        numbers.update({item.name: real for item, real in zip(group, reals, strict=True)})
    for item in budget.inputs:
        if item.name not in numbers:
            numbers[item.name] = GTC.ureal(
                float(item.value), float(item.u), float(item.dof), independent=item.name not in members
            )
    for (first, second), r in budget.correlations.items():
        GTC.set_correlation(float(r), numbers[first], numbers[second])
    result = eval(budget.outputs["y"].text, dict(GTC_NAMES), numbers)
    return result, numbers


@pytest.mark.parametrize("seed", range(4))
def test_random_budgets_agree_with_gtc(seed):
    rng = random.Random(seed)
    expressions = _compiled()
    for _ in range(ROUNDS // 4):
        budget, together = _random_budget(rng, rng.choice(expressions))
        ours = evaluate(budget).outputs["y"]
        theirs, numbers = _by_gtc(budget, together)
        assert math.isclose(float(ours.value), theirs.x, rel_tol=1e-11, abs_tol=1e-12)
        assert math.isclose(float(ours.u), theirs.u, rel_tol=1e-8, abs_tol=1e-13)
        if ours.dof.is_finite():
            assert math.isclose(float(ours.dof), theirs.df, rel_tol=1e-6)
        else:
            assert math.isinf(theirs.df) or theirs.df > 1e10
        for line in ours.contributions:
            component = GTC.component(theirs, numbers[line.input])
            assert math.isclose(float(line.contribution), abs(component), rel_tol=1e-8, abs_tol=1e-13)
