"""Lays out many issued certificates with frozen records, for measuring what reads them: `lay_out(100_000)`.

One pile record and its certificate go the whole way through the services. From its facts some hundred variants are made, each
with readings of its own, evaluated by its procedure; the rows are copies of these under numbers, days and customers of their
own, written directly. What is left out: entries, sealed files and events of the copies.
"""

import hashlib
import json
import random
import re
import uuid
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from certificates import facts as certificate_facts
from certificates import validity
from certificates.models import Certificate
from instruments.models import Application, Instrument, Record, RecordDevice, Task
from lims.core import canonical, search
from lims.people.models import Organisation
from standards.models import Device, DeviceCertificate, DeviceState
from standards.procedures import evaluate, result_tables
from standards.selectors.procedures import pack_of, still_unconfirmed
from standards.selectors.snapshots import certificate_facts as certified
from tests import factories
from tests.certificates import issued

CHUNK = 2_000
SLOT = re.compile("⟦([a-z]+)⟧")
LOWEST, HIGHEST = -240, 240
"""Errors of the piles in hundredths of a percent: on both sides of the limits of class 2."""


@dataclass(frozen=True)
class Variant:
    """One set of readings with its evaluation, as text between the places where the copies differ."""

    conclusion: str
    technician: Any
    record: list[str]
    certificate: list[str]


def lay_out(
    count: int, *, lab: SimpleNamespace | None = None, days: int = 1400, variants: int = 200, customers: int = 40
) -> SimpleNamespace:
    """`count` certificates of AC piles, measured with one reference meter on the last `days` days, evenly spread.

    lab: of factories.people(), when there is one already. Returns the lab with `meter`, `meter_certificate`, `standard`,
    `procedure`, `pack`, `customers`, `first_day`, `last_day`, `count` and `variants`. The same count gives the same readings.
    """
    lab = lab or factories.people()
    with transaction.atomic():
        base = _first(lab, days)
        lab.customers = _customers(lab, customers)
        made = _variants(lab, base, variants)
        lab.last_day, lab.count, lab.variants = factories.today(), count, made
        lab.first_day = lab.last_day - timedelta(days=days - 1)
    for start in range(0, count, CHUNK):
        with transaction.atomic():
            _rows(lab, base, made, range(start, min(count, start + CHUNK)))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return lab


def _first(lab: SimpleNamespace, days: int) -> Certificate:
    """The certificate that the others are copies of, by the services."""
    since = factories.today() - timedelta(days=days + 30)
    lab.procedure = factories.procedure()
    lab.pack = pack_of(lab.procedure)
    lab.pile = factories.pile(lab.alpha)
    lab.meter = Device.objects.create(
        asset_number="BZ-001", name="交流充电桩检定装置", name_en="AC charging-pile verification device", model="EV-AC",
        serial="S-BZ-001", manufacturer="示范仪器厂", roles=["reference_meter"], measuring_range="0～63 A，220 V",
        accuracy="0.05级", accuracy_class="0.05",
    )  # fmt: skip
    DeviceState.objects.create(device=lab.meter, state="in_use", since=since)
    lab.meter_certificate = _certificate(lab, since)
    lab.standard = factories.standard(lab.meter)
    return Certificate.objects.get(pk=issued.certificate(lab, sealed=False).pk)


def _certificate(lab: SimpleNamespace, on: date) -> DeviceCertificate:
    """The meter's certificate, in effect for all the copies."""
    made = DeviceCertificate.objects.create(
        device=lab.meter, number="DC-BZ-001-1", kind="verification", issuer="示范市计量测试技术研究院", calibrated_on=on,
        valid_until=factories.today() + timedelta(days=300), outcome="pass", entered_by=lab.lead,
    )  # fmt: skip
    DeviceCertificate.objects.filter(pk=made.pk).update(
        state="confirmed",
        confirmed_by=lab.quality,
        confirmed_at=timezone.now(),
        content_sha256=canonical.sha256(certified(made)),
    )
    return DeviceCertificate.objects.get(pk=made.pk)


