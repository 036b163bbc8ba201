"""An auditor from outside: only in the period, only in the scope, only reading, and every look is written down."""

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lims.audit.models import Event
from lims.auditor import services
from lims.auditor.models import Grant
from lims.auditor.selectors import traceable
from lims.core import clock
from lims.core.text import Refused
from tests import factories
from tests.certificates.issued import certificate

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab() -> SimpleNamespace:
    return factories.laboratory()


def given(lab: SimpleNamespace, *categories: str, begins: int = 0, ends: int = 10) -> Grant:
    today = factories.today()
    return services.grant(
        lab.auditor, by=lab.quality, purpose="CNAS 监督评审", categories=categories,
        valid_from=today + timedelta(days=begins), valid_until=today + timedelta(days=ends),
    )  # fmt: skip


def reason_at(client: Client, path: str, status: int = 403) -> str:
    answer = client.get(path, headers={"accept": "application/json"})
    assert answer.status_code == status
    return str(answer.json()["reasons"][0]["code"])


def test_where_grants_are_required_nothing_is_seen_without_one(
    client: Client, lab: SimpleNamespace, settings: Any
) -> None:
    settings.AUDITOR_GRANTS = "required"
    client.force_login(lab.auditor)
    for name in ("auditor:index", "auditor:as_of", "auditor:samples", "certificates:list", "people:list"):
        assert reason_at(client, reverse(name)) == "no_grant"
    assert client.get("/log/log.vkey").status_code == 200, "the public log stays public"
    given(lab)
    assert client.get(reverse("auditor:index")).status_code == 200


@pytest.mark.parametrize(
    ("begins", "ends", "code"), [(-9, -1, "outside_period"), (1, 9, "outside_period"), (0, 0, ""), (-9, 0, "")]
)
def test_a_grant_holds_on_its_days_and_no_other(
    client: Client, lab: SimpleNamespace, begins: int, ends: int, code: str
) -> None:
    given(lab, begins=begins, ends=ends)
    client.force_login(lab.auditor)
    if code:
        assert reason_at(client, reverse("auditor:index")) == code
        assert not traceable(lab.auditor).exists()
    else:
        assert client.get(reverse("auditor:index")).status_code == 200


def test_a_revoked_grant_ends_at_once_and_says_why(client: Client, lab: SimpleNamespace) -> None:
    grant = given(lab)
    client.force_login(lab.auditor)
    assert client.get(reverse("auditor:index")).status_code == 200
    services.revoke(grant, by=lab.quality, why="审核提前结束")
    answer = client.get(reverse("auditor:index"))
    assert answer.status_code == 403 and "审核提前结束" in answer.content.decode()
    with pytest.raises(Refused, match="已撤销"):
        services.revoke(grant, by=lab.quality, why="again")


def test_a_scope_shows_what_is_in_it_and_refuses_the_rest(client: Client, lab: SimpleNamespace) -> None:
    made = certificate(lab, sealed=False)
    client.force_login(lab.auditor)
    trace = reverse("auditor:trace", args=[made.number])
    moment = {"day": factories.today().isoformat(), "time": "23:59"}
    grant = given(lab, "fuel_dispenser")
    assert client.get(trace).status_code == 404
    for kind, key in (("certificate", made.number), ("standard", "14114700"), ("device", "BZ-001")):
        page = client.get(reverse("auditor:as_of"), {"kind": kind, "key": key, **moment})
        assert "没有找到这个对象" in page.content.decode(), kind
    assert reason_at(client, reverse("certificates:list")) == "outside_scope"
    assert reason_at(client, reverse("certificates:detail", args=[made.number])) == "outside_scope"
    services.revoke(grant, by=lab.quality, why="范围有误")
    given(lab, "charging_pile_ac")
    assert client.get(trace).status_code == 200
    for kind, key in (
        ("certificate", made.number),
        ("standard", "14114700"),
        ("device", "BZ-001"),
        ("person", "checker"),
    ):
        page = client.get(reverse("auditor:as_of"), {"kind": kind, "key": key, **moment})
        assert "data-as-of" in page.content.decode(), kind


def test_every_look_is_written_down_with_what_was_asked_for(client: Client, lab: SimpleNamespace) -> None:
    given(lab)
    client.force_login(lab.auditor)
    client.get(reverse("auditor:as_of"), {"kind": "person", "key": "checker"})
    client.get(reverse("people:list"))
    looks = [json.loads(one.payload) for one in Event.objects.filter(verb="audit.looked").order_by("pk")]
    assert [one["path"] for one in looks] == ["/audit/as-of/?kind=person&key=checker", "/people/"]
    assert Event.objects.filter(verb="audit.looked").first().actor_name == str(lab.auditor)  # type: ignore[union-attr]


