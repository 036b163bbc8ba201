"""The dossier of a standard: each planted gap is named, and nothing else."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lims.core import clock
from lims.metrology.capability import months_later
from standards import services
from standards.periods import Period, month_end
from standards.selectors.dossier import dossier, missed_months, validity
from tests.standards.laboratory import enter_certificate, register_meter

YEARS = Period(date(2025, 1, 1), date(2026, 6, 30))
PAPERS = {3: "申请书", 4: "技术报告", 10: "检定系统表", 11: "规程", 12: "操作程序", 13: "说明书", 16: "管理制度"}


@pytest.fixture
def whole(people, standard):
    """A standard whose file is complete from 2025-01-01 to 2026-06-30."""
    lead = people.technical_lead
    meter = standard.members.get().device
    enter_certificate(
        people, meter, number="DC-0", calibrated_on=date(2024, 12, 1), valid_until=date(2026, 3, 2)
    )  # the meter's own certificate follows on 2026-03-02
    for user in (people.technician, people.checker):
        services.name_person(by=lead, standard=standard, user=user, duty="operator", since=date(2025, 1, 1))
    services.set_plan(
        by=lead, standard=standard, since=date(2025, 1, 1), check_months=1, repeatability_months=12, stability_months=12
    )
    parameter = services.add_parameter(
        by=lead, standard=standard, name="电能误差", point="220 V", unit="%", use="nominal", limit="0.05"
    )
    for kind, on in (("repeatability", date(2025, 7, 2)), ("stability", date(2025, 8, 1))):
        test(people, parameter, kind, on)
    for month in range(18):
        test(people, parameter, "check", date(2025 + month // 12, month % 12 + 1, 15))
    for entry, title in PAPERS.items():
        services.file_paper(by=lead, standard=standard, entry=entry, title=title, kept_at="档案柜 A-1")
    return standard


def test(people, parameter, kind, on):
    services.enter_test(
        by=people.technician, parameter=parameter, kind=kind, on=on, readings=["0.02", "0.03"], object="HC-01"
    )


test.__test__ = False


def named(standard, period=YEARS):
    return [
        (one.code, one.what, one.period.since.isoformat(), one.period.until.isoformat())
        for one in dossier(standard, period).gaps
    ]


def test_a_complete_file_has_no_gap(whole):
    found = dossier(whole, YEARS)
    assert named(whole) == []
    assert [one.number for one in found.entries if one.missing] == []
    assert found.complete
    assert [one.number for one in found.entries] == list(range(1, 19))


def test_the_validity_begins_with_the_examination_certificate(whole):
    assert validity(whole, date(2026, 6, 30)).since == whole.licences.get(kind="examination").issued_on
    assert validity(whole, date(2020, 1, 1)) is None


def test_a_month_without_a_period_check_is_named(people, whole):
    parameter = whole.parameters.get()
    march = parameter.tests.get(kind="check", on=date(2025, 3, 15))
    services.withdraw_test(by=people.technician, test=march, why="核查标准受损")
    assert named(whole) == [("check", "电能误差 220 V", "2025-03-01", "2025-03-31")]


def test_a_year_without_repeatability_is_one_gap_in_the_month_it_was_due(people, whole):
    parameter = whole.parameters.get()
    services.withdraw_test(by=people.technician, test=parameter.tests.get(kind="repeatability"), why="录错")
    assert named(whole) == [("repeatability", "电能误差 220 V", "2026-01-01", "2026-01-31")]


def test_days_of_a_device_without_certificate_are_named_to_the_day(people, whole):
    other = register_meter(people, "BZ-777")
    enter_certificate(people, other, calibrated_on=date(2025, 1, 1), valid_until=date(2025, 12, 31))
    services.add_device(
        by=people.technical_lead, standard=whole, device=other, part="auxiliary", since=date(2025, 1, 1)
    )
    enter_certificate(people, other, number="N-2", calibrated_on=date(2026, 1, 9), valid_until=date(2027, 1, 8))
    assert named(whole) == [("device_certificate", "BZ-777", "2026-01-01", "2026-01-08")]


def test_a_failing_certificate_ends_the_good_one_before_it(people, whole):
    other = register_meter(people, "BZ-778")
    enter_certificate(people, other, calibrated_on=date(2025, 1, 1), valid_until=date(2026, 12, 31))
    services.add_device(
        by=people.technical_lead, standard=whole, device=other, part="auxiliary", since=date(2025, 1, 1)
    )
    enter_certificate(
        people, other, number="N-2", calibrated_on=date(2026, 5, 1), valid_until=date(2026, 12, 31), outcome="fail"
    )
    assert named(whole) == [("device_certificate", "BZ-778", "2026-05-01", "2026-06-30")]


def test_one_person_with_two_duties_is_still_one_person(people, whole):
    gone = whole.people.get(user=people.checker)
    services.release_person(by=people.technical_lead, person=gone, since=date(2026, 2, 1), why="调离")
    services.name_person(
        by=people.technical_lead, standard=whole, user=people.technician, duty="responsible", since=date(2025, 1, 1)
    )
    assert named(whole) == [("people", whole.code, "2026-02-01", "2026-06-30")]


def test_days_out_of_use_are_not_asked_about(people, whole):
    services.release_person(
        by=people.technical_lead, person=whole.people.get(user=people.checker), since=date(2026, 2, 1), why="调离"
    )
    services.set_standard_state(
        by=people.technical_lead, standard=whole, state="suspended", since=date(2026, 2, 1), why="封存"
    )
    assert named(whole) == []
    assert [one.number for one in dossier(whole, YEARS).entries if one.missing] == [8], "the form of putting it by"


def test_an_undecided_change_is_a_gap_and_a_declared_one_asks_for_its_form(people, whole):
    change = services.open_change(
        by=people.technician, standard=whole, kind="device", what="更换标准表", on=date(2026, 5, 4)
    )
    assert named(whole) == [("change", "更换标准表", "2026-05-04", "2026-06-30")]
    services.decide_change(by=people.technical_lead, change=change, consequence="declaration", decision="等级不变")
    found = dossier(whole, Period(YEARS.since, clock.today()))
    assert [one.number for one in found.entries if one.missing] == [7]


def test_the_reexamination_is_to_be_applied_for_so_many_months_ahead(whole):
    examination = whole.licences.get(kind="examination")
    assert dossier(whole, YEARS).apply_by < examination.valid_until - timedelta(days=180)


def test_it_takes_as_many_queries_for_many_tests_as_for_few(people, whole, django_assert_max_num_queries):
    with django_assert_max_num_queries(20):
        list(dossier(whole, YEARS).entries)


starts = st.dates(date(2020, 1, 1), date(2024, 1, 1))


@given(starts, st.integers(1, 24), st.integers(1, 8))
def test_nothing_done_is_missed_once_per_interval(start, months, times):
    end = month_end(months_later(start, months * times))
    found = missed_months([], start=start, months=months, end=end)
    assert [one.until for one in found] == [month_end(months_later(start, months * n)) for n in range(1, times + 1)]


@given(starts, st.lists(st.integers(1, 27), min_size=12, max_size=12))
def test_a_test_in_every_month_misses_none(start, days_of_month):
    done = sorted(
        date(start.year + (start.month + n) // 12, (start.month + n) % 12 + 1, day)
        for n, day in enumerate(days_of_month)
    )
    assert missed_months(done, start=start, months=1, end=done[-1]) == []


def test_a_plan_that_begins_after_the_period_misses_nothing():
    assert missed_months([], start=date.max, months=120, end=date(2026, 6, 30)) == []
