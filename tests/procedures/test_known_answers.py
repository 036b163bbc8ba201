"""Published and derived known answers of the trade, through the shipped packs.

Sources: JJG 443 worked examples from public question banks (petrol 50 L: m.ppkao.com 3b0e4c36; 100 L: m.qiqiwenku.com
801459; 20 L: 274949.com t27945690 and verywind.cn); charging pile: Changjiang Daily 2022-08-11; scales: OIML R 76-1:2006
A.4.4.3; pressure: 360docs.net 0b10829629, ybzhan 19688, candlestitch 56745. Arithmetic re-run by hand in Decimal.
"""

from decimal import Decimal

import pytest

from standards.procedures import evaluate
from standards.procedures.check import cell_at, limit_at


def pile(std: str, shown: str, accuracy_class: str) -> dict:
    run = {"E_pile_start": "0.000", "E_pile_end": shown, "E_std_start": "0", "E_std_end": std}
    row = {"point": "p1", "values": {"I": "32"}, "runs": [run]}
    return {
        "kind": "subsequent",
        "parameters": {"accuracy_class": accuracy_class},
        "items": {"working_error": {"rows": [row]}},
    }


def gamma(pack, std: str, shown: str, accuracy_class: str):
    evaluation = evaluate(pack("jjg-1148-2022"), pile(std, shown, accuracy_class), only=["working_error"])
    return cell_at(evaluation, "items.working_error.rows[0].gamma"), evaluation


def test_wuhan_field_reading_is_0_8695_percent_not_the_printed_0_86(pack):
    cell, evaluation = gamma(pack, "2.0472", "2.065", "2")
    assert str(round(cell.value, 4)) == "0.8695" and cell.printed == "+0.8"
    assert evaluation.conclusion == "pass"
    assert gamma(pack, "2.0472", "2.065", "1")[0].printed == "+0.9"


@pytest.mark.parametrize(
    ("raw", "accuracy_class", "printed"),
    [
        ("0.15", "1", "+0.2"),
        ("0.25", "1", "+0.2"),
        ("0.35", "1", "+0.4"),
        ("-0.25", "1", "-0.2"),
        ("1.05", "1", "+1.0"),
        ("1.0501", "1", "+1.1"),
        ("0.3", "2", "+0.4"),
        ("0.5", "2", "+0.4"),
        ("0.1", "2", "0.0"),
        ("1.1", "2", "+1.2"),
        ("2.1", "2", "+2.0"),
        ("2.1001", "2", "+2.2"),
    ],
)
def test_errors_round_to_a_tenth_of_the_class_with_ties_to_even(pack, raw, accuracy_class, printed):
    """Rule of GB/T 8170 with the intervals of energy-meter benches (0.1 % and 0.2 %)."""
    shown = Decimal(1000) + Decimal(raw) * 10
    cell, _ = gamma(pack, "1000", str(shown), accuracy_class)
    assert cell.value == Decimal(raw)
    assert cell.printed == printed


@pytest.mark.parametrize(
    ("raw", "conclusion"), [("2.1", "pass"), ("2.1001", "fail"), ("-2.1", "pass"), ("-2.1001", "fail"), ("2.0", "pass")]
)
def test_class_2_is_judged_on_the_rounded_error(pack, raw, conclusion):
    shown = Decimal(1000) + Decimal(raw) * 10
    assert gamma(pack, "1000", str(shown), "2")[1].conclusion == conclusion


def test_dc_example_of_450_v_and_20_a_is_0_495_percent(pack):
    data = pile("900", "904.455", "1")
    evaluation = evaluate(pack("jjg-1149-2022"), data, only=["working_error"])
    cell = cell_at(evaluation, "items.working_error.rows[0].gamma")
    assert cell.value == Decimal("0.495") and cell.printed == "+0.5"


