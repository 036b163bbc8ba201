"""Templates, printed tables, traces: what other parts of the system take from an evaluation."""

import json

import pytest

from standards.procedures import describe, evaluate, result_tables, template, trace


def session(shown: str = "2.065", runs: int = 2) -> dict:
    run = {"E_pile_start": "0.000", "E_pile_end": shown, "E_std_start": "0", "E_std_end": "2.0472"}
    row = {
        "point": "p1",
        "values": {"I": "32"},
        "readings": {"U": "220.5", "I": "31.98", "P": "7.052"},
        "runs": [run] * runs,
    }
    return {
        "kind": "subsequent",
        "parameters": {"accuracy_class": "2"},
        "constants": {"U_ref": "0.05"},
        "items": {"working_error": {"rows": [row]}},
    }


def test_a_template_lays_out_rows_runs_and_readings(pack):
    data = template(pack("jjg-1148-2022"), "initial", {"accuracy_class": "2", "time_of_use": "yes"})
    row = data["items"]["working_error"]["rows"][0]
    assert row["values"] == {"I": ""} and set(row["readings"]) == {"U", "I", "P"}
    assert len(row["runs"]) == 2 and set(row["runs"][0]) == {"E_pile_start", "E_pile_end", "E_std_start", "E_std_end"}
    assert "clock_error" in data["items"] and data["parameters"]["accuracy_class"] == "2"
    assert data["judged"]["appearance"]["marks"] == {"result": "", "remark": ""}


def test_items_that_do_not_apply_to_the_instrument_are_not_laid_out(pack):
    data = template(pack("jjg-1148-2022"), "initial", {"time_of_use": "no"})
    assert "clock_error" not in data["items"] and "working_error_pulse" not in data["items"]


def test_gauge_points_are_computed_from_the_numbered_graduation_lines(pack):
    parameters = {"accuracy_class": "1.6", "range_high": "1.6", "numbered_step": "0.4", "division": "0.05"}
    rows = template(pack("jjg-52-2013"), "initial", parameters)["items"]["indication"]["rows"]
    assert [row["values"]["p"] for row in rows] == ["0.4", "0.8", "1.2", "1.6"]


def test_a_wrong_step_does_not_lay_out_a_million_points(pack):
    parameters = {"range_high": "1000", "numbered_step": "0.001"}
    rows = template(pack("jjg-52-2013"), "initial", parameters)["items"]["indication"]["rows"]
    assert len(rows) == 1 and rows[0]["values"]["p"] == ""


def test_initial_verification_of_a_dispenser_has_two_flow_points(pack):
    loaded = pack("jjg-443-2023")
    assert [row["point"] for row in template(loaded, "initial")["items"]["indication"]["rows"]] == ["Q1", "Q2"]
    assert [row["point"] for row in template(loaded, "subsequent")["items"]["indication"]["rows"]] == ["Q"]


def test_fields_are_described_with_unit_and_resolution(pack):
    fields = describe(pack("jjg-1148-2022"), "initial")["items"]["working_error"]["readings"]
    assert fields["E_pile_end"]["unit"] == "kWh" and fields["E_pile_end"]["resolution"] == "0.001"
    assert fields["E_std_end"]["source"] == "rig" and fields["E_std_end"]["role"] == "reference_meter"
    scale = describe(pack("jjg-539-2016"), "initial", {"unit": "g", "d": "5", "e": "5"})["items"]["weighing"][
        "readings"
    ]
    assert (scale["I"]["unit"], scale["I"]["resolution"], scale["dL"]["resolution"]) == ("g", "5", "0.5")


def test_a_filled_template_with_its_description_is_accepted(pack):
    loaded = pack("jjg-1148-2022")
    document = {**template(loaded, "initial"), "fields": describe(loaded, "initial")}
    assert evaluate(loaded, json.loads(json.dumps(document))).conclusion == "incomplete"


def test_the_certificate_table_has_one_line_per_point_with_limits_and_uncertainty(pack):
    loaded, data = pack("jjg-1148-2022"), session()
    table = result_tables(loaded, data, evaluate(loaded, data, only=["working_error"]))[0]
    keys = [column["key"] for column in table["columns"]]
    assert keys == ["point", "values.I", "gamma", "limit:gamma", "U:gamma", "k:gamma"]
    named = {"zh": "负载点 1", "en": "Load point 1"}
    assert table["rows"] == [[named, "32", "+0.8", "±2.0", table["rows"][0][4], "2"]]
    assert table["rows"][0][4].startswith("0.0")
    assert table["conclusion"] == {"zh": "合格", "en": "Pass"}
    assert set(table) == {"item", "title", "conclusion", "columns", "rows", "summary", "checks"}


