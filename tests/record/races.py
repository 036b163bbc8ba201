"""Two people at once, in a process with a real database file or server: the tests run these and read what is printed."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection

from instruments.models import Entry, Record, Task
from instruments.services import entries, recording, work
from lims.audit.models import Event
from lims.core.text import Conflict, Refused
from tests import factories

PATH = "items.working_error.rows[0].runs[0].E_pile_start"


def at_once(*deeds: Callable[[], Any]) -> list[str]:
    """Starts the deeds together, each on a connection of its own; says of each how it ended."""
    barrier = Barrier(len(deeds))

    def run(deed: Callable[[], Any]) -> str:
        try:
            connection.ensure_connection()
            barrier.wait(30)
            deed()
        except Conflict as conflict:
            return f"conflict: {conflict.reasons[0].text.zh}"
        except Refused as refused:
            return f"refused: {refused.reasons[0].code}"
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


def _complete() -> tuple[Any, Record, Task]:
    lab = factories.laboratory()
    record = factories.complete(factories.recording_(lab), lab.technician)
    return lab, record, factories.fresh(record.task)


def submit_twice() -> None:
    lab, _record, task = _complete()
    deed = lambda: recording.submit(task, by=lab.technician, version=task.version)  # noqa: E731
    told = at_once(deed, deed)
    frozen = Record.objects.filter(state="frozen").count()
    events = Event.objects.filter(verb="task.submit").count()
    print(json.dumps({"told": told, "frozen": frozen, "events": events}))


def approve_twice() -> None:
    lab, record, task = _complete()
    record = recording.submit(task, by=lab.technician, version=task.version)
    task = factories.fresh(task)
    task = work.check(task, by=lab.checker, version=task.version, record_sha256=record.sha256)
    deed = lambda: work.approve(  # noqa: E731
        task, by=lab.approver, version=task.version, record_sha256=record.sha256, password=factories.PASSWORD
    )
    told = at_once(deed, deed)
    print(json.dumps({"told": told, "events": Event.objects.filter(verb="task.approve").count()}))


def save_while_submitting() -> None:
    lab, record, task = _complete()
    late = factories.draft(PATH, "1.001", previous="1.000", why_code="misread")
    told = at_once(
        lambda: recording.submit(task, by=lab.technician, version=task.version),
        lambda: entries.save_entries(record, by=lab.technician, drafts=[late]),
    )
    inside = '"value":"1.001"' in Record.objects.get(pk=record.pk).facts
    print(json.dumps({"told": told, "inside": inside, "stored": Entry.objects.filter(value="1.001").exists()}))


def save_the_same_twice() -> None:
    lab = factories.laboratory()
    record = factories.recording_(lab)
    same = factories.draft(PATH, "1.000")
    deed = lambda: entries.save_entries(record, by=lab.technician, drafts=[same])  # noqa: E731
    print(json.dumps({"told": at_once(deed, deed, deed), "stored": Entry.objects.count()}))