@pytest.mark.parametrize(("std", "error"), [("0.0400", "0.0000"), ("0.0397", "0.7557"), ("0.0404", "-0.9901")])
def test_pulse_method_with_100_pulses_per_kwh(pack, std, error):
    row = {"point": "p1", "values": {"I": "32"}, "readings": {"C": "100"}, "runs": [{"N": "4", "E_std": std}]}
    data = {
        "kind": "initial",
        "parameters": {"accuracy_class": "1", "method": "pulse"},
        "items": {"working_error_pulse": {"rows": [row]}},
    }
    evaluation = evaluate(pack("jjg-1148-2022"), data, only=["working_error_pulse"])
    assert cell_at(evaluation, "items.working_error_pulse.rows[0].runs[0].E_pile").value == Decimal("0.04")
    assert round(cell_at(evaluation, "items.working_error_pulse.rows[0].gamma").value, 4) == Decimal(error)


def filling(constants: dict, runs: list[tuple[str, str]], tJ: str, tB: str, product: str = "petrol") -> dict:
    rows = [{"VJ": volume, "h": height, "tJ": tJ, "tB": tB} for volume, height in runs]
    return {
        "kind": "subsequent",
        "parameters": {"product": product},
        "constants": constants,
        "items": {"indication": {"rows": [{"point": "Q", "values": {"flow": "30"}, "runs": rows}]}},
    }


FIFTY = {"V0": "50", "h0": "104.0", "d": "4.46", "beta_B": "0.00005"}
HUNDRED = {"V0": "100", "h0": "280", "d": "3.526", "beta_B": "0.00005"}


def test_petrol_in_a_50_litre_tank_rounded_once(pack):
    data = filling(FIFTY, [("50.10", "111.0"), ("50.12", "112.0"), ("50.14", "114.0")], "23.6", "24.1")
    evaluation = evaluate(pack("jjg-443-2023"), data, only=["indication"])
    row = evaluation.items["indication"].rows[0]
    assert [str(round(run.columns["EV"].value, 6)) for run in row.runs] == ["0.177044", "0.208102", "0.230221"]
    assert [run.columns["EV"].printed for run in row.runs] == ["+0.18", "+0.21", "+0.23"]
    assert row.columns["E"].printed == "+0.21"
    assert str(round(row.columns["Er"].value, 4)) == "0.0315"
    assert evaluation.conclusion == "pass"


def test_rounding_at_every_step_gives_other_single_errors_which_is_why_it_happens_once(pack):
    """The published answer keeps VBt to 0.01 L: 0.18, 0.20, 0.24 %. The mean agrees, the single errors do not."""
    published = [
        (Decimal(shown) - Decimal(actual)) / Decimal(actual) * 100
        for shown, actual in (("50.10", "50.01"), ("50.12", "50.02"), ("50.14", "50.02"))
    ]
    assert [str(round(one, 2)) for one in published] == ["0.18", "0.20", "0.24"]
    data = filling(FIFTY, [("50.10", "111.0"), ("50.12", "112.0"), ("50.14", "114.0")], "23.6", "24.1")
    row = evaluate(pack("jjg-443-2023"), data, only=["indication"]).items["indication"].rows[0]
    assert round(sum(published) / 3, 2) == row.columns["E"].rounded == Decimal("0.21")
    assert [run.columns["EV"].printed for run in row.runs] != ["+0.18", "+0.20", "+0.24"]


def test_one_diesel_fill_of_20_litres_is_0_33_percent_high(pack):
    constants = {"V0": "20", "h0": "66", "d": "2", "beta_B": "0.00005"}
    evaluation = evaluate(
        pack("jjg-443-2023"), filling(constants, [("20.00", "31")], "24", "24", "diesel"), only=["indication"]
    )
    columns = evaluation.items["indication"].rows[0].runs[0].columns
    assert columns["VB"].value == Decimal("19.93")
    assert columns["VBt"].printed == "19.934" and columns["EV"].printed == "+0.33"


def test_20_litres_without_temperature_is_0_094_percent_high(pack):
    constants = {"V0": "20", "h0": "68.6", "d": "1.94", "beta_B": "0.00005"}
    evaluation = evaluate(
        pack("jjg-443-2023"), filling(constants, [("19.98", "48.6")], "20", "20"), only=["indication"]
    )
    columns = evaluation.items["indication"].rows[0].runs[0].columns
    assert columns["VB"].value == Decimal("19.9612")
    assert round(columns["EV"].value, 3) == Decimal("0.094")