def test_nothing_is_writable_but_ticks_and_samples(client: Client, lab: SimpleNamespace) -> None:
    """Every address of the system that takes no argument, asked to change something."""
    from django.urls import get_resolver

    given(lab)
    client.force_login(lab.auditor)
    names = {name for name in get_resolver().reverse_dict if isinstance(name, str)}
    addresses = set()
    for namespace, (prefix, resolver) in get_resolver().namespace_dict.items():
        for name in resolver.reverse_dict:
            if isinstance(name, str):
                possibility, *_rest = resolver.reverse_dict.getlist(name)
                for path, parameters in possibility[0]:
                    if not parameters:
                        addresses.add(f"/{prefix}{path}")
    assert names is not None and len(addresses) > 20, "the sweep reaches the rooms"
    for address in sorted(addresses):
        # The public check reads a file and keeps nothing of it; it is open to everybody.
        if address.startswith(("/audit/", "/accounts/", "/log/", "/static/", "/v/")) or address == "/":
            continue
        answer = client.post(address, {}, headers={"accept": "application/json"})
        told = answer.json()["reasons"][0]["code"] if answer.status_code == 403 else ""
        assert (answer.status_code, told) in {(403, "auditor_reads_only"), (405, "")}, (address, answer.status_code)
    today = factories.today().isoformat()
    asked = {"auditor": lab.auditor.pk, "purpose": "x", "valid_from": today, "valid_until": today}
    client.post(reverse("auditor:grants"), asked)
    assert Grant.objects.count() == 1, "nobody lets himself in"


def test_people_of_the_institute_need_no_grant_and_leave_no_looks(
    client: Client, lab: SimpleNamespace, settings: Any
) -> None:
    settings.AUDITOR_GRANTS = "required"
    for who in (lab.quality, lab.technician):
        client.force_login(who)
        assert client.get(reverse("auditor:index")).status_code == 200
    assert not Event.objects.filter(verb="audit.looked").exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"by": "lead"}, "not_quality_manager"),
        ({"auditor": "technician"}, "grantee_is_no_auditor"),
        ({"purpose": " "}, "no_purpose"),
        ({"categories": ["spaceship"]}, "unknown_category"),
        ({"days": 400}, "grant_period"),
        ({"days": -1}, "grant_period"),
    ],
)
def test_a_grant_that_makes_no_sense_is_refused(lab: SimpleNamespace, change: dict[str, Any], code: str) -> None:
    asked: dict[str, Any] = {
        "by": "quality",
        "auditor": "auditor",
        "purpose": "x",
        "categories": [],
        "days": 3,
    } | change
    with pytest.raises(Refused) as refused:
        services.grant(
            getattr(lab, asked["auditor"]), by=getattr(lab, asked["by"]), purpose=asked["purpose"],
            categories=asked["categories"], valid_from=factories.today(),
            valid_until=factories.today() + timedelta(days=asked["days"]),
        )  # fmt: skip
    assert refused.value.reasons[0].code == code and not Grant.objects.exists()


def test_a_grant_cannot_be_widened_behind_the_application(lab: SimpleNamespace) -> None:
    given(lab, "fuel_dispenser")
    for change in ({"categories": []}, {"valid_until": factories.today() + timedelta(days=99)}):
        with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
            Grant.objects.update(**change)


@pytest.mark.parametrize(
    ("who", "seen", "made"),
    [("quality", 200, 1), ("lead", 200, 0), ("auditor", 200, 0), ("customer", 404, 0), ("stranger", 404, 0)],
)
def test_the_page_of_grants_by_role(client: Client, lab: SimpleNamespace, who: str, seen: int, made: int) -> None:
    client.force_login(getattr(lab, who))
    page, today = reverse("auditor:grants"), factories.today().isoformat()
    assert client.get(page).status_code == seen
    client.post(page, {"auditor": lab.auditor.pk, "purpose": "监督", "valid_from": today, "valid_until": today})
    assert Grant.objects.count() == made
    if made:
        assert "监督" in client.get(page).content.decode()
        client.post(reverse("auditor:revoke", args=[Grant.objects.get().pk]), {"why": "x"})
        assert Grant.objects.get().revoked_at


def test_a_look_that_cannot_be_written_down_does_not_happen(
    client: Client, lab: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(lab)
    client.force_login(lab.auditor)
    earlier = timezone.now() - timedelta(minutes=5)
    monkeypatch.setattr(clock, "now", lambda: earlier)
    assert reason_at(client, reverse("auditor:index"), 422) == "clock_went_back"
