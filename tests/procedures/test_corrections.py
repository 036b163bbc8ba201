"""What a certificate of a device says at a point enters the error of the instrument, with its uncertainty and its origin."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standards.procedures import (
    PackErrors,
    RecordErrors,
    check_pack,
    constants_of,
    corrections_of,
    evaluate,
    load_pack,
    result_tables,
    template,
    trace,
)

# A thermometer against a reference thermometer: error = x − (t + b), b from the reference's certificate at t.
PACK = """
schema = "procedure/1"
code = "JJF 1"
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
[[required_devices]]
role = "reference"
title = { zh = "标准温度计", en = "reference thermometer" }
quantity = "temperature"
unit = "℃"
accuracy = "0.05 ℃"
source = "S"
confidence = "A"
confirmed = false
[[corrections]]
name = "b"
label = { zh = "修正值", en = "correction" }
unit = "℃"
role = "reference"
certified = "correction"
at = "t"
at_unit = "℃"
interpolation = "linear"
[[items]]
id = "one"
type = "measured"
title = { zh = "项", en = "item" }
[[items.readings]]
name = "t"
label = { zh = "标准器示值", en = "reading of the reference" }
unit = "℃"
scope = "row"
source = "typed"
[[items.readings]]
name = "x"
label = { zh = "被检示值", en = "indication" }
unit = "℃"
scope = "row"
source = "typed"
[[items.formulas]]
name = "err"
label = { zh = "误差", en = "error" }
scope = "row"
unit = "℃"
expression = "x - (t + b)"
show = "both"
[[items.limits]]
column = "err"
title = { zh = "误差", en = "error" }
compare = { value = "unrounded", source = "S", confidence = "A", confirmed = false }
[[items.limits.cases]]
lower = "-1"
upper = "1"
source = "S"
confidence = "A"
confirmed = false
[[uncertainty]]
item = "one"
column = "err"
unit = "℃"
expression = "reading - standard"
k = "2"
[[uncertainty.inputs]]
name = "reading"
label = { zh = "读数", en = "reading" }
unit = "℃"
u = "0.03"
source = "S"
confidence = "A"
confirmed = false
[[uncertainty.inputs]]
name = "standard"
label = { zh = "标准器", en = "reference" }
unit = "℃"
certificate = "b"
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
DEFAULT = 'default = "0"\nsource = "S"\nconfidence = "A"\nconfirmed = false\n'
LINEAR = 'interpolation = "linear"\n'


def value(**given: str) -> dict[str, str]:
    """A certified value as a certificate's facts tell it."""
    empty = {"at": "", "at_unit": "", "range_lower": "", "range_upper": "", "U": "", "U_unit": "", "k": ""}
    return {"name": "correction", "value": "", "unit": "℃", **empty, **given}


def device(*values: dict[str, str], number: str = "T-1", role: str = "reference") -> dict[str, Any]:
    return {
        "role": role,
        "asset_number": number,
        "certificate_number": f"C-{number}",
        "certificate_sha256": "ab" * 32,
        "values": list(values),
    }


def table(*rows: tuple[str, str], at_unit: str = "℃", unit: str = "℃", U: str = "0.08", k: str = "2", **more: str):
    return [value(at=at, value=found, at_unit=at_unit, unit=unit, U=U, U_unit=unit, k=k, **more) for at, found in rows]


SINGLE = value(value="0.02", U="0.06", U_unit="℃", k="2")
TABLE = table(("10", "0.10"), ("30", "0.20"), ("20", "0.12"))
# GUM H.3 (JCGM 100:2008): the line of a thermometer's corrections, b(t) = −0.1712 + 0.00218 (t − 20), b(30) = −0.1494,
# u(b(30)) = 0.0041; the range is this test's own.
GUM = value(
    equation="-0.1712 + 0.00218 * (x - 20)", variable="x", at_unit="℃", range_lower="20", range_upper="30",
    U="0.0082", U_unit="℃", k="2",
)  # fmt: skip