FALLING = [("100.53", "342"), ("99.78", "280"), ("99.98", "260")]


def test_the_old_edition_judges_the_spread_and_the_new_one_the_range_method(pack):
    old = evaluate(
        pack("jjg-443-2006"), filling({**HUNDRED, "beta_B": "0"}, FALLING, "15.3", "15.5"), only=["indication"]
    )
    row = old.items["indication"].rows[0]
    assert [run.columns["VB"].printed for run in row.runs] == ["100.22", "100.00", "99.93"]
    assert [run.columns["EV"].printed for run in row.runs] == ["+0.33", "-0.20", "+0.07"]
    assert (row.columns["E"].printed, row.columns["Er"].printed) == ("+0.07", "0.53")
    assert old.conclusion == "fail"
    new = evaluate(pack("jjg-443-2023"), filling(HUNDRED, FALLING, "15.3", "15.5"), only=["indication"])
    row = new.items["indication"].rows[0]
    assert [str(round(run.columns["EV"].value, 4)) for run in row.runs] == ["0.3574", "-0.1736", "0.0971"]
    assert round(row.columns["Er"].value, 4) == Decimal("0.3142")


def test_a_spread_of_0_16_percent_passes_the_range_method_and_fails_the_old_rule(pack):
    """0.10 % × 1.69 = 0.169 % is allowed now, 0.15 % was before: the rule belongs to the edition."""
    constants = {**FIFTY, "beta_B": "0"}
    runs = [("50.00", "104.0"), ("50.04", "104.0"), ("50.08", "104.0")]
    new = evaluate(pack("jjg-443-2023"), filling(constants, runs, "20", "20"), only=["indication"])
    old = evaluate(pack("jjg-443-2006"), filling(constants, runs, "20", "20"), only=["indication"])
    assert (new.conclusion, old.conclusion) == ("pass", "fail")


def weighing(load: str, kind: str = "initial", unit: str = "g", e: str = "5", extra: str = "2.5") -> dict:
    capacity = "15000" if unit == "g" else "15"
    return {
        "kind": kind,
        "parameters": {
            "accuracy_class": "III",
            "unit": unit,
            "Max": capacity,
            "Min": "0",
            "e": e,
            "d": e,
            "supports": "4",
        },
        "items": {
            "zero": {"rows": [{"point": "p1", "readings": {"L0": "0", "I": "0", "dL": extra}}]},
            "weighing": {"rows": [{"point": "x", "values": {"L": load}, "readings": {"I": load, "dL": extra}}]},
        },
    }


def test_flip_points_of_r_76(pack):
    data = weighing("1000")
    data["items"]["zero"]["rows"][0]["readings"]["dL"] = "2.0"
    data["items"]["weighing"]["rows"][0]["readings"]["dL"] = "1.5"
    evaluation = evaluate(pack("jjg-539-2016"), data, only=["zero", "weighing"])
    row = evaluation.items["weighing"].rows[0]
    assert evaluation.items["zero"].columns["E0"].value == Decimal("0.5")
    assert [row.columns[name].value for name in ("P", "E", "Ec")] == [Decimal("1001"), Decimal("1"), Decimal("0.5")]
    assert row.limits[0].upper - row.columns["Ec"].value == Decimal("2")
    assert evaluation.conclusion == "pass"


@pytest.mark.parametrize(
    ("load", "limit"), [("2.5", "2.5"), ("2.505", "5"), ("10", "5"), ("10.005", "7.5"), ("15", "7.5")]
)
def test_scale_limits_turn_at_500_and_2000_e(pack, load, limit):
    for kind, factor in (("initial", 1), ("in_use", 2)):
        data = weighing(load, kind, "kg", "0.005", "0.0025")
        evaluation = evaluate(pack("jjg-539-2016"), data, only=["zero", "weighing"])
        found = limit_at(evaluation, "items.weighing.rows[0].Ec")
        assert found.upper == Decimal(limit) * factor / 1000 == -found.lower


