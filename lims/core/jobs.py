"""Durable work queue: the row is the truth, the Celery message only a doorbell.

A job is written in the business transaction, claimed by one conditional UPDATE that gives the claimer a lease, and rung
again by a periodic sweep. A lost message costs seconds, a killed worker costs the rest of its lease, and no work is lost.
Handlers must be idempotent: a lease that expires while the handler still runs lets a second worker begin.
"""

import logging
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet

from lims.core import clock, context
from lims.core.models import Job

log = logging.getLogger(__name__)

# Longer than any handler takes: one that is overtaken does its work for nothing.
LEASE = timedelta(seconds=settings.JOB_LEASE)
# Time to wait before the n-th new try; a row that keeps failing cannot spin the worker (poison protection). A try that
# killed its worker counts too: the lease of the next one is at least as long as this wait.
BACKOFF = [timedelta(seconds=s) for s in settings.JOB_BACKOFF]
# Jobs a worker does after the one it was rung for, before it listens to the broker again.
AT_A_STRETCH = 100
# Rings of one sweep. A worker that hears one goes on by itself while there is work; ringing for each of hundreds of waiting
# jobs, again with every sweep, would bury the worker under messages faster than it can throw them away.
RINGS = 4

Handler = Callable[..., None]
_handlers: dict[str, Handler] = {}
Bell = Callable[[int], object]
_bell: Bell | None = None


def handler(kind: str) -> Callable[[Handler], Handler]:
    """Registers the function that does jobs of this kind; it is called with the payload as keywords."""

    def register(function: Handler) -> Handler:
        if kind in _handlers and _handlers[kind] is not function:
            raise ValueError(f"two handlers for job kind {kind!r}")
        _handlers[kind] = function
        return function

    return register


def hang_bell(bell: Bell) -> None:
    """Says how the message for a job's id is sent. Called by lims.core.tasks: this file knows nothing of Celery."""
    global _bell
    _bell = bell


def enqueue(kind: str, key: str, *, due_at: datetime | None = None, **payload: Any) -> Job:
    """Writes the job in the caller's transaction and rings after the commit. The same key is queued once only.

    `due_at`: not to be done before then; now, when it is not given.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a job is written in the transaction of its deed")
    if kind not in _handlers:
        raise ValueError(f"no handler for job kind {kind!r}")
    job, _created = Job.objects.get_or_create(
        key=key, defaults={"kind": kind, "payload": payload, "due_at": due_at or clock.now()}
    )
    if due_at is None:
        transaction.on_commit(lambda: ring(job.pk), robust=True)
    return job


def ring(job_id: int) -> None:
    """Sends the doorbell message; a broker that is down is only logged, the sweep will find the row."""
    try:
        if _bell is None:
            raise LookupError("no doorbell was hung up")
        _bell(job_id)
    except Exception as error:
        log.warning("job %s: doorbell not rung: %s", job_id, error)


def run(job_id: int) -> bool:
    """Claims and does one job. False when there was nothing to claim. Handler errors are recorded, not raised."""
    job = _claim(job_id)
    if job is None:
        return False
    mine = Job.objects.filter(pk=job_id, lease=job.lease, done_at=None)
    with context.scope(f"job-{job.pk}-{job.attempts}"):
        try:
            if job.kind not in _handlers:
                raise LookupError(f"no handler for job kind {job.kind!r}")
            _handlers[job.kind](**job.payload)
        except Exception as error:
            log.exception("job %s failed (attempt %s)", job, job.attempts)
            mine.update(due_at=clock.now() + _wait(job.attempts), last_error=f"{type(error).__name__}: {error}"[:4000])
            return True
    mine.update(done_at=clock.now(), last_error="")
    return True


def _claim(job_id: int) -> Job | None:
    """Takes the lease, or finds that there is none to take. Reads first: an idle doorbell must not wait for the write lock."""
    begun = clock.now()
    job = Job.objects.filter(pk=job_id, done_at=None, due_at__lte=begun).first()
    if job is None:
        return None
    lease = secrets.token_hex(16)
    length = max(LEASE, _wait(job.attempts)) if job.attempts else LEASE
    claimed = Job.objects.filter(pk=job_id, done_at=None, due_at__lte=begun, lease=job.lease).update(
        due_at=begun + length, lease=lease, attempts=job.attempts + 1
    )
    if not claimed:
        return None
    job.lease, job.attempts = lease, job.attempts + 1
    return job


def _wait(attempts: int) -> timedelta:
    return BACKOFF[min(attempts, len(BACKOFF)) - 1]


def sweep() -> int:
    """Rings when jobs are due, at most `RINGS` times; returns how often."""
    ids = list(_due().values_list("pk", flat=True)[:RINGS])
    for pk in ids:
        ring(pk)
    return len(ids)


def run_due(limit: int = AT_A_STRETCH) -> int:
    """Does jobs that are due in this process, oldest first, until none or `limit` are done; returns how many."""
    done = 0
    while done < limit:
        pk = _due().values_list("pk", flat=True).first()
        if pk is None:
            break
        done += run(pk)  # a job that another worker was quicker to claim is no longer due at the next look
    return done


def _due() -> QuerySet[Job]:
    return Job.objects.filter(done_at=None, due_at__lte=clock.now()).order_by("due_at")
