"""The budget file: what is refused, with its path and one sentence; how results are reported."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lims.metrology.budget import BudgetError, evaluate, load_budget, reported

D = Decimal
GOOD = """
[outputs]
y = "a + b"
[[input]]
name = "a"
unit = "V"
readings = ["5.007", "4.994", "5.005"]
[[input]]
name = "b"
value = "0"
half_width = "0.05"
distribution = "rectangular"
dof = "50"
"""


def test_a_small_file_gives_every_promised_field():
    json = evaluate(load_budget(GOOD)).as_json()
    output = json["outputs"]["y"]
    assert {"value", "u", "dof", "k", "U", "reported", "contributions"} <= set(output)
    assert {"input", "c", "u"} <= set(output["contributions"][0])
    for key in ("value", "u", "dof", "k", "U"):
        assert isinstance(output[key], str)
        Decimal(output[key])
    assert output["value"] == "5.002"
    assert output["reported"] == "5.002 ± 0.059"
    assert output["unit"] == "V"


CHANGES = [
    ('y = "a + b"', 'y = "a + c"', "outputs.y"),
    ('y = "a + b"', 'y = "a < b"', "outputs.y"),
    ('y = "a + b"', 'y = "__import__"', "outputs.y"),
    ('y = "a + b"', "y = 3", "outputs.y"),
    ('y = "a + b"', 'a = "b"', "outputs.a"),
    ('y = "a + b"', "", "outputs"),
    ("[outputs]", "probabilty = '0.9'\n[outputs]", "probabilty"),
    ("[outputs]", "probability = '1'\n[outputs]", "probability"),
    ("[outputs]", "probability = 0.95\n[outputs]", "probability"),
    ("[outputs]", "k = '0'\n[outputs]", "k"),
    ("[outputs]", "digits = 3\n[outputs]", "digits"),
    ("[outputs]", "rounding = 'down'\n[outputs]", "rounding"),
    ("[outputs]", "second_order = 1\n[outputs]", "second_order"),
    ('name = "a"', 'name = "1a"', "input[0].name"),
    ('name = "a"', 'name = "b"', "input[1].name"),
    ('name = "a"', "", "input[0].name"),
    ('unit = "V"', 'unit = "V//A"', "input[0].unit"),
    ('unit = "V"', 'unti = "V"', "input[0].unti"),
    ('unit = "V"', 'u = "1"', "input[0]"),
    ('unit = "V"', 'value = "1"', "input[0].value"),
    ('unit = "V"', 'dof = "1"', "input[0].dof"),
    ('"4.994"', "4.994", "input[0].readings[1]"),
    ('"4.994"', '"4,994"', "input[0].readings[1]"),
    ('"4.994"', '"1e999"', "input[0].readings[1]"),
    ('["5.007", "4.994", "5.005"]', '["5.007"]', "input[0].readings"),
    ('["5.007", "4.994", "5.005"]', '"5.007"', "input[0].readings"),
    ('value = "0"', "", "input[1].value"),
    ('half_width = "0.05"', 'half_width = "-0.05"', "input[1].half_width"),
    ('half_width = "0.05"', 'half_width = "NaN"', "input[1].half_width"),
    ('half_width = "0.05"', "", "input[1]"),
    ('"rectangular"', '"rect"', "input[1].distribution"),
    ('"rectangular"', '"trapezoidal"', "input[1].beta"),
    ('distribution = "rectangular"', "", "input[1].distribution"),
    ('dof = "50"', 'dof = "0"', "input[1].dof"),
    ('dof = "50"', 'beta = "0.5"', "input[1].beta"),
    ('dof = "50"', 'k = "2"', "input[1].k"),
    ('dof = "50"', '[[correlation]]\nnames = ["a", "c"]\nr = "0.5"', "correlation[0].names[1]"),
    ('dof = "50"', '[[correlation]]\nnames = ["a", "b"]\nr = "1.5"', "correlation[0].r"),
    ('dof = "50"', '[[correlation]]\nnames = ["a", "b"]', "correlation[0].r"),
    ('dof = "50"', '[[correlation]]\nnames = ["a"]\nr = "0"', "correlation[0].names"),
    ('dof = "50"', '[[correlation]]\nnames = ["a", "a"]\nr = "0"', "correlation[0].names[1]"),
    ('dof = "50"', '[correlation]\nnames = ["a", "b"]\nr = "0"', "correlation"),
    ('dof = "50"', '[[correlated_readings]]\nnames = ["a", "b"]', "correlated_readings[0].names[1]"),
    ("[[input]]\nname", "[[inputs]]\nname", "inputs"),
]


@pytest.mark.parametrize(("old", "new", "path"), CHANGES)
def test_a_mistake_is_named_with_its_path(old, new, path):
    assert old in GOOD
    text = GOOD.replace(old, new) if "inputs" in new else GOOD.replace(old, new, 1)
    with pytest.raises(BudgetError) as caught:
        load_budget(text)
    assert caught.value.path == path
    assert caught.value.zh.endswith(("。", "？"))
    assert len(caught.value.en) < 200


@pytest.mark.parametrize(
    "text", ["", "x = [", "a" * 1000, "[outputs]\ny = '1'", "x = " + "[" * 3000, "k = " + "9" * 5000, "\x00"]
)
def test_files_that_are_no_budget_are_refused(text):
    with pytest.raises(BudgetError):
        load_budget(text)


def test_correlations_that_contradict_each_other_are_refused(budget_text):
    inputs = {name: {"value": "1", "u": "1"} for name in "abc"}
    impossible = [("a", "b", "0.9"), ("b", "c", "0.9"), ("a", "c", "-0.9")]
    with pytest.raises(BudgetError, match="contradict"):
        load_budget(budget_text({"y": "a + b + c"}, inputs, correlation=impossible))
    load_budget(budget_text({"y": "a + b + c"}, inputs, correlation=[*impossible[:2], ("a", "c", "0.7")]))


def test_full_correlation_adds_or_cancels(budget_text):
    inputs = {name: {"value": "1", "u": "0.3"} for name in "ab"}
    text = budget_text({"s": "a + b", "d": "a - b"}, inputs, correlation=[("a", "b", "1")])
    result = evaluate(load_budget(text))
    assert result.outputs["s"].u == D("0.6")
    assert result.outputs["d"].u == 0
    assert result.as_json()["outputs"]["d"]["reported"] == "0 ± 0"


def test_a_correlated_pair_is_given_once(budget_text):
    inputs = {name: {"value": "1", "u": "1"} for name in "ab"}
    with pytest.raises(BudgetError, match="twice"):
        load_budget(budget_text({"y": "a"}, inputs, correlation=[("a", "b", "0.1"), ("b", "a", "0.1")]))


def test_second_order_terms_are_for_uncorrelated_inputs(budget_text):
    inputs = {name: {"value": "1", "u": "1"} for name in "ab"}
    with pytest.raises(BudgetError, match="uncorrelated"):
        load_budget(budget_text({"y": "a*b"}, inputs, correlation=[("a", "b", "0.1")], second_order="true"))


def test_units_of_the_inputs_are_checked_in_the_formula(budget_text):
    inputs = {"a": {"value": "1", "u": "0", "unit": "V"}, "b": {"value": "1", "u": "0", "unit": "A"}}
    with pytest.raises(BudgetError, match="do not go together") as caught:
        load_budget(budget_text({"y": "a + b"}, inputs))
    assert caught.value.path == "outputs.y"


def test_a_formula_without_value_at_the_estimates_names_the_output(budget_text):
    with pytest.raises(BudgetError, match="zero") as caught:
        evaluate(load_budget(budget_text({"y": "1/a"}, {"a": {"value": "0", "u": "1"}})))
    assert caught.value.path == "outputs.y"


def test_degrees_of_freedom_are_cut_to_a_whole_number_unless_told_otherwise(budget_text):
    inputs = {"a": {"value": "1", "u": "1", "dof": "4.9"}}
    assert evaluate(load_budget(budget_text({"y": "a"}, inputs))).outputs["y"].k.quantize(D("0.001")) == D("2.776")
    exact = evaluate(load_budget(budget_text({"y": "a"}, inputs, whole_dof="false"))).outputs["y"]
    assert exact.k.quantize(D("0.001")) == D("2.586")
    small = {"a": {"value": "1", "u": "1", "dof": "0.9"}}
    assert evaluate(load_budget(budget_text({"y": "a"}, small))).outputs["y"].k > 13


def test_a_given_coverage_factor_is_used(budget_text):
    inputs = {"a": {"value": "1", "u": "0.5", "dof": "3"}}
    found = evaluate(load_budget(budget_text({"y": "a"}, inputs, k='"3"'))).outputs["y"]
    assert (found.k, found.expanded, found.dof) == (3, D("1.5"), 3)


@pytest.mark.parametrize(
    ("value", "uncertainty", "digits", "rounding", "text"),
    [
        ("10000.0253", "0.05852", 2, "half_even", "10000.025 ± 0.059"),
        ("50.000838", "0.0000924", 2, "half_even", "50.000838 ± 0.000092"),
        ("50.000838", "0.0000924", 2, "up", "50.000838 ± 0.000093"),
        ("1.23456", "0.0996", 2, "half_even", "1.23 ± 0.10"),
        ("1.23456", "0.0994", 2, "up", "1.23 ± 0.10"),
        ("12345.6", "123", 2, "half_even", "12350 ± 120"),
        ("12345.6", "125", 2, "half_even", "12350 ± 120"),
        ("12345.6", "125", 2, "up", "12350 ± 130"),
        ("0.0005", "0.00096", 1, "half_even", "0.000 ± 0.001"),
        ("5.002", "0", 2, "half_even", "5.002 ± 0"),
        ("1E+3", "1", 1, "half_even", "1000 ± 1"),
    ],
)
def test_reporting_keeps_one_last_digit_for_value_and_uncertainty(value, uncertainty, digits, rounding, text):
    """GUM 7.2.6, JJF 1059.1-2012 clause 5: at most two digits, value to the same place; 0.0996 carries to 0.10."""
    assert str(reported(D(value), D(uncertainty), digits=digits, rounding=rounding)) == text


@given(
    st.decimals("-1e6", "1e6", places=6), st.decimals("1e-6", "1e4", places=8), st.sampled_from([1, 2]), st.booleans()
)
def test_a_reported_uncertainty_has_the_digits_asked_for(value, uncertainty, digits, up):
    found = reported(value, uncertainty, digits=digits, rounding="up" if up else "half_even")
    assert found.uncertainty % found.interval == 0
    assert found.value % found.interval == 0
    assert 10 ** (digits - 1) <= found.uncertainty / found.interval < 10**digits
    assert not up or found.uncertainty >= uncertainty
