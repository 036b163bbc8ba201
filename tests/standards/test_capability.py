"""Tests of a standard's capability: judged when entered, against what was known before; late or undecided, they stop its use."""

from datetime import date, timedelta

import pytest
from django.db import connection, utils

from lims.audit.models import Event
from lims.core import clock
from lims.core.text import Refused
from standards import rules, services
from standards.models import CapabilityTest, ChangeCase
from standards.selectors import capability as selectors
from tests.standards.laboratory import DAY

TEN = ["0.021", "0.023", "0.019", "0.022", "0.020", "0.021", "0.024", "0.020", "0.022", "0.021"]


@pytest.fixture
def parameter(people, standard):
    return services.add_parameter(
        by=people.technical_lead,
        standard=standard,
        name="电能误差",
        name_en="error of energy",
        point="220 V，32 A",
        unit="%",
        use="nominal",
        limit="0.05",
        limit_source="0.05级",
    )


def enter(people, parameter, kind, on, readings=(), **more):
    return services.enter_test(
        by=people.technician, parameter=parameter, kind=kind, on=on, readings=readings, object="核查标准 HC-01", **more
    )


def test_the_first_repeatability_is_the_baseline_of_all_later_ones(people, parameter):
    first = enter(people, parameter, "repeatability", date(2025, 3, 3), TEN)
    assert (first.verdict, first.limit) == ("pass", "")
    assert first.value.startswith("0.00149443")
    steady = enter(people, parameter, "repeatability", date(2026, 3, 2), ["0.020", "0.021", "0.020", "0.021"])
    assert (steady.verdict, steady.limit) == ("pass", first.value)
    wild = enter(people, parameter, "repeatability", date(2026, 9, 1), ["0.010", "0.030", "0.020"])
    assert wild.verdict == "undecided" and "anew" in wild.said_en


def test_stability_of_a_standard_in_use_is_the_difference_from_the_year_before(people, parameter):
    assert enter(people, parameter, "stability", date(2025, 5, 6), ["0.010", "0.012"]).verdict == "undecided"
    second = enter(people, parameter, "stability", date(2026, 5, 6), ["0.030", "0.032"])
    assert (second.value, second.limit, second.verdict) == ("0.02", "0.05", "pass")
    third = enter(people, parameter, "stability", date(2026, 11, 2), ["0.082", "0.082"])
    assert third.verdict == "fail"


def test_an_older_test_entered_later_is_compared_with_what_was_before_it(people, parameter):
    enter(people, parameter, "stability", date(2026, 5, 6), ["0.030"])
    late = enter(people, parameter, "stability", date(2025, 5, 6), ["0.010"])
    assert late.verdict == "undecided"


def test_a_standard_being_established_needs_four_groups_a_month_apart(people, standard, parameter):
    services.set_standard_state(
        by=people.technical_lead, standard=standard, state="establishing", since=date(2026, 1, 1), why="建标"
    )
    verdicts = [
        enter(people, parameter, "stability", on, [value, value]).verdict
        for on, value in (
            (date(2026, 1, 5), "0.010"),
            (date(2026, 2, 9), "0.012"),
            (date(2026, 3, 16), "0.011"),
            (date(2026, 4, 20), "0.013"),
        )
    ]
    assert verdicts == ["undecided", "undecided", "undecided", "pass"]


def test_a_verification_of_results_brings_both_uncertainties_to_one_k(people, parameter):
    given = {
        "value": "200.0012",
        "U": "0.0020",
        "k": "2",
        "reference": "200.0032",
        "U_reference": "0.0015",
        "k_reference": "3",
    }
    found = enter(people, parameter, "verification", date(2026, 4, 1), given=given)
    assert (found.value, found.verdict) == ("0.002", "pass")
    assert found.limit.startswith("0.002236067977")


