"""Any object as it stood at a moment: agrees with a replay, says when two sources differ, and is open to those who may look."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from certificates.services import withdraw
from lims.audit.models import Event
from lims.auditor.selectors import asof
from lims.core import clock
from lims.people import services as people_services
from lims.people.models import Role
from standards import services as standard_services
from tests import factories
from tests.certificates.issued import certificate

pytestmark = pytest.mark.django_db
Travel = Callable[[float], datetime]


@pytest.fixture
def lab() -> SimpleNamespace:
    return factories.laboratory()


@pytest.fixture
def travel(monkeypatch: pytest.MonkeyPatch) -> Travel:
    """Moves the clock to so many hours after now; the moment."""
    begun = timezone.now()

    def to(hours: float) -> datetime:
        at = begun + timedelta(hours=hours)
        monkeypatch.setattr(clock, "now", lambda: at)
        monkeypatch.setattr(timezone, "now", lambda: at)
        return at

    return to


def shown(kind: str, subject: models.Model, at: datetime) -> dict[str, Any]:
    return {one.name: one.value for one in asof.as_of(kind, subject, at).facts}


def replayed(told: list[tuple[datetime, Any]], at: datetime) -> Any:
    """What was told last until the moment."""
    return [what for when, what in told if when <= at][-1]


def test_a_standard_agrees_with_a_replay_at_random_instants(lab: SimpleNamespace, travel: Travel) -> None:
    chance, standard = random.Random(1), lab.standard
    told = [(timezone.now(), (standard.name, standard.location, standard.environment))]
    for number in range(12):
        at = travel(1 + 10 * number + chance.random() * 8)
        fields = chance.sample(["name", "location", "environment"], chance.randint(1, 3))
        standard_services.change_standard(
            by=lab.lead, standard=standard, **{name: f"{name} {chance.randint(0, 4)}" for name in fields}
        )
        told.append((at, (standard.name, standard.location, standard.environment)))
    first, last = told[0][0], told[-1][0] + timedelta(hours=5)
    for _ in range(500):
        at = first + (last - first) * chance.random()
        view = asof.as_of("standard", standard, at)
        facts = {one.name: one.value for one in view.facts}
        assert (facts["name"], facts["location"], facts["environment"]) == replayed(told, at), at
        assert all(one.doubt is None for one in view.facts), "history and events tell the same"


def test_a_person_without_kept_versions_agrees_with_a_replay(lab: SimpleNamespace, travel: Travel) -> None:
    chance, person = random.Random(2), lab.colleague
    told: list[tuple[datetime, Any]] = [(timezone.now(), (person.title, {Role.TECHNICIAN, Role.CHECKER}))]
    held = {Role.TECHNICIAN, Role.CHECKER}
    for number in range(10):
        at = travel(1 + number + chance.random() * 0.9)
        if chance.random() < 0.5:
            people_services.change_person(person, by=lab.administrator, title=f"职务 {number}")
        elif Role.RECEPTIONIST in held:
            people_services.take_role(person, Role.RECEPTIONIST, by=lab.administrator)
            held = held - {Role.RECEPTIONIST}
        else:
            people_services.give_role(person, Role.RECEPTIONIST, by=lab.administrator)
            held = held | {Role.RECEPTIONIST}
        told.append((at, (person.title, held)))
    first, last = told[0][0], told[-1][0] + timedelta(hours=1)
    labels = {str(role.label): role for role in Role}
    for _ in range(300):
        at = first + (last - first) * chance.random()
        view = asof.as_of("person", person, at)
        title = next(one.value for one in view.facts if one.name == "title")
        (roles,) = (part.lines for part in view.parts if str(part.title) == "角色")
        assert (title, {labels[one] for one in roles}) == replayed(told, at), at


def test_the_state_of_a_certificate_agrees_with_a_replay(lab: SimpleNamespace, travel: Travel) -> None:
    before = timezone.now() - timedelta(minutes=1)
    made = certificate(lab)
    withdrawn = travel(30)
    withdraw(made, by=lab.quality, reason="标准器超差")
    events = list(Event.objects.filter(object_type="certificates.certificate", object_id=str(made.pk)).order_by("pk"))
    states = {"sealing": "签发中", "issued": "已签发", "withdrawn": "已撤回"}
    told = [(one.at, states[one.to_state]) for one in events if one.to_state]
    chance = random.Random(3)
    for _ in range(200):
        at = told[0][0] + (withdrawn + timedelta(hours=2) - told[0][0]) * chance.random()
        assert asof.as_of("certificate", made, at).state == replayed(told, at), at
    assert asof.as_of("certificate", made, before).existed is False
    assert asof.as_of("certificate", made, withdrawn).later == 0


def test_two_sources_that_differ_are_both_shown(lab: SimpleNamespace, travel: Travel) -> None:
    """Somebody edited a kept version behind the application."""
    at = travel(1)
    travel(2)
    standard_services.change_standard(by=lab.lead, standard=lab.standard, location="新址")
    lab.standard.history.filter(history_date__lte=at).update(location="从未在此")
    (fact,) = (one for one in asof.as_of("standard", lab.standard, at).facts if one.name == "location")
    assert fact.value == "从未在此" and fact.doubt != "从未在此"


def test_before_it_was_entered_nothing_is_told(lab: SimpleNamespace) -> None:
    view = asof.as_of("standard", lab.standard, timezone.now() - timedelta(days=1))
    assert view.existed is False and not view.facts and not view.parts


def asked(**more: str) -> dict[str, str]:
    now = timezone.localtime()
    return {"kind": "standard", "key": "14114700", "day": f"{now:%Y-%m-%d}", "time": "23:59", **more}


@pytest.mark.parametrize(
    ("who", "status"),
    [("auditor", 200), ("quality", 200), ("technician", 200), ("customer", 404), ("stranger", 404)],
)
def test_who_may_look(client: Client, lab: SimpleNamespace, who: str, status: int) -> None:
    client.force_login(getattr(lab, who))
    assert client.get(reverse("auditor:as_of"), asked()).status_code == status
    assert client.post(reverse("auditor:as_of"), asked()).status_code == 405


@pytest.mark.parametrize(
    ("kind", "key"),
    [("standard", "14114700"), ("device", "BZ-001"), ("person", "technician"), ("pack", ""), ("certificate", "")],
)
def test_every_kind_has_its_page_clearly_marked(client: Client, lab: SimpleNamespace, kind: str, key: str) -> None:
    made = certificate(lab, sealed=False) if kind == "certificate" else None
    key = key or (made.number if made else made_pack())
    client.force_login(lab.auditor)
    page = client.get(reverse("auditor:as_of"), asked(kind=kind, key=key))
    assert "data-as-of" in page.content.decode() and "不是现在的状况" in page.content.decode()
    assert page.context["view"].existed is not False


def made_pack() -> str:
    return asof.KINDS["pack"].model._default_manager.get(code="JJG 1148").sha256  # type: ignore[attr-defined, no-any-return]


def test_a_part_of_a_name_offers_the_choice_and_nothing_found_says_so(client: Client, lab: SimpleNamespace) -> None:
    client.force_login(lab.auditor)
    page = client.get(reverse("auditor:as_of"), asked(kind="person", key="员"))
    assert "请选择" in page.content.decode() and "key=technician" in page.content.decode()
    assert "没有找到这个对象" in client.get(reverse("auditor:as_of"), asked(key="none")).content.decode()
    assert client.get(reverse("auditor:as_of"), asked(day="x")).status_code == 200


def test_the_page_asks_few_questions(client: Client, lab: SimpleNamespace, django_assert_max_num_queries: Any) -> None:
    client.force_login(lab.auditor)
    with django_assert_max_num_queries(16):
        client.get(reverse("auditor:as_of"), asked())