def record(pack: Any, devices: list[dict[str, Any]], t: str = "25", x: str = "25") -> dict[str, Any]:
    return {
        "kind": "initial",
        "corrections": corrections_of(pack, devices),
        "items": {"one": {"rows": [{"point": "p1", "readings": {"t": t, "x": x}}]}},
    }


def evaluated(values: Any, t: str = "25", x: str = "25", text: str = PACK) -> Any:
    pack = load_pack(text)
    return evaluate(pack, record(pack, [device(*values)], t, x))


def row(evaluation: Any) -> dict[str, Any]:
    return evaluation.as_json()["items"]["one"]["rows"][0]


def told(evaluation: Any) -> list[tuple[str, str]]:
    return [(one.path, one.text.en) for one in evaluation.missing]


def faults(text: str) -> list[tuple[str, str]]:
    try:
        found = check_pack(load_pack(text))
    except PackErrors as failure:
        found = failure.errors
    return [(one.path, one.text.en) for one in found if one.path != "examples"]


# -- known answers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "t", "x", "b", "err", "between"),
    [
        ([SINGLE], "25", "25.5", "0.02", "0.48", []),
        (TABLE, "20", "20.5", "0.12", "0.38", []),
        # a quarter of the way from 20 to 30: 0.12 + 0.25 × 0.08
        (TABLE, "22.5", "23", "0.14", "0.36", ["20", "30"]),
        (TABLE, "30", "30", "0.2", "-0.2", []),
        ([GUM], "30", "30", "-0.1494", "0.1494", []),
        # −0.1712 + 0.00218 × 5
        ([GUM], "25", "25", "-0.1603", "0.1603", []),
    ],
)
def test_a_single_value_a_table_and_an_equation_enter_the_error(values, t, x, b, err, between):
    found = row(evaluated(values, t, x))
    used = found["corrections"][0]
    assert Decimal(found["columns"]["err"]["value"]) == Decimal(err)
    assert (Decimal(used["value"]), used["between"]) == (Decimal(b), between)
    assert (used["device"], used["certificate"], used["source"], used["at"]) == ("T-1", "C-T-1", "certificate", t)


def test_the_certificate_s_uncertainty_enters_the_budget():
    # u = sqrt(0.03² + (0.08/2)²) = 0.05, U = 0.1 (k = 2)
    found = row(evaluated(TABLE))["uncertainty"][0]
    assert (Decimal(found["u"]), Decimal(found["U"]), found["complete"]) == (Decimal("0.05"), Decimal("0.1"), True)
    parts = {one["name"]: Decimal(one["u"]) for one in found["components"]}
    assert parts["standard"] == Decimal("0.04")


@pytest.mark.parametrize("gap", [{"U": ""}, {"k": ""}, {"U": "0.3", "U_unit": "%"}])
def test_an_unknown_uncertainty_stays_unknown(gap):
    found = row(evaluated([SINGLE | gap]))
    assert found["corrections"][0]["value"] == "0.02" and found["columns"]["err"]["value"] == "-0.02"
    budget = found["uncertainty"][0]
    assert not budget["complete"] and "U" not in budget
    assert budget["unknown"][0]["what"]["en"] == "reference: certificate C-T-1 of device T-1 states no U or k"


@given(st.decimals("20", "30", places=3))
def test_an_interpolated_value_lies_between_those_of_its_neighbours(t):
    found = row(evaluated(TABLE, str(t)))["corrections"][0]
    assert Decimal("0.12") <= Decimal(found["value"]) <= Decimal("0.2")


