"""The pages by which people, roles, organisations and first passwords are kept, asked by everybody and by attackers."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from lims.audit.models import Event
from lims.core import clock
from lims.core.text import Refused
from lims.people import selectors, services
from lims.people.models import Authorisation, Department, Organisation, Qualification, Role, User, UserRole

EVERYBODY = [*Role.values, "stranger"]
PASSWORD = "a-Passphrase-of-2026"


@pytest.fixture
def ask(client, people):
    """Asks for a page as a named person; None is nobody signed in."""

    def page(who: str | None, name: str, *args: object, post: dict | None = None):
        client.logout()
        if who:
            client.force_login(people[who])
        url = reverse(f"people:{name}", args=args)
        return client.get(url) if post is None else client.post(url, post)

    return page


@pytest.fixture
def department(institute):
    return Department.objects.create(organisation=institute, name="检定室")


def _new(institute, **changes) -> dict:
    return {
        "username": "xinren",
        "display_name": "新人",
        "organisation": institute.pk,
        "roles": ["technician"],
    } | changes


def _deeds(people, institute, department) -> list[tuple[str, tuple, dict]]:
    """Every page of the administrator with a form that would be good."""
    name = "technician"
    return [
        ("new", (), _new(institute)),
        ("edit", (name,), {"display_name": "改名", "title": "工程师"}),
        ("roles", (name,), {"role": "checker"}),
        ("role_end", (name,), {"role": "technician"}),
        ("link", (name,), {}),
        ("leave", (name,), {"why": "离职"}),
        ("return", (name,), {"why": "返聘"}),
        ("organisation_new", (), {"name": "新客户"}),
        ("organisation_edit", (institute.pk,), {"name": "测试所", "address": "甲路"}),
        ("department_new", (institute.pk,), {"name": "力学室"}),
        ("department_edit", (department.pk,), {"name": "电学室"}),
    ]


def test_only_the_administrator_keeps_people_and_a_post_of_anybody_else_changes_nothing(
    ask, people, institute, department
):
    deeds = _deeds(people, institute, department)
    for name, args, good in deeds:
        assert ask(None, name, *args).status_code == 302
        assert ask(None, name, *args, post=good).status_code == 302
        for who in EVERYBODY:
            if who != "administrator":
                answers = [ask(who, name, *args, post=good)] + ([] if name == "role_end" else [ask(who, name, *args)])
                assert {one.status_code for one in answers} == {422}, (name, who)
    assert not Event.objects.exists()
    for name, args, good in deeds:
        if name not in ("role_end", "return"):
            assert ask("administrator", name, *args).status_code == 200, name
        assert ask("administrator", name, *args, post=good).status_code in (200, 302), name
    assert Event.objects.count() == len(deeds)


def test_staff_and_auditors_read_the_organisations_and_customers_are_told_why_not(ask, people):
    for who in EVERYBODY:
        inside = who not in ("customer", "stranger")
        answer = ask(who, "organisations")
        assert answer.status_code == (200 if inside else 422), who
        assert ("机构列表" in answer.content.decode()) == inside
        edits = reverse("people:organisation_new") in answer.content.decode()
        assert edits == (who == "administrator")


def test_buttons_are_shown_to_those_who_may_press_them(ask, people):
    for who in sorted(set(Role.values) - {"customer"}):
        text = ask(who, "person", "technician").content.decode()
        for name in ("edit", "roles", "link", "leave"):
            assert (reverse(f"people:{name}", args=["technician"]) in text) == (who == "administrator"), (who, name)
    own = ask("administrator", "person", "administrator").content.decode()
    assert reverse("people:leave", args=["administrator"]) not in own
    assert reverse("people:link", args=["administrator"]) not in own


def test_a_customer_user_guessing_names_finds_nothing(ask, people):
    for name in ("technician", "administrator", "nobody", "new"):
        assert ask("customer", "person", name).status_code in (404, 422)
    assert ask("customer", "list").status_code == 422


def test_an_account_is_made_without_a_password_and_without_anything_the_form_does_not_have(ask, people, institute):
    forged = {"is_superuser": "on", "is_staff": "on", "password": PASSWORD, "id": people["administrator"].pk}
    assert ask("administrator", "new", post=_new(institute) | forged).status_code == 302
    made = User.objects.get(username="xinren")
    assert not made.is_superuser and not made.is_staff and not made.has_usable_password()
    assert selectors.roles_of(made) == {"technician"}
    assert PASSWORD not in "".join(Event.objects.values_list("payload", flat=True))


def test_an_edit_writes_only_the_fields_of_its_form(ask, people):
    forged = {"display_name": "改名", "username": "root", "is_superuser": "on", "is_active": "", "organisation": ""}
    assert ask("administrator", "edit", "technician", post=forged).status_code == 302
    stored = User.objects.get(pk=people["technician"].pk)
    assert (stored.username, stored.display_name, stored.is_superuser, stored.is_active) == (
        "technician", "改名", False, True,
    )  # fmt: skip
    assert stored.organisation == people["technician"].organisation
    assert '"display_name":["名 technician","改名"]' in Event.objects.latest("pk").payload


@pytest.mark.parametrize(
    "change",
    [
        {"username": ""},
        {"username": "new"},
        {"username": "organisations"},
        {"username": "TECHNICIAN"},
        {"username": "a/b"},
        {"username": ".."},
        {"username": "x" * 61},
        {"username": "a b"},
        {"display_name": ""},
        {"organisation": ""},
        {"organisation": "999999"},
        {"roles": ["emperor"]},
        {"roles": ["customer"]},
        {"department": "999999"},
    ],
)
def test_a_wrong_account_is_refused_on_the_form(ask, people, institute, change):
    before = User.objects.count()
    answer = ask("administrator", "new", post=_new(institute) | change)
    assert answer.status_code == 422 and ("field-errors" in (text := answer.content.decode()) or "data-reason" in text)
    assert User.objects.count() == before


def test_a_department_belongs_to_the_organisation_of_the_person(ask, people, customer, department):
    post = _new(customer, roles=["customer"], department=department.pk)
    answer = ask("administrator", "new", post=post)
    assert answer.status_code == 422 and "不属于" in answer.content.decode()
    assert (
        ask("administrator", "edit", "customer", post={"display_name": "x", "department": department.pk}).status_code
        == 422
    )


@pytest.mark.parametrize("role", ["emperor", "", "customer", "is_superuser", "administrator' OR 1=1"])
def test_a_forged_role_is_given_to_nobody(ask, people, role):
    assert ask("administrator", "roles", "technician", post={"role": role}).status_code == 422
    assert selectors.roles_of(User.objects.get(username="technician")) == {"technician"}
    with pytest.raises(Refused):
        services.give_role(people["technician"], role, by=people["administrator"])


def test_nobody_gives_himself_a_role_or_makes_himself_a_link(ask, people):
    for role in ("approver", "technical_lead", "quality_manager"):
        answer = ask("administrator", "roles", "administrator", post={"role": role})
        assert answer.status_code == 422 and "不能对本人" in answer.content.decode()
    assert ask("administrator", "link", "administrator", post={}).status_code == 422
    assert selectors.roles_of(User.objects.get(username="administrator")) == {"administrator"}


def test_the_administrator_alone_brings_no_approver_into_being(ask, people, institute):
    """He makes the account and gives the role; the authorisation to approve is the technical lead's, and not for himself."""
    assert ask("administrator", "new", post=_new(institute, roles=["approver"])).status_code == 302
    today = clock.today()
    grant = {"act": "approve", "scope_kind": "procedure", "scope": "JJG 443"}
    grant |= {"valid_from": str(today), "valid_until": str(today + timedelta(30))}
    answer = ask("administrator", "authorise", "xinren", post=grant)
    assert answer.status_code == 422 and "只有技术负责人" in answer.content.decode()
    assert not Authorisation.objects.exists()
    UserRole.objects.create(user=people["technical_lead"], role="approver")
    assert ask("technical_lead", "authorise", "technical_lead", post=grant).status_code == 422
    assert ask("technical_lead", "authorise", "xinren", post=grant).status_code == 302
    assert Authorisation.objects.get().granted_by == people["technical_lead"]