def _customers(lab: SimpleNamespace, count: int) -> list[Application]:
    """An application of each of `count` customers."""
    names = [f"第{n:03d}充电服务有限公司" for n in range(1, count + 1)]
    organisations = Organisation.objects.bulk_create(Organisation(kind="customer", name=name) for name in names)
    return Application.objects.bulk_create(
        Application(
            number=f"SQ-{one.pk:06d}", organisation=one, received_on=factories.today(), accepted_by=lab.receptionist
        )
        for one in organisations
    )


def _variants(lab: SimpleNamespace, base: Certificate, count: int) -> list[Variant]:
    """Readings whose errors cover both sides of the limit, each with its own evaluation."""
    chance = random.Random(1148)
    spread = (HIGHEST - LOWEST) / max(1, count - 1)
    people = (lab.technician, lab.colleague)
    return [_variant(lab, base, round(LOWEST + n * spread), chance, people[n % len(people)]) for n in range(count)]


def _variant(lab: SimpleNamespace, base: Certificate, error: int, chance: random.Random, technician: Any) -> Variant:
    stated = deepcopy(_stated(base))
    given: dict[str, str] = {}
    for at, run in enumerate(stated["data"]["items"]["working_error"]["rows"][0]["runs"]):
        path = f"items.working_error.rows[0].runs[{at}]."
        start = Decimal(chance.randrange(1000, 9000)).scaleb(-3)
        standard = Decimal(chance.randrange(5_000_000, 90_000_000)).scaleb(-6)
        taken = Decimal(chance.randrange(9_950_000, 10_050_000)).scaleb(-6)
        shown = taken * (1 + Decimal(error + chance.randrange(-2, 3)) / 10_000)
        values = {
            "E_pile_start": start, "E_pile_end": (start + shown).quantize(Decimal("0.001")),
            "E_std_start": standard, "E_std_end": standard + taken,
        }  # fmt: skip
        run |= {name: str(value) for name, value in values.items()}
        given |= {path + name: str(value) for name, value in values.items()}
    found = evaluate(lab.pack, stated["data"])
    stated["evaluation"] = found.as_json()
    stated["results"] = result_tables(lab.pack, stated["data"], found)
    stated["unconfirmed"] = still_unconfirmed(lab.procedure, stated["evaluation"]["unconfirmed"])
    for value in stated["values"]:
        value["value"] = given.get(value["path"], value["value"])
    stated["people"]["technician"] = {"name": str(technician), "id": str(technician.pk)}
    stated["record"] |= {"number": "⟦task⟧-1", "id": "⟦record⟧"}
    stated["task"] |= {"number": "⟦task⟧", "application": "⟦application⟧"}
    stated["instrument"] |= {
        "serial": "⟦serial⟧", "ledger_number": "QJ-⟦serial⟧", "identity_read": "⟦serial⟧", "owner": "⟦owner⟧",
    }  # fmt: skip
    stated["client"]["name"] = "⟦owner⟧"
    document = certificate_facts.build(
        record=stated, record_number="⟦task⟧-1", pack=lab.pack, institute=lab.institute, checker=lab.checker,
        approver=lab.approver, identity=certificate_facts.Identity("⟦number⟧", "⟦check⟧", "⟦address⟧", base.issued_on),
    )  # fmt: skip
    # Measured, submitted and issued on one day: its digits stand wherever the day does.
    return Variant(
        found.conclusion,
        technician,
        _text(stated, base.issued_on, document["dates"]["valid_until"]),
        _text(document, base.issued_on, document["dates"]["valid_until"]),
    )


def _stated(base: Certificate) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base.record.facts)
    return found


def _text(document: dict[str, Any], day: date, until: str) -> list[str]:
    """The document as canonical JSON, cut at its slots: text, name of slot, text, name of slot, …, text."""
    text = canonical.dumps(document).replace(day.isoformat(), "⟦day⟧")
    return SLOT.split(text.replace(until, "⟦until⟧") if until else text)


def _filled(parts: list[str], values: dict[str, str]) -> str:
    return "".join(values[part] if at % 2 else part for at, part in enumerate(parts))


