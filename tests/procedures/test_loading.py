"""A wrong pack is refused with the path inside the file and one sentence, whatever is wrong with it."""

import time

import pytest

from lims.metrology.expression import ExpressionError
from standards.procedures import PackErrors, check_pack, evaluate, load_pack

MINIMAL = """
schema = "procedure/1"
code = "JJG 1"
edition = "2020"
title = { zh = "试", en = "trial" }
scope = { zh = "试", en = "trial" }
categories = ["pressure_gauge"]
[sources]
S = "somewhere"
[in_force]
start = "2020-01-01"
source = "S"
confidence = "A"
confirmed = false
[[kinds]]
id = "initial"
items = ["one"]
source = "S"
confidence = "A"
confirmed = false
[[items]]
id = "one"
type = "measured"
title = { zh = "项", en = "item" }
[[items.readings]]
name = "a"
label = { zh = "甲", en = "a" }
unit = "V"
scope = "row"
source = "typed"
[[items.readings]]
name = "b"
label = { zh = "乙", en = "b" }
unit = "V"
scope = "row"
source = "typed"
[[items.formulas]]
name = "x"
label = { zh = "差", en = "difference" }
scope = "row"
unit = "V"
expression = "a - b"
[[items.formulas]]
name = "y"
label = { zh = "倍", en = "double" }
scope = "row"
unit = "V"
expression = "2 * x"
[[items.limits]]
column = "x"
title = { zh = "差", en = "difference" }
compare = { value = "unrounded", source = "S", confidence = "A", confirmed = false }
[[items.limits.cases]]
lower = "-1"
upper = "1"
source = "S"
confidence = "A"
confirmed = false
[[period]]
months = "12"
source = "S"
confidence = "A"
confirmed = false
[wording]
passed = { zh = "合格", en = "pass" }
failed = { zh = "不合格", en = "fail" }
"""


def example(name: str, reading: str, conclusion: str) -> str:
    failed = 'failed_items = ["one"]\n' if conclusion == "fail" else ""
    return f"""
[[examples]]
id = "{name}"
title = {{ zh = "例", en = "example" }}
source = "S"
confidence = "A"
confirmed = false
only = ["one"]
[examples.record]
kind = "initial"
[[examples.record.items.one.rows]]
point = "p1"
readings = {{ a = "{reading}", b = "0" }}
[examples.expect]
conclusion = "{conclusion}"
{failed}"""


WHOLE = MINIMAL + example("good", "0.5", "pass") + example("bad", "2", "fail")


def faults(text: str) -> list[tuple[str, str]]:
    """Path and English sentence of everything wrong, from loading or from checking."""
    try:
        found = check_pack(load_pack(text))
    except PackErrors as failure:
        found = failure.errors
    for error in found:
        assert error.text.zh and error.text.en
    return [(error.path, error.text.en) for error in found]


def test_a_small_pack_is_fine():
    assert faults(WHOLE) == []


def test_a_float_is_refused_with_the_advice_to_quote_it():
    assert faults(WHOLE.replace('lower = "-1"', "lower = -1.5")) == [
        ("items[0].limits[0].cases[0].lower", 'Numbers are written in quotes, such as "0.01".')
    ]


def test_an_integer_and_a_bare_date_are_refused_too():
    assert faults(WHOLE.replace('months = "12"', "months = 12"))[0][0] == "period[0].months"
    found = faults(WHOLE.replace('start = "2020-01-01"', "start = 2020-01-01"))
    assert found[0][0] == "in_force.start" and "quotes" in found[0][1]


def test_an_unknown_field_is_named_with_its_path():
    assert faults(WHOLE.replace('expression = "a - b"', 'expression = "a - b"\nexpresion = "a"')) == [
        ("items[0].formulas[0].expresion", "Unknown field; did you mean “expression”?")
    ]


def test_an_unknown_name_in_a_formula_is_named_with_a_hint():
    path, sentence = faults(WHOLE.replace('"a - b"', '"a - bb"'))[0]
    assert path == "items[0].formulas[0].expression"
    assert "bb" in sentence


