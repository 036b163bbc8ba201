"""The graph pages: who may look, what is counted, that nothing grows with the number of certificates."""

import uuid
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from certificates.models import Certificate
from instruments.models import Record, RecordDevice
from lims.auditor import services as auditing
from lims.lineage.selectors import Missing, graph
from standards.models import Device, DeviceCertificate, MeasurementStandard
from standards.views.chain_drawing import walk, walk_down
from tests import factories
from tests.certificates.issued import certificate

pytestmark = pytest.mark.django_db
INSIDE = ("technician", "checker", "approver", "receptionist", "lead", "quality", "administrator", "auditor")


@pytest.fixture
def lab() -> SimpleNamespace:
    return factories.laboratory()


def days_ago(number: int) -> date:
    return factories.today() - timedelta(days=number)


def measure(lab: SimpleNamespace, day: date, *roles: str, device: Device | None = None, number: int = 1) -> None:
    """So many records of the pile with the device in the roles on the day, each with a certificate."""
    task = factories.accepted(lab) if "task" not in lab.__dict__ else lab.task
    lab.task, begun = task, Record.objects.count()
    fields = {
        "task": task,
        "state": "frozen",
        "facts": "{}",
        "sha256": "0" * 64,
        "verified_on": day,
        "started_by": lab.technician,
    }
    records = Record.objects.bulk_create(
        Record(**fields, started_at=timezone.now(), attempt=begun + n, number=f"R-{begun + n}", identity_by="typed")
        for n in range(1, number + 1)
    )  # fmt: skip
    RecordDevice.objects.bulk_create(
        RecordDevice(record=one, role=role, device=device or lab.meter) for one in records for role in roles
    )
    Certificate.objects.bulk_create(
        Certificate(
            number=f"N-{one.number}", kind="verification", record=one, task=task, instrument=task.instrument, facts="{}",
            organisation=lab.alpha, check_value="-", token=uuid.uuid4().hex, verified_on=day, issued_on=day,
            demonstration=False, state="issued",
        )
        for one in records
    )  # fmt: skip


def calibrated(lab: SimpleNamespace, number: str, on: date, standard: MeasurementStandard) -> Device:
    """A device whose newest certificate was made with one of our standards."""
    made = factories.device(number, roles=("reference_meter",))
    paper = made.certificates.get()
    DeviceCertificate.objects.create(
        device=made, number=f"OWN-{number}", kind="calibration", issuer="本所", calibrated_on=on, valid_until=days_ago(-99),
        outcome="pass", issuer_standard=standard, state="confirmed", entered_by=lab.lead, confirmed_by=lab.quality,
        content_sha256=f"{paper.pk:064}",
    )  # fmt: skip
    return made


def below(shown: Any) -> list[str]:
    return [link.kind for level, link in walk_down(shown.root) if level]


def at(kind: str, key: object, **asked: object) -> str:
    return reverse("lineage:graph", args=[kind, key], query=asked or None)


@pytest.mark.parametrize("kind", ["standard", "device", "paper", "issued"])
def test_who_may_look(client: Client, lab: SimpleNamespace, kind: str) -> None:
    made = certificate(lab, sealed=False) if kind == "issued" else None
    keys = {"standard": lab.standard.code, "device": lab.meter.asset_number, "paper": lab.meter.certificates.get().pk}
    url = at(kind, made.number if made else keys[kind])
    for who in (*INSIDE, "customer", "other_customer", "stranger"):
        client.force_login(getattr(lab, who))
        assert client.get(url).status_code == (200 if who in INSIDE else 404), who
    client.logout()
    assert client.get(url).status_code == 302


def test_what_there_is_not_is_not_found(lab: SimpleNamespace) -> None:
    for kind, key in (("standard", "nope"), ("paper", "x"), ("paper", "9" * 30), ("issued", "1"), ("else", "1")):
        with pytest.raises(Missing):
            graph(lab.lead, kind, key)