def test_roles_are_given_and_ended_on_the_page_with_an_event_each(ask, people):
    assert "核验员" in ask("administrator", "roles", "technician", post={"role": "checker"}).content.decode()
    answer = ask("administrator", "roles", "technician", post={"role": "checker"})
    assert answer.status_code == 422 and "已有此角色" in answer.content.decode()
    assert ask("administrator", "role_end", "technician", post={"role": "checker"}).status_code == 200
    assert ask("administrator", "role_end", "technician", post={"role": "checker"}).status_code == 422
    assert ask("administrator", "role_end", "administrator", post={"role": "administrator"}).status_code == 422
    assert [one.verb for one in Event.objects.all()] == ["role.given", "role.taken"]
    assert "核验员" in ask("auditor", "person", "technician").content.decode()


def test_who_leaves_is_signed_out_at_once_and_comes_back_with_nothing(ask, people, client):
    today = clock.today()
    granted = services.grant_authorisation(
        people["technician"],
        scope_kind="procedure",
        scope="JJG 1148",
        act="verify",
        valid_from=today - timedelta(3),
        valid_until=today + timedelta(30),
        by=people["technical_lead"],
    )
    other = Client()
    other.force_login(people["technician"])
    assert other.get(reverse("people:list")).status_code == 200
    assert ask("administrator", "leave", "technician", post={"why": " "}).status_code == 422
    assert ask("administrator", "leave", "administrator", post={"why": "x"}).status_code == 422
    assert ask("administrator", "leave", "technician", post={"why": "离职"}).status_code == 302
    assert other.get(reverse("people:list")).status_code == 302
    assert ask("administrator", "link", "technician", post={}).status_code == 422
    assert ask("administrator", "roles", "technician", post={"role": "checker"}).status_code == 422
    text = ask("auditor", "person", "technician").content.decode()
    assert "已离岗" in text and "离职" in text
    assert ask("administrator", "return", "technician", post={"why": "返聘"}).status_code == 302
    back = User.objects.get(username="technician")
    granted.refresh_from_db()
    assert back.is_active and selectors.roles_of(back) == frozenset() and granted.revoked_on == today
    assert ask("administrator", "return", "technician", post={"why": "返聘"}).status_code == 422


