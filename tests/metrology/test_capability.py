"""Repeatability, stability and verification of results of a measurement standard, with published answers."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lims.metrology.capability import (
    Group,
    between_laboratories,
    months_later,
    repeatability,
    stability_in_use,
    stability_of_new,
    transfer,
)
from lims.metrology.expression.arithmetic import DomainError

D = Decimal
TEN = "49.897 49.913 49.909 49.905 49.900 49.912 49.903 49.909 49.905 49.910"
PRESSURES = tuple(map(D, TEN.split()))  # exam of registered metrologists (2016), s = 0.005 kPa


def groups(*days_and_means):
    return [Group(date.fromisoformat(day), (D(value),)) for day, value in days_and_means]


def test_the_first_repeatability_test_is_its_own_baseline():
    found = repeatability(PRESSURES, None)
    assert found.verdict == "pass" and found.limit is None
    assert found.value.quantize(D("0.00001")) == D("0.00523")


@pytest.mark.parametrize(("baseline", "verdict"), [("0.006", "pass"), ("0.005", "undecided")])
def test_a_larger_deviation_asks_for_a_new_budget_and_does_not_fail_by_itself(baseline, verdict):
    found = repeatability(PRESSURES, D(baseline))
    assert found.verdict == verdict
    assert ("anew" in found.en) == (verdict == "undecided")


def test_one_reading_shows_no_repeatability():
    with pytest.raises(DomainError):
        repeatability(PRESSURES[:1], None)


FOUR = (("2026-01-05", "10.001"), ("2026-02-09", "10.003"), ("2026-03-16", "9.999"), ("2026-04-20", "10.002"))


def test_a_new_standard_is_stable_when_four_groups_stay_below_the_limit():
    assert stability_of_new(groups(*FOUR), D("0.005")).verdict == "pass"
    assert stability_of_new(groups(*FOUR), D("0.005")).value == D("0.004")


def test_stability_has_to_be_below_the_limit_not_at_it():
    assert stability_of_new(groups(*FOUR), D("0.004")).verdict == "fail"


def test_three_groups_say_nothing_yet():
    found = stability_of_new(groups(*FOUR[:3]), D("1"))
    assert found.verdict == "undecided" and "4" in found.zh


def test_groups_have_to_be_more_than_a_month_apart_in_whatever_order_they_are_given():
    close = groups(("2026-02-05", "10.003"), ("2026-01-05", "10.001"), *FOUR[2:])
    found = stability_of_new(close, D("1"))
    assert found.verdict == "undecided"
    assert "2026-01-05" in found.en and "2026-02-05" in found.en


def test_a_standard_in_use_is_compared_with_the_year_before():
    before, now = groups(("2025-06-02", "10.003"), ("2026-06-01", "10.001"))
    assert stability_in_use(before, now, D("0.003")).verdict == "pass"
    assert stability_in_use(before, now, D("0.002")).verdict == "fail"
    assert stability_in_use(before, now, None).verdict == "undecided"


def test_transfer_comparison_brings_both_uncertainties_to_one_coverage_factor():
    """Worked case: 200.0012 g, U 2.0 mg, k = 2; reference 200.0032 g, U 1.5 mg, k = 3: 2.0 mg ≤ 2.24 mg."""
    found = transfer(D("200.0012"), D("200.0032"), D("0.0020"), D(2), D("0.0015"), D(3))
    assert found.verdict == "pass"
    assert found.value == D("0.0020") and found.limit.quantize(D("0.00001")) == D("0.00224")


def test_the_same_difference_fails_when_it_exceeds_both_uncertainties():
    assert transfer(D("200.0012"), D("200.0035"), D("0.0020"), D(2), D("0.0015"), D(3)).verdict == "fail"


def test_comparison_between_laboratories_leaves_the_own_weight_out():
    """Seven laboratories, the fifth 0.868 with U 0.005: mean 0.86857, |Δ| = 0.00057 against √(6/7)·0.005 = 0.00463."""
    others = [D("0.868"), D("0.869"), D("0.872"), D("0.870"), D("0.867"), D("0.866")]
    found = between_laboratories(D("0.868"), D("0.005"), others)
    assert found.value.quantize(D("0.00001")) == D("0.00057")
    assert found.limit.quantize(D("0.00001")) == D("0.00463")
    assert found.verdict == "pass"


def test_nobody_compares_with_himself():
    with pytest.raises(DomainError):
        between_laboratories(D(1), D(1), [])


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2024-01-30", 1, "2024-02-29"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-03-31", 12, "2027-03-31"),
        ("2026-03-31", -6, "2025-09-30"),
        ("2026-11-30", 1, "2026-12-30"),
    ],
)
def test_a_month_later_is_the_same_day_of_a_later_month(day, months, later):
    assert months_later(date.fromisoformat(day), months) == date.fromisoformat(later)


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_a_month_has_28_to_31_days(day):
    assert timedelta(28) <= months_later(day) - day <= timedelta(31)
