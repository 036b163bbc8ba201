"""Control charts: factors against the printed tables, and each test seen where it should be and nowhere else."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lims.metrology.chart import WORDS, Limits, c4, charts, factors, signals
from lims.metrology.expression.arithmetic import DomainError

D = Decimal
ONE_SIGMA = Limits(D(-3), D(0), D(3))


@pytest.mark.parametrize(
    ("n", "centre", "a3", "b3", "b4"),
    [
        # GB/T 17989.2 table of factors (the same as ISO 7870-2 and ASTM E2587), printed to three or four digits
        (2, "0.7979", "2.659", "0.000", "3.267"),
        (5, "0.9400", "1.427", "0.000", "2.089"),
        (6, "0.9515", "1.287", "0.030", "1.970"),
        (10, "0.9727", "0.975", "0.284", "1.716"),
        (25, "0.9896", "0.606", "0.565", "1.435"),
    ],
)
def test_factors_are_those_of_the_table(n, centre, a3, b3, b4):
    assert c4(n).quantize(D("0.0001")) == D(centre)
    assert [one.quantize(D("0.001")) for one in factors(n)] == [D(a3), D(b3), D(b4)]


def test_limits_from_groups_of_a_base_period():
    found = charts([[D(9), D(11)], [D(10), D(12)], [D(8), D(10)]])
    s = D("1.414213562373095048801688724209698")  # √2
    assert found.average.centre == 10
    assert abs(found.deviation.centre - s) < D("1e-30")
    assert abs(found.average.upper - (10 + factors(2)[0] * s)) < D("1e-25")
    assert found.deviation.lower == 0


def test_groups_of_different_size_have_no_common_limits():
    with pytest.raises(DomainError):
        charts([[D(1), D(2)], [D(1), D(2), D(3)]])
    with pytest.raises(DomainError):
        charts([])


def zones(text):
    return [D(one) for one in text.split()]


@pytest.mark.parametrize(
    ("test", "series", "last"),
    [
        (1, "0 0.5 3.01 0", 2),
        (2, "0.1 0.3 0.2 0.4 0.1 0.2 0.5 0.3 0.2", 8),
        (3, "-0.5 -0.4 -0.2 0 0.3 0.4", 5),
        (3, "0.5 0.4 0.2 0 -0.3 -0.4", 5),
        (4, "0.1 -0.1 0.1 -0.1 0.1 -0.1 0.1 -0.1 0.1 -0.1 0.1 -0.1 0.1 -0.1", 13),
        (5, "0 2.1 0.3 2.2", 3),
        (5, "-2.1 -2.2", None),
        (6, "1.2 1.1 0.2 1.3 1.4", 4),
        (7, "0.1 -0.2 0.3 -0.1 0.2 -0.3 0.4 0.1 -0.2 0.3 -0.9 0.2 -0.3 0.4 0.1", 14),
        (8, "1.1 -1.2 1.3 1.4 -1.1 -1.2 1.5 1.1", 7),
    ],
)
def test_each_test_sees_its_pattern(test, series, last):
    found = signals(zones(series), ONE_SIGMA, [test])
    assert ([one.points[-1] for one in found] == [last]) if last is not None else found == []
    assert test in WORDS


@pytest.mark.parametrize(
    ("test", "series"),
    [
        (1, "3 -3"),
        (2, "0.1 0.3 0.2 0.4 0.1 0.2 0.5 0.3"),
        (2, "0.1 0.3 0.2 0.4 0 0.2 0.5 0.3 0.1"),
        (3, "0 0.1 0.2 0.2 0.3 0.4"),
        (5, "2.1 -2.2 0"),
        (6, "1.2 1.1 1.3 1.4 0.2"),
        (7, "0.1 " * 14 + "1"),
        (8, "1.1 1.2 1.3 1.4 1.1 1.2 1.5 1.1"),
    ],
)
def test_and_nothing_else(test, series):
    assert signals(zones(series), ONE_SIGMA, [test]) == []


def test_limits_without_width_are_refused():
    with pytest.raises(DomainError):
        signals([D(1)], Limits(D(0), D(0), D(0)))


@given(st.lists(st.decimals("-4", "4", places=2), max_size=40))
def test_mirrored_points_give_the_same_signals(values):
    every = range(1, 9)
    assert signals(values, ONE_SIGMA, every) == signals([-one for one in values], ONE_SIGMA, every)


@given(st.lists(st.decimals("-4", "4", places=2), max_size=30), st.integers(0, 9))
def test_later_points_never_take_a_signal_back(values, more):
    every = range(1, 9)
    before = signals(values, ONE_SIGMA, every)
    assert [
        one for one in signals([*values, *[D(0)] * more], ONE_SIGMA, every) if one.points[-1] < len(values)
    ] == before