def test_a_unit_clash_is_found_before_anything_is_measured():
    path, _ = faults(
        WHOLE.replace('label = { zh = "乙", en = "b" }\nunit = "V"', 'label = { zh = "乙", en = "b" }\nunit = "A"')
    )[0]
    assert path == "items[0].formulas[0].expression"


def test_a_result_in_another_unit_than_declared_is_a_clash():
    text = WHOLE.replace(
        'scope = "row"\nunit = "V"\nexpression = "2 * x"', 'scope = "row"\nunit = "A"\nexpression = "2 * x"'
    )
    path, sentence = faults(text)[0]
    assert path == "items[0].formulas[1].expression" and "Units clash" in sentence


def test_formulas_in_a_circle_are_refused():
    path, sentence = faults(WHOLE.replace('"a - b"', '"a - y"'))[0]
    assert path == "items[0].formulas[0].expression" and "circle" in sentence
    assert "circle" in faults(WHOLE.replace('"2 * x"', '"2 * y"'))[0][1]


def test_a_formula_of_a_wider_scope_is_out_of_reach():
    wider = WHOLE.replace(
        'scope = "row"\nunit = "V"\nexpression = "2 * x"', 'scope = "item"\nunit = "V"\nexpression = "max(x)"'
    )
    assert faults(wider) == []
    assert faults(wider.replace('"a - b"', '"a - y"'))[0][0] == "items[0].formulas[0].expression"


def test_missing_examples_are_a_fault():
    assert faults(MINIMAL) == [
        ("examples", "There is no worked example that passes."),
        ("examples", "There is no worked example that fails."),
    ]


def test_an_example_that_comes_out_otherwise_is_a_fault():
    found = faults(MINIMAL + example("good", "5", "pass") + example("bad", "2", "fail"))
    assert found[0][0] == "examples[0].expect.conclusion"
    assert "expected “pass”, got “fail”" in found[0][1]


def test_a_value_without_a_source_or_with_an_unlisted_one_is_refused():
    assert ("items[0].limits[0].cases[0].source", "This field is missing.") in faults(
        WHOLE.replace('upper = "1"\nsource = "S"', 'upper = "1"')
    )
    assert faults(WHOLE.replace('upper = "1"\nsource = "S"', 'upper = "1"\nsource = "T"')) == [
        ("items[0].limits[0].cases[0].source", "[sources] has no “T”.")
    ]


def test_a_source_nobody_cites_is_refused():
    assert faults(WHOLE.replace('S = "somewhere"', 'S = "somewhere"\nR = "else"'))[0][0] == "sources.R"


def test_an_unknown_value_needs_a_note_and_cannot_be_confirmed():
    assert faults(WHOLE.replace('upper = "1"', 'upper = "unknown"'))[0][0] == "items[0].limits[0].cases[0].note"
    confirmed = WHOLE.replace('months = "12"', 'months = "unknown"\nnote = { zh = "缺", en = "missing" }')
    start = confirmed.index("[[period]]")
    confirmed = confirmed[:start] + confirmed[start:].replace("confirmed = false", "confirmed = true", 1)
    assert faults(confirmed)[0][0] == "period[0].confirmed"


def test_a_name_used_twice_is_refused():
    assert faults(WHOLE.replace('name = "y"', 'name = "x"'))[0][0].startswith("items[0].formulas")
    assert faults(WHOLE.replace('name = "y"', 'name = "a"'))[0][0].startswith("items[0].formulas")


def test_a_condition_on_something_that_does_not_exist_is_refused():
    text = WHOLE.replace('lower = "-1"', 'when = { colour = "red" }\nlower = "-1"')
    assert faults(text)[0] == ("items[0].limits[0].cases[0].when.colour", "There is no parameter “colour”.")