def _link(answer) -> str:
    found = re.search(r"http://testserver(/people/first-password/[\w-]+/[\w-]+/)", answer.content.decode())
    return found[1] if found else ""


def test_a_link_is_shown_once_works_once_and_stands_nowhere_else(ask, people, client):
    answer = ask("administrator", "link", "technician", post={})
    address = _link(answer)
    assert address and "no-store" in answer.headers["Cache-Control"]
    assert _link(ask("administrator", "link", "technician")) == ""
    token = address.split("/")[-2]
    assert token not in "".join(str(one) for one in Event.objects.values_list("payload", "object_label"))
    assert token not in ask("auditor", "person", "technician").content.decode()
    client.logout()
    page = client.get(address)
    assert page.status_code == 200 and "technician" in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]
    good = {"new_password1": PASSWORD, "new_password2": PASSWORD}
    for bad in (
        {},
        {"new_password1": "12345678", "new_password2": "12345678"},
        {"new_password1": "technician", "new_password2": "technician"},
        {"new_password1": PASSWORD, "new_password2": "other"},
    ):
        assert client.post(address, bad).status_code == 422
    assert client.post(address, good).status_code == 302
    assert User.objects.get(username="technician").check_password(PASSWORD)
    for answer in (client.get(address), client.post(address, good)):
        assert answer.status_code == 422 and "已使用" in answer.content.decode()
    assert client.login(username="technician", password=PASSWORD)
    assert [one.verb for one in Event.objects.all()] == ["person.link_made", "person.password_set"]


def test_a_new_link_ends_the_old_one_and_the_old_password_with_its_sessions(ask, people, client):
    people["technician"].set_password(PASSWORD)
    people["technician"].save()
    other = Client()
    assert other.login(username="technician", password=PASSWORD)
    first = _link(ask("administrator", "link", "technician", post={}))
    second = _link(ask("administrator", "link", "technician", post={}))
    client.logout()
    assert client.get(first).status_code == 422 and client.get(second).status_code == 200
    assert not client.login(username="technician", password=PASSWORD)
    assert other.get(reverse("people:list")).status_code == 302


@pytest.mark.parametrize("person", ["MQ", "!!", "OTk5OTk5", "LTE", "4pi6", "AAAA" * 50])
def test_a_forged_link_leads_nowhere(client, people, person):
    for token in ("set-password", "abc-def", "x" * 200):
        answer = client.get(reverse("people:first_password", args=[person, token]))
        assert answer.status_code == 422 and "无效" in answer.content.decode()


def test_a_link_for_one_does_not_open_another_and_not_for_who_has_left(ask, people, client):
    address = _link(ask("administrator", "link", "technician", post={}))
    services.make_link(people["approver"], by=people["administrator"])
    parts = address.split("/")
    parts[3] = services.make_link(people["checker"], by=people["administrator"]).person
    client.logout()
    assert client.get("/".join(parts)).status_code == 422
    services.leave(people["technician"], by=people["administrator"], why="离职")
    assert client.get(address).status_code == 422


def test_an_old_link_has_ended(ask, people, client, settings):
    address = _link(ask("administrator", "link", "technician", post={}))
    client.logout()
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert client.get(address).status_code == 422


