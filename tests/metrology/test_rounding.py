"""Rounding by GB/T 8170-2008 and ISO 80000-1:2009 annex B: the published tables, and what must hold for any number."""

import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lims.metrology.rounding import RoundingError, decimals, main, round_to_interval

GB_T_8170 = [
    # clause 3.2, examples of the rule
    ("12.1498", "0.1", "12.1"),
    ("12.1498", "1", "12"),
    ("1268", "100", "1300"),
    ("10.5002", "1", "11"),
    ("1.050", "0.1", "1.0"),
    ("0.35", "0.1", "0.4"),
    ("2500", "1000", "2000"),
    ("3500", "1000", "4000"),
    ("-355", "10", "-360"),
    ("-325", "10", "-320"),
    ("-0.0365", "0.001", "-0.036"),
    # clause 3.3, no rounding in steps
    ("15.4546", "1", "15"),
    # clause 3.4, half and fifth units
    ("60.25", "0.5", "60.0"),
    ("60.38", "0.5", "60.5"),
    ("60.28", "0.5", "60.5"),
    ("-60.75", "0.5", "-61.0"),
    ("830", "20", "840"),
    ("842", "20", "840"),
    ("832", "20", "840"),
    ("-930", "20", "-920"),
    # printed in Chinese teaching texts of the rule
    ("8.53459", "0.01", "8.53"),
    ("28.350", "0.1", "28.4"),
    ("28.250", "0.1", "28.2"),
    ("28.050", "0.1", "28.0"),
    ("28.2501", "0.1", "28.3"),
    ("28.175", "0.01", "28.18"),
    ("28.165", "0.01", "28.16"),
    ("63.37", "0.5", "63.5"),
    ("63.37", "5", "65"),
]
ISO_80000_1_B = [
    ("12.223", "0.1", "12.2"),
    ("12.251", "0.1", "12.3"),
    ("12.275", "0.1", "12.3"),
    ("1222.3", "10", "1220"),
    ("1225.1", "10", "1230"),
    ("1227.5", "10", "1230"),
    ("12.25", "0.1", "12.2"),
    ("12.35", "0.1", "12.4"),
    ("1225.0", "10", "1220"),
    ("1235.0", "10", "1240"),
]
FIFTHS_AND_ZERO = [
    ("0.3", "0.2", "0.4"),
    ("0.5", "0.2", "0.4"),
    ("-0.04", "0.1", "0.0"),
    ("0", "0.01", "0.00"),
    ("-0", "0.5", "0.0"),
    ("0.06", "0.04", "0.08"),
]
REPORTED_ONCE = [("16.5203", "17"), ("-16.5203", "-17"), ("-15.4546", "-15"), ("17.5000", "18")]


@pytest.mark.parametrize(("value", "step", "expected"), GB_T_8170 + ISO_80000_1_B + FIFTHS_AND_ZERO)
def test_published_rounding(value, step, expected):
    assert str(round_to_interval(value, step)) == expected


@pytest.mark.parametrize(("value", "expected"), REPORTED_ONCE)
def test_values_that_would_go_wrong_when_rounded_twice(value, expected):
    """GB/T 8170-2008 3.3.2: the printed 16.5(+) stands for the unrounded value, which alone is rounded."""
    assert str(round_to_interval(value, "1")) == expected


LIMITS = [
    # GB/T 8170-2008 clause 4: value, interval, limits, by full value, by rounded value
    ("96.96", "0.1", "97.0", None, False, True),
    ("96.94", "0.1", "97.0", None, False, False),
    ("0.549", "0.1", None, "0.5", False, True),
    ("0.551", "0.1", None, "0.5", False, False),
    ("1.151", "0.1", "1.2", "1.6", False, True),
    ("1.649", "0.1", "1.2", "1.6", False, True),
    ("1.651", "0.1", "1.2", "1.6", False, False),
    ("1349", "100", "1400", None, False, False),
    ("1351", "100", "1400", None, False, True),
    ("9.89", "0.1", "9.9", "10.1", False, True),
    ("9.85", "0.1", "9.9", "10.1", False, False),
    ("10.16", "0.1", "9.9", "10.1", False, False),
]


@pytest.mark.parametrize(("value", "step", "lower", "upper", "full", "rounded"), LIMITS)
def test_full_value_and_rounded_value_comparison_differ_as_published(value, step, lower, upper, full, rounded):
    def inside(number):
        return (lower is None or number >= Decimal(lower)) and (upper is None or number <= Decimal(upper))

    assert inside(Decimal(value)) is full
    assert inside(round_to_interval(value, step)) is rounded


@pytest.mark.parametrize(
    ("value", "step", "expected"),
    [("58.52", "1", "59"), ("58", "1", "58"), ("0.0301", "0.001", "0.031"), ("-1.01", "0.1", "-1.1"), ("0", "1", "0")],
)
def test_up_moves_any_remainder_away_from_zero(value, step, expected):
    assert str(round_to_interval(value, step, mode="up")) == expected


@pytest.mark.parametrize(("step", "places"), [("0.5", 1), ("20", 0), ("0.001", 3), ("1E+2", 0), ("0.50", 2)])
def test_decimals_are_those_of_the_interval(step, places):
    assert decimals(step) == places


@pytest.mark.parametrize("number", [1.5, 0.1, True, None, b"1"])
def test_binary_floats_and_other_types_are_refused(number):
    with pytest.raises(TypeError):
        round_to_interval(number, "0.1")
    with pytest.raises(TypeError):
        round_to_interval("1", number)


@pytest.mark.parametrize("step", ["0", "-1", "NaN", "Infinity", "x", "", "1e999999", "9" * 5000])
def test_impossible_intervals_are_refused(step):
    with pytest.raises(RoundingError):
        round_to_interval("1", step)


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "", "1,5", "1e99999999", "9" * 5000])
def test_impossible_values_are_refused(value):
    with pytest.raises(RoundingError):
        round_to_interval(value, "1")


numbers = st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, allow_infinity=False, places=6)
steps = st.builds(lambda digit, power: Decimal(digit).scaleb(power), st.sampled_from([1, 2, 5]), st.integers(-6, 4))


@given(numbers, steps)
def test_the_result_is_a_multiple_at_most_half_a_step_away(value, step):
    result = round_to_interval(value, step)
    assert result % step == 0
    assert abs(result - value) * 2 <= step
    if abs(result - value) * 2 == step:
        assert (result / step) % 2 == 0


@given(numbers, steps)
def test_rounding_twice_changes_nothing_and_signs_mirror(value, step):
    result = round_to_interval(value, step)
    assert str(round_to_interval(result, step)) == str(result)
    assert round_to_interval(-value, step) == -result
    assert not (result.is_zero() and result.is_signed())


@given(numbers, numbers, steps)
def test_rounding_keeps_the_order(first, second, step):
    low, high = sorted((first, second))
    assert round_to_interval(low, step) <= round_to_interval(high, step)


def test_the_program_prints_the_rounded_value():
    command = [sys.executable, "-m", "lims.metrology.rounding", "-0.0365", "0.001"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "-0.036\n"


def test_the_program_says_what_is_wrong_with_status_two(capsys):
    assert main(["1", "0"]) == 2
    assert "above zero" in capsys.readouterr().err
    assert main(["1"]) == 2
