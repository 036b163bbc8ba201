"""Evaluating a record: what is missing is listed, nothing raises on incomplete data, and the outcome is always the same."""

import copy
import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from standards.procedures import RecordErrors, evaluate, template


def filled(pack, name: str = "jjg-443-2023") -> dict:
    """A complete, passing record of a fuel dispenser."""
    data = template(pack(name), "subsequent", {"product": "petrol"})
    data["constants"].update(V0="50", h0="104.0", d="4.46", beta_B="0.00005", U_V0="0.025", U_tJ="0.1", U_tB="0.1")
    data["environment"] = {"temperature": ["23.1", "23.4"], "humidity": ["52", "53"]}
    for checks in data["judged"].values():
        for check in checks.values():
            check["result"] = "pass"
    row = data["items"]["indication"]["rows"][0]
    row["values"]["flow"] = "30"
    readings = [("50.10", "111.0"), ("50.12", "112.0"), ("50.14", "114.0")]
    row["runs"] = [{"VJ": volume, "h": height, "tJ": "23.6", "tB": "24.1"} for volume, height in readings]
    paid = {"unit_price": "7.85", "volume": "30.00", "amount": "235.50", "payment_step": "0.08"}
    data["items"]["payment"]["rows"][0]["readings"] = paid
    return data


@pytest.fixture
def dispenser(pack):
    return pack("jjg-443-2023"), filled(pack)


def test_a_complete_record_passes_without_remarks(dispenser):
    evaluation = evaluate(*dispenser)
    assert evaluation.conclusion == "pass"
    assert evaluation.missing == () and evaluation.warnings == () and evaluation.failed_items == ()


def test_the_json_has_the_promised_keys(dispenser):
    found = evaluate(*dispenser).as_json()
    assert {
        "schema",
        "procedure",
        "engine",
        "conclusion",
        "failed_items",
        "missing",
        "warnings",
        "items",
        "unconfirmed",
    } <= set(found)
    assert found["schema"] == "evaluation/1" and found["engine"] == "2"
    row = found["items"]["indication"]["rows"][0]
    assert {"point", "values", "columns", "runs", "limits"} <= set(row)
    assert set(row["columns"]["E"]) == {"value", "printed", "unit"}
    limit = row["limits"][0]
    assert (limit["column"], limit["lower"], limit["upper"]) == ("E", "-0.30", "0.30")
    assert limit["compared"] == row["columns"]["E"]["value"]
    assert limit["path"] == "items.indication.limits[0].cases[0]" and limit["confirmed"] is False
    assert found["items"]["appearance"]["checks"][0]["result"] == "pass"
    assert set(found["unconfirmed"][0]) == {"path", "what", "value", "source", "confidence"}


def test_an_empty_template_is_incomplete_and_lists_every_cell(pack):
    loaded = pack("jjg-1148-2022")
    evaluation = evaluate(loaded, template(loaded, "initial"))
    paths = {one.path for one in evaluation.missing}
    assert evaluation.conclusion == "incomplete"
    assert {
        "parameters.accuracy_class",
        "environment.temperature[0]",
        "environment.humidity[1]",
        "judged.appearance.marks.result",
        "items.working_error.rows[0].runs[0].E_pile_end",
    } <= paths


def test_a_missing_reading_is_named_by_its_path(dispenser):
    loaded, data = dispenser
    data["items"]["indication"]["rows"][0]["runs"][1]["h"] = ""
    evaluation = evaluate(loaded, data)
    assert [one.path for one in evaluation.missing] == ["items.indication.rows[0].runs[1].h"]
    assert evaluation.items["indication"].conclusion == "incomplete"
    assert evaluation.items["payment"].conclusion == "pass"
    row = evaluation.items["indication"].rows[0]
    assert row.runs[0].columns["EV"].printed == "+0.18" and row.columns["E"].state == "missing"


def test_text_that_is_no_number_is_warned_about_and_counts_as_missing(dispenser):
    loaded, data = dispenser
    for text in ("abc", "1e3", "NaN", "Infinity", "１２", "1,5", "1 2", "--1", "0x10"):
        data["items"]["indication"]["rows"][0]["runs"][1]["h"] = text
        evaluation = evaluate(loaded, data)
        path = "items.indication.rows[0].runs[1].h"
        assert path in {one.path for one in evaluation.missing} and path in {one.path for one in evaluation.warnings}