def test_an_issued_certificate_leads_up_through_standard_and_device_to_the_issuer(lab: SimpleNamespace) -> None:
    made = certificate(lab, sealed=False)
    made.refresh_from_db()
    shown = graph(lab.lead, "issued", made.number)
    kinds = [link.kind for _level, link in walk(shown.root)]
    assert (
        kinds == ["issued", "standard", "device", "certificate", "issuer", "national"] and shown.day == made.verified_on
    )
    # What the record rests on stays named although it was withdrawn since, and says so.
    DeviceCertificate.objects.filter(device=lab.meter).update(state="withdrawn", withdrawn_reason="录错")
    faults = [link.fault.en for _level, link in walk(graph(lab.lead, "issued", made.number).root) if link.fault]
    assert faults[0] == "this entry was withdrawn"
    other = [link.title.en for _level, link in walk(graph(lab.lead, "issued", made.number, days_ago(-1)).root)]
    assert "no certificate" in other


def test_numbers_by_device_role_and_year_from_every_beginning(lab: SimpleNamespace) -> None:
    lower = calibrated(lab, "BZ-LOW", days_ago(10), lab.standard)
    measure(lab, days_ago(20), "reference_meter", number=3)
    measure(lab, days_ago(400), "reference_meter", "load", number=2)
    measure(lab, days_ago(20), "reference_meter", device=lower, number=4)
    measure(lab, days_ago(5), "reference_meter", device=lower, number=5)
    Certificate.objects.filter(record__number="R-1").update(state="void")
    paper = lab.meter.certificates.get()

    def counted(kind: str, key: object, day: date | None = None) -> dict[tuple[str, str, int], tuple[int, int]]:
        tallies = graph(lab.lead, kind, str(key), day).tallies
        return {(one.device.asset_number, one.role, one.year): (one.records, one.certificates) for one in tallies}

    recent, old = ("BZ-001", "reference_meter", days_ago(20).year), days_ago(400).year
    own = {("BZ-LOW", "reference_meter", days_ago(5).year): (5, 5)}
    assert counted("standard", lab.standard.code) == {recent: (3, 2)} | own, "members count since they belong to it"
    assert counted("paper", paper.pk) == {recent: (3, 2)} | own, "a certificate covers what came after it"
    assert counted("device", "BZ-001") == {
        recent: (3, 2), ("BZ-001", "reference_meter", old): (2, 2), ("BZ-001", "load", old): (2, 2),
    } | own  # fmt: skip
    assert counted("device", "BZ-LOW") == {("BZ-LOW", "reference_meter", days_ago(5).year): (9, 9)}
    assert counted("paper", paper.pk, days_ago(7)) == {recent: (3, 2)}
    box = next(link for _level, link in walk_down(graph(lab.lead, "device", "BZ-001").root) if link.kind == "use")
    assert box.lines[1].en == "records 5 · certificates 4", "a record in two roles is one record"


def test_a_certificate_that_was_followed_is_shown_on_its_last_day(lab: SimpleNamespace) -> None:
    first = lab.meter.certificates.get()
    calibrated_again = DeviceCertificate.objects.create(
        device=lab.meter, number="NEW", kind="verification", issuer="别处", calibrated_on=days_ago(10), outcome="pass",
        valid_until=days_ago(-9), state="confirmed", entered_by=lab.lead, confirmed_by=lab.quality,
    )  # fmt: skip
    assert graph(lab.lead, "paper", str(first.pk)).day == days_ago(11)
    assert graph(lab.lead, "paper", str(calibrated_again.pk)).day == factories.today()


def test_the_page_shows_gaps_links_every_box_and_names_a_wrong_day(client: Client, lab: SimpleNamespace) -> None:
    measure(lab, days_ago(20), "reference_meter")
    client.force_login(lab.auditor)
    text = client.get(at("standard", lab.standard.code, day=days_ago(-301))).content.decode()
    assert "当日已过期" in text and "有中断" in text and "记录 1 · 证书 1" in text
    assert f'href="{at("device", "BZ-001", day=days_ago(-301))}"' in text
    text = client.get(at("standard", lab.standard.code, day="32.13.")).content.decode()
    assert "“32.13.”不是日期" in text and f"{factories.today()}" in text