@pytest.mark.parametrize(
    ("kind", "readings", "given", "code", "where"),
    [
        ("repeatability", ["0.1"], {}, "too_few_readings", "readings"),
        ("repeatability", ["0.1", "0,2"], {}, "reading_not_a_number", "readings"),
        ("stability", ["NaN"], {}, "reading_not_a_number", "readings"),
        ("stability", ["1_0"], {}, "reading_not_a_number", "readings"),
        ("stability", [], {}, "too_few_readings", "readings"),
        ("verification", [], {"value": "1"}, "value_missing", "U"),
        ("verification", [], {"value": "1", "U": "0", "k": "2", "reference": "1"}, "value_missing", "U"),
        ("verification", [], {"value": "1", "U": "1", "others": "1 x"}, "reading_not_a_number", "others"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name_and_nothing_is_written(
    people, parameter, kind, readings, given, code, where
):
    events = Event.objects.count()
    with pytest.raises(Refused) as refused:
        enter(people, parameter, kind, date(2026, 4, 1), readings, given=given)
    assert (refused.value.reasons[0].code, refused.value.reasons[0].where) == (code, where)
    assert not CapabilityTest.objects.exists() and Event.objects.count() == events


def test_a_test_of_tomorrow_is_refused(people, parameter):
    with pytest.raises(Refused) as refused:
        enter(people, parameter, "stability", clock.today() + timedelta(days=2), ["1"])
    assert refused.value.reasons[0].code == "day_in_the_future"


def test_a_test_is_never_edited_but_withdrawn_and_entered_anew(people, parameter):
    test = enter(people, parameter, "check", date(2026, 4, 1), ["0.02"], given={"reference": "0.02"})
    with pytest.raises(utils.DatabaseError), connection.cursor() as cursor:
        cursor.execute("UPDATE standards_capabilitytest SET value = '9' WHERE id = %s", [test.pk])


def test_withdrawn_it_makes_room_for_the_right_one(people, parameter):
    test = enter(people, parameter, "check", date(2026, 4, 1), ["0.2"], given={"reference": "0.02"})
    assert test.verdict == "fail"
    with pytest.raises(Refused):
        enter(people, parameter, "check", date(2026, 4, 1), ["0.02"], given={"reference": "0.02"})
    services.withdraw_test(by=people.technician, test=test, why="小数点录错")
    assert enter(people, parameter, "check", date(2026, 4, 1), ["0.02"], given={"reference": "0.02"}).verdict == "pass"
    with pytest.raises(Refused):
        services.withdraw_test(by=people.technician, test=test, why="再次")


@pytest.mark.parametrize("role", ["receptionist", "customer", "auditor", "outsider", "administrator"])
def test_only_those_at_the_bench_and_those_who_answer_for_it_enter_tests(people, parameter, role):
    with pytest.raises(Refused):
        services.enter_test(
            by=getattr(people, role), parameter=parameter, kind="check", on=date(2026, 4, 1), readings=["1"], object="x"
        )


def codes(standard, day=DAY):
    return [one.code for one in rules.standard_usable_on(standard, day)]


def test_a_change_of_a_device_stops_the_standard_until_the_lead_has_decided(people, standard):
    change = services.open_change(
        by=people.technician, standard=standard, kind="device", what="更换电能表", on=DAY - timedelta(days=3)
    )
    assert "standard_change_open" in codes(standard)
    assert codes(standard, DAY - timedelta(days=4)) == []
    services.decide_change(
        by=people.technical_lead, change=change, consequence="declaration", decision="量程与等级不变"
    )
    decided = ChangeCase.objects.get(pk=change.pk)
    assert codes(standard, decided.decided_on) == []
    with pytest.raises(Refused):
        services.decide_change(by=people.technical_lead, change=decided, consequence="life_book", decision="改主意")


def test_a_change_of_people_does_not_stop_it(people, standard):
    services.open_change(by=people.quality_manager, standard=standard, kind="people", what="新增检定员", on=DAY)
    assert codes(standard) == []


def test_a_decision_needs_a_reason_and_the_lead(people, standard):
    change = services.open_change(by=people.technician, standard=standard, kind="method", what="换版", on=DAY)
    for by, decision in ((people.technical_lead, " "), (people.technician, "按规定")):
        with pytest.raises(Refused):
            services.decide_change(by=by, change=change, consequence="life_book", decision=decision)
    assert "standard_change_open" in codes(standard)


def test_being_late_stops_the_standard_only_where_the_plan_says_so(people, standard, parameter):
    plan = {"repeatability_months": 12, "stability_months": 12, "check_months": None, "since": date(2025, 1, 1)}
    services.set_plan(by=people.technical_lead, standard=standard, late_blocks=False, **plan)
    assert codes(standard, date(2026, 2, 1)) == []
    services.set_plan(by=people.technical_lead, standard=standard, late_blocks=True)
    assert codes(standard, date(2026, 1, 31)) == [], "due in January, late when January has passed"
    assert codes(standard, date(2026, 2, 1)) == ["standard_repeatability_late", "standard_stability_late"]
    enter(people, parameter, "repeatability", date(2026, 1, 20), TEN)
    assert codes(standard, date(2026, 2, 1)) == ["standard_stability_late"]


def test_a_chart_needs_groups_with_spread_and_marks_what_is_out(people, parameter):
    assert selectors.control_chart(parameter.tests.all(), "check") is None
    start = date(2024, 1, 10)
    for month, readings in enumerate([("1.0", "1.2"), ("1.1", "1.1"), ("0.9", "1.3"), ("5", "5.1")]):
        enter(people, parameter, "check", start + timedelta(days=31 * month), readings, given={"reference": "1.1"})
    chart = selectors.control_chart(parameter.tests.all(), "check")
    assert chart is not None and chart.base == 4
    assert [one.points for one in chart.signals if one.test == 1]
    enter(people, parameter, "check", start + timedelta(days=200), ["1", "1.1", "1.2"], given={"reference": "1.1"})
    chart = selectors.control_chart(parameter.tests.all(), "check")
    assert chart is not None and chart.left_out == 1


@pytest.mark.parametrize(
    ("digits", "shown"),
    [
        ("0.00168707504937", "0.001687"),
        ("0.05", "0.05"),
        ("50001.5", "50001.5"),
        ("12.34567", "12.35"),
        ("0", "0"),
        ("", ""),
    ],
)
def test_a_page_shows_four_digits_of_a_result(digits, shown):
    assert CapabilityTest(value=digits).shown_value == shown