def test_a_reading_off_the_display_resolution_is_warned_about_but_judged(dispenser):
    loaded, data = dispenser
    data["items"]["indication"]["rows"][0]["runs"][0]["VJ"] = "50.105"
    evaluation = evaluate(loaded, data)
    assert [one.path for one in evaluation.warnings] == ["items.indication.rows[0].runs[0].VJ"]
    assert "0.01" in evaluation.warnings[0].text.zh
    assert evaluation.conclusion == "pass"


def test_environment_outside_its_limits_or_changing_too_much_is_warned_about(dispenser):
    loaded, data = dispenser
    data["environment"]["temperature"] = ["49", "56"]
    assert {one.path for one in evaluate(loaded, data).warnings} == {
        "environment.temperature[1]",
        "environment.temperature",
    }


def test_a_fourth_run_is_refused_because_the_range_coefficient_is_for_three(dispenser):
    loaded, data = dispenser
    runs = data["items"]["indication"]["rows"][0]["runs"]
    runs.append(dict(runs[0]))
    assert [one.path for one in evaluate(loaded, data).missing] == ["items.indication.rows[0].runs"]


def test_two_runs_are_too_few(dispenser):
    loaded, data = dispenser
    del data["items"]["indication"]["rows"][0]["runs"][2]
    assert [one.path for one in evaluate(loaded, data).missing] == ["items.indication.rows[0].runs[2]"]


def test_a_missing_flow_point_is_named(pack):
    data = filled(pack)
    data["kind"] = "initial"
    evaluation = evaluate(pack("jjg-443-2023"), data)
    assert [one.path for one in evaluation.missing] == ["items.indication.rows", "items.indication.rows"]


def test_a_failed_check_by_eye_fails_the_record_and_names_the_item(dispenser):
    loaded, data = dispenser
    data["judged"]["seals"]["board"] = {"result": "fail", "remark": "封印脱落"}
    evaluation = evaluate(loaded, data)
    assert (evaluation.conclusion, evaluation.failed_items) == ("fail", ("seals",))


def test_not_applicable_counts_as_judged(dispenser):
    loaded, data = dispenser
    data["judged"]["appearance"]["separate"]["result"] = "n/a"
    assert evaluate(loaded, data).conclusion == "pass"


def test_a_void_test_is_neither_passed_nor_failed(dispenser):
    loaded, data = dispenser
    for run in data["items"]["indication"]["rows"][0]["runs"]:
        run["tJ"] = "28.2"
    evaluation = evaluate(loaded, data)
    assert evaluation.conclusion == "undecided"
    assert any("重做" in one.text.zh for one in evaluation.warnings)


def test_a_division_by_zero_is_explained_and_leaves_the_item_incomplete(pack):
    run = {"E_pile_start": "0", "E_pile_end": "1", "E_std_start": "2", "E_std_end": "2"}
    data = {
        "kind": "initial",
        "parameters": {"accuracy_class": "2"},
        "items": {"working_error": {"rows": [{"point": "p1", "values": {"I": "32"}, "runs": [run]}]}},
    }
    evaluation = evaluate(pack("jjg-1148-2022"), data, only=["working_error"])
    assert evaluation.conclusion == "incomplete"
    assert any(one.path == "items.working_error.rows[0].runs[0].gamma_i" for one in evaluation.warnings)


def test_rows_nobody_needs_may_stay_empty(pack):
    loaded = pack("jjg-539-2016")
    parameters = {
        "accuracy_class": "III",
        "unit": "g",
        "Max": "15000",
        "Min": "100",
        "e": "5",
        "d": "5",
        "supports": "4",
    }
    data = template(loaded, "initial", parameters)
    data["items"]["zero"]["rows"][0]["readings"] = {"L0": "0", "I": "0", "dL": "2.5"}
    rows = data["items"]["weighing"]["rows"]
    assert [row["values"]["L"] for row in rows] == ["100", "2500", "10000", "7500", "15000"]
    rows[1]["readings"] = {"I": "2500", "dL": "2.0"}
    evaluation = evaluate(loaded, data, only=["zero", "weighing"])
    assert evaluation.conclusion == "pass" and evaluation.missing == ()
    assert [row.blank for row in evaluation.items["weighing"].rows] == [True, False, True, True, True]


