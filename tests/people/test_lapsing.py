"""What ends soon is told once, to those who may see the person."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lims.people.models import Authorisation, Qualification, Registration, Role, WitnessedTest
from lims.people.selectors import lapsing

TODAY, MONTH = date(2026, 6, 1), timedelta(30)


def _authorise(user, until, scope="JJG 1148", **more):
    return Authorisation.objects.create(
        user=user,
        scope_kind="procedure",
        scope=scope,
        act=more.pop("act", "verify"),
        valid_from=date(2020, 1, 1),
        valid_until=until,
        **more,
    )


def _register(user, until, number="R-1"):
    held, _created = Qualification.objects.get_or_create(
        user=user, level="2", certificate_number="Z-1", issued_on=date(2015, 1, 1)
    )
    return Registration.objects.create(
        qualification=held, number=number, employer="测试所", valid_from=date(2020, 1, 1), valid_until=until
    )


def _told(viewer, today=TODAY, within=MONTH):
    return [(one.person.username, one.what.zh, one.ends_on) for one in lapsing(viewer, today, within)]


@pytest.mark.parametrize(("days", "told"), [(-31, False), (-30, True), (0, True), (30, True), (31, False)])
def test_what_ends_or_ended_within_the_time_is_told(people, days, told):
    _register(people["technician"], TODAY + timedelta(days))
    expected = [("technician", "注册 R-1", TODAY + timedelta(days))] if told else []
    assert _told(people["quality_manager"]) == expected


def test_what_a_later_one_has_taken_the_place_of_is_not_told(people):
    technician = people["technician"]
    _register(technician, TODAY)
    _register(technician, TODAY + timedelta(2000), "R-2")
    _authorise(technician, TODAY)
    _authorise(technician, TODAY + timedelta(400))
    assert _told(people["quality_manager"]) == []


def test_authorisations_that_end_together_are_told_together_and_revoked_ones_not_at_all(people):
    technician = people["technician"]
    _authorise(technician, TODAY, "JJG 443")
    _authorise(technician, TODAY, "JJG 1148")
    _authorise(technician, TODAY, "JJG 52", revoked_on=TODAY - timedelta(3))
    assert _told(people["quality_manager"]) == [("technician", "检定授权：JJG 1148、JJG 443", TODAY)]


def test_a_witnessed_test_is_due_by_what_the_newest_one_says(people):
    for held, due in ((date(2025, 5, 1), date(2026, 5, 20)), (date(2026, 5, 10), None)):
        WitnessedTest.objects.create(
            person=people["technician"],
            witness=people["technical_lead"],
            held_on=held,
            procedure="JJG 1148",
            findings="按规程操作",
            verdict="fit",
            due_on=due,
        )
        told = _told(people["quality_manager"])
        assert told == ([("technician", "JJG 1148 的下次现场见证", date(2026, 5, 20))] if due else [])


def test_a_certificate_without_a_printed_end_does_not_lapse(people):
    technician = people["technician"]
    held = Qualification.objects.create(
        user=technician,
        level="project",
        certificate_number="P-1",
        issued_on=date(2020, 1, 1),
        valid_until=TODAY + timedelta(3),
    )
    assert _told(people["quality_manager"]) == [("technician", "资格证书 P-1", held.valid_until)]
    Qualification.objects.create(user=technician, level="project", certificate_number="P-2", issued_on=date(2020, 1, 1))
    assert _told(people["quality_manager"]) == []


@pytest.mark.parametrize("role", [*Role.values, "stranger"])
def test_it_is_told_to_colleagues_auditors_and_the_person_and_not_of_those_who_left(people, role):
    _register(people["technician"], TODAY)
    _register(people["customer"], TODAY)
    told = {name for name, _what, _day in _told(people[role])}
    expected = {"technician", "customer"} if role not in (Role.CUSTOMER, "stranger") else set()
    assert told == (expected or ({"customer"} if role == Role.CUSTOMER else set()))
    people["technician"].is_active = False
    people["technician"].save()
    assert "technician" not in {name for name, _what, _day in _told(people["quality_manager"])}


def test_the_questions_asked_of_the_database_do_not_grow_with_people(people):
    def asked():
        people["quality_manager"].__dict__.pop("_roles", None)
        with CaptureQueriesContext(connection) as queries:
            assert lapsing(people["quality_manager"], TODAY, MONTH)
        return len(queries)

    _register(people["technician"], TODAY)
    before = asked()
    for role in (Role.CHECKER, Role.APPROVER, "second_technician"):
        _register(people[role], TODAY, f"R-{role}")
        _authorise(people[role], TODAY)
    assert asked() == before == 7
