"""Decision rules against the published cases of JJF 1094, ILAC-G8 and JCGM 106."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lims.metrology.conformity import (
    conformance_probability,
    guard_band,
    guard_factor,
    jjf1094,
    simple_acceptance,
    specific_risk,
)

D = Decimal


def test_high_frequency_voltmeter_passes_inside_the_narrowed_limits():
    """Exam of registered metrologists: Δ = −0.008 V at 1 V, MPE ±2.0 %, U95 = 0.9 %: ratio 0.45, 0.008 ≤ 0.011."""
    decision = jjf1094(D("-0.008"), expanded=D("0.009"), lower=D("-0.02"), upper=D("0.02"))
    assert decision.outcome == "pass"
    assert decision.ratio == D("0.45")
    assert decision.upper == D("0.011")


def test_uncertainty_within_a_third_is_left_out():
    """Exam of registered metrologists: Δ = −0.9 %, MPE ±1.0 %, U95 = 0.3 %: passes directly."""
    decision = jjf1094(D("-0.9"), expanded=D("0.3"), lower=D("-1.0"), upper=D("1.0"))
    assert (decision.outcome, decision.ratio, decision.guard) == ("pass", D("0.3"), 0)
    assert jjf1094(D("1.01"), expanded=D("0.3"), lower=D("-1.0"), upper=D("1.0")).outcome == "fail"


def test_exactly_a_third_is_still_within_a_third():
    assert jjf1094(D("0.3"), expanded=D("0.1"), lower=D("-0.3"), upper=D("0.3")).outcome == "pass"


@pytest.mark.parametrize(
    ("error", "outcome", "zone"),
    [
        ("0.5", "pass", "pass"),
        ("-0.5", "pass", "pass"),
        ("0.51", "undecided", "conditional_pass"),
        ("1.0", "undecided", "conditional_pass"),
        ("-1.2", "undecided", "conditional_fail"),
        ("1.49", "undecided", "conditional_fail"),
        ("1.5", "fail", "fail"),
        ("-2", "fail", "fail"),
    ],
)
def test_the_zone_of_no_decision(error, outcome, zone):
    """JJF 1094-2002 5.3.1.6: pass to MPEV − U95, fail from MPEV + U95, both ends included."""
    decision = jjf1094(D(error), expanded=D("0.5"), lower=D(-1), upper=D(1))
    assert (decision.outcome, decision.zone) == (outcome, zone)
    assert decision.zh
    assert decision.en


def test_an_uncertainty_wider_than_the_tolerance_never_passes():
    assert jjf1094(D(0), expanded=D(3), lower=D(-1), upper=D(1)).outcome == "undecided"
    assert guard_band(D(0), expanded=D(3), lower=D(-1), upper=D(1)).outcome == "fail"


def test_one_sided_limits():
    assert jjf1094(D("0.10"), expanded=D("0.03"), upper=D("0.10")).outcome == "pass"
    assert jjf1094(D("0.10"), expanded=D("0.05"), upper=D("0.10")).outcome == "undecided"
    assert simple_acceptance(D("97.0"), lower=D("97.0")).outcome == "pass"
    assert simple_acceptance(D("96.9"), lower=D("97.0")).outcome == "fail"


@pytest.mark.parametrize(
    ("value", "binary", "zone"),
    [
        ("0.8", "pass", "pass"),
        ("0.81", "fail", "conditional_pass"),
        ("1.1", "fail", "conditional_fail"),
        ("1.21", "fail", "fail"),
    ],
)
def test_guard_band_of_one_expanded_uncertainty(value, binary, zone):
    """ILAC-G8:09/2019 clause 4: binary and non-binary statements with w = U."""
    limits = {"lower": D(-1), "upper": D(1), "expanded": D("0.2")}
    assert guard_band(D(value), **limits).outcome == binary
    several = guard_band(D(value), **limits, binary=False)
    assert several.zone == zone
    assert several.outcome == ("undecided" if zone.startswith("conditional") else zone)


@pytest.mark.parametrize(
    ("r", "risk"),
    [("0", "50.0"), ("0.5", "15.9"), ("0.65", "9.7"), ("0.83", "4.8"), ("1", "2.3"), ("1.5", "0.13")],
)
def test_specific_risk_at_the_acceptance_limit(r, risk):
    """One-sided normal, U = 2u: the largest risk of accepting with guard band r·U (ILAC-G8:09/2019 table 1)."""
    at_limit = D(10) - D(r) * 2
    found = specific_risk(at_limit, D(1), upper=D(10)) * 100
    assert found.quantize(D(risk)) == D(risk)


@pytest.mark.parametrize(
    ("probability", "r"),
    [("0.80", "0.4208"), ("0.90", "0.6408"), ("0.95", "0.8224"), ("0.99", "1.1632"), ("0.999", "1.5451")],
)
def test_guard_factor_of_a_conformance_probability(probability, r):
    assert guard_factor(D(probability)).quantize(D("0.0001")) == D(r)


def test_conformance_probabilities_of_jcgm_106():
    """JCGM 106:2012: burst strength 509.7 kPa, u 8.6, at least 490; Zener voltage −5.47 V, u 0.05, −5.60 to −5.40 V."""
    burst = conformance_probability(D("509.7"), D("8.6"), lower=D(490))
    assert burst.quantize(D("0.000001")) == D("0.989010")
    zener = conformance_probability(D("-5.47"), D("0.05"), lower=D("-5.60"), upper=D("-5.40"))
    assert zener.quantize(D("0.000001")) == D("0.914582")


def test_without_uncertainty_the_probability_is_certainty():
    assert conformance_probability(D(1), D(0), upper=D(1)) == 1
    assert specific_risk(D(2), D(0), upper=D(1)) == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda: simple_acceptance(D(1)),
        lambda: simple_acceptance(D(1), lower=D(2), upper=D(1)),
        lambda: jjf1094(D(1), expanded=D(-1), upper=D(1)),
        lambda: guard_band(D(1), expanded=D("NaN"), upper=D(1)),
        lambda: guard_band(D(1), expanded=D(1), r=D(-1), upper=D(1)),
        lambda: conformance_probability(D(1), D(1)),
    ],
)
def test_questions_without_sense_are_refused(call):
    with pytest.raises(ValueError):
        call()


values = st.decimals(-5, 5, places=3)
uncertainties = st.decimals(0, 3, places=3)


@given(values, uncertainties)
def test_a_stricter_rule_never_accepts_more(value, expanded):
    limits = {"lower": D(-2), "upper": D(2)}
    simple = simple_acceptance(value, **limits).outcome
    guarded = guard_band(value, expanded=expanded, **limits).outcome
    by_jjf = jjf1094(value, expanded=expanded, **limits).outcome
    if guarded == "pass":
        assert by_jjf == "pass"
    if by_jjf == "pass":
        assert simple == "pass"
    if by_jjf == "fail":
        assert simple == "fail" or abs(value) == 2


@given(values, uncertainties)
def test_decisions_mirror_with_the_sign(value, expanded):
    limits = {"lower": D(-2), "upper": D(2), "expanded": expanded}
    assert jjf1094(value, **limits).outcome == jjf1094(-value, **limits).outcome
    assert guard_band(value, **limits).zone == guard_band(-value, **limits).zone