# -- what is not known is not made up ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "t", "reason"),
    [
        (TABLE, "30.1", "the point 30.1 ℃ lies outside the range 10～30 ℃ of certificate C-T-1 of device T-1"),
        ([GUM], "19.9", "the point 19.9 ℃ lies outside the range 20～30 ℃ of certificate C-T-1 of device T-1"),
        ([SINGLE | {"range_upper": "20", "at_unit": "℃"}], "21", "lies outside the range −∞～20 ℃"),
        ([], "25", "correction: certificate C-T-1 of device T-1 gives no usable value of it (named “correction”)"),
        (table(("10", "1"), ("30", "2"), interpolation="points"), "20", "it allows no interpolation"),
        (table(("10", "1"), unit="V"), "10", "the unit “V” of the value in certificate C-T-1 of device T-1"),
        (table(("10", "1"), at_unit=""), "10", "the unit “” of the point"),
        ([SINGLE, SINGLE], "25", "gives no usable value of it"),
        ([GUM | {"equation": "1 / (x - 25)"}], "25", "has no result at 25 ℃"),
        ([GUM | {"equation": "1 + y"}], "25", "cannot be used"),
    ],
)
def test_without_a_usable_value_the_row_is_incomplete_and_says_why(values, t, reason):
    found = evaluated(values, t)
    assert (found.conclusion, found.items["one"].conclusion) == ("incomplete", "incomplete")
    ((path, words),) = told(found)
    assert path == "items.one.rows[0].b" and reason in words
    assert row(found)["columns"]["err"] == {"value": "", "printed": "", "unit": "℃", "state": "missing"}


def test_without_a_device_or_its_certificate_that_is_said():
    pack = load_pack(PACK)
    assert "no device is chosen" in told(evaluate(pack, record(pack, []), only=["one"]))[0][1]
    bare = {**device(), "certificate_number": "", "certificate_sha256": ""}
    assert "no certificate in effect" in told(evaluate(pack, record(pack, [bare]), only=["one"]))[0][1]


def test_a_missing_reading_is_missing_once():
    assert [path for path, _ in told(evaluated(TABLE, ""))] == ["items.one.rows[0].readings.t"]


def test_a_default_stands_in_only_where_the_certificate_gives_nothing():
    text = PACK.replace(LINEAR, LINEAR + DEFAULT)
    nothing = evaluated([], text=text)
    used = row(nothing)["corrections"][0]
    assert (used["source"], used["value"], used["U"]) == ("default", "0", "") and nothing.conclusion == "pass"
    assert "corrections.b" in {one.path for one in nothing.unconfirmed}
    assert "corrections.b" not in {one.path for one in evaluated(TABLE, text=text).unconfirmed}
    assert evaluated(TABLE, "31", text=text).conclusion == "incomplete"


def test_with_the_default_the_budget_takes_what_stands_beside_the_certificate():
    text = PACK.replace(LINEAR, LINEAR + DEFAULT)
    assert not row(evaluated([], text=text))["uncertainty"][0]["complete"]
    text = text.replace('certificate = "b"', 'certificate = "b"\nu = "0.04"')
    assert Decimal(row(evaluated([], text=text))["uncertainty"][0]["u"]) == Decimal("0.05")
    assert Decimal(row(evaluated([SINGLE | {"U": "0.32"}], text=text))["uncertainty"][0]["u"]) > Decimal("0.16")


def test_of_several_devices_the_first_certified_one_counts_and_the_others_are_named():
    pack = load_pack(PACK)
    devices = [device(number="T-0"), device(SINGLE), device(*TABLE, number="T-2")]
    found = evaluate(pack, record(pack, devices), only=["one"])
    assert row(found)["corrections"][0]["device"] == "T-1"
    assert [(one.path, one.text.en) for one in found.warnings] == [
        ("corrections.b", "Several devices are certified for correction: that of T-1 is used, not that of T-2.")
    ]


# -- units ------------------------------------------------------------------------------------------------------------


