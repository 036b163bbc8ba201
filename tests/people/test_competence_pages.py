"""The pages of competence, asked by every role: who may do what, what is asked, education, witnessed tests, a person's day."""

import csv
from datetime import date, timedelta

import pikepdf
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from lims.core import clock
from lims.people import services
from lims.people.items import Item
from lims.people.models import Education, Requirement, Role, WitnessedTest
from lims.people.views import competence as views

INSIDE = sorted(set(Role.values) - {Role.CUSTOMER})
KEEPERS = {Role.TECHNICAL_LEAD, Role.QUALITY_MANAGER}
EVERYBODY = [*Role.values, "stranger"]
ITEMS = [Item("JJG 1148", "charging_pile_ac", "交流充电桩"), Item("JJG 443", "fuel_dispenser", "燃油加油机")]


@pytest.fixture(autouse=True)
def items(monkeypatch):
    monkeypatch.setattr(views, "items_on", lambda _day: ITEMS)


@pytest.fixture
def authorised(people):
    """A technician for piles whose registration ended yesterday, a trainee under him, and a checker."""
    lead, today = people["technical_lead"], clock.today()
    period = {"scope_kind": "procedure", "scope": "JJG 1148", "by": lead}
    period |= {"valid_from": today - timedelta(100), "valid_until": today + timedelta(100)}
    services.grant_authorisation(people["technician"], act="verify", **period)
    services.grant_authorisation(people["checker"], act="check", **period)
    services.grant_authorisation(people["second_technician"], act="train", supervisors=[people["technician"]], **period)
    services.register_qualification(
        people["technician"],
        by=lead,
        level="2",
        certificate_number="Z-1",
        issued_on=date(2015, 1, 1),
        number="R-1",
        valid_from=date(2020, 1, 1),
        valid_until=today - timedelta(1),
    )
    return people


@pytest.fixture
def kept(people):
    """One piece of education and one witnessed test of the technician."""
    by, technician = people["quality_manager"], people["technician"]
    learned = services.enter_education(
        technician, by=by, held_on=date(2026, 3, 2), hours="8", subject="充电桩讲座", organiser="计量学会"
    )
    watched = services.enter_witnessed_test(
        technician,
        by=by,
        witness=people["checker"],
        held_on=date(2026, 3, 3),
        procedure="JJG 1148",
        findings="按规程操作",
        verdict="fit",
        due_on=date(2026, 4, 3),
    )
    return learned, watched


def page(client, name, *args, **query):
    return client.get(reverse(f"people:{name}", args=args), query)


def education(**changed):
    return {"held_on": "2026-03-02", "hours": "4.5", "subject": "讲座", "organiser": "学会", **changed}


def witnessed(people, **changed):
    content = {"held_on": "2026-03-02", "witness": people["checker"].pk, "procedure": "JJG 1148", "verdict": "partly"}
    return {**content, "findings": "接线正确", **changed}


@pytest.mark.parametrize("role", EVERYBODY)
def test_colleagues_and_auditors_see_who_may_do_what_and_what_is_asked(client, authorised, role):
    client.force_login(authorised[role])
    for name in ("competence", "requirements"):
        answer = page(client, name)
        assert answer.status_code == (200 if role in INSIDE else 422)
        told = "名 second_technician" in answer.content.decode()
        assert told == (role in INSIDE and name == "competence")


@pytest.mark.parametrize("role", EVERYBODY)
def test_only_technical_lead_and_quality_manager_enter_and_correct(client, people, kept, role):
    client.force_login(people[role])
    learned, watched = kept
    deeds = (
        ("education_new", "technician", education()),
        ("education_correct", learned.pk, education(why="看错证明")),
        ("witnessed_new", "technician", witnessed(people)),
        ("witnessed_correct", watched.pk, witnessed(people, why="写错日期")),
        ("requirement_education", None, {"value": "60", "source": "某某规定第三条", "valid_from": "2026-01-01"}),
        ("requirement_registration", None, {"value": "always", "source": "本所决定", "valid_from": "2026-01-01"}),
    )
    for name, key, content in deeds:
        address = reverse(f"people:{name}", args=[key] if key else [])
        assert client.get(address).status_code == (200 if role in KEEPERS else 422), name
        assert client.post(address, content).status_code == (302 if role in KEEPERS else 422), name
    entered = 2 if role in KEEPERS else 1
    assert (Education.objects.count(), WitnessedTest.objects.count()) == (entered, entered)
    assert Requirement.objects.count() == (2 if role in KEEPERS else 0)


def test_the_matrix_tells_what_was_once_allowed_and_why_it_is_not_now(client, authorised):
    client.force_login(authorised["auditor"])
    yesterday, today = clock.today() - timedelta(1), clock.today()
    shown = page(client, "competence").content.decode()
    assert "检定：不可以" in shown and f"注册 R-1 已于 {yesterday} 到期" in shown
    # With the technician the trainee's only supervisor is gone.
    assert "见习：不可以" in shown
    before = page(client, "competence", on=str(yesterday)).content.decode()
    assert "检定：不可以" not in before and str(yesterday) in before and f"· {today}" not in before


