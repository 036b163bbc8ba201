"""Student's t and the normal distribution against published tables and GTC."""

from decimal import Decimal

import GTC
import pytest

from lims.metrology.distributions import log_gamma, normal_cdf, normal_quantile, student_t_cdf, student_t_factor

D = Decimal

# JCGM 100:2008 table G.2, columns 68.27 %, 90 %, 95 %, 95.45 %, 99 %
TABLE_G2 = {
    "1": ("1.84", "6.31", "12.71", "13.97", "63.66"),
    "2": ("1.32", "2.92", "4.30", "4.53", "9.92"),
    "3": ("1.20", "2.35", "3.18", "3.31", "5.84"),
    "4": ("1.14", "2.13", "2.78", "2.87", "4.60"),
    "5": ("1.11", "2.02", "2.57", "2.65", "4.03"),
    "10": ("1.05", "1.81", "2.23", "2.28", "3.17"),
    "16": ("1.03", "1.75", "2.12", "2.17", "2.92"),
    "20": ("1.03", "1.72", "2.09", "2.13", "2.85"),
    "50": ("1.01", "1.68", "2.01", "2.05", "2.68"),
    "100": ("1.005", "1.660", "1.984", "2.025", "2.626"),
    "Infinity": ("1.000", "1.645", "1.960", "2.000", "2.576"),
}
COLUMNS = ("0.6827", "0.90", "0.95", "0.9545", "0.99")


@pytest.mark.parametrize("dof", TABLE_G2)
def test_coverage_factors_of_gum_table_g2(dof):
    for probability, printed in zip(COLUMNS, TABLE_G2[dof], strict=True):
        assert student_t_factor(D(probability), D(dof)).quantize(D(printed)) == D(printed)


@pytest.mark.parametrize("dof", ["1", "1.5", "2", "3.7", "8", "16.75", "25.447250777", "60", "333.3", "5000"])
@pytest.mark.parametrize("percent", [50, 68.27, 90, 95, 99, 99.73])
def test_coverage_factors_agree_with_gtc(dof, percent):
    ours = float(student_t_factor(D(str(percent)) / 100, D(dof)))
    assert ours == pytest.approx(GTC.reporting.k_factor(float(dof), p=percent), rel=1e-9)


def test_two_degrees_of_freedom_have_a_closed_form():
    """For ν = 2 the quantile is p·√(2/(1 − p²)) with p the coverage probability."""
    for text in ("0.5", "0.9", "0.95", "0.999"):
        p = D(text)
        assert abs(student_t_factor(p, D(2)) - p * (2 / (1 - p * p)).sqrt()) < D("1e-22")


def test_quantile_and_distribution_function_are_inverse():
    for dof in ("0.7", "1", "4.4", "30"):
        for probability in ("0.2", "0.95", "0.999"):
            k = student_t_factor(D(probability), D(dof))
            assert abs(2 * student_t_cdf(k, D(dof)) - 1 - D(probability)) < D("1e-24")
            assert abs(student_t_cdf(k, D(dof)) + student_t_cdf(-k, D(dof)) - 1) < D("1e-24")


def test_normal_distribution_to_many_digits():
    """Abramowitz & Stegun table 26.1: P(1) and P(2); table 26.5: the 97.5 % point."""
    assert abs(normal_cdf(D(1)) - D("0.841344746068543")) < D("1e-15")
    assert abs(normal_cdf(D(2)) - D("0.977249868051821")) < D("1e-15")
    assert abs(normal_quantile(D("0.975")) - D("1.959963984540054")) < D("1e-15")
    assert normal_quantile(D("0.5")) == 0
    assert normal_cdf(D(-40)) == 0


def test_gamma_function():
    """Γ(1/2) = √π, Γ(6) = 120."""
    assert abs(log_gamma(D("0.5")) - D("0.572364942924700087071713675676529355823647406")) < D("1e-40")
    assert abs(log_gamma(D(6)) - D("4.787491742782045994247700934523243048399592315")) < D("1e-40")


@pytest.mark.parametrize(("probability", "dof"), [("0", "5"), ("1", "5"), ("-1", "5"), ("0.9", "0"), ("0.9", "-1")])
def test_impossible_questions_are_refused(probability, dof):
    with pytest.raises(ValueError):
        student_t_factor(D(probability), D(dof))