def test_units_are_changed_exactly():
    in_kelvin = table(("293.15", "100"), ("303.15", "200"), at_unit="K", unit="mK", U="80")
    found = row(evaluated(in_kelvin, "25"))["corrections"][0]
    assert (Decimal(found["value"]), Decimal(found["U"]), found["unit"]) == (Decimal("0.15"), Decimal("0.08"), "℃")
    assert (found["at"], found["between"]) == ("25", ["293.15", "303.15"])
    single = row(evaluated([SINGLE | {"U": "60", "U_unit": "mK"}]))["corrections"][0]
    assert Decimal(single["U"]) == Decimal("0.06")


def test_a_unit_that_does_not_change_exactly_is_refused():
    text = PACK.replace('at = "t"\nat_unit = "℃"', 'at = "w"\nat_unit = "s"').replace(
        '[[items.readings]]\nname = "x"',
        '[[items.readings]]\nname = "w"\nlabel = { zh = "时间", en = "time" }\nunit = "s"\nscope = "row"\nsource = "typed"\n'
        '[[items.readings]]\nname = "x"',
    )
    pack = load_pack(text)
    data = record(pack, [device(*table(("1", "1"), at_unit="min"))])
    data["items"]["one"]["rows"][0]["readings"]["w"] = "60"
    assert "does not convert exactly to “s”" in told(evaluate(pack, data, only=["one"]))[0][1]


# -- where the point is known -----------------------------------------------------------------------------------------

RUNS = PACK.replace('scope = "row"\nsource', 'scope = "run"\nsource').replace(
    '[[items.readings]]\nname = "t"',
    '[items.repeats]\nvalue = "2"\nsource = "S"\nconfidence = "A"\nconfirmed = false\n[[items.readings]]\nname = "t"',
)


def in_runs(text: str) -> Any:
    pack = load_pack(text)
    assert faults(text) == []
    data = record(pack, [device(*TABLE)])
    data["items"]["one"]["rows"][0] = {"point": "p1", "runs": [{"t": "20", "x": "21"}, {"t": "30", "x": "31"}]}
    return evaluate(pack, data, only=["one"])


def test_each_run_has_its_own_value_when_the_point_is_a_reading_of_the_run():
    text = RUNS.replace(
        'expression = "x - (t + b)"',
        'expression = "mean(e)"\n[[items.formulas]]\nname = "e"\nlabel = { zh = "差", en = "difference" }\nscope = "run"\n'
        'unit = "℃"\nexpression = "x - (t + b)"',
    )
    found = in_runs(text)
    runs = row(found)["runs"]
    assert [Decimal(run["columns"]["e"]["value"]) for run in runs] == [Decimal("0.88"), Decimal("0.80")]
    assert [run["corrections"][0]["value"] for run in runs] == ["0.12", "0.20"]
    assert Decimal(row(found)["columns"]["err"]["value"]) == Decimal("0.84")
    assert Decimal(row(found)["uncertainty"][0]["u"]) == Decimal("0.05")
    assert [path for path, _ in found.corrections] == ["items.one.rows[0].runs[0]", "items.one.rows[0].runs[1]"]


def test_a_mean_of_the_runs_is_a_point_of_the_row():
    text = RUNS.replace('at = "t"', 'at = "mean(t)"').replace("x - (t + b)", "mean(x) - (mean(t) + b)")
    found = in_runs(text)
    assert [(path, one.value) for path, one in found.corrections] == [("items.one.rows[0]", Decimal("0.16"))]
    assert Decimal(row(found)["columns"]["err"]["value"]) == Decimal("0.84")


def test_the_values_of_the_rows_are_a_series_for_the_item():
    text = PACK.replace(
        "[[items.limits]]",
        '[[items.formulas]]\nname = "most"\nlabel = { zh = "最大", en = "largest" }\nscope = "item"\nunit = "℃"\n'
        'expression = "max(b)"\n[[items.limits]]',
    )
    assert evaluated(TABLE, text=text).items["one"].columns["most"].value == Decimal("0.16")


