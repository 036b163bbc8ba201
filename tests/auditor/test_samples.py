"""A sample that everybody can draw again, its check list, and the report."""

import hashlib
import json
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from certificates.models import Certificate
from lims.audit.models import Event
from lims.auditor import services
from lims.auditor.models import Sample, Tick
from lims.auditor.selectors import samples
from lims.core.text import Refused
from tests import factories
from tests.certificates.issued import certificate

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab() -> SimpleNamespace:
    return factories.laboratory()


@pytest.fixture
def made(lab: SimpleNamespace) -> Certificate:
    return certificate(lab)


def drawn(lab: SimpleNamespace, seed: str = "03 08 15") -> Sample:
    today = factories.today()
    return services.draw(by=lab.auditor, seed=seed, wanted=5, since=today, until=today)


def test_a_sample_fixes_from_what_it_was_drawn(lab: SimpleNamespace, made: Certificate) -> None:
    sample = drawn(lab)
    assert [(one.certificate, one.stratum) for one in sample.items.all()] == [(made, "charging_pile_ac|technician")]
    text = f"{made.number}\tcharging_pile_ac|technician\n"
    assert (sample.population, sample.population_sha256) == (1, hashlib.sha256(text.encode()).hexdigest())
    assert samples.population(sample) == text, "what it was drawn from is kept"
    event = Event.objects.get(verb="audit.sample_drawn")
    assert json.loads(event.payload)["numbers"] == [made.number] and event.actor_name == str(lab.auditor)
    for deed in (lambda: Sample.objects.update(seed="x"), lambda: sample.items.all().delete()):
        with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
            deed()


@pytest.mark.parametrize(
    ("change", "code"),
    [({"seed": " "}, "no_seed"), ({"wanted": 0}, "sample_size"), ({"by": "technician"}, "not_an_auditor")],
)
def test_a_draw_that_makes_no_sense_is_refused(
    lab: SimpleNamespace, made: Certificate, change: dict[str, Any], code: str
) -> None:
    today = factories.today()
    asked = {"by": "auditor", "seed": "x", "wanted": 5, "since": today, "until": today} | change
    with pytest.raises(Refused) as refused:
        services.draw(**asked | {"by": getattr(lab, asked["by"])})
    assert refused.value.reasons[0].code == code and not Sample.objects.exists()


def test_nothing_issued_nothing_drawn(lab: SimpleNamespace) -> None:
    with pytest.raises(Refused, match="没有已签发的证书"):
        drawn(lab)


def test_points_are_ticked_again_and_the_newest_counts(lab: SimpleNamespace, made: Certificate) -> None:
    item = drawn(lab).items.get()
    services.tick(item, by=lab.auditor, point="digits", result="good")
    services.tick(item, by=lab.auditor, point="digits", result="finding", comment="第 3 点修约有误")
    (line,) = samples.lines(item.sample)
    assert (line.ticks["digits"].result, line.open, line.findings) == ("finding", 9, 1)
    assert Tick.objects.count() == Event.objects.filter(verb="audit.ticked").count() == 2


@pytest.mark.parametrize(
    ("who", "tick", "code"),
    [
        ("auditor", {"point": "digits", "result": "finding"}, "finding_says_what"),
        ("auditor", {"point": "nothing", "result": "good"}, "unknown_point"),
        ("quality", {"point": "digits", "result": "good"}, "not_your_sample"),
    ],
)
def test_a_tick_needs_its_comment_and_the_one_who_drew(
    lab: SimpleNamespace, made: Certificate, who: str, tick: dict[str, str], code: str
) -> None:
    item = drawn(lab).items.get()
    with pytest.raises(Refused) as refused:
        services.tick(item, by=getattr(lab, who), **tick)
    assert refused.value.reasons[0].code == code and not Tick.objects.exists()


@pytest.mark.parametrize(
    ("who", "seen", "draws"),
    [
        ("auditor", 200, 302),
        ("quality", 200, 302),
        ("technician", 200, 200),
        ("customer", 404, 404),
        ("stranger", 404, 404),
    ],
)
def test_pages_by_role(
    client: Client, lab: SimpleNamespace, made: Certificate, who: str, seen: int, draws: int
) -> None:
    sample, today = drawn(lab), factories.today().isoformat()
    client.force_login(getattr(lab, who))
    pages = [
        reverse("auditor:samples"),
        reverse("auditor:sample", args=[sample.pk]),
        reverse("auditor:sample_item", args=[sample.pk, 1]),
    ]
    assert [client.get(page).status_code for page in pages] == [seen] * 3
    asked = {"since": today, "until": today, "wanted": "1", "seed": "lottery"}
    assert client.post(pages[0], asked).status_code == draws
    assert Sample.objects.count() == (2 if draws == 302 else 1)


def test_the_check_list_is_filled_on_its_page(client: Client, lab: SimpleNamespace, made: Certificate) -> None:
    sample = drawn(lab)
    client.force_login(lab.auditor)
    page = reverse("auditor:sample_item", args=[sample.pk, 1])
    assert client.post(page, {"point": "digits", "result": "good"}).status_code == 302
    assert 'data-tick="good"' in client.get(page).content.decode()
    refused = client.post(page, {"point": "digits", "result": "finding", "comment": ""})
    assert refused.status_code >= 400 and "必须写明内容" in refused.content.decode()
    assert client.get(reverse("auditor:sample_item", args=[sample.pk, 2])).status_code == 404


def test_a_sample_page_asks_the_same_number_of_questions_for_any_size(
    client: Client, lab: SimpleNamespace, made: Certificate, django_assert_max_num_queries: Any
) -> None:
    sample = drawn(lab)
    client.force_login(lab.auditor)
    with django_assert_max_num_queries(11):
        client.get(reverse("auditor:sample", args=[sample.pk]))
