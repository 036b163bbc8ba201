"""Issuing many certificates with one signature: the approver chooses and signs, a job issues one task after the other.

Each task is approved and takes its number in a transaction of its own, together with the row that says so: killed at any
moment, the job goes on where it stopped, and nothing is done twice. A task that is refused is named with its reasons and holds
up no other.
"""

import logging
import uuid
from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet

from certificates import rules
from certificates.models import BulkItem, BulkRun, Certificate
from certificates.services.issuing import approve_and_issue
from instruments.rules import approval
from instruments.services.signing import Seen, sign_approvals
from lims.audit.services import record
from lims.core import clock, jobs
from lims.core.text import Reason, Refused
from lims.people.models import Signature, User
from lims.people.rules.keys import no_key, passphrase_needed
from lims.people.selectors import how_to_sign
from lims.people.services.signing import from_jws

log = logging.getLogger(__name__)
JOB = "certificates.bulk"
# Tasks that one job issues before it hands on: little enough that a job killed again and again, whose lease grows each time,
# is a rare thing.
SLICE = 5


def begin(
    chosen: Sequence[Seen],
    *,
    by: User,
    key: uuid.UUID,
    password: str = "",
    reauthenticated: bool = False,
    passphrase: str = "",
) -> BulkRun:
    """Signs for all of the chosen tasks at once and begins to issue them. The same `key` begins one run only.

    With an own key the approver signs each record by itself; without one he proves himself anew, as for a single approval.
    Raises Refused when he may not approve at all, proves nothing, or chose nothing; whether a task may be issued is asked when
    its turn comes.
    """
    if begun := BulkRun.objects.filter(key=key, by=by).first():
        return begun
    way = how_to_sign(by)
    if reasons := [
        why
        for why in (
            rules.may_issue_in_bulk(by, len(chosen)),
            no_key() if way == "missing" else None,
            None if way != "unsigned" else approval.proved_himself(by, password, reauthenticated=reauthenticated),
        )
        if why
    ]:
        raise Refused(*reasons)
    signed = _signatures(chosen, by, passphrase) if way == "key" else [""] * len(chosen)
    with transaction.atomic():
        run, created = BulkRun.objects.get_or_create(key=key, defaults={"by": by, "begun_at": clock.now()})
        if not created:
            return run
        BulkItem.objects.bulk_create(
            BulkItem(
                run=run, position=position, task=one.task, task_version=one.version, record_sha256=one.record_sha256,
                signature=signature,
            )
            for position, (one, signature) in enumerate(zip(chosen, signed, strict=True), start=1)
        )  # fmt: skip
        record("bulk.begun", by=by, obj=run, payload={"tasks": [one.task.number for one in chosen]})
        _hand_on(run, 1)
    return run


def _signatures(chosen: Sequence[Seen], by: User, passphrase: str) -> list[str]:
    if not passphrase:
        raise Refused(passphrase_needed())
    made = sign_approvals([(one.task, one.record_sha256) for one in chosen], by=by, passphrase=passphrase)
    return [one.jws for one in made]


def _hand_on(run: BulkRun, first: int) -> None:
    jobs.enqueue(JOB, f"bulk:{run.pk}:{first}", run=run.pk, first=first)


@jobs.handler(JOB)
def work_off(*, run: int, first: int) -> None:
    """Issues the tasks of one slice that still wait, then hands on to the next slice.

    A fault that is no refusal leaves its task waiting and goes on; at the end it is raised, so that the job comes back to it.
    """
    row = BulkRun.objects.select_related("by").get(pk=run)
    beyond, fault = first + SLICE, None
    waiting = row.items.filter(position__gte=first, position__lt=beyond, state=BulkItem.State.WAITING)
    for item in waiting.select_related("task").order_by("position"):
        try:
            _issue(item, row.by)
        except Exception as error:
            log.exception("%s stays waiting", item)
            fault = error
    with transaction.atomic():
        if row.items.filter(position__gte=beyond).exists():
            _hand_on(row, beyond)
        _end(row)
    if fault:
        raise fault


def _issue(item: BulkItem, by: User) -> None:
    """Approves and issues one task, or notes why not. Does nothing when another worker was quicker or it was cancelled."""
    try:
        with transaction.atomic():
            # Locked first: of two workers at one item the second waits here and then finds it done.
            if _waiting(item).select_for_update().first() is None:
                return
            signature = from_jws(item.signature) if item.signature else None
            certificate = _approved(item, by, signature)
            _waiting(item).update(state=BulkItem.State.ISSUED, certificate=certificate)
    except Refused as refused:
        _refuse(item, by, refused.reasons)


def _approved(item: BulkItem, by: User, signature: Signature | None) -> Certificate:
    return approve_and_issue(
        item.task,
        by=by,
        version=item.task_version,
        record_sha256=item.record_sha256,
        reauthenticated=True,  # by `begin`, for the whole run
        signature=signature,
    )


@transaction.atomic
def _refuse(item: BulkItem, by: User, reasons: Sequence[Reason]) -> None:
    told = [one.as_json() for one in reasons]
    if _waiting(item).update(state=BulkItem.State.REFUSED, reasons=told):
        record(
            "bulk.refused", by=by, obj=item.run,
            payload={"task": item.task.number, "reasons": [one.text.zh for one in reasons]},
        )  # fmt: skip


def _waiting(item: BulkItem) -> QuerySet[BulkItem]:
    return BulkItem.objects.filter(pk=item.pk, state=BulkItem.State.WAITING)


def _end(run: BulkRun) -> None:
    """Notes the end once nothing waits any more."""
    if run.items.filter(state=BulkItem.State.WAITING).exists():
        return
    if BulkRun.objects.filter(pk=run.pk, ended_at=None).update(ended_at=clock.now()):
        counts = {state: run.items.filter(state=state).count() for state in BulkItem.State.values}
        record("bulk.ended", by=None, obj=run, payload={name: count for name, count in counts.items() if count})


@transaction.atomic
def cancel(run: BulkRun, *, by: User) -> int:
    """Stops what has not begun; returns how many tasks that were. What is issued stays issued."""
    if why := rules.may_cancel_bulk(run, by):
        raise Refused(why)
    stopped = run.items.filter(state=BulkItem.State.WAITING).update(state=BulkItem.State.CANCELLED)
    if stopped:
        BulkRun.objects.filter(pk=run.pk, cancelled_at=None).update(cancelled_at=clock.now())
        record("bulk.cancelled", by=by, obj=run, payload={"stopped": stopped})
        _end(run)
    run.refresh_from_db()
    return stopped