def test_a_value_from_another_item_that_is_not_there_is_missing(pack):
    data = {
        "kind": "initial",
        "parameters": {"accuracy_class": "III", "unit": "g", "Max": "15000", "e": "5", "d": "5"},
        "items": {
            "weighing": {"rows": [{"point": "x", "values": {"L": "1000"}, "readings": {"I": "1000", "dL": "2.5"}}]}
        },
    }
    evaluation = evaluate(pack("jjg-539-2016"), data, only=["weighing"])
    assert "items.zero" in {one.path for one in evaluation.missing}


def test_the_load_set_outside_the_range_of_the_pile_is_warned_about(pack):
    run = {"E_pile_start": "0", "E_pile_end": "1", "E_std_start": "0", "E_std_end": "1"}
    data = {
        "kind": "initial",
        "parameters": {"accuracy_class": "2", "I_max": "32", "I_min": "6"},
        "items": {"working_error": {"rows": [{"point": "p1", "values": {"I": "40"}, "runs": [run, run]}]}},
    }
    evaluation = evaluate(pack("jjg-1148-2022"), data, only=["working_error"])
    assert [one.path for one in evaluation.warnings] == ["items.working_error.rows[0].values.I"]


def test_names_the_procedure_does_not_know_are_warned_about(dispenser):
    loaded, data = dispenser
    data["items"]["indication"]["rows"][0]["runs"][0]["hh"] = "1"
    data["items"]["extra"] = {"rows": []}
    data["parameters"]["colour"] = "red"
    data["constants"]["x"] = "1"
    data["judged"]["seals"]["lid"] = {"result": "pass"}
    paths = {one.path for one in evaluate(loaded, data).warnings}
    assert paths == {
        "items.indication.rows[0].runs[0].hh", "items.extra", "parameters.colour", "constants.x", "judged.seals.lid",
    }  # fmt: skip


def test_uncertainty_is_given_per_row_when_every_component_is_known(dispenser):
    loaded, data = dispenser
    found = evaluate(loaded, data).items["indication"].rows[0].uncertainty[0]
    assert found["complete"] and found["column"] == "E" and found["k"] == "2"
    parts = sum(Decimal(one["u"]) ** 2 for one in found["components"])
    assert abs(Decimal(found["u"]) ** 2 - parts) < Decimal("1e-25")
    assert found["reported"] == "0.062"


def test_an_unknown_component_stays_visible_and_no_sum_is_given(dispenser):
    loaded, data = dispenser
    data["constants"]["U_V0"] = ""
    found = evaluate(loaded, data).items["indication"].rows[0].uncertainty[0]
    assert not found["complete"] and "U" not in found
    assert [one["path"] for one in found["unknown"]] == ["uncertainty.indication.E.tank"]


def test_only_values_that_bear_on_the_record_are_listed_as_unconfirmed(dispenser):
    loaded, data = dispenser
    paths = {one.path for one in evaluate(loaded, data).unconfirmed}
    assert "items.indication.limits[0].cases[0]" in paths and "lookups.beta_Y.cases[0]" in paths
    assert "lookups.beta_Y.cases[1]" not in paths and "kinds.initial" not in paths


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda data: data.update(kind="weekly"), "kind"),
        (lambda data: data.update(extra="1"), "extra"),
        (lambda data: data["constants"].update(V0=50.0), "constants.V0"),
        (lambda data: data["constants"].update(V0=50), "constants.V0"),
        (lambda data: data["constants"].update(V0=True), "constants.V0"),
        (lambda data: data["constants"].update(V0=["50"]), "constants.V0"),
        (lambda data: data["constants"].update(V0="5" * 3000), "constants.V0"),
        (lambda data: data.update(items=[]), "items"),
        (lambda data: data["items"]["payment"].update(rows={}), "items.payment.rows"),
        (lambda data: data["items"]["payment"].update(row=[]), "items.payment.row"),
        (lambda data: data["items"]["payment"].update(rows=[{}] * 1_000_000), "items.payment.rows"),
        (lambda data: data["items"]["payment"].update(rows=[{"runs": [{}] * 5000}]), "items.payment.rows[0].runs"),
        (lambda data: data["items"]["payment"]["rows"].append({"cells": {}}), "items.payment.rows[1].cells"),
        (lambda data: data["judged"]["seals"]["board"].update(result="maybe"), "judged.seals.board.result"),
        (lambda data: data["environment"].update(temperature="23"), "environment.temperature"),
        (lambda data: data["environment"].update(temperature=["1", "2", "3"]), "environment.temperature"),
        (lambda data: data.update(schema="record/2"), "schema"),
    ],
)
def test_a_wrong_shape_is_refused_with_its_path(dispenser, change, path):
    loaded, data = dispenser
    change(data)
    with pytest.raises(RecordErrors) as failure:
        evaluate(loaded, data)
    assert failure.value.errors[0].path == path