def _rows(lab: SimpleNamespace, base: Certificate, made: list[Variant], numbers: range) -> None:
    """The rows of some copies, in the order in which they refer to one another."""
    copies = list(_copies(lab, made, numbers))
    instruments = Instrument.objects.bulk_create(
        Instrument(
            ledger_number=f"QJ-{one.serial}", organisation=one.application.organisation, category="charging_pile_ac",
            name="交流充电桩", name_en="AC charging pile", model="AC-7kW", manufacturer="示范桩厂", serial=one.serial,
            accuracy_class="2", measuring_range="220 V，6～32 A", parameters=lab.pile.parameters, due_on=one.until,
            search=search.tokens("交流充电桩", "AC-7kW", one.serial),
        )
        for one in copies
    )  # fmt: skip
    tasks = Task.objects.bulk_create(
        Task(
            number=one.task, application=one.application, instrument=instrument, procedure=lab.procedure,
            kind="subsequent", state=Task.State.ISSUED, version=7, technician=one.variant.technician,
            checker=lab.checker, approver=lab.approver, place=base.task.place, search=search.tokens(one.task, one.serial),
        )
        for one, instrument in zip(copies, instruments, strict=True)
    )  # fmt: skip
    records = [
        Record(
            id=one.record, task=task, number=f"{one.task}-1", state=Record.State.FROZEN, version=9,
            started_by=one.variant.technician, started_at=base.record.started_at, identity_serial=one.serial,
            identity_by="typed", parameters=base.record.parameters, facts=one.facts, sha256=_digest(one.facts),
            conclusion=one.variant.conclusion, verified_on=one.day, submitted_at=base.record.submitted_at,
        )
        for one, task in zip(copies, tasks, strict=True)
    ]  # fmt: skip
    Record.objects.bulk_create(records)
    RecordDevice.objects.bulk_create(
        RecordDevice(record=record, role="reference_meter", device=lab.meter) for record in records
    )
    Certificate.objects.bulk_create(
        Certificate(
            number=one.number, kind="verification" if one.variant.conclusion == "pass" else "rejection",
            state=Certificate.State.ISSUED, record=record, task=task, instrument=instrument,
            organisation=one.application.organisation, facts=one.document, facts_sha256=_digest(one.document),
            check_value=one.check, token=one.token, verified_on=one.day, issued_on=one.day, valid_until=one.until,
            demonstration=base.demonstration, search=search.tokens(one.number, one.serial),
        )
        for one, record, task, instrument in zip(copies, records, tasks, instruments, strict=True)
    )  # fmt: skip


def _copies(lab: SimpleNamespace, made: list[Variant], numbers: range) -> Iterator[SimpleNamespace]:
    """What distinguishes each copy, and its two documents."""
    for n in numbers:
        variant, application = made[n % len(made)], lab.customers[n // 7 % len(lab.customers)]
        day = lab.first_day + timedelta(days=n * ((lab.last_day - lab.first_day).days + 1) // lab.count)
        one = SimpleNamespace(
            variant=variant, application=application, day=day, until=_until(lab, variant, day), record=uuid.uuid4(),
            serial=f"BX-{n:06d}", task=f"RW-BX-{n:06d}", check="ABC234", token=uuid.uuid4().hex,
            number=f"{settings.CERTIFICATE_PREFIX}-{day.year}-9{n:06d}",
        )  # fmt: skip
        values = {
            "task": one.task, "record": str(one.record), "application": application.number, "serial": one.serial,
            "owner": application.organisation.name, "number": one.number, "check": one.check,
            "address": f"{settings.BASE_URL}/v/{one.token}/", "day": day.isoformat(),
            "until": one.until.isoformat() if one.until else "",
        }  # fmt: skip
        one.facts, one.document = _filled(variant.record, values), _filled(variant.certificate, values)
        yield one


def _until(lab: SimpleNamespace, variant: Variant, day: date) -> date | None:
    if variant.conclusion != "pass":
        return None
    months = validity.months_for(lab.pack, kind="subsequent", parameters=lab.pile.parameters)
    return validity.last_valid_day(day, months) if months else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