# -- the file ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "path", "words"),
    [
        ('role = "reference"\ncertified', 'role = "other"\ncertified', "corrections[0].role", "no role “other”"),
        ('at = "t"', 'at = "tt"', "corrections[0].at", "Used in the item “one”"),
        ('at = "t"\nat_unit = "℃"', 'at = "t"\nat_unit = "V"', "corrections[0].at_unit", "Units clash"),
        ('at = "t"\nat_unit = "℃"', 'at = "t"\nat_unit = "(("', "corrections[0].at_unit", "is incomplete"),
        ('at = "t"', 'at = "x - err"', "items[0].formulas[0].expression", "in a circle: b, err"),
        ('at = "t"', 'at = "b"', "corrections[0].at", "“b”"),
        ('unit = "℃"\nrole', 'unit = "V"\nrole', "items[0].formulas[0].expression", "do not go together"),
        ('unit = "℃"\nrole', 'unit = "V"\nrole', "uncertainty[0].inputs[1].certificate", "Units clash"),
        (" + b)", ")", "uncertainty[0].inputs[1].certificate", None),
        ('certificate = "b"', 'certificate = "c"', "uncertainty[0].inputs[1].certificate", "no correction named “c”"),
        ('certificate = "b"', 'certificate = "b"\nreadings = "t"', "uncertainty[0].inputs[1].readings", "not both"),
        (LINEAR, 'interpolation = "cubic"\n', "corrections[0].interpolation", "not one of: linear"),
        (LINEAR, "", "corrections[0].interpolation", "missing"),
        (LINEAR, LINEAR + 'default = "0"\n', "corrections[0].source", "needs a source"),
        ('name = "b"', 'name = "t"', "corrections[0].name", "already taken"),
    ],
)
def test_a_wrong_declaration_is_named_with_its_path(old, new, path, words):
    assert old in PACK
    found = faults(PACK.replace(old, new))
    if words is None:
        assert found == []
    else:
        assert any(where == path and words in sentence for where, sentence in found), found


def test_a_correction_that_nothing_uses_is_a_fault():
    text = PACK.replace(" + b)", ")").replace('certificate = "b"', 'u = "0.1"')
    assert faults(text) == [("corrections[0].name", "No formula, limit or component of uncertainty uses “b”.")]


def test_a_point_known_after_the_runs_cannot_serve_a_run():
    text = RUNS.replace('at = "t"', 'at = "mean(t)"').replace('scope = "row"\nunit', 'scope = "run"\nunit')
    assert ("corrections[0].at", "known after all runs only") in [
        (path, words[-26:].rstrip(".")) for path, words in faults(text) if path == "corrections[0].at"
    ]


# -- the record and what is printed -----------------------------------------------------------------------------------


def test_a_record_of_a_pack_without_corrections_looks_as_before(pack):
    assert "corrections" not in template(pack("jjg-1149-2022"), "subsequent", {})
    assert template(load_pack(PACK), "initial", {})["corrections"] == {}


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        ({"form": "curve"}, "corrections.b.form"),
        ({"colour": "red"}, "corrections.b.colour"),
        ({"rows": [{"at": "1", "w": "2"}]}, "corrections.b.rows[0].w"),
        ({"rows": [{"at": 1}]}, "corrections.b.rows[0].at"),
        ([], "corrections.b"),
    ],
)
def test_a_wrong_shape_is_refused(entry, path):
    with pytest.raises(RecordErrors) as refused:
        evaluate(load_pack(PACK), {"kind": "initial", "corrections": {"b": entry}})
    assert path in {one.path for one in refused.value.errors}


def test_a_correction_the_pack_does_not_know_is_warned_about():
    found = evaluate(load_pack(PACK), {"kind": "initial", "corrections": {"z": {"form": ""}}}, only=["one"])
    assert [one.path for one in found.warnings] == ["corrections.z"]