def test_later_verification_of_a_scale_stays_undecided_until_the_institute_fills_in_the_limit(pack):
    evaluation = evaluate(pack("jjg-539-2016"), weighing("1000", "subsequent"), only=["zero", "weighing"])
    assert evaluation.conclusion == "undecided"
    assert "lookups.m1.cases[2]" in {one.path for one in evaluation.unconfirmed}


def gauge(
    points: list[str], at_first: str, upper: str, accuracy_class: str, division: str, std: str, kind: str
) -> dict:
    rows = []
    for index, point in enumerate(points, 1):
        shown = at_first if index == 1 else point
        cells = dict.fromkeys(("up", "up_tap", "down", "down_tap"), shown)
        rows.append({"point": f"p{index}", "values": {"p": point}, "readings": cells})
    parameters = {
        "accuracy_class": accuracy_class,
        "range_high": upper,
        "division": division,
        "numbered_step": points[0],
    }
    return {
        "kind": kind,
        "parameters": parameters,
        "constants": {"mpe_std": std},
        "items": {"indication": {"rows": rows}},
    }


TENS = ["10", "20", "30", "40", "50", "60"]


@pytest.mark.parametrize(("shown", "result"), [("9.2", "pass"), ("10.8", "pass"), ("9.0", "fail"), ("11.0", "fail")])
def test_the_largest_acceptable_readings_of_a_60_mpa_gauge_lie_on_the_grid(pack, shown, result):
    evaluation = evaluate(
        pack("jjg-52-2013"), gauge(TENS, shown, "60", "1.5", "1", "0.2", "initial"), only=["indication"]
    )
    found = limit_at(evaluation, "items.indication.rows[0].err_up")
    assert (found.upper, found.result) == (Decimal("0.9"), result)
    assert evaluation.warnings == ()


def test_a_reading_between_the_grid_lines_is_warned_about(pack):
    evaluation = evaluate(
        pack("jjg-52-2013"), gauge(TENS, "10.9", "60", "1.5", "1", "0.2", "initial"), only=["indication"]
    )
    assert {one.path for one in evaluation.warnings} >= {"items.indication.rows[0].readings.up_tap"}


def test_a_class_0_25_standard_serves_a_0_6_mpa_gauge_only_near_its_upper_limit(pack):
    points = ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6"]
    data = gauge(points, "0.1", "0.6", "1.6", "0.01", "0.0025", "subsequent")
    evaluation = evaluate(pack("jjg-52-2013"), data, only=["indication"])
    quarter = [limit_at(evaluation, f"items.indication.rows[{at}].std_error") for at in range(6)]
    assert [one.upper for one in quarter] == [Decimal("0.0024")] * 5 + [Decimal("0.00375")]
    assert [one.result for one in quarter] == ["fail"] * 5 + ["pass"]
    assert evaluation.conclusion == "undecided"


@pytest.mark.parametrize(
    ("readings", "mean", "s"),
    [
        (["1.98", "1.99", "1.97", "1.98", "1.97", "1.98", "1.97", "1.98", "1.97", "1.98"], "1.977", "0.00675"),
        (["1.48", "1.49", *["1.48"] * 8], "1.481", "0.0032"),
        (["2.49", "2.49", *["2.48"] * 8], "2.482", "0.0042"),
    ],
)
def test_repeatability_of_a_2_5_mpa_gauge(pack, readings, mean, s):
    row = {"point": "p1", "values": {"p": "2.0"}, "runs": [{"x": one} for one in readings]}
    data = {
        "kind": "calibration",
        "parameters": {"division": "0.05"},
        "items": {"repeatability_study": {"rows": [row]}},
    }
    columns = (
        evaluate(pack("jjg-52-2013"), data, only=["repeatability_study"]).items["repeatability_study"].rows[0].columns
    )
    assert columns["x_mean"].value == Decimal(mean)
    assert round(columns["s"].value, len(s) - 2) == Decimal(s)