def test_a_document_that_is_no_object_is_refused(pack):
    for data in ([], "x", None, 3):
        with pytest.raises(RecordErrors):
            evaluate(pack("jjg-443-2023"), data)


def cells(data, path=()):
    """Every place in a record that holds a number or a judgement."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in pairs:
        if isinstance(value, (dict, list)):
            yield from cells(value, (*path, key))
        elif path and key not in ("point", "remark"):
            yield (*path, key)


def put(data, path, value):
    for key in path[:-1]:
        data = data[key]
    data[path[-1]] = value


def no_floats(value) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and no_floats(one) for key, one in value.items())
    if isinstance(value, list):
        return all(no_floats(one) for one in value)
    return value is None or isinstance(value, (str, bool))


def turned(value):
    """The same document with every object's keys in the opposite order."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(one) for one in value] if isinstance(value, list) else value


numbers = st.one_of(
    st.decimals(min_value=-(10**6), max_value=10**6, places=3).map(str),
    st.sampled_from(
        ["", "0", "-0", "0.000", "1", "abc", "1e5", "９", "99999999999999999999", "-0.00000000000000000001"]
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_is_typed_the_outcome_is_the_same_twice_in_any_key_order_and_holds_no_float(pack, data):
    loaded = pack("jjg-443-2023")
    record = filled(pack)
    places = list(cells(record))
    for path in data.draw(st.lists(st.sampled_from(places), max_size=12)):
        choices = {"result": ["", "pass", "fail", "n/a"], "kind": ["", "adjustment", "repair"]}.get(path[-1])
        value = data.draw(st.sampled_from(choices) if choices else numbers)
        put(record, path, value)
    before = copy.deepcopy(record)
    first = evaluate(loaded, record).as_json()
    assert record == before
    assert no_floats(first)
    assert evaluate(loaded, record).as_json() == first
    again = evaluate(loaded, turned(record)).as_json()
    assert json.dumps(again, sort_keys=True) == json.dumps(first, sort_keys=True)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_record_with_any_hole_is_never_concluded(pack, data):
    loaded = pack("jjg-443-2023")
    record = filled(pack)
    optional = {("parameters", "Q_max"), *(("constants", name) for name in ("U_V0", "U_tJ", "U_tB"))}
    places = [path for path in cells(record) if path not in optional and path[0] != "adjustment"]
    for path in data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=5)):
        put(record, path, "")
    evaluation = evaluate(loaded, record)
    assert evaluation.conclusion == "incomplete"
    assert evaluation.missing


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(min_value=-4000, max_value=4000))
def test_the_verdict_of_a_class_1_pile_is_the_rounded_error_against_one_percent(pack, thousandths):
    shown = Decimal(100_000 + thousandths) / 1000
    run = {"E_pile_start": "0", "E_pile_end": str(shown), "E_std_start": "0", "E_std_end": "100"}
    data = {
        "kind": "initial",
        "parameters": {"accuracy_class": "1"},
        "items": {"working_error": {"rows": [{"point": "p1", "values": {"I": "16"}, "runs": [run, run]}]}},
    }
    evaluation = evaluate(pack("jjg-1148-2022"), data, only=["working_error"])
    assert (evaluation.conclusion == "pass") == (abs(thousandths) <= 1050)