def test_an_item_outside_every_kind_is_refused():
    extra = WHOLE.replace(
        "[[period]]",
        '[[items]]\nid = "two"\ntype = "judged"\ntitle = { zh = "二", en = "two" }\n'
        '[[items.checks]]\nid = "c"\ntitle = { zh = "查", en = "c" }\nsource = "S"\nconfidence = "A"\n'
        "confirmed = false\n[[period]]",
    )
    assert faults(extra)[0][0] == "items[1].id"


def test_broken_toml_is_one_sentence():
    assert faults("[[[")[0][1].startswith("Not valid TOML")


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 5000 + "]" * 5000,
        "a = " + "{b = " * 900 + "'1'" + "}" * 900,
        "[" + ".".join("a" for _ in range(3000)) + "]\nb = '1'",
        "#" * 250_001,
        "x = '" + "a" * 5000 + "'",
        "x = [" + "'1'," * 61_000 + "]",
        "x = " + "9" * 5000,
        "x = 0x" + "f" * 9000,
        "x = 1e999999",
        "x = nan",
        "\x00",
    ],
)
def test_hostile_files_are_refused_quickly(text):
    start = time.perf_counter()
    assert faults(text)
    assert time.perf_counter() - start < 5


def test_a_million_points_are_refused():
    series = (
        '[items.series]\nvalue = "p"\nstart = "0"\nstop = "1000000"\nstep = "1"\nsource = "S"\nconfidence = "A"\n'
        'confirmed = false\n[[items.values]]\nname = "p"\nlabel = { zh = "点", en = "point" }\nunit = "V"\n'
    )
    text = MINIMAL.replace('[[items.readings]]\nname = "a"', series + '[[items.readings]]\nname = "a"')
    found = check_pack(
        load_pack(text + example("good", "0.5", "pass").replace("readings", 'values = { p = "1" }\nreadings'))
    )
    assert any(error.path == "examples" for error in found)


def test_a_hundred_thousand_repeats_are_refused():
    repeats = '[items.repeats]\nvalue = "100000"\nsource = "S"\nconfidence = "A"\nconfirmed = false\n'
    text = MINIMAL.replace('[[items.readings]]\nname = "a"', repeats + '[[items.readings]]\nname = "a"')
    assert ("items[0].repeats.value", "“100000” is no whole number from 1 to 200.") in faults(text)


@pytest.mark.parametrize(
    "formula",
    [
        "__import__('os')",
        "a.__class__",
        "(lambda: a)()",
        "a if",
        "9**9**9",
        "a" * 5000,
        "(" * 500 + "a" + ")" * 500,
        "ａ - b",
        "",
    ],
)
def test_hostile_formulas_are_refused_with_their_path(formula):
    found = faults(WHOLE.replace('"a - b"', f'"{formula}"'))
    assert found and found[0][0] == "items[0].formulas[0].expression"


def test_refusals_never_leak_the_engine_s_exceptions():
    try:
        faults(WHOLE.replace('"a - b"', '"a -"'))
    except ExpressionError:  # pragma: no cover
        pytest.fail("an engine exception escaped")


@pytest.mark.parametrize(
    "data", ['items = "x"', "items = [1]", "items = [['a']]", "kinds = {}", "sources = []", "title = 'x'"]
)
def test_a_wrong_shape_is_refused_and_never_crashes(data):
    assert faults(data)


def test_a_limit_may_bind_every_single_run():
    repeats = '[items.repeats]\nvalue = "2"\nsource = "S"\nconfidence = "A"\nconfirmed = false\n[[items.readings]]\nname = "a"'
    text = MINIMAL.replace('[[items.readings]]\nname = "a"', repeats).replace('scope = "row"', 'scope = "run"')
    pack = load_pack(text)
    row = {"point": "p1", "runs": [{"a": "0.5", "b": "0"}, {"a": "2", "b": "0"}]}
    evaluation = evaluate(pack, {"kind": "initial", "items": {"one": {"rows": [row]}}}, only=["one"])
    assert evaluation.conclusion == "fail"
    runs = evaluation.as_json()["items"]["one"]["rows"][0]["runs"]
    assert [run["limits"][0]["result"] for run in runs] == ["pass", "fail"]
