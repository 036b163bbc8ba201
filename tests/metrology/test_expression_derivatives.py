"""Derivatives: against central differences at 34 digits for random formulas, and by hand where it matters."""

import random
from decimal import Context, Decimal

import pytest

from lims.metrology.expression import EvaluationError, Symbol, compile_expression

D = Decimal
SYMBOLS = {name: Symbol(name, "scalar", "") for name in "abc"} | {"r": Symbol("r", "vector", "")}
WIDE = Context(prec=34)

FORMULAS = [
    "a*b + c",
    "a/b - c/a",
    "(a + b)**3/(c + 5)",
    "a**-2*b",
    "a**0 + b",
    "sqrt(a*a + b*b)",
    "exp(-a/b)*c",
    "ln(a*b) + log10(c + a)",
    "sin(a)*cos(b) + tan(c/10)",
    "atan(a*b - c)",
    "abs(a - 100*b)",
    "max(a, b + 100, c)*min(b, c + 50)",
    "a*b if a > 0 else c",
    "mean(r*a + b)",
    "sum(r)*c - range(r*b)",
    "stdev(r*a - b*r**2)",
    "max(r*a)/min(r + b)",
    "sum(max(r*a, b))",
    "-(a - b)/(a + b)*100",
    "a*(1 + b*(c - 20))",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_slopes_agree_with_central_differences(text):
    expression = compile_expression(text, SYMBOLS)
    rng = random.Random(text)
    for _ in range(20):
        values = {name: D(rng.randint(10, 900)) / 100 for name in "abc"} | {"r": [D(1), D("2.5"), D("7")]}
        slopes = expression.derivatives(values)
        assert set(slopes) == expression.names & set("abc")
        for name, slope in slopes.items():
            step = D("1e-10")
            above = expression({**values, name: WIDE.add(values[name], step)})
            below = expression({**values, name: WIDE.subtract(values[name], step)})
            numeric = WIDE.divide(WIDE.subtract(above, below), 2 * step)
            assert abs(slope - numeric) <= D("1e-12") * max(1, abs(slope))


@pytest.mark.parametrize("text", [text for text in FORMULAS if "stdev" not in text])
def test_curvatures_agree_with_differences_of_slopes(text):
    expression = compile_expression(text, SYMBOLS)
    rng = random.Random(text)
    values = {name: D(rng.randint(100, 900)) / 100 for name in "abc"} | {"r": [D(1), D("2.5"), D("7")]}
    bends = expression.second_derivatives(values)
    for (first, second), bend in bends.items():
        step = D("1e-10")
        above = expression.derivatives({**values, second: WIDE.add(values[second], step)})[first]
        below = expression.derivatives({**values, second: WIDE.subtract(values[second], step)})[first]
        numeric = WIDE.divide(WIDE.subtract(above, below), 2 * step)
        assert abs(bend - numeric) <= D("1e-12") * max(1, abs(bend))


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("abs(a)", "no derivative"),
        ("sqrt(a)", "no derivative"),
        ("max(a, b)", "extremes are equal"),
        ("round_to(c, 0.1) + a", "round_to"),
        ("a < b", "one value"),
        ("r*c", "one value"),
        ("c/a", "zero"),
    ],
)
def test_where_there_is_no_derivative(text, part):
    expression = compile_expression(text, SYMBOLS)
    with pytest.raises(EvaluationError, match=part):
        expression.derivatives({"a": D(0), "b": D(0), "c": D(1), "r": [D(1)]})