def test_a_post_without_the_token_of_the_form_is_refused(people, institute):
    client = Client(enforce_csrf_checks=True)
    client.force_login(people["administrator"])
    for name, args in (("new", []), ("link", ["technician"]), ("role_end", ["technician"]), ("leave", ["technician"])):
        assert client.post(reverse(f"people:{name}", args=args), {"role": "technician"}).status_code == 403
    link = services.make_link(people["technician"], by=people["administrator"])
    client.logout()
    assert client.post(reverse("people:first_password", args=[link.person, link.token]), {}).status_code == 403


def test_organisations_are_customers_and_named_once(ask, people, institute, customer):
    forged = {"name": "第二个所", "kind": "institute", "authorisation_number": "假"}
    assert ask("administrator", "organisation_new", post=forged).status_code == 302
    made = Organisation.objects.get(name="第二个所")
    assert (made.kind, made.authorisation_number) == ("customer", "")
    for name in ("", "测试客户", "x" * 201):
        assert ask("administrator", "organisation_new", post={"name": name}).status_code == 422
    bad_mail = {"name": "y", "email": "no address"}
    assert ask("administrator", "organisation_new", post=bad_mail).status_code == 422
    assert ask("administrator", "organisation_edit", customer.pk, post={"name": "改名客户"}).status_code == 302
    assert [one.name for one in customer.history.order_by("history_id")] == ["测试客户", "改名客户"]
    assert ask("administrator", "organisation_edit", 0).status_code == 404


def test_a_department_is_named_once_in_its_organisation(ask, people, institute, department):
    assert ask("administrator", "department_new", institute.pk, post={"name": "检定室"}).status_code == 422
    assert ask("administrator", "department_new", institute.pk, post={"name": "力学室"}).status_code == 302
    assert ask("administrator", "department_edit", department.pk, post={"name": "电学室"}).status_code == 302
    assert sorted(one.name for one in institute.departments.all()) == ["力学室", "电学室"]


@pytest.fixture
def qualification(people):
    return services.register_qualification(
        people["technician"],
        level="1",
        certificate_number="Z-1",
        issued_on=clock.today(),
        number="R-1",
        valid_from=clock.today(),
        valid_until=clock.today() + timedelta(30),
        by=people["technical_lead"],
    )


def test_registrations_are_renewed_and_corrected_by_technical_lead_and_administrator(ask, people, qualification):
    registration = qualification.registrations.get()
    renewal = {"number": "R-2", "employer": "测试所", "valid_from": "2027-01-01", "valid_until": "2031-12-31"}
    pages = [
        ("registration_new", qualification.pk, renewal),
        ("registration_correct", registration.pk, renewal | {"number": "R-1b", "why": "录错"}),
        ("qualification_correct", qualification.pk,
         {"level": "2", "certificate_number": "Z-1b", "issued_on": "2020-01-01", "why": "录错"}),
    ]  # fmt: skip
    for name, pk, good in pages:
        assert ask(None, name, pk).status_code == 302
        for who in EVERYBODY:
            if who not in ("technical_lead", "administrator"):
                assert ask(who, name, pk).status_code == ask(who, name, pk, post=good).status_code == 422, (name, who)
        assert ask("administrator", name, pk).status_code == 200
        assert ask("technical_lead", name, 0).status_code == 404
        assert ask("technical_lead", name, pk, post=good).status_code == 302, name
    qualification.refresh_from_db()
    assert (qualification.level, qualification.certificate_number) == ("2", "Z-1b")
    assert sorted(one.number for one in qualification.registrations.all()) == ["R-1b", "R-2"]
    assert [one.certificate_number for one in qualification.history.order_by("history_id")] == ["Z-1", "Z-1b"]
    wrong = renewal | {"valid_until": "2020-01-01"}
    assert ask("technical_lead", "registration_new", qualification.pk, post=wrong).status_code == 422
    assert ask("technical_lead", "qualification_correct", qualification.pk, post={"level": "2"}).status_code == 422
    assert Qualification.objects.count() == 1


def test_pages_take_as_many_queries_for_many_people_as_for_few(
    client, people, institute, qualification, django_assert_max_num_queries
):
    for number in range(12):
        user = User.objects.create(username=f"p{number}", display_name=f"人 {number}", organisation=institute)
        UserRole.objects.create(user=user, role="technician")
        Department.objects.create(organisation=institute, name=f"室 {number}")
    client.force_login(people["administrator"])
    for name, args, most in (
        ("list", [], 6),
        ("organisations", [], 6),
        ("new", [], 6),
        ("person", ["technician"], 19),
        ("roles", ["technician"], 6),
        ("link", ["technician"], 5),
    ):
        with django_assert_max_num_queries(most):
            assert client.get(reverse(f"people:{name}", args=args)).status_code == 200
