"""Finding events by words, kind, person, object and day; taking them away as a file."""

import csv
import io
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from lims.audit import services
from lims.audit.models import Event, Words
from lims.audit.words import words
from lims.auditor import services as audits
from lims.auditor.selectors import events
from lims.auditor.selectors.events import Asked, found, page
from lims.core import canonical, search
from lims.people.services import change_person
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab() -> SimpleNamespace:
    lab = factories.people()
    change_person(lab.technician, by=lab.administrator, title='高级"工程师"')
    change_person(lab.checker, by=lab.administrator, title="=SUM(A1)")
    with transaction.atomic():
        services.record("role.given", by=lab.quality, obj=lab.checker, payload={"role": "receptionist"})
    services.integrate()
    return lab


def objects(viewer: Any, **asked: Any) -> list[str]:
    return [one.object_label for one in found(viewer, Asked(**asked))]


def test_words_are_found_in_content_person_and_object(lab: SimpleNamespace) -> None:
    assert objects(lab.auditor, text="工程师") == ["检定员甲"]
    assert objects(lab.auditor, text='高级"工程师"') == ["检定员甲"], "quotation marks are escaped in the payload"
    assert objects(lab.auditor, text="系统管理员辛 核验员丙") == ["核验员丙"], "all words"
    assert objects(lab.auditor, text="工程师 receptionist") == []


def test_an_event_is_found_before_and_after_it_has_its_place(lab: SimpleNamespace) -> None:
    with transaction.atomic():
        services.record("role.given", by=lab.quality, obj=lab.colleague, payload={"role": "新授 approver"})
    assert objects(lab.auditor, text="新授") == objects(lab.auditor, text="approver") == [str(lab.colleague)]
    services.integrate()
    assert objects(lab.auditor, text="新授") == objects(lab.auditor, text="approver") == [str(lab.colleague)]
    assert Words.objects.count() == Event.objects.count()
    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
        Words.objects.update(words="")


def test_words_that_very_many_have_are_found_by_reading_the_newest(
    lab: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    rare = objects(lab.auditor, text="检定员甲 工程师")
    monkeypatch.setattr(events, "COMMON", 1)
    assert objects(lab.auditor, text="检定员甲 工程师") == rare == ["检定员甲"]


def test_parts_of_words_are_found_when_asked_for(lab: SimpleNamespace) -> None:
    assert objects(lab.auditor, text="ceptionis") == []
    assert objects(lab.auditor, text="ceptionis", parts=True) == ["核验员丙"]


def test_words_are_those_that_the_search_asks_for() -> None:
    text = 'line\nBREAK "引号" \u0001x RW-2026-000123-1 高级工程师'
    found = set(words(canonical.dumps({"t": text}), "甲").split())
    for query in ("break", "引号", "x", "RW-2026-000123-1", "高级", "级工", "师", "甲"):
        assert set(search.query_tokens(query)) <= found, query
    assert not {"nbreak", "u0001x", "高工"} & found


def test_fields_narrow_the_search(lab: SimpleNamespace) -> None:
    today = factories.today()
    assert objects(lab.auditor, verb="role.given") == objects(lab.auditor, who="质量负责人") == ["核验员丙"]
    assert objects(lab.auditor, about="检定员甲") == ["检定员甲"]
    assert len(objects(lab.auditor, since=today, until=today)) == 3
    assert objects(lab.auditor, until=today - timedelta(days=1)) == objects(lab.auditor, since=date(2200, 1, 1)) == []


def test_pages_follow_each_other_without_gap(lab: SimpleNamespace) -> None:
    with transaction.atomic():
        for number in range(120):
            services.record("role.given", by=None, obj=lab.checker, payload={"role": str(number)})
    rows, seen, after = found(lab.auditor, Asked(verb="role.given")), [], ""
    while True:
        shown, after = page(rows, after)
        seen += shown
        if not after:
            break
    assert [one.pk for one in seen] == list(rows.values_list("pk", flat=True)) and len(seen) == 121
    assert page(rows, "nonsense")[0] == page(rows, "")[0]
    assert page(rows, "9" * 40)[0] == page(rows, "")[0]


def test_the_file_tells_the_place_in_the_log_and_starts_no_formula(client: Client, lab: SimpleNamespace) -> None:
    client.force_login(lab.auditor)
    answer = client.get(reverse("auditor:events"), {"verb": "person.changed", "format": "csv"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["object"] for row in rows] == ["检定员甲", "核验员丙"], "oldest first"
    assert [row["place in the log"] for row in rows] == ["0", "1"]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


@pytest.mark.parametrize(
    ("who", "status"),
    [("auditor", 200), ("quality", 200), ("lead", 200), ("technician", 422), ("customer", 404), ("stranger", 404)],
)
def test_who_may_search(client: Client, lab: SimpleNamespace, who: str, status: int) -> None:
    client.force_login(getattr(lab, who))
    assert client.get(reverse("auditor:events"), {"text": "工程师"}).status_code == status
    assert bool(objects(getattr(lab, who))) == (status == 200)


def test_a_narrow_scope_does_not_reach_the_events(client: Client, lab: SimpleNamespace) -> None:
    today = factories.today()
    audits.grant(
        lab.auditor, by=lab.quality, purpose="x", categories=["fuel_dispenser"], valid_from=today, valid_until=today
    )
    client.force_login(lab.auditor)
    answer = client.get(reverse("auditor:events"))
    assert answer.status_code == 422 and "超出审核范围" in answer.content.decode()
    assert objects(lab.auditor) == []


def test_a_page_asks_few_questions(client: Client, lab: SimpleNamespace, django_assert_max_num_queries: Any) -> None:
    with transaction.atomic():
        for number in range(60):
            services.record("role.given", by=None, obj=lab.checker, payload={"role": str(number)})
    client.force_login(lab.auditor)
    with django_assert_max_num_queries(7):
        client.get(reverse("auditor:events"), {"text": "role"})
    assert Event.objects.count() == 63, "somebody without a grant to log under leaves no look"