def test_another_value_put_in_its_place_gives_the_error_that_follows():
    """What a recall does: the same readings with another table."""
    pack = load_pack(PACK)
    data = record(pack, [device(*TABLE)])
    data["corrections"]["b"]["rows"] = [{**one, "value": "0"} for one in data["corrections"]["b"]["rows"]]
    assert evaluate(pack, data, only=["one"]).items["one"].rows[0].columns["err"].value == 0


def test_the_trace_of_an_error_leads_to_the_correction():
    pack = load_pack(PACK)
    step = trace(pack, evaluated(TABLE), "one", 0, None, "err")["inputs"][0]
    assert [step[key] for key in ("name", "kind", "value", "paths")] == ["b", "correction", "0.160", ["corrections.b"]]


SHOWN = PACK.replace(LINEAR, LINEAR + 'show = "both"\n')


def tables(text: str, audience: str, values: Any = TABLE, t: str = "25") -> dict[str, Any]:
    pack = load_pack(text)
    data = record(pack, [device(*values)], t)
    return result_tables(pack, data, evaluate(pack, data), audience=audience)[0]


def test_the_printed_record_tells_every_value_with_its_origin():
    found = tables(PACK, "record")
    assert [one["en"] for one in found["corrections"]] == [
        "correction at 25 ℃: 0.160 ℃, U = 0.08 ℃ (k = 2); certificate C-T-1 of device T-1, table, "
        "straight line between 20 and 30 ℃."
    ]
    keys = [column["key"] for column in found["columns"]]
    assert found["rows"][0][keys.index("b")] == "0.160"
    assert tables(PACK, "record", [GUM], "40")["corrections"][0]["en"].endswith("nothing is extrapolated.")
    (silent,) = tables(PACK, "record", [SINGLE | {"k": ""}])["corrections"]
    assert "the certificate states no U or k" in silent["en"] and "single value" in silent["en"]


def test_a_default_is_told_as_such():
    text = PACK.replace(LINEAR, LINEAR + DEFAULT)
    found = tables(text, "record", [])
    assert [one["en"] for one in found["corrections"]] == [
        "correction: not given by certificate C-T-1 of device T-1; 0 ℃ by the procedure."
    ]
    assert "b" not in [column["key"] for column in found["columns"]]


def test_the_certificate_shows_a_correction_only_where_the_pack_says_so():
    assert "corrections" not in tables(PACK, "certificate")
    found = tables(SHOWN, "certificate")
    assert [(column["key"], column["unit"]) for column in found["columns"][:3]] == [
        ("b", "℃"),
        ("U:b", "℃"),
        ("k:b", ""),
    ]
    assert found["rows"][0][:3] == ["0.160", "0.08", "2"]
    assert [one["en"] for one in found["corrections"]] == [
        "correction: from certificate C-T-1 of device T-1 (table, straight lines between neighbouring points)."
    ]


# -- constants --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "unit", "chosen", "wanted"),
    [
        ("0.00040", "MPa", "MPa", "0.00040"),
        ("0.00040", "", "MPa", "0.00040"),
        ("0.4", "kPa", "MPa", "0.0004"),
        ("0.0004", "MPa", "kPa", "0.4"),
        ("0.0004", "V", "kPa", None),
    ],
)
def test_a_constant_is_taken_in_the_unit_of_the_procedure(pack, stated, unit, chosen, wanted):
    held = device(value(name="mpe_std", value=stated, unit=unit), role="pressure_standard")
    found = constants_of(pack("jjg-52-2013"), [held], {"unit": chosen})
    assert found == ({} if wanted is None else {"mpe_std": wanted})


def test_a_table_or_an_equation_is_no_constant(pack):
    for values in (table(("1", "2"), ("3", "4")), [GUM]):
        held = device(*(one | {"name": "mpe_std", "unit": "MPa"} for one in values), role="pressure_standard")
        assert constants_of(pack("jjg-52-2013"), [held], {}) == {}
