"""The walk of a sampled certificate: at each point what there is to see, and what does not hold told as such."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from certificates.models import Certificate
from devices.models import Frame, Reading
from lims.auditor import services
from lims.auditor.models import Sample, Tick
from lims.auditor.selectors.stations import Station, stations
from lims.core import files, frozen
from lims.people.models import Authorisation, User
from tests import factories
from tests.audit import evidence

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(tmp_path: Path) -> Certificate:
    """A certificate with two readings of a rig, the other values typed, and three personal signatures."""
    return evidence.issued(tmp_path)


@pytest.fixture
def auditor(made: Certificate) -> User:
    return User.objects.get(username="auditor")


def drawn(auditor: User) -> Sample:
    today = factories.today()
    return services.draw(by=auditor, seed="x", wanted=1, since=today, until=today)


def wrong(station: Station) -> list[str]:
    return [check.text.en for check in station.checks if check.good is False]


def test_the_walk_of_a_good_certificate_from_the_document_to_the_way_out_of_the_institute(
    client: Client, made: Certificate, auditor: User, django_assert_max_num_queries: Any
) -> None:
    seen = stations(auditor, made)
    assert list(seen) == list(Tick.Point) and all(station.checks for station in seen.values())
    assert {code: wrong(station) for code, station in seen.items() if wrong(station)} == {}
    readings = seen[Tick.Point.READINGS]
    assert sorted(one.path.rpartition(".")[2] for one in readings.rigs) == ["E_std_end", "E_std_start"]
    for one in readings.rigs:
        sent, *_between, received = one.frames
        assert sent.sent and not received.sent and one.again == one.value and one.good
    assert {str(row[0]).rpartition(".")[2] for row in readings.tables[0].rows} >= {"E_pile_end", "E_pile_start"}
    chain = seen[Tick.Point.DEVICES]
    assert [str(row[0]) for row in chain.tables[0].rows] == ["BZ-001"]
    assert any("the chain leaves the institute at 示范市计量测试技术研究院" in check.text.en for check in chain.checks)
    client.force_login(auditor)
    address = reverse("auditor:sample_item", args=[drawn(auditor).pk, 1])
    with django_assert_max_num_queries(60):
        page = client.get(address).content.decode()
    assert readings.rigs[0].frames[0].hex in page and "没有原始帧，只能说明何人何时录入" in page
    assert client.post(address, {"point": "document", "result": "good"})["Location"] == f"{address}#record", (
        "on to the next"
    )
    assert client.post(address, {"point": "events", "result": "good"})["Location"] == f"{address}#events"


def test_what_does_not_hold_is_told_at_its_station(made: Certificate, auditor: User) -> None:
    reading = Reading.objects.filter(quality="ok", channel="E").order_by("seq_no").first()
    assert reading is not None
    for model in (Frame, Reading):
        frozen.remove(evidence.connection, model)
    frame = Frame.objects.get(session=reading.session, seq=reading.rx_seq)
    Frame.objects.filter(pk=frame.pk).update(raw=bytes(frame.raw)[:-1] + b"\x00")
    Authorisation.objects.filter(user__username="checker").update(revoked_on=factories.today() - timedelta(days=1))
    path = files.path_of(made.sealed.get().file_id)
    path.write_bytes(path.read_bytes() + b" ")
    seen = stations(auditor, made)
    assert wrong(seen[Tick.Point.DOCUMENT]) == ["the stored file is missing or was altered"]
    assert wrong(seen[Tick.Point.PEOPLE]) == [f"核验员丙 was not authorised (checked) on {factories.today()}"]
    assert len(wrong(seen[Tick.Point.READINGS])) == 1 and not all(one.good for one in seen[Tick.Point.READINGS].rigs)


def test_a_narrow_scope_is_offered_no_way_out_of_its_rooms(made: Certificate, auditor: User) -> None:
    def ways() -> set[str]:
        fresh = User.objects.get(pk=auditor.pk)
        return {url for station in stations(fresh, made).values() for _name, url in station.links}

    assert any(not url.startswith("/audit/") for url in ways())
    today = factories.today()
    services.grant(
        auditor, by=User.objects.get(username="quality"), purpose="x", categories=["charging_pile_ac"],
        valid_from=today, valid_until=today,
    )  # fmt: skip
    assert ways() and all(url.startswith("/audit/") for url in ways())


def test_who_sees_the_document(client: Client, made: Certificate) -> None:
    address = reverse("auditor:document", args=[made.number])
    for who, status in (("auditor", 200), ("technician", 200), ("customer", 404), ("stranger", 404)):
        client.force_login(User.objects.get(username=who))
        answer = client.get(address)
        assert answer.status_code == status and (status == 404 or answer.content[:5] == b"%PDF-"), who
