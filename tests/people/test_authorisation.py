"""Who may do what on which day: role × act × scope × day, people who left, authorisations revoked."""

from datetime import date, timedelta

import pytest

from lims.audit.models import Event
from lims.core import clock
from lims.core.text import Refused
from lims.people import rules, selectors, services
from lims.people.models import Authorisation, Role, User, UserRole
from lims.people.rules.competence import who_may

START, END = date(2026, 3, 1), date(2026, 9, 30)


@pytest.fixture
def technician(people):
    user = people["technician"]
    Authorisation.objects.create(
        user=user, scope_kind="procedure", scope="JJG 1148", act="verify", valid_from=START, valid_until=END
    )
    Authorisation.objects.create(
        user=user, scope_kind="category", scope="fuel_dispenser", act="check", valid_from=START, valid_until=END
    )
    return user


@pytest.mark.parametrize("act", ["verify", "check", "approve"])
@pytest.mark.parametrize(
    ("procedure", "category"),
    [
        ("JJG 1148", "charging_pile_ac"),
        ("JJG 443", "fuel_dispenser"),
        ("JJG 1148", "fuel_dispenser"),
        ("JJG 52", "pressure_gauge"),
    ],
)
@pytest.mark.parametrize("day", [START - timedelta(1), START, date(2026, 6, 1), END, END + timedelta(1)])
def test_an_act_is_authorised_exactly_inside_scope_act_and_days(technician, act, procedure, category, day):
    inside = START <= day <= END
    expected = inside and (
        (act == "verify" and procedure == "JJG 1148") or (act == "check" and category == "fuel_dispenser")
    )
    why = rules.authorised(technician, procedure_code=procedure, category=category, act=act, day=day)
    assert (why is None) == expected
    if why:
        assert why.code == "not_authorised"
        assert f"{day:%Y-%m-%d}" in why.text.zh and f"{day:%Y-%m-%d}" in why.text.en
        assert why.action


def _grant(person: User, by: User, **changed: object) -> Authorisation:
    today = clock.today()
    values = {
        "scope_kind": "procedure",
        "scope": "JJG 1148",
        "act": "verify",
        "valid_from": today,
        "valid_until": today + timedelta(365),
    }
    return services.grant_authorisation(person, by=by, **{**values, **changed})


@pytest.mark.parametrize("role", [*Role.values, "stranger"])
def test_only_technical_lead_and_administrator_authorise(people, role):
    if role in {Role.TECHNICAL_LEAD, Role.ADMINISTRATOR}:
        _grant(people["second_technician"], people[role])
        assert Event.objects.get().verb == "authorisation.granted"
    else:
        with pytest.raises(Refused) as refused:
            _grant(people["second_technician"], people[role])
        assert refused.value.reasons[0].code == "role_missing"
        assert not Authorisation.objects.exists()


@pytest.mark.parametrize("role", [*Role.values, "stranger"])
@pytest.mark.parametrize(("act", "needed"), [("verify", "technician"), ("check", "checker"), ("approve", "approver")])
def test_an_act_is_granted_only_to_the_role_it_belongs_to(people, role, act, needed):
    by = people["technical_lead"]
    if role == needed:
        assert _grant(people[role], by, act=act).act == act
    else:
        with pytest.raises(Refused):
            _grant(people[role], by, act=act)


def test_nobody_authorises_himself(people):
    lead = people["technical_lead"]
    UserRole.objects.create(user=lead, role=Role.TECHNICIAN)
    with pytest.raises(Refused) as refused:
        _grant(lead, lead)
    assert refused.value.reasons[0].code == "oneself"


@pytest.mark.parametrize(
    "changed",
    [
        {"scope": ""},
        {"scope": "JJG"},
        {"scope": "1148; DROP TABLE"},
        {"scope": "JJG 1148\n"},
        {"scope_kind": "category", "scope": "JJG 1148"},
        {"scope_kind": "category", "scope": "充电桩"},
        {"valid_until": date(2020, 1, 1)},
        {"valid_from": None},
    ],
)
def test_a_badly_written_authorisation_is_refused_with_its_reason(people, changed):
    if changed.get("scope") == "JJG 1148\n":
        assert _grant(people["technician"], people["technical_lead"], **changed).scope == "JJG 1148"
        return
    with pytest.raises(Refused) as refused:
        _grant(people["technician"], people["technical_lead"], **changed)
    assert refused.value.reasons[0].where in {"scope", "valid_until"}
    assert not Event.objects.exists()


