"""The pages of people, asked by every role, by a customer and by a stranger."""

from datetime import timedelta

import pytest
from django.urls import reverse

from lims.core import clock
from lims.people.models import Authorisation, Qualification, Registration, Role

INSIDE = sorted(set(Role.values) - {Role.CUSTOMER})
MAY_AUTHORISE = {Role.TECHNICAL_LEAD, Role.ADMINISTRATOR}
EVERYBODY = [*Role.values, "stranger"]


@pytest.fixture
def authorisation(people):
    today = clock.today()
    return Authorisation.objects.create(
        user=people["technician"],
        scope_kind="procedure",
        scope="JJG 1148",
        act="verify",
        valid_from=today - timedelta(1),
        valid_until=today + timedelta(1),
    )


def _form() -> dict[str, str]:
    today = clock.today()
    return {
        "act": "verify",
        "scope_kind": "procedure",
        "scope": "JJG 443",
        "valid_from": str(today),
        "valid_until": str(today + timedelta(30)),
    }


def test_nobody_sees_people_without_signing_in(client, people, authorisation):
    for address in (
        reverse("people:list"),
        reverse("people:person", args=["technician"]),
        reverse("people:authorise", args=["technician"]),
        reverse("people:revoke", args=[authorisation.pk]),
    ):
        assert client.get(address).status_code == 302
        assert "/accounts/login/" in client.get(address).headers["Location"]


@pytest.mark.parametrize("role", EVERYBODY)
def test_colleagues_and_auditors_see_the_list_and_others_are_told_why_not(client, people, role):
    client.force_login(people[role])
    answer = client.get(reverse("people:list"))
    if role in INSIDE:
        assert answer.status_code == 200
        assert "名 technician" in answer.content.decode()
    else:
        assert answer.status_code == 422
        assert "名 technician" not in answer.content.decode()


@pytest.mark.parametrize("role", EVERYBODY)
def test_a_person_is_seen_by_colleagues_auditors_and_himself(client, people, authorisation, role):
    client.force_login(people[role])
    answer = client.get(reverse("people:person", args=["technician"]))
    assert answer.status_code == (200 if role in INSIDE else 404)
    assert client.get(reverse("people:person", args=[role])).status_code == 200
    if role in INSIDE:
        buttons = reverse("people:authorise", args=["technician"]) in answer.content.decode()
        assert buttons == (role in MAY_AUTHORISE)


@pytest.mark.parametrize("role", EVERYBODY)
def test_authorising_and_revoking_is_for_technical_lead_and_administrator(client, people, authorisation, role):
    client.force_login(people[role])
    grant, revoke = reverse("people:authorise", args=["technician"]), reverse("people:revoke", args=[authorisation.pk])
    if role in MAY_AUTHORISE:
        assert client.get(grant).status_code == 200
        assert client.post(grant, _form()).status_code == 302
        assert Authorisation.objects.filter(scope="JJG 443").exists()
        assert client.post(revoke, {"why": "转岗"}).status_code == 302
        authorisation.refresh_from_db()
        assert authorisation.revoked_on == clock.today()
    else:
        for address, content in ((grant, _form()), (revoke, {"why": "x"})):
            assert client.get(address).status_code == 422
            assert client.post(address, content).status_code == 422
        assert Authorisation.objects.count() == 1
        authorisation.refresh_from_db()
        assert authorisation.revoked_on is None


def test_a_refusal_is_shown_on_the_form_with_what_to_do(client, people):
    client.force_login(people["technical_lead"])
    answer = client.post(reverse("people:authorise", args=["technician"]), {**_form(), "scope": "443号"})
    assert answer.status_code == 422
    assert "授权范围" in answer.content.decode()
    assert "规程写作 JJG 1148" in answer.content.decode()
    answer = client.post(reverse("people:authorise", args=["checker"]), _form())
    assert "不是在岗检定员" in answer.content.decode()


def test_dates_printed_on_the_qualification_and_expired_authorisations_are_shown(client, people, authorisation):
    Authorisation.objects.filter(pk=authorisation.pk).update(valid_until=clock.today() - timedelta(1))
    qualification = Qualification.objects.create(
        user=people["technician"], level="1", certificate_number="Z-77", issued_on="2020-05-06"
    )
    Registration.objects.create(
        qualification=qualification, number="R-88", employer="测试所", valid_from="2021-02-03", valid_until="2022-02-02"
    )
    client.force_login(people["auditor"])
    page = client.get(reverse("people:person", args=["technician"])).content.decode()
    for text in ("Z-77", "2020-05-06", "R-88", "2021-02-03", "2022-02-02", "已过期"):
        assert text in page


def test_a_qualification_is_entered_through_the_page(client, people):
    client.force_login(people["technical_lead"])
    address = reverse("people:qualify", args=["technician"])
    content = {"level": "2", "certificate_number": "Z-9", "issued_on": "2020-05-06", "number": "R-9"}
    assert client.post(address, content).status_code == 422
    content |= {"valid_from": "2024-01-01", "valid_until": "2028-12-31"}
    assert client.post(address, content).status_code == 302
    assert Qualification.objects.get().registrations.get().number == "R-9"


def test_searching_people_by_part_of_a_name(client, people):
    client.force_login(people["auditor"])
    page = client.get(reverse("people:list"), {"q": "approver"}).content.decode()
    assert "名 approver" in page
    assert "名 technician" not in page
    assert "没有符合条件的人员" in client.get(reverse("people:list"), {"q": "无此人"}).content.decode()