def test_the_list_behind_a_number_is_paged(client: Client, lab: SimpleNamespace) -> None:
    measure(lab, days_ago(20), "reference_meter", number=60)
    measure(lab, days_ago(400), "reference_meter", number=2)
    client.force_login(lab.technician)
    records = reverse("lineage:records", args=["device", "BZ-001"])
    answer = client.get(records, {"device": "BZ-001", "year": days_ago(20).year, "role": "reference_meter"})
    assert len(answer.context["rows"]) == 50 and answer.context["records"] == 60 and answer.context["more_url"]
    rest = client.get(records + answer.context["more_url"])
    assert len(rest.context["rows"]) == 10 and not rest.context["more_url"]
    numbers = [one.number for _use, one in (*answer.context["rows"], *rest.context["rows"])]
    assert len(set(numbers)) == 60
    assert client.get(records, {"device": "BZ-001"}).context["records"] == 62
    for wrong in ({}, {"device": "none"}, {"device": "BZ-001", "year": "1990"}, {"device": "BZ-001", "role": "none"}):
        assert client.get(records, wrong).status_code == 404
    Certificate.objects.filter(record__number="R-7").update(state="void")
    answer = client.get(records, {"device": "BZ-001", "without": "1"})
    assert [use.record.number for use, _none in answer.context["rows"]] == ["R-7"]
    client.force_login(lab.customer)
    assert client.get(records, {"device": "BZ-001"}).status_code == 404


def test_questions_do_not_grow_with_certificates(client: Client, lab: SimpleNamespace) -> None:
    calibrated(lab, "BZ-LOW", days_ago(30), lab.standard)
    measure(lab, days_ago(20), "reference_meter")
    client.force_login(lab.lead)
    urls = [at("standard", lab.standard.code), reverse("lineage:records", args=["device", "BZ-001"]) + "?device=BZ-001"]

    def asked(url: str) -> int:
        client.get(url)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            client.get(url)
        return len(seen)

    before = [asked(url) for url in urls]
    measure(lab, days_ago(21), "reference_meter", number=80)
    for number in range(5):
        calibrated(lab, f"BZ-L{number}", days_ago(31), lab.standard)
    assert [asked(url) for url in urls] == before
    assert before[0] <= 13, "session and person, six of the object and the network, three of counts, procedures"


def test_an_auditor_with_a_scope_sees_what_lies_in_it(client: Client, lab: SimpleNamespace) -> None:
    lower = calibrated(lab, "BZ-LOW", days_ago(30), lab.standard)
    tanks = factories.standard(lower, codes=("JJG 443",), code="TANKS")
    MeasurementStandard.objects.filter(pk=tanks.pk).update(categories=["fuel_dispenser"])
    calibrated(lab, "BZ-TANK", days_ago(20), tanks)
    measure(lab, days_ago(20), "reference_meter")
    today = factories.today()
    auditing.grant(
        lab.auditor, by=lab.quality, purpose="CNAS 监督评审", categories=["charging_pile_ac"], valid_from=today,
        valid_until=today + timedelta(days=9),
    )  # fmt: skip
    shown = graph(lab.auditor, "standard", lab.standard.code)
    assert below(shown) == ["use", "certificate", "device", "use", "hidden"] and len(shown.tallies) == 1
    assert below(graph(lab.lead, "standard", lab.standard.code))[4:] == ["standard", "certificate", "device", "use"]
    for kind, key in (("standard", "TANKS"), ("device", "BZ-TANK"), ("device", "BZ-LOW")):
        with pytest.raises(Missing):
            graph(lab.auditor, kind, key)
    client.force_login(lab.auditor)
    answer = client.get(at("standard", lab.standard.code))
    assert (
        answer.status_code == 200
        and reverse("standards:standard", args=[lab.standard.code]) not in answer.content.decode()
    )
    type(lab.pile).objects.filter(pk=lab.pile.pk).update(category="weighing")
    assert graph(lab.auditor, "standard", lab.standard.code).tallies == ()
