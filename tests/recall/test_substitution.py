"""What a record's data would be had the device been right: readings of its role alone, exactly, and nothing guessed."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from standards.procedures import evaluate, load_pack, template
from standards.procedures.substitution import IndicationError, Recertified, recertified, without_error
from standards.services.procedures import PACKS

PILE = load_pack((PACKS / "jjg-1148-2022.toml").read_text(encoding="utf-8"))
DISPENSER = load_pack((PACKS / "jjg-443-2023.toml").read_text(encoding="utf-8"))
PARAMETERS = {"accuracy_class": "2", "U_nominal": "220", "I_max": "32", "I_min": "6", "time_of_use": "no"}
digits = st.decimals(min_value="0.001", max_value="99999", places=6)
percents = st.decimals(min_value="-5", max_value="5", places=4).filter(bool)


def record(start="5.000000", end="15.000000", **readings):
    data = template(PILE, "subsequent", PARAMETERS)
    row = data["items"]["working_error"]["rows"][0]
    row["readings"] |= {"U": "220.00"} | readings
    for run in row["runs"]:
        run |= {"E_pile_start": "1.000", "E_pile_end": "11.000", "E_std_start": start, "E_std_end": end}
    return data


def error(amount, unit="%", *, relative=True, role="reference_meter", quantity=""):
    return IndicationError(role, relative, Decimal(amount), unit, quantity)


def run(data):
    return data["items"]["working_error"]["rows"][0]["runs"][0]


@settings(max_examples=60, deadline=None)
@given(reading=digits, percent=percents)
def test_a_relative_error_is_taken_off_so_that_putting_it_on_again_gives_the_indication(reading, percent):
    found = without_error(PILE, record(end=str(reading)), error(percent)).data
    true = Fraction(run(found)["E_std_end"])
    assert abs(true * (1 + Fraction(percent) / 100) - Fraction(reading)) < Fraction(1, 10**19)


@settings(max_examples=60, deadline=None)
@given(reading=digits, amount=st.decimals(min_value="-50", max_value="50", places=5).filter(bool))
def test_an_absolute_error_in_another_unit_is_taken_off_exactly(reading, amount):
    found = without_error(PILE, record(end=str(reading)), error(amount, "Wh", relative=False)).data
    assert Fraction(run(found)["E_std_end"]) == Fraction(reading) - Fraction(amount) / 1000


def test_only_readings_of_the_role_change_and_the_record_itself_does_not():
    before = record()
    found = without_error(PILE, before, error("0.05"))
    assert run(found.data)["E_pile_end"] == run(before)["E_pile_end"] == "11.000"
    assert run(before)["E_std_end"] == "15.000000" != run(found.data)["E_std_end"]
    assert found.changed == 5 and not found.faults  # start and end of two runs, and the voltage


def test_an_error_of_one_quantity_leaves_the_others_alone():
    found = without_error(PILE, record(), error("1", quantity="voltage")).data
    row = found["items"]["working_error"]["rows"][0]
    assert row["readings"]["U"].startswith("217.8") and row["runs"][0]["E_std_end"] == "15.000000"


def test_an_absolute_error_concerns_the_readings_of_its_unit_alone():
    found = without_error(PILE, record(), error("0.5", "V", relative=False))
    row = found.data["items"]["working_error"]["rows"][0]
    assert row["readings"]["U"] == "219.5" and row["runs"][0]["E_std_end"] == "15.000000" and found.changed == 1


@pytest.mark.parametrize(
    "wrong",
    [
        error("0.5", "MPa", relative=False),  # the record has no pressure
        error("0.5", role="weights"),  # nor does the procedure read weights
        error("0.5", "kWh"),  # a relative error is dimensionless
        error("-100"),  # nothing would have been indicated at all
    ],
)
def test_what_cannot_be_substituted_is_a_fault_and_changes_nothing(wrong):
    data = record()
    found = without_error(PILE, data, wrong)
    assert found.faults and found.data == data and not found.changed
    assert all(one.zh and one.en for one in found.faults)


def test_a_constant_offset_cancels_in_a_difference_of_counters():
    data = record()
    moved = without_error(PILE, data, error("0.25", "kWh", relative=False)).data
    cells = [
        evaluate(PILE, one, only=["working_error"]).items["working_error"].rows[0].columns["gamma"].value
        for one in (data, moved)
    ]
    assert cells[0] == cells[1] == 0


def held(values, *, sha="a" * 64):
    return [
        {
            "role": "standard_tank", "asset_number": "BZ-7", "certificate_number": "OLD", "certificate_sha256": sha,
            "values": values,
        }
    ]  # fmt: skip


def value(name, number, unit="L"):
    return {
        "name": name, "value": number, "unit": unit, "at": "", "at_unit": "", "range_lower": "", "range_upper": "",
        "U": "", "U_unit": "", "k": "",
    }  # fmt: skip


def tank_constant():
    return next(one for one in DISPENSER.constants if one.role == "standard_tank")


def tank_record(**constants):
    return template(DISPENSER, "subsequent", {}) | {"constants": constants}


def new(*values, sha="a" * 64):
    return Recertified("BZ-7", sha, "NEW", "b" * 64, values)


def test_constants_come_from_the_certificate_in_the_place_of_the_old_one():
    name = tank_constant().name
    data = tank_record(**{name: "20.001"})
    found, devices = recertified(DISPENSER, data, held([value(name, "20.001")]), new(value(name, "20.013")))
    assert found.data["constants"][name] == "20.013" and found.changed == 1 and not found.faults
    assert devices[0]["certificate_number"] == "NEW" and data["constants"][name] == "20.001"


def test_a_record_that_rests_on_another_certificate_is_left_as_it_is():
    name = tank_constant().name
    data = tank_record(**{name: "20.001"})
    found, _ = recertified(DISPENSER, data, held([value(name, "20.001")], sha="c" * 64), new(value(name, "20.013")))
    assert found.data["constants"] == data["constants"] and not found.changed and not found.faults


@pytest.mark.parametrize("given_now", [(), (value(tank_constant().name, "20013", "mL"),)])
def test_a_value_that_the_new_certificate_does_not_give_in_the_unit_of_the_old_one_is_a_fault(given_now):
    name = tank_constant().name
    data = tank_record(**{name: "20.001"})
    found, _ = recertified(DISPENSER, data, held([value(name, "20.001")]), new(*given_now))
    assert len(found.faults) == 1 and found.data == data
