"""Lays out what is to be issued: `python -m tests.kill.prepare COUNT` in the installation's environment.

One pile record goes the whole way through the services; the others are copies of it under numbers of their own, written
directly. Prints JSON: the approver's session, his password and the tasks with what an approval page would show.
"""

import json
import sys
import uuid
from copy import copy
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import django
from django.db import transaction


def prepare(count: int) -> dict[str, Any]:
    """`count` checked tasks that wait for the approver."""
    from tests import factories
    from tests.certificates import issued

    with transaction.atomic():
        lab = factories.laboratory()
        record = issued.checked(lab)
        copies(record, count - 1)
    return {
        "session": _session(lab),
        "password": factories.PASSWORD,
        "tasks": [
            {"task": one.task_id, "number": one.task.number, "version": one.task.version, "record_sha256": one.sha256}
            for one in type(record).objects.select_related("task").order_by("number")
        ],
    }


def copies(record: Any, count: int) -> None:
    """`count` more tasks with checked records like this one, each of an instrument and under numbers of its own."""
    from instruments.models import Instrument, Record, Task
    from lims.core import canonical, search

    task = Task.objects.get(pk=record.task_id)
    facts = json.loads(record.facts)
    instruments, tasks, records = [], [], []
    for n in range(1, count + 1):
        instrument = copy(task.instrument)
        serial, number = f"KILL-{n:05d}", f"{task.number}-{n:05d}"
        instrument.pk, instrument.serial, instrument.ledger_number = None, serial, f"QJ-{serial}"
        instrument.search = search.tokens(instrument.name, instrument.model, serial)
        instruments.append(instrument)
        one = copy(task)
        one.pk, one.number, one.search = None, number, search.tokens(number, serial)
        one.created_at = task.created_at + timedelta(milliseconds=n)
        tasks.append(one)
        other = copy(record)
        other.pk, other.number = uuid.uuid4(), f"{number}-1"
        facts["record"] |= {"number": other.number, "id": str(other.pk)}
        facts["task"]["number"] = number
        facts["instrument"] |= {"serial": serial, "ledger_number": instrument.ledger_number, "identity_read": serial}
        other.facts, other.sha256 = canonical.dumps(facts), canonical.sha256(facts)
        records.append(other)
    for one, instrument in zip(tasks, Instrument.objects.bulk_create(instruments), strict=True):
        one.instrument = instrument
    for one, made in zip(records, Task.objects.bulk_create(tasks), strict=True):
        one.task = made
    Record.objects.bulk_create(records)


def _session(lab: SimpleNamespace) -> str:
    """A session of the approver, as signing in would make it."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    store = SessionStore()
    store[SESSION_KEY] = str(lab.approver.pk)
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = lab.approver.get_session_auth_hash()
    store.create()
    return store.session_key


if __name__ == "__main__":
    django.setup()
    json.dump(prepare(int(sys.argv[1])), sys.stdout)
