"""Rows of a certificate become values to calculate with, or are refused with the row that does not fit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lims.metrology.certified import CertifiedError, read
from lims.metrology.correction import Stated
from lims.metrology.expression.arithmetic import DomainError


def row(**given: str) -> dict[str, str]:
    return {"name": "correction", "value": "", "unit": "K", "at_unit": "℃", **given}


def test_a_table_is_read_by_straight_lines_with_the_wider_uncertainty_in_the_unit_of_the_value():
    rows = [row(value="0.2", at="20", U="0.05", k="2"), row(value="0.1", at="10", U="60", U_unit="mK", k="2")]
    found = read(rows)["correction"]
    assert found.at(Decimal(15)) == Stated(Decimal("0.15"), Decimal("0.06"), Decimal(2))
    assert (found.unit, found.at_unit) == ("K", "℃") and "直线内插" in found.rule()[0]
    with pytest.raises(DomainError, match="extrapolated"):
        found.at(Decimal("20.001"))


def test_a_table_that_is_not_interpolated_answers_on_its_points_only():
    rows = [row(value=value, at=at, interpolation="points") for at, value in (("10", "0.1"), ("20", "0.2"))]
    found = read(rows)["correction"]
    assert found.at(Decimal("10.0")).value == Decimal("0.1") and "不内插" in found.rule()[0]
    with pytest.raises(DomainError, match="not interpolated"):
        found.at(Decimal(15))


def test_an_equation_answers_within_its_range():
    # 0.1 + 0.002·50 − 0.00001·50² = 0.175, by hand.
    found = read(
        [row(equation="0.1 + 0.002*t - 1e-5*t**2", variable="t", range_lower="0", range_upper="100", U="0.05", k="2")]
    )["correction"]
    assert found.at(Decimal(50)) == Stated(Decimal("0.175"), Decimal("0.05"), Decimal(2))
    with pytest.raises(DomainError):
        found.at(Decimal(101))


def test_a_single_value_holds_in_its_range_and_keeps_unknown_what_is_not_stated():
    found = read([row(value="-0.30", range_lower="10", range_upper="30")])["correction"]
    assert found.at(Decimal(10)) == Stated(Decimal("-0.30"), None, None)


@pytest.mark.parametrize(
    ("rows", "place", "key"),
    [
        ([row(value="1"), row(value="2", at="3")], 1, "at"),
        ([row(value="1", at="3"), row(value="2", at="3.0")], 1, "at"),
        ([row(value="1"), row(value="1")], 1, "name"),
        ([row(value="1", at="3"), row(value="2", at="4", unit="mK")], 1, "unit"),
        ([row(value="1", at="3"), row(value="2", at="4", interpolation="points")], 1, "interpolation"),
        ([row(value="1", U="0.1", U_unit="%")], 0, "U_unit"),
        ([row(value="1", U="-0.1")], 0, "U"),
        ([row(value="1", U="0.1", k="0")], 0, "k"),
        ([row(value="1", range_lower="5", range_upper="4")], 0, "range_lower"),
        ([row(value="1,5")], 0, "value"),
        ([row(value="NaN")], 0, "value"),
        ([row()], 0, "value"),
        ([row(name="", value="1")], 0, "name"),
        ([row(equation="2*y", variable="t", range_lower="0", range_upper="1")], 0, "equation"),
        ([row(equation="2*t >", variable="t", range_lower="0", range_upper="1")], 0, "equation"),
        ([row(equation="t > 1", variable="t", range_lower="0", range_upper="1")], 0, "equation"),
        ([row(equation="1/t", variable="t", range_lower="0", range_upper="1")], 0, "equation"),
        ([row(equation="2*t", variable="t", range_lower="0")], 0, "range_upper"),
        ([row(equation="2*t", range_lower="0", range_upper="1")], 0, "variable"),
    ],
)
def test_rows_that_do_not_fit_are_refused_by_number_and_column(rows, place, key):
    with pytest.raises(CertifiedError) as refused:
        read(rows)
    assert (refused.value.row, refused.value.key) == (place, key) and refused.value.zh and refused.value.en


POINTS = st.decimals(-1000, 1000, places=2)


@given(st.lists(POINTS, min_size=2, max_size=8, unique=True), st.data())
def test_whatever_the_order_of_the_rows_a_point_of_the_table_has_its_own_digits_and_between_them_lies_between(
    points, data
):
    values = data.draw(st.lists(POINTS, min_size=len(points), max_size=len(points)))
    found = read([row(value=str(v), at=str(p)) for p, v in zip(points, values, strict=True)])["correction"]
    for point, value in zip(points, values, strict=True):
        assert found.at(point).value == value
    low, high = sorted(zip(points, values, strict=True))[:2]
    middle = found.at((low[0] + high[0]) / 2).value
    assert min(low[1], high[1]) <= middle <= max(low[1], high[1])