def test_a_revoked_authorisation_ends_today_and_keeps_the_past(people):
    lead, technician, today = people["technical_lead"], people["technician"], clock.today()
    granted = _grant(technician, lead, valid_from=today - timedelta(10))
    asked = {"procedure_code": "JJG 1148", "category": "x", "act": "verify"}
    assert rules.authorised(technician, day=today, **asked) is None
    services.revoke_authorisation(granted, by=lead, why="转岗")
    assert rules.authorised(technician, day=today - timedelta(1), **asked) is None
    assert rules.authorised(technician, day=today, **asked).code == "not_authorised"
    assert technician not in who_may(procedure_code="JJG 1148", category="x", day=today)["verify"]
    with pytest.raises(Refused) as refused:
        services.revoke_authorisation(granted, by=lead, why="again")
    assert refused.value.reasons[0].code == "already"
    with pytest.raises(Refused):
        services.revoke_authorisation(granted, by=lead, why="  ")
    assert [event.verb for event in Event.objects.all()] == ["authorisation.granted", "authorisation.revoked"]


def test_a_person_who_left_holds_no_role_and_may_do_nothing_from_today_on(people):
    administrator, technician, today = people["administrator"], people["technician"], clock.today()
    _grant(technician, administrator, valid_from=today - timedelta(10))
    services.leave(technician, by=administrator, why="离职")
    asked = {"procedure_code": "JJG 1148", "category": "x", "act": "verify"}
    assert selectors.roles_of(User.objects.get(pk=technician.pk)) == frozenset()
    assert rules.authorised(technician, day=today, **asked).code == "person_left"
    assert rules.authorised(technician, day=today - timedelta(1), **asked) is None
    assert technician not in who_may(procedure_code="JJG 1148", category="x", day=today)["verify"]
    with pytest.raises(Refused):
        services.leave(technician, by=administrator, why="离职")


def test_the_administrator_cannot_lock_himself_out(people):
    administrator = people["administrator"]
    with pytest.raises(Refused):
        services.take_role(administrator, Role.ADMINISTRATOR, by=administrator)
    with pytest.raises(Refused):
        services.leave(administrator, by=administrator, why="x")


def test_roles_are_given_and_taken_with_an_event_each(people):
    administrator, technician = people["administrator"], people["technician"]
    services.give_role(technician, Role.CHECKER, by=administrator)
    assert selectors.roles_of(technician) == {Role.TECHNICIAN, Role.CHECKER}
    services.take_role(technician, Role.CHECKER, by=administrator)
    assert selectors.roles_of(technician) == {Role.TECHNICIAN}
    assert [event.verb for event in Event.objects.all()] == ["role.given", "role.taken"]
    with pytest.raises(Refused):
        services.take_role(technician, Role.CHECKER, by=administrator)
    with pytest.raises(Refused):
        services.give_role(technician, Role.TECHNICIAN, by=administrator)


def test_customers_and_colleagues_do_not_swap_roles(people):
    administrator = people["administrator"]
    for person, role in (
        (people["customer"], Role.TECHNICIAN),
        (people["technician"], Role.CUSTOMER),
        (people["stranger"], Role.CHECKER),
    ):
        with pytest.raises(Refused) as refused:
            services.give_role(person, role, by=administrator)
        assert refused.value.reasons[0].code == "role_unfit"


def test_a_person_is_added_once_by_the_administrator_only(people, institute):
    values = {"username": "newcomer", "display_name": "新人", "organisation": institute, "roles": ("technician",)}
    with pytest.raises(Refused):
        services.add_person(by=people["technical_lead"], **values)
    added = services.add_person(by=people["administrator"], **values)
    assert not added.has_usable_password()
    assert selectors.roles_of(added) == {"technician"}
    with pytest.raises(Refused):
        services.add_person(by=people["administrator"], **values)
    assert Event.objects.filter(verb="person.added").count() == 1


def test_a_qualification_keeps_the_dates_printed_on_it(people):
    qualification = services.register_qualification(
        people["technician"],
        level="2",
        certificate_number="Z-1",
        issued_on=date(2020, 5, 6),
        number="R-1",
        valid_from=date(2024, 1, 1),
        valid_until=date(2028, 12, 31),
        by=people["technical_lead"],
    )
    registration = qualification.registrations.get()
    assert (registration.valid_from, registration.valid_until) == (date(2024, 1, 1), date(2028, 12, 31))
    assert registration.employer == "测试所"
    with pytest.raises(Refused):
        services.register_qualification(
            people["technician"],
            level="2",
            certificate_number="Z-2",
            issued_on=date(2020, 5, 6),
            number="R",
            by=people["technical_lead"],
        )
    assert people["technician"].qualifications.count() == 1
