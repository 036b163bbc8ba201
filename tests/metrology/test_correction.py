"""Corrections from a certificate: a single value, a table read by straight lines, an equation; never beyond their range."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lims.metrology.correction import Equation, Single, Stated, Table, table
from lims.metrology.expression import Symbol, compile_expression
from lims.metrology.expression.arithmetic import DomainError

D = Decimal
# The thermometer of PTB's example certificate gp_temperature: reference in K, error in K, U = 0.061 K (k = 2) at all points.
PTB = table(
    [
        (D(point), Stated(D(error), D("0.061"), D(2)))
        for point, error in (
            ("306.248", "0.072"),
            ("373.121", "0.089"),
            ("448.253", "0.107"),
            ("523.319", "-0.009"),
            ("593.154", "-0.084"),
        )
    ]
)


def test_on_a_point_the_certified_value_itself():
    assert PTB.at(D("448.253")) == Stated(D("0.107"), D("0.061"), D(2))


def test_between_two_points_the_straight_line():
    middle = (D("306.248") + D("373.121")) / 2
    assert PTB.at(middle) == Stated(D("0.0805"), D("0.061"), D(2))


@pytest.mark.parametrize("point", ["306.247", "593.155", "0", "-400"])
def test_beyond_the_last_point_nothing_is_said(point):
    with pytest.raises(DomainError, match="extrapolated"):
        PTB.at(D(point))


def test_the_larger_standard_uncertainty_counts_between_points():
    uneven = table([(D(0), Stated(D(1), D("0.03"), D(3))), (D(1), Stated(D(2), D("0.04"), D(2)))])
    assert uneven.at(D("0.5")) == Stated(D("1.5"), D("0.04"), D(2))


def test_an_unknown_uncertainty_stays_unknown():
    open_end = table([(D(0), Stated(D(1), D("0.03"), D(3))), (D(1), Stated(D(2)))])
    assert open_end.at(D("0.5")) == Stated(D("1.5"), None, None)


def test_points_rise_and_are_there_once():
    with pytest.raises(DomainError):
        table([(D(1), Stated(D(0))), (D(1), Stated(D(1)))])
    with pytest.raises(DomainError):
        Table((D(1), D(0)), (Stated(D(0)), Stated(D(0))))
    with pytest.raises(DomainError):
        table([])


def test_an_equation_holds_in_its_range_only():
    """A platinum thermometer's deviation, a polynomial of the second degree."""
    found = Equation(
        compile_expression("0.01 + 0.002 * x - 0.00001 * x ** 2", {"x": Symbol("x", "scalar", "")}),
        D(0),
        D(100),
        "x",
        D("0.02"),
        D(2),
    )
    assert found.at(D(50)) == Stated(D("0.085"), D("0.02"), D(2))
    with pytest.raises(DomainError):
        found.at(D("100.1"))


def test_a_single_value_may_leave_its_range_open():
    stated = Stated(D("0.02"), D("0.06"), D(2))
    assert Single(stated).at(D("1e6")) == stated
    with pytest.raises(DomainError):
        Single(stated, D(0), D(10)).at(D(11))


numbers = st.decimals("-100", "100", places=2)


@given(st.dictionaries(numbers, numbers, min_size=2, max_size=8), st.decimals(0, 1, places=3))
def test_a_read_value_lies_between_its_neighbours(rows, share):
    found = table([(point, Stated(value)) for point, value in rows.items()])
    point = found.points[0] + share * (found.points[-1] - found.points[0])
    low = max(one for one in found.points if one <= point)
    high = min(one for one in found.points if one >= point)
    value = found.at(point).value
    bounds = sorted((rows[low], rows[high]))
    assert bounds[0] - D("1e-25") <= value <= bounds[1] + D("1e-25")


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=8, unique_by=lambda one: one[0]))
def test_the_order_of_the_rows_does_not_matter(rows):
    stated = [(point, Stated(value)) for point, value in rows]
    assert table(stated) == table(stated[::-1])
