"""What formulas mean: values, kinds, series, messages with the column, and LaTeX."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lims.metrology.expression import EvaluationError, ExpressionError, Symbol, compile_expression
from lims.metrology.expression.arithmetic import atan, cos, sin, tan

D = Decimal
SYMBOLS = {
    **{name: Symbol(name, "scalar", "") for name in ("a", "b", "c", "t", "E_std_start", "delta_t")},
    **{name: Symbol(name, "vector", "") for name in ("r", "q")},
    "ok": Symbol("ok", "boolean"),
}
VALUES = {
    "a": D("2"),
    "b": D("-3"),
    "c": D("0.1"),
    "t": D("20.5"),
    "r": [D("1"), D("2"), D("4")],
    "q": (D("10"), D("20"), D("40")),
    "ok": True,
}


def value(text):
    return compile_expression(text, SYMBOLS)(VALUES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2*3", "7"),
        ("(1 + 2)*3", "9"),
        ("10 - 4 - 3", "3"),
        ("24/4/3", "2"),
        ("-2**2", "-4"),
        ("2**-2", "0.25"),
        ("a**3 - b", "11"),
        ("--a", "2"),
        ("+a - -b", "-1"),
        ("0.1 + 0.2", "0.3"),
        ("c*3", "0.3"),
        ("1.5e3", "1500"),
        ("a if a > b else b", "2"),
        ("1 if ok and not a < b else 0", "1"),
        ("1 if a < b else 2 if b < a else 3", "2"),
        ("abs(b)", "3"),
        ("min(a, b, c)", "-3"),
        ("max(a, b, c)", "2"),
        ("sqrt(a*a)", "2"),
        ("log10(1000)", "3"),
        ("exp(0)", "1"),
        ("ln(1)", "0"),
        ("mean(q)", "23.33333333333333333333333333333333"),
        ("sum(r)", "7"),
        ("range(r)", "3"),
        ("min(r)", "1"),
        ("max(q - r)", "36"),
        ("stdev(r)**2", "2.333333333333333333333333333333333"),
        ("round_to(60.28, 0.5)", "60.5"),
        ("round_to(2.5*a/5, 0.2)", "1.0"),
        ("sum(round_to(r/3, 0.1))", "2.3"),
        ("sum(max(r, 2))", "8"),
        ("mean(r*a + q)", "28"),
        ("sum(r**2)", "21"),
        ("sum(-r if ok else r)", "-7"),
    ],
)
def test_value(text, expected):
    result = value(text)
    assert isinstance(result, Decimal)
    assert abs(result - D(expected)) <= abs(D(expected)) * D("1e-33")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a == 2.0", True),
        ("-3 <= b <= a < 10", True),
        ("a < b < 100", False),
        ("a != b or a/0 > 1", True),
        ("not ok or a > 5", False),
        ("max(abs(r - 2)) <= 2", True),
    ],
)
def test_condition(text, expected):
    expression = compile_expression(text, SYMBOLS)
    assert expression.kind == "boolean"
    assert expression.unit is None
    assert expression(VALUES) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("r + q", "11 22 44"), ("r*a", "2 4 8"), ("a - r", "1 0 -2"), ("abs(-r)", "1 2 4"), ("min(q, 15)", "10 15 15")],
)
def test_series_are_taken_element_by_element(text, expected):
    expression = compile_expression(text, SYMBOLS)
    assert expression.kind == "vector"
    assert expression(VALUES) == tuple(map(D, expected.split()))


def test_a_series_may_be_empty_only_where_that_has_a_meaning():
    assert compile_expression("sum(r)", SYMBOLS)({"r": []}) == 0
    with pytest.raises(EvaluationError, match="At least 1"):
        compile_expression("mean(r)", SYMBOLS)({"r": []})
    with pytest.raises(EvaluationError, match="At least 2"):
        compile_expression("stdev(r)", SYMBOLS)({"r": [D(1)]})


def test_names_used_are_reported():
    assert compile_expression("a + max(r)*c", SYMBOLS).names == {"a", "c", "r"}


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("a + d", 5),
        ("a + mean(a)", 5),
        ("a + ", 5),
        ("(a", 3),
        ("a b", 3),
        ("a + ok", 3),
        ("r < 2", 3),
        ("1 if a else 2", 3),
        ("a if ok", 3),
        ("r if ok else a", 3),
        ("sqrt(a, b)", 1),
        ("round_to(a, r)", 1),
        ("round_to(a)", 1),
        ("median(r)", 1),
        ("min()", 1),
        ("a * （b）", 5),
        ("ok and a", 4),
    ],
)
def test_a_mistake_is_shown_with_its_column(text, column):
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text, SYMBOLS)
    assert caught.value.column == column
    assert caught.value.message_zh
    assert caught.value.message_en


def test_a_misspelt_name_gets_a_suggestion():
    with pytest.raises(ExpressionError, match="Did you mean “E_std_start”"):
        compile_expression("E_std_strat*2", SYMBOLS)


@pytest.mark.parametrize(
    ("text", "column", "part"),
    [
        ("a + 1/(b + 3)", 6, "zero"),
        ("ln(b)", 1, "above zero"),
        ("ln(a) + ln(a - 2)", 9, "above zero"),
        ("sqrt(b)", 1, "square root"),
        ("exp(100000)", 1, "beyond"),
        ("(b + 3)/(a - 2)", 8, "no defined result"),
        ("1 if a/1 > 0 else 1/0", 0, ""),
        ("round_to(a, 0)", 1, "interval"),
        ("sin(1e30)", 1, "angle"),
        ("r + r*q - 0*mean(r)/(a - 2)", 20, ""),
    ],
)
def test_a_step_without_result_is_named(text, column, part):
    expression = compile_expression(text, SYMBOLS)
    if not column:
        assert expression(VALUES) == 1
        return
    with pytest.raises(EvaluationError) as caught:
        expression(VALUES)
    assert caught.value.column == column
    assert part in caught.value.message_en


def test_series_of_different_length_are_refused():
    with pytest.raises(EvaluationError, match="differ in length: 2 and 3"):
        compile_expression("r + q", SYMBOLS)({"r": [D(1), D(2)], "q": [D(1)] * 3})
    with pytest.raises(EvaluationError, match="differ in length"):
        compile_expression("max(r, q)", SYMBOLS)({"r": [D(1), D(2)], "q": [D(1)] * 3})


@pytest.mark.parametrize("wrong", [1.5, 1, "1", None, D("NaN"), D("Infinity"), [D(1)]])
def test_only_finite_decimals_are_calculated_with(wrong):
    with pytest.raises(EvaluationError):
        compile_expression("a + 1", SYMBOLS)({"a": wrong})


@pytest.mark.parametrize("wrong", [[1.5], [D(1), "2"], D(1), "123", [D("NaN")], {D(1)}])
def test_only_series_of_decimals_are_calculated_with(wrong):
    with pytest.raises(EvaluationError):
        compile_expression("mean(r)", SYMBOLS)({"r": wrong})


def test_a_missing_value_is_named():
    with pytest.raises(EvaluationError, match="“b” is missing"):
        compile_expression("a + b", SYMBOLS)({"a": D(1)})


def test_a_condition_must_be_given_as_true_or_false():
    with pytest.raises(EvaluationError):
        compile_expression("1 if ok else 0", SYMBOLS)({"ok": D(1)})


@given(st.decimals(min_value=-50, max_value=50, allow_nan=False, places=9))
def test_trigonometry_agrees_with_the_machine(x):
    assert math.isclose(float(sin(x)), math.sin(float(x)), abs_tol=1e-14)
    assert math.isclose(float(cos(x)), math.cos(float(x)), abs_tol=1e-14)
    assert math.isclose(float(atan(x)), math.atan(float(x)), abs_tol=1e-15)
    if abs(math.cos(float(x))) > 1e-3:
        assert math.isclose(float(tan(x)), math.tan(float(x)), rel_tol=1e-10, abs_tol=1e-14)


def test_trigonometry_to_thirty_digits():
    """Abramowitz & Stegun table 4.6 and 1.1: sin 1, cos 1, π/4."""
    assert abs(sin(D(1)) - D("0.84147098480789650665250232163029899962")) < D("1e-33")
    assert abs(cos(D(1)) - D("0.54030230586813971740093660744297660373")) < D("1e-33")
    assert abs(atan(D(1)) - D("0.78539816339744830961566084581987572105")) < D("1e-33")


sums = st.recursive(
    st.sampled_from(["a", "b", "c", "3", "0.25"]),
    lambda inner: st.builds(lambda x, sign, y: f"({x} {sign} {y})", inner, st.sampled_from("+-*"), inner),
    max_leaves=12,
)


@given(sums)
def test_formulas_agree_with_python_on_fractions(text):
    from fractions import Fraction

    names = {name: Fraction(str(VALUES[name])) for name in "abc"}
    exact = eval(text.replace("0.25", "Fraction(1, 4)"), {"Fraction": Fraction}, names)
    assert Fraction(value(text)) == exact


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("(a - b)/c*100", r"\frac{a - b}{c} \cdot 100"),
        ("a - (b - c)", r"a - \left(b - c\right)"),
        ("sqrt(a**2 + b**2)", r"\sqrt{{a}^{2} + {b}^{2}}"),
        ("E_std_start*delta_t", r"E_{\mathrm{std,start}} \cdot \delta_{t}"),
        ("mean(r)", r"\overline{r}"),
        ("1e-9*a", r"10^{-9} \cdot a"),
        ("1.5e-9", r"1.5 \times 10^{-9}"),
        ("a*-b - -c", r"a \cdot \left(-b\right) - \left(-c\right)"),
        ("(a + b)**2", r"{\left(a + b\right)}^{2}"),
        ("abs(a) <= 0.5", r"\left|a\right| \le 0.5"),
        ("a if ok else b", r"\begin{cases}a & \mathrm{ok} \\ b & \text{else}\end{cases}"),
        ("round_to(a, 0.5)", r"\left[a\right]_{0.5}"),
        ("-(a + b)*c", r"-\left(a + b\right) \cdot c"),
        ("ok and not (a < b or a == c)", r"\mathrm{ok} \land \lnot \left(a < b \lor a = c\right)"),
    ],
)
def test_latex(text, latex):
    assert compile_expression(text, SYMBOLS).latex() == latex


def test_a_smaller_set_of_functions_may_be_given():
    from lims.metrology.expression import DEFAULT

    few = {"abs": DEFAULT["abs"]}
    assert compile_expression("abs(b)", SYMBOLS, functions=few)(VALUES) == 3
    with pytest.raises(ExpressionError, match="no function “sqrt”"):
        compile_expression("sqrt(a)", SYMBOLS, functions=few)


def test_a_series_comes_back_as_a_tuple_and_the_thread_keeps_its_context():
    from decimal import getcontext

    before = getcontext()
    assert compile_expression("r", SYMBOLS)({"r": [D(1)]}) == (D(1),)
    assert value("1/3") == D("0.3333333333333333333333333333333333")
    with pytest.raises(EvaluationError):
        value("1/(a - 2)")
    assert getcontext() is before


def test_working_context_may_be_held_over_many_evaluations():
    from lims.metrology.expression.arithmetic import working

    with working():
        assert value("mean(r)") == value("sum(r)/3")
        assert value("1/3") == D("0.3333333333333333333333333333333333")
