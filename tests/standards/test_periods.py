"""Arithmetic of days: coverage, gaps and counting, against a day-by-day count."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standards.periods import Period, between, less, meet, month_end, where_at_least

START = date(2026, 1, 1)


def period(since: int, until: int) -> Period:
    return Period(START + timedelta(since), START + timedelta(until))


periods = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 12)).map(lambda one: period(one[0], one[0] + one[1])), max_size=8
)


def days(found) -> set[date]:
    return {one.since + timedelta(n) for one in found for n in range((one.until - one.since).days + 1)}


@given(periods, periods)
def test_what_is_left_is_what_nothing_covers(whole, covered):
    assert days(less(whole, covered)) == days(whole) - days(covered)


@given(periods, periods)
def test_what_meets_lies_in_both(first, second):
    assert days(meet(first, second)) == days(first) & days(second)


@given(periods, st.integers(1, 4))
def test_counting_how_many_hold_a_day(found, count):
    expected = {day for day in days(found) if sum(one.since <= day <= one.until for one in found) >= count}
    assert days(where_at_least(found, count)) == expected


def test_a_gap_of_one_day_is_seen_and_adjoining_periods_leave_none():
    assert less([period(0, 9)], [period(0, 4), period(6, 9)]) == [period(5, 5)]
    assert less([period(0, 9)], [period(0, 4), period(5, 9)]) == []


def test_an_open_end_runs_to_the_last_day_asked_about():
    assert between(START, None, START + timedelta(3)) == period(0, 3)
    assert between(START + timedelta(4), None, START + timedelta(3)) is None


def test_a_period_does_not_end_before_it_begins():
    with pytest.raises(ValueError, match="before"):
        period(3, 2)


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_the_day_after_the_end_of_a_month_is_a_first(day):
    assert (month_end(day) + timedelta(1)).day == 1
    assert month_end(day) >= day
