"""What a submitted record states for good: everything needed to repeat the work and to judge it (ISO/IEC 17025, 7.5)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from instruments.models import Entry, Record, RecordSession, Task
from instruments.selectors.record import Sheet, by_role
from lims.core.text import Text
from lims.people.models import User
from standards.procedures import result_tables
from standards.rules import standards_for
from standards.selectors.procedures import still_unconfirmed
from standards.selectors.snapshots import snapshot

SCHEMA = "record-facts/1"
KINDS: dict[str, Text] = {
    Task.Kind.INITIAL: Text("首次检定", "Initial verification"),
    Task.Kind.SUBSEQUENT: Text("后续检定", "Subsequent verification"),
    Task.Kind.IN_USE: Text("使用中检查", "In-use inspection"),
    Task.Kind.ARBITRATION: Text("仲裁检定", "Arbitration verification"),
    Task.Kind.CALIBRATION: Text("校准", "Calibration"),
}


def record_facts(
    sheet: Sheet,
    *,
    entries: Sequence[Entry],
    technician: User,
    verified_on: date,
    submitted_at: datetime,
    supervisor: User | None = None,
) -> dict[str, Any]:
    """Canonical-JSON-ready facts of a record about to be submitted. `entries`: all it rests on, with `by` and `reading`.

    supervisor: who confirmed and submitted what a trainee measured.
    """
    record, task, evaluation = sheet.record, sheet.record.task, sheet.evaluation.as_json()
    chosen = by_role(sheet.devices)
    return {
        "schema": SCHEMA,
        "record": {"number": record.number, "id": str(record.pk), "attempt": record.attempt},
        "task": {
            "number": task.number,
            "kind": task.kind,
            "kind_text": KINDS[task.kind].as_json(),
            "place": task.place,
            "application": task.application.number,
            "received_on": task.application.received_on.isoformat(),
        },
        "client": {"name": task.application.organisation.name, "address": task.application.organisation.address},
        "instrument": _instrument(task, record),
        "procedure": {
            "label": sheet.pack.label,
            "title": sheet.pack.title.as_json(),
            "sha256": sheet.pack.sha256,
        },
        "dates": {
            "started": _moment(record.started_at),
            "verified": verified_on.isoformat(),
            "submitted": _moment(submitted_at),
        },
        "people": {
            "technician": _person(technician),
            **({"supervised_by": _person(supervisor)} if supervisor else {}),
            **_measured_by(sheet, entries, technician),
        },
        "data": sheet.data,
        "evaluation": evaluation,
        "results": result_tables(sheet.pack, sheet.data, sheet.evaluation),
        "environment": [
            {
                "name": limit.name,
                "label": limit.label.as_json(),
                "unit": limit.unit,
                "values": sheet.data["environment"].get(limit.name, []),
            }
            for limit in sheet.pack.environment
        ],
        "devices": [{"role": one.role, **snapshot(one.device, verified_on)} for one in sheet.devices],
        "standards": [
            snapshot(standard, verified_on)
            for standard in standards_for(sheet.pack, verified_on, chosen, category=task.instrument.category)
        ],
        "exceptions": [
            {
                "code": one.code,
                "where": one.where,
                "text": {"zh": one.refusal_zh, "en": one.refusal_en},
                "reason": one.reason,
                "approved_by": str(one.granted_by),
                "at": _moment(one.granted_at),
            }
            for one in task.exceptions.select_related("granted_by").order_by("pk")
        ],
        "unconfirmed": still_unconfirmed(task.procedure, evaluation["unconfirmed"]),
        "values": [_value(entry) for entry in entries],
        "sessions": _sessions(record, entries),
    }


def _person(one: User) -> dict[str, str]:
    return {"name": str(one), "id": str(one.pk)}


def _measured_by(sheet: Sheet, entries: Sequence[Entry], technician: User) -> dict[str, Any]:
    """Who took the readings, on which days: stated where anybody but the technician did."""
    days: dict[int, list[str]] = {}
    for day, person in sheet.hands:
        days.setdefault(person, []).append(day.isoformat())
    if set(days) <= {technician.pk}:
        return {}
    persons = {entry.by_id: entry.by for entry in entries}
    return {"measured_by": [{**_person(persons[pk]), "days": days[pk]} for pk in sorted(days)]}


def _instrument(task: Task, record: Record) -> dict[str, Any]:
    instrument = task.instrument
    return {
        "ledger_number": instrument.ledger_number,
        "name": {"zh": instrument.name, "en": instrument.name_en or instrument.name},
        "category": instrument.category,
        "model": instrument.model,
        "serial": instrument.serial,
        "manufacturer": instrument.manufacturer,
        "accuracy_class": instrument.accuracy_class,
        "range": instrument.measuring_range,
        "owner": instrument.organisation.name,
        "site": str(instrument.site) if instrument.site else "",
        "position": instrument.position,
        "part": task.sub_unit.label if task.sub_unit else "",
        "part_number": task.sub_unit.number if task.sub_unit else "",
        "identity_read": record.identity_serial,
        "identity_by": record.identity_by,
    }


def _value(entry: Entry) -> dict[str, Any]:
    """One entry as history: where, what, how it came, who, when, and what it replaced and why."""
    found: dict[str, Any] = {
        "entry": str(entry.client_id),
        "path": entry.path,
        "value": entry.value,
        "origin": entry.origin,
        "by": str(entry.by),
        "at": _moment(entry.at),
    }
    if entry.reading is not None:
        found["reading"] = {
            "session": str(entry.reading.session_id),
            "id": entry.reading.pk,
            "seq_no": entry.reading.seq_no,
            "channel": entry.reading.channel,
            "unit": entry.reading.unit,
            "quality": entry.quality,
            "tx": entry.reading.tx_seq,
            "rx": entry.reading.rx_seq,
        }
    if entry.replaces is not None:
        found["replaces"] = {"entry": str(entry.replaces.client_id), "value": entry.replaces.value}
        found["why"] = {"code": entry.why_code, "text": entry.why}
    return found


def _sessions(record: Record, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The capture sessions that gave values, each with the head of its frame chain as received so far."""
    used = {entry.reading.session_id for entry in entries if entry.reading is not None}
    rows = RecordSession.objects.filter(record__task=record.task, session__in=used).select_related(
        "session__profile", "session__equipment"
    )
    found = {row.session_id: row.session for row in rows}
    return [
        {
            "session": str(session.pk),
            "profile": session.profile.identifier,
            "profile_sha256": session.profile.sha256,
            "equipment": session.equipment.asset_number,
            "header_sha256": session.header_hash,
            "frames": session.frame_count,
            "head": session.head,
        }
        for session in sorted(found.values(), key=lambda one: str(one.pk))
    ]


def _moment(at: datetime) -> str:
    """Institute time with its offset, to the second."""
    return timezone.localtime(at).isoformat(timespec="seconds")
