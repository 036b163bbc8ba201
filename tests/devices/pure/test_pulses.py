"""Pulse comparison: worked examples, the bound of one pulse, counters that go round, and runs that begin anew."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.profiles import load_profile, shipped_profile
from devices.profiles.decode import Reading
from devices.profiles.derive import Deriving, derive
from devices.protocols.exchange import Quality
from devices.protocols.pulses import compare, counted
from lims.core.text import Text


@pytest.mark.parametrize(
    ("pulses", "constant", "reference", "energy", "error"),
    [
        # 100 imp/kWh and 4 pulses stand for 0.04 kWh, against three reference energies.
        ("4", "100", "0.0400", "0.04", "0.0000"),
        ("4", "100", "0.0397", "0.04", "0.7557"),
        ("4", "100", "0.0404", "0.04", "-0.9901"),
        # 3200 imp/kWh: 320 pulses are 0.1 kWh; 0.1 / 0.0998 = 1.0020040...
        ("320", "3200", "0.0998", "0.1", "0.2004"),
        # No pulse while the reference counted: the meter does not register at all.
        ("0", "3200", "0.5", "0", "-100.0000"),
        # 1 imp in place of 2: half.
        ("1", "1", "2", "1", "-50.0000"),
    ],
)
def test_errors_worked_out_by_hand(pulses, constant, reference, energy, error):
    """γ = (N/C - E0) / E0 × 100 %."""
    found = compare(Decimal(pulses), Decimal(constant), Decimal(reference))
    assert found.energy == Decimal(energy)
    assert round(found.error, 4) == Decimal(error)


def test_one_pulse_moves_the_error_by_its_share():
    """4 pulses of 100 imp/kWh: one pulse is 0.01 kWh, a quarter of 0.04 kWh; 4000 pulses: 0.025 %."""
    assert compare(Decimal(4), Decimal(100), Decimal("0.04")).one_pulse == 25
    assert compare(Decimal(4000), Decimal(100), Decimal(40)).one_pulse == Decimal("0.025")


@given(st.integers(1, 10**6), st.integers(1, 10**5), st.decimals("0.001", "1000", places=6))
def test_one_pulse_more_moves_the_error_by_exactly_the_bound(pulses, constant, reference):
    one, more = (compare(Decimal(count), Decimal(constant), reference) for count in (pulses, pulses + 1))
    assert abs(more.error - one.error - one.one_pulse) < Decimal("1e-15")


@given(st.integers(1, 10**6), st.integers(1, 10**5))
def test_a_right_meter_has_no_error(pulses, constant):
    reference = Decimal(pulses) / constant
    assert abs(compare(Decimal(pulses), Decimal(constant), reference).error) < Decimal("1e-20")


@pytest.mark.parametrize(
    ("pulses", "constant", "reference"), [("1", "0", "1"), ("1", "-1", "1"), ("1", "1", "0"), ("-1", "1", "1"), ("0.5", "1", "1")]
)  # fmt: skip
def test_what_makes_no_comparison_is_refused(pulses, constant, reference):
    with pytest.raises(ValueError, match=r"\w"):
        compare(Decimal(pulses), Decimal(constant), Decimal(reference))


@pytest.mark.parametrize(
    ("before", "after", "wrap", "gone"),
    [
        ("10", "25", None, "15"),
        ("10", "10", None, "0"),
        ("25", "10", None, None),
        ("65530", "4", "65536", "10"),  # 6 to the end and 4 behind it
        ("4294967295", "0", "4294967296", "1"),
        ("40000", "39000", "65536", None),  # a small step back is a reset
        ("0.000010", "0.000001", "1", None),
    ],
)
def test_a_counter_goes_round_or_was_set_back(before, after, wrap, gone):
    found = counted(Decimal(before), Decimal(after), wrap and Decimal(wrap))
    assert found == (None if gone is None else Decimal(gone))


METER = shipped_profile("meter-3p-modbus")


def cycle(pulses, energy, constant="3200", **qualities):
    """The readings of one round of the three-phase reference meter."""
    values = {"N": pulses, "E": energy, "C": constant}
    by_id = {one.id: one for one in METER.channels}
    return [
        Reading(by_id[name], Decimal(value), Quality(qualities.get(name, "ok")), Text("读", "read"))
        for name, value in values.items()
    ]


def run(*cycles):
    return [(one.printed, one.quality.value) for (one,) in derive(METER, cycles)]


def test_a_run_counts_from_its_first_reading():
    """From 100 to 3300 pulses of 3200 imp/kWh is 1 kWh; the reference counted 1.002 kWh: -0.1996 %, one pulse 0.031 %."""
    assert run(cycle("100", "5.000000"), cycle("100", "5.000100"), cycle("3300", "6.002000")) == [
        ("", "unstable"),
        ("", "unstable"),
        ("-0.20", "ok"),
    ]


def test_a_value_counts_once_one_pulse_no_longer_matters():
    """The bound is 0.05 %: at 3200 imp/kWh one pulse is that much at 0.625 kWh."""
    found = run(cycle("0", "0"), cycle("1999", "0.624"), cycle("2000", "0.625"))
    assert [quality for _, quality in found] == ["unstable", "unstable", "ok"]


def test_a_reading_tells_what_it_was_computed_from():
    (last,) = derive(METER, [cycle("0", "0"), cycle("3200", "1.002000")])[-1]
    assert last.text.en == "3200 imp, 1.002000 kWh, ±0.0312 %"


def test_the_counter_going_round_does_not_break_a_run():
    assert run(cycle("4294967290", "1"), cycle("3194", "2"))[-1] == ("0.00", "ok")


@pytest.mark.parametrize("second", [cycle("0", "2"), cycle("3200", "0"), cycle("3200", "2", "6400")])
def test_a_counter_set_back_or_another_constant_begins_a_new_run(second):
    constant = str(second[2].value)
    third = cycle(str(second[0].value + 6400), str(second[1].value + Decimal(6400) / Decimal(constant)), constant)
    assert run(cycle("3200", "1"), second, third)[1:] == [("", "unstable"), ("0.00", "ok")]


@pytest.mark.parametrize("name", ["N", "E", "C"])
def test_nothing_is_computed_from_an_untrustworthy_reading(name):
    deriving = Deriving(METER)
    deriving.take(cycle("0", "0"))
    (bad,) = deriving.take(cycle("3200", "1", **{name: "overload"}))
    assert (bad.value, bad.quality) == (None, Quality.OVERLOAD)
    assert name in bad.text.zh
    (missing,) = deriving.take([one for one in cycle("3200", "1") if one.channel.id != name])
    assert (missing.value, missing.quality) == (None, Quality.TIMEOUT)
    (good,) = deriving.take(cycle("3200", "1"))
    assert good.quality is Quality.OK


def test_a_constant_may_stand_in_the_profile():
    text = METER.text.replace('constant_from = "C"', 'constant = "6400"')
    profile = load_profile(text.replace('bound = "0.05"', 'bound = "0.1"\nrange = ["-2", "2"]'))
    found = derive(profile, [cycle("0", "0"), cycle("3200", "0.5"), cycle("6400", "0.9")])
    assert [(one.printed, one.quality.value) for (one,) in found[1:]] == [("0.00", "ok"), ("11.11", "out_of_range")]