def test_a_calibration_gives_values_with_uncertainty_and_factor_and_judges_nothing(pack):
    loaded = pack("jjg-52-2013")
    parameters = {"accuracy_class": "1.5", "unit": "MPa", "range_high": "60", "division": "1", "numbered_step": "10"}
    data = template(loaded, "calibration", parameters)
    data["constants"] |= {"mpe_std": "0.2"}
    for row in data["items"]["indication"]["rows"]:
        # Far outside every limit of a verification.
        row["readings"] = dict.fromkeys(row["readings"], str(int(row["values"]["p"]) + 9))
    evaluation = evaluate(loaded, data, only=["indication"])
    assert (evaluation.conclusion, evaluation.failed_items) == ("recorded", ())
    table = result_tables(loaded, data, evaluation)[0]
    keys = [column["key"] for column in table["columns"]]
    assert not [key for key in keys if key.startswith("limit:")] and table["conclusion"] == {"zh": "", "en": ""}
    at = keys.index("U:err_up")
    assert keys[at + 1] == "k:err_up" and all(row[at] and row[at + 1] == "2" for row in table["rows"])
    assert "allow" not in str(table["summary"]).lower() and "允许" not in str(table["summary"])


def test_the_record_table_shows_every_reading_one_line_per_run(pack):
    loaded, data = pack("jjg-1148-2022"), session()
    table = result_tables(loaded, data, evaluate(loaded, data, only=["working_error"]), audience="record")[0]
    keys = [column["key"] for column in table["columns"]]
    assert {"run", "E_pile_end", "gamma_i", "U", "I", "P"} <= set(keys)
    assert len(table["rows"]) == 2
    assert table["rows"][1][keys.index("gamma")] == "" and table["rows"][1][keys.index("E_pile_end")] == "2.065"


def test_a_wide_record_table_comes_in_parts_that_fit_a_page_and_lose_nothing(pack):
    loaded, data = pack("jjg-1148-2022"), session()
    table = result_tables(loaded, data, evaluate(loaded, data, only=["working_error"]), audience="record")[0]
    assert len(table["columns"]) > 8 and all(len(part["columns"]) <= 8 for part in table["parts"])
    assert all(part["columns"][0]["key"] == "point" for part in table["parts"])
    keys = [column["key"] for part in table["parts"] for column in part["columns"]]
    assert set(keys) == {column["key"] for column in table["columns"]}
    assert [len(part["rows"]) for part in table["parts"]] == [2, 2, 1]
    last = [column["key"] for column in table["parts"][-1]["columns"]]
    assert last.index("limit:gamma") == last.index("gamma") + 1


def test_a_narrow_record_table_stays_in_one_part(pack):
    row = {"point": "p1", "readings": {"L0": "0", "I": "0", "dL": "2.5"}}
    parameters = {"accuracy_class": "III", "unit": "g", "Max": "15000", "e": "5", "d": "5"}
    data = {"kind": "initial", "parameters": parameters, "items": {"zero": {"rows": [row]}}}
    loaded = pack("jjg-539-2016")
    table = result_tables(loaded, data, evaluate(loaded, data, only=["zero"]), audience="record")[0]
    assert table["parts"] == [{"columns": table["columns"], "rows": table["rows"], "named": False}]


def test_tables_hold_text_only(pack):
    loaded, data = pack("jjg-1148-2022"), session()
    evaluation = evaluate(loaded, data)
    for audience in ("certificate", "record"):
        for table in result_tables(loaded, data, evaluation, audience=audience):
            cells = [cell for row in table["rows"] for cell in row]
            assert all(isinstance(cell, str) or set(cell) == {"zh", "en"} for cell in cells)
            assert all(len(row) == len(table["columns"]) for row in table["rows"])
            json.dumps(table)


def test_checks_by_eye_become_lines_with_result_and_remark(pack):
    loaded, data = pack("jjg-1148-2022"), session()
    data["judged"] = {"appearance": {"marks": {"result": "fail", "remark": "铭牌缺失"}}}
    table = result_tables(loaded, data, evaluate(loaded, data))[0]
    assert table["item"] == "appearance"
    assert table["checks"][0]["result"] == {"zh": "不合格", "en": "Fail"} and table["checks"][0]["remark"] == "铭牌缺失"


def test_units_in_tables_follow_the_instrument(pack):
    row = {"point": "p1", "readings": {"L0": "0", "I": "0", "dL": "2.5"}}
    parameters = {"accuracy_class": "III", "unit": "g", "Max": "15000", "e": "5", "d": "5"}
    data = {"kind": "initial", "parameters": parameters, "items": {"zero": {"rows": [row]}}}
    loaded = pack("jjg-539-2016")
    table = result_tables(loaded, data, evaluate(loaded, data, only=["zero"]))[0]
    assert {column["unit"] for column in table["columns"]} == {"g"}


