"""What a record says about an adjustment or repair: readings from before it are optional, told apart, and never judged."""

import pytest

from standards.procedures import evaluate, load_pack, result_tables, template
from standards.procedures.schema import PackErrors, RecordErrors

PARAMETERS = {"accuracy_class": "1.5", "unit": "MPa", "range_high": "60", "division": "1", "numbered_step": "10"}


@pytest.fixture
def gauge(pack):
    """A calibration of a pressure gauge with every reading that counts, and none from before."""
    loaded = pack("jjg-52-2013")
    data = template(loaded, "calibration", PARAMETERS)
    data["constants"] |= {"mpe_std": "0.2"}
    for limit in loaded.environment:
        data["environment"][limit.name] = ["20", "20"] if limit.name == "temperature" else ["50", "50"]
    fill(data, "indication", 0)
    for row in data["items"]["repeatability_study"]["rows"]:
        row["values"] = dict.fromkeys(row["values"], "30")
        row["runs"] = [dict.fromkeys(run, "30.2") for run in row["runs"]]
    return loaded, data


def fill(data, item, error):
    for row in data["items"][item]["rows"]:
        row["readings"] = dict.fromkeys(row["readings"], str(int(row["values"]["p"]) + error))


def named(pack, data):
    return [(table["item"], table.get("before")) for table in result_tables(pack, data, evaluate(pack, data))]


def test_without_an_adjustment_the_readings_before_it_are_not_missed_and_not_printed(gauge):
    pack, data = gauge
    found = evaluate(pack, data)
    assert (found.conclusion, found.missing) == ("recorded", ())
    assert named(pack, data) == [("indication", None), ("repeatability_study", None)]


def test_readings_from_before_are_evaluated_alike_with_their_uncertainty(gauge):
    pack, data = gauge
    fill(data, "indication_before", 2)
    data["adjustment"] = {"kind": "adjustment", "text": "调整传动比", "text_en": ""}
    evaluation = evaluate(pack, data)
    assert evaluation.conclusion == "recorded"
    before, after = (evaluation.items[name].rows[0] for name in ("indication_before", "indication"))
    assert before.columns["err_up"].printed == "+2" or before.columns["err_up"].printed.startswith("+2.")
    assert before.uncertainty[0]["U"] == after.uncertainty[0]["U"]
    assert named(pack, data)[0] == ("indication_before", "indication")


def test_readings_from_before_never_fail_an_instrument(gauge):
    pack, data = gauge
    fill(data, "indication_before", 9)
    data |= {"kind": "initial", "adjustment": {"kind": "repair", "text": "换弹簧管", "text_en": ""}}
    evaluation = evaluate(pack, data, only=["indication_before", "indication"])
    assert evaluation.items["indication_before"].conclusion == "fail"
    assert (evaluation.conclusion, evaluation.failed_items) == ("pass", ())


def test_readings_from_before_without_a_word_on_what_was_done_leave_the_record_incomplete(gauge):
    pack, data = gauge
    fill(data, "indication_before", 2)
    evaluation = evaluate(pack, data)
    assert (evaluation.conclusion, [one.path for one in evaluation.missing]) == ("incomplete", ["adjustment.kind"])
    data["adjustment"] = {"kind": "adjustment", "text": "", "text_en": ""}
    assert [one.path for one in evaluate(pack, data).missing] == ["adjustment.text"]


def test_half_of_the_readings_from_before_are_asked_for_in_full(gauge):
    pack, data = gauge
    data["items"]["indication_before"]["rows"][0]["readings"]["up"] = "12"
    data["adjustment"] = {"kind": "adjustment", "text": "调整", "text_en": ""}
    found = evaluate(pack, data)
    assert found.conclusion == "incomplete" and all("indication_before" in one.path for one in found.missing)


def test_only_an_adjustment_or_a_repair_is_understood(gauge):
    pack, data = gauge
    data["adjustment"] = {"kind": "cleaning", "text": "x"}
    with pytest.raises(RecordErrors, match=r"adjustment\.kind"):
        evaluate(pack, data)


def test_an_item_repeats_a_measured_item_that_exists(pack_text):
    text = pack_text("jjg-52-2013")
    with pytest.raises(PackErrors, match="nothing_such"):
        load_pack(text.replace('before = "indication"', 'before = "nothing_such"'))
