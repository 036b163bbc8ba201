"""Saving ten readings of an original record in one commit, against the bare INSERTs of the same rows."""

import secrets
import time
import uuid
from collections.abc import Sequence
from copy import copy
from types import SimpleNamespace
from typing import Any

from django.db import connection, models, transaction

from instruments.models import Entry, Instrument, Record, RecordDevice, Task
from instruments.services import entries, recording
from lims.audit.models import Event
from lims.core import clock
from tests import factories
from tests.bench.measure import Figure, Span, timed

ROUNDS, READINGS = 15, 10


def figures(lab: SimpleNamespace) -> list[Figure]:
    record = factories.recording_(lab)
    values = sorted(factories.complete_values(record).items())
    drafts = _copies(record, 2 * (ROUNDS + 1))
    wall: dict[str, list[float]] = {"ours": [], "floor": []}
    cpu: list[float] = []
    for first, second in zip(drafts[::2], drafts[1::2], strict=True):
        batch = [factories.draft(path, value) for path, value in values[:READINGS]]
        begun = time.process_time()
        wall["ours"].append(timed(lambda: entries.save_entries(first, by=lab.technician, drafts=batch)))
        cpu.append(1000 * (time.process_time() - begun))
        wall["floor"].append(timed(lambda: _bare(second, lab, values[:READINGS])))
    if Entry.objects.filter(record__in=drafts).count() != READINGS * len(drafts):
        raise ValueError("not every reading was saved")
    ours, floor = (Span(tuple(wall[name][1:])) for name in ("ours", "floor"))
    submitted = factories.complete(record, lab.technician)
    begun = time.process_time()
    submitting = timed(
        lambda: recording.submit(submitted.task, by=lab.technician, version=factories.fresh(submitted.task).version)
    )
    submit_cpu = 1000 * (time.process_time() - begun)
    return [
        Figure("record", "10 readings saved and judged, wall", "ms", ours, floor, "bare INSERTs, one durable commit"),
        Figure("record", "10 readings saved and judged, CPU", "ms", Span(tuple(cpu[1:]))),
        Figure("record", "record submitted, wall", "ms", Span((submitting,)), remark=f"{submit_cpu:.0f} ms CPU, once"),
    ]


def _copies(record: Record, count: int) -> list[Record]:
    """Further drafts like this one, on instruments and tasks of their own."""
    task, devices = record.task, list(record.devices.all())
    instruments, tasks, records = [], [], []
    for n in range(count):
        instrument, one, other = copy(task.instrument), copy(task), copy(record)
        instrument.pk, instrument.serial, instrument.ledger_number = None, f"BENCH-{n}", f"QJ-BENCH-{n}"
        one.pk, one.number = None, f"{task.number}-{n}"
        other.pk, other.number = uuid.uuid4(), f"{one.number}-1"
        instruments.append(instrument)
        tasks.append(one)
        records.append(other)
    for one, made in zip(tasks, Instrument.objects.bulk_create(instruments), strict=True):
        one.instrument = made
    for other, made in zip(records, Task.objects.bulk_create(tasks), strict=True):
        other.task = made
    Record.objects.bulk_create(records)
    RecordDevice.objects.bulk_create(
        RecordDevice(record=one, role=device.role, device_id=device.device_id) for one in records for device in devices
    )
    return records


def _bare(record: Record, lab: SimpleNamespace, values: Sequence[tuple[str, str]]) -> None:
    """The rows that saving leaves behind, and nothing else, in one transaction."""
    at = clock.now()
    rows = [
        Entry(record=record, path=path, value=value, origin="typed", by=lab.technician, at=at) for path, value in values
    ]
    event = Event(
        at=at, actor_id=str(lab.technician.pk), actor_name=str(lab.technician), verb="record.values_saved",
        object_type="instruments.record", object_id=str(record.pk), object_label=str(record),
        payload=str(values), salt=secrets.token_hex(16),
    )  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE instruments_record SET version = version + 1 WHERE id = %s",
            [Record._meta.pk.get_db_prep_value(record.pk, connection)],
        )
        _insert(cursor, rows)
        _insert(cursor, [event])


def _insert(cursor: Any, rows: Sequence[models.Model]) -> None:
    fields = [field for field in rows[0]._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    cursor.executemany(
        f'INSERT INTO "{rows[0]._meta.db_table}" ({columns}) VALUES ({marks})',
        [[field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields] for row in rows],
    )