def test_a_digit_is_traced_down_to_its_readings(pack):
    loaded, data = pack("jjg-1148-2022"), session()
    evaluation = evaluate(loaded, data, only=["working_error"])
    top = trace(loaded, evaluation, "working_error", 0, None, "gamma")
    assert top["printed"] == "+0.8" and top["formula"]["text"] == "mean(gamma_i)" and top["formula"]["round"] == "0.2"
    assert top["formula"]["compare"] == ["rounded"]
    assert top["inputs"][0]["paths"] == [
        "items.working_error.rows[0].runs[0].gamma_i",
        "items.working_error.rows[0].runs[1].gamma_i",
    ]
    middle = trace(loaded, evaluation, "working_error", 0, 1, "gamma_i")
    assert {one["name"]: one["kind"] for one in middle["inputs"]} == {
        "dE_pile": "formula",
        "dE_std": "formula",
        "gamma0": "constant",
    }
    bottom = trace(loaded, evaluation, "working_error", 0, 1, "dE_std")
    assert [(one["paths"][0], one["value"], one["source"]) for one in bottom["inputs"]] == [
        ("items.working_error.rows[0].runs[1].E_std_end", "2.0472", "rig"),
        ("items.working_error.rows[0].runs[1].E_std_start", "0", "rig"),
    ]


def test_a_value_from_another_item_and_a_looked_up_one_are_traced(pack):
    loaded = pack("jjg-539-2016")
    data = {
        "kind": "initial",
        "parameters": {"accuracy_class": "III", "unit": "g", "Max": "15000", "e": "5", "d": "5"},
        "items": {
            "zero": {"rows": [{"point": "p1", "readings": {"L0": "0", "I": "0", "dL": "2.0"}}]},
            "weighing": {"rows": [{"point": "x", "values": {"L": "1000"}, "readings": {"I": "1000", "dL": "1.5"}}]},
        },
    }
    evaluation = evaluate(loaded, data, only=["zero", "weighing"])
    kinds = {one["name"]: one["kind"] for one in trace(loaded, evaluation, "weighing", 0, None, "Ec")["inputs"]}
    assert kinds == {"E": "formula", "E0": "import"}
    kinds = {one["name"]: one["kind"] for one in trace(loaded, evaluation, "weighing", 0, None, "mpe")["inputs"]}
    assert kinds["m1"] == "lookup" and kinds["e"] == "parameter" and kinds["L"] == "point"
    top = trace(loaded, evaluation, "zero", None, None, "E0")
    assert top["inputs"][0]["paths"] == ["items.zero.rows[0].E0_row"]


def test_every_computed_cell_can_be_traced_to_paths(pack):
    loaded, data = pack("jjg-1148-2022"), session()
    evaluation = evaluate(loaded, data, only=["working_error"])
    for at in range(2):
        for column in evaluation.items["working_error"].rows[0].runs[at].columns:
            found = trace(loaded, evaluation, "working_error", 0, at, column)
            assert all(one["paths"] for one in found["inputs"])
            json.dumps(found)


def test_a_cell_that_does_not_exist_is_a_key_error(pack):
    loaded, data = pack("jjg-1148-2022"), session()
    evaluation = evaluate(loaded, data, only=["working_error"])
    for place in (
        ("working_error", 0, None, "delta"),
        ("nothing", 0, None, "gamma"),
        ("working_error", None, None, "gamma"),
    ):
        with pytest.raises(KeyError):
            trace(loaded, evaluation, *place)


def test_absurdly_long_numbers_pass_through_every_output(pack):
    loaded, huge = pack("jjg-539-2016"), "-99999999999999999999.99999999999999999999"
    parameters = {"accuracy_class": "III", "unit": "kg", "Max": "15", "e": huge, "d": "0.00000000000000000001"}
    data = {
        "kind": "initial",
        "parameters": parameters,
        "items": {
            "zero": {"rows": [{"point": "p1", "readings": {"L0": "0", "I": huge, "dL": huge}}]},
            "weighing": {"rows": [{"point": "x", "values": {"L": "2.5"}, "readings": {"I": huge, "dL": "0"}}]},
        },
    }
    evaluation = evaluate(loaded, data, only=["zero", "weighing"])
    json.dumps(evaluation.as_json())
    for audience in ("certificate", "record"):
        assert result_tables(loaded, data, evaluation, audience=audience)
    assert trace(loaded, evaluation, "weighing", 0, None, "Ec")["value"]