def test_the_reverse_question_names_who_may_and_who_may_not_with_what_to_do(client, authorised):
    client.force_login(authorised["technical_lead"])
    shown = page(client, "competence", item="JJG 1148", act="verify").content.decode()
    assert "没有有效的注册" in shown and "请登记续注册后的有效期" in shown
    yesterday = page(client, "competence", item="JJG 1148", on=str(clock.today() - timedelta(1))).content.decode()
    assert "指导人员：名 technician" in yesterday


@pytest.mark.parametrize("query", [{"on": "gestern"}, {"item": "JJG 9|x"}, {"act": "eat"}, {"on": "2026-13-40"}])
def test_a_question_that_cannot_be_read_is_answered_as_if_it_were_not_asked(client, authorised, query):
    client.force_login(authorised["auditor"])
    answer = page(client, "competence", **query)
    assert answer.status_code == 200 and "人员与项目" in answer.content.decode()


def test_everything_is_told_as_a_table_too(client, authorised):
    authorised["technician"].display_name = "=cmd()"
    authorised["technician"].save()
    client.force_login(authorised["auditor"])
    answer = page(client, "competence", format="csv")
    rows = list(csv.DictReader(answer.content.decode("utf-8-sig").splitlines()))
    found = {(row["username"], row["procedure"], row["act"]): row for row in rows}
    assert len(rows) == len(found) == 4 * len(ITEMS) * 4  # technician, trainee, checker and approver
    lapsed = found["technician", "JJG 1148", "verify"]
    assert lapsed["may"] == "no" and "R-1" in lapsed["why"] and lapsed["person"] == "'=cmd()"
    assert found["checker", "JJG 1148", "check"]["may"] == "yes"
    assert found["checker", "JJG 443", "check"]["may"] == "no"


def test_pages_cost_the_same_few_questions_for_many_people(client, authorised, kept):
    def asked(name, *args):
        client.force_login(authorised["auditor"])
        with CaptureQueriesContext(connection) as queries:
            assert page(client, name, *args).status_code == 200
        return len(queries)

    before = asked("competence"), asked("person", "technician")
    by, today = authorised["technical_lead"], clock.today()
    services.give_role(authorised["second_technician"], Role.CHECKER, by=authorised["administrator"])
    for number in range(4):
        services.enter_education(
            authorised["technician"], by=by, held_on=today, hours="1", subject=f"第 {number} 讲", organiser="学会"
        )
        services.renew_registration(
            authorised["technician"].qualifications.get(),
            by=by,
            number=f"R-{number}",
            valid_from=today,
            valid_until=today + timedelta(9),
        )
    after = asked("competence"), asked("person", "technician")
    assert after[0] <= before[0] <= 12 and after[1] == before[1] <= 26


def test_a_person_is_shown_as_of_a_day(client, authorised, kept):
    client.force_login(authorised["technician"])  # the own page
    today = page(client, "person", "technician").content.decode()
    assert today.count("已过期") == 1 and "已逾期" in today and "要求的学时不明" in today
    then = page(client, "person", "technician", on="2026-03-20").content.decode()
    assert "已过期" not in then and "已逾期" not in then
    assert "未生效" in page(client, "person", "technician", on="2019-01-01").content.decode()


@pytest.mark.parametrize("role", EVERYBODY)
def test_a_proof_is_kept_and_handed_to_whoever_may_see_the_person(client, people, role, tmp_path):
    with pikepdf.new() as document:
        document.add_blank_page()
        document.save(tmp_path / "proof.pdf")
    data = (tmp_path / "proof.pdf").read_bytes()
    kept = services.enter_education(
        people["technician"],
        by=people["quality_manager"],
        held_on=date(2026, 3, 2),
        hours="8",
        subject="讲座",
        organiser="学会",
        original=data,
    )
    client.force_login(people[role])
    answer = page(client, "education_proof", kept.pk)
    assert answer.status_code == (200 if role in INSIDE else 404)
    if role in INSIDE:
        assert answer.content == data and answer.headers["Content-Disposition"].startswith("attachment")


def test_a_trainee_is_authorised_on_the_page(client, people):
    client.force_login(people["technical_lead"])
    address = reverse("people:authorise", args=["technician"])
    today = clock.today()
    content = {"act": "train", "scope_kind": "procedure", "scope": "JJG 1148", "valid_from": today}
    content["valid_until"] = today + timedelta(30)
    answer = client.post(address, content)
    assert answer.status_code == 422 and "见习检定必须指定指导人员" in answer.content.decode()
    content["supervisors"] = [people["second_technician"].pk]
    assert client.post(address, content).status_code == 302
    shown = page(client, "person", "technician").content.decode()
    assert "见习检定" in shown and "名 second_technician" in shown
