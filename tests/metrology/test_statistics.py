"""Type A evaluation, range method, line fit and comparisons against published numbers."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lims.metrology.expression.arithmetic import DomainError
from lims.metrology.statistics import (
    RANGE_FACTORS,
    correlation,
    fit_line,
    normalised_error,
    pooled,
    range_method,
    type_a,
)

D = Decimal


def series(text):
    return [D(item) for item in text.split()]


def test_bessel_standard_deviation_of_ten_pressures():
    """Exam of registered metrologists (2016): ten readings in kPa, s = 0.005 kPa."""
    found = type_a(series("49.897 49.913 49.909 49.905 49.900 49.912 49.903 49.909 49.905 49.910"))
    assert found.s.quantize(D("0.00001")) == D("0.00523")
    assert found.dof == 9


@pytest.mark.parametrize(
    ("readings", "s", "dof"),
    [
        ("10.4 10.3 10.6 10.9 10.7", "0.26", "3.6"),
        ("0.02 0.05 0.04 0.06", "0.02", "2.7"),
        ("10.12 10.15 10.10 10.11", "0.02", "2.7"),
    ],
)
def test_range_method_of_the_exam(readings, s, dof):
    """Exams of registered metrologists; C = 2.33 for five readings, 2.06 for four, ν = 2.7 for four."""
    found = range_method(series(readings))
    assert found.s.quantize(D("0.01")) == D(s)
    assert found.dof == D(dof)


def test_range_factors_are_the_expected_range_of_normal_readings():
    """JJF 1059.1-2012 table 1 holds d2, the mean range of n normal values in units of σ, rounded to two decimals."""
    d2 = ["1.1284", "1.6926", "2.0588", "2.3259", "2.5344", "2.7044", "2.8472", "2.9700"]
    for count, exact in zip(range(2, 10), d2, strict=True):
        assert abs(RANGE_FACTORS[count][0] - D(exact)) <= D("0.0051")


def test_range_method_ends_at_nine_readings():
    with pytest.raises(DomainError):
        range_method([D(1)] * 10)
    with pytest.raises(DomainError):
        range_method([D(1)])


def test_an_established_deviation_divides_by_the_root_of_the_readings_taken_now():
    """GUM H.1.3.2: s = 13 nm from 25 readings, five readings now, u = 5.8 nm with 24 degrees of freedom."""
    found = type_a([D(215)] * 5, established_s=D(13), dof=D(24))
    assert found.u.quantize(D("0.1")) == D("5.8")
    assert found.dof == 24
    assert type_a([D(1)], established_s=D(2)).u == 2


def test_pooled_deviation():
    s, dof = pooled([(D(3), D(9)), (D(4), D(9))])
    assert s * s == D("12.5") or abs(s * s - D("12.5")) < D("1e-25")
    assert dof == 18
    with pytest.raises(DomainError):
        pooled([])


T = series("21.521 22.012 22.512 23.003 23.507 23.999 24.513 25.002 25.503 26.010 26.511")
B = series("-.171 -.169 -.166 -.159 -.164 -.165 -.156 -.157 -.159 -.161 -.160")


def test_thermometer_calibration_line():
    """GUM H.3, table H.6: intercept, slope, their uncertainties and correlation, and the prediction at 30 °C."""
    line = fit_line([t - 20 for t in T], B)
    assert line.a.quantize(D("0.0001")) == D("-0.1712")
    assert line.u_a.quantize(D("0.0001")) == D("0.0029")
    assert line.b.quantize(D("0.00001")) == D("0.00218")
    assert line.u_b.quantize(D("0.00001")) == D("0.00067")
    assert line.r.quantize(D("0.001")) == D("-0.930")
    assert line.s.quantize(D("0.0001")) == D("0.0035")
    assert line.dof == 9
    value, u = line.at(D(10))
    assert value.quantize(D("0.0001")) == D("-0.1494")
    assert u.quantize(D("0.0001")) == D("0.0041")


def test_thermometer_line_to_nine_digits():
    """The same from the raw data of GUM table H.6; the digits are those GTC computes."""
    line = fit_line([t - 20 for t in T], B)
    expected = {
        "a": "-0.171203790",
        "u_a": "0.002877598",
        "b": "0.002182698",
        "u_b": "0.000667939",
        "r": "-0.930429603",
        "s": "0.003497564",
    }
    for name, digits in expected.items():
        assert getattr(line, name).quantize(D("1e-9")) == D(digits), name
    value, u = line.at(D(10))
    assert (value.quantize(D("1e-9")), u.quantize(D("1e-9"))) == (D("-0.149376813"), D("0.004138596"))


def test_a_line_needs_three_points_that_differ():
    with pytest.raises(DomainError):
        fit_line([D(1), D(2)], [D(1), D(2)])
    with pytest.raises(DomainError):
        fit_line([D(1)] * 3, [D(1), D(2), D(3)])


def test_normalised_error_when_the_laboratory_is_in_the_reference_mean():
    """Chinese comparison exercise (JJF 1117): seven laboratories, U = 0.005 each; 0.872 against their mean."""
    values = series("0.868 0.869 0.872 0.870 0.868 0.867 0.866")
    reference = sum(values, D(0)) / 7
    expanded_reference = D("0.005") / D(7).sqrt()
    plain = normalised_error(D("0.872"), reference, D("0.005"), expanded_reference)
    inside = normalised_error(D("0.872"), reference, D("0.005"), expanded_reference, in_reference=True)
    assert plain.quantize(D("0.01")) == D("0.64")
    assert inside.quantize(D("0.01")) == D("0.74")
    with pytest.raises(DomainError):
        normalised_error(D(1), D(1), D(1), D(2), in_reference=True)


readings = st.lists(st.decimals(-1000, 1000, places=3, allow_nan=False), min_size=3, max_size=12)


@given(readings, st.decimals(-100, 100, places=2), st.decimals("0.01", 100, places=2))
def test_shifting_and_scaling_readings_shifts_and_scales_the_result(values, shift, scale):
    first, second = type_a(values), type_a([value * scale + shift for value in values])
    assert abs(second.mean - (first.mean * scale + shift)) < D("1e-20")
    assert abs(second.s - first.s * scale) < D("1e-20")


@given(readings, st.randoms())
def test_correlation_is_symmetric_and_bounded(values, rng):
    other = [value + D(rng.randint(-1000, 1000)) for value in values]
    try:
        r = correlation(values, other)
    except DomainError:
        return
    assert -1 <= r <= 1
    assert abs(r - correlation(other, values)) < D("1e-30")
