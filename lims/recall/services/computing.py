"""Computing the certificates of a case again, in slices, by as many workers as there are.

Each slice is a job that hands on to the next one of its lane. What a killed worker had not written stays waiting, and its job
comes back to it; what two workers computed is written once.
"""

import json
import logging
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Max, Min, Q

from certificates.models import Certificate
from lims.audit.services import record
from lims.core import canonical, clock, jobs
from lims.core.text import Refused, Text
from lims.people.models import User
from lims.recall import rules
from lims.recall.judging import FLIPPED, UNKNOWN, Judged, Known, judge, supports
from lims.recall.models import RecallCase, RecallItem, RecallLine
from standards.models import DeviceCertificate, ProcedureVersion
from standards.procedures import Pack
from standards.procedures.record import trimmed
from standards.procedures.substitution import Recertified
from standards.selectors.procedures import pack_of
from standards.selectors.snapshots import value_facts

log = logging.getLogger(__name__)
JOB = "recall.compute"
LANES = 4
"""Slices that may be worked at the same time."""
SLICE = 400
"""Certificates of one job: some seconds of work, far below the lease."""
BATCH = 100
"""Certificates written with one statement, and lost at most when a worker is killed."""

WRITE = """
UPDATE recall_recallitem SET state = 'done', effect = %s, old_conclusion = %s, new_conclusion = %s, flip = %s, reprinted = %s,
    worst = %s, rank = %s, unsupported = %s, details = %s
WHERE id = %s AND state = 'waiting'
"""


@transaction.atomic
def compute(case: RecallCase, *, by: User) -> RecallCase:
    """Begins to compute every certificate touched again, in the background."""
    now = RecallCase.objects.select_for_update().get(pk=case.pk)
    if why := rules.may_compute(now, by):
        raise Refused(why)
    RecallCase.objects.filter(pk=now.pk).update(state=RecallCase.State.COMPUTING)
    record(
        "recall.computing", by=by, obj=now, from_state=now.state, to_state=RecallCase.State.COMPUTING,
        payload={"touched": now.touched},
    )  # fmt: skip
    first = _ends(now)[0]
    for lane in range(LANES):
        _hand_on(now, first + lane * SLICE)
    _end(now)
    case.refresh_from_db()
    return case


def _ends(case: RecallCase) -> tuple[int, int]:
    found = RecallItem.objects.filter(case=case).aggregate(first=Min("pk"), last=Max("pk"))
    return found["first"] or 0, found["last"] or -1


def _hand_on(case: RecallCase, first: int) -> None:
    if first <= _ends(case)[1]:
        jobs.enqueue(JOB, f"recall:{case.pk}:{first}", case=case.pk, first=first)


@jobs.handler(JOB)
def work_off(*, case: int, first: int) -> None:
    """Computes one slice of what waits, then hands on. A case that was superseded meanwhile is left as it is."""
    row = RecallCase.objects.get(pk=case)
    if row.state != RecallCase.State.COMPUTING:
        return
    known = _known(row)
    waiting = RecallItem.objects.filter(
        case=row, pk__gte=first, pk__lt=first + SLICE, state=RecallItem.State.WAITING
    ).order_by("pk")
    found = list(waiting.only("pk", "case_id", "certificate_id", "earlier"))
    for start in range(0, len(found), BATCH):
        _compute(known, found[start : start + BATCH])
    with transaction.atomic():
        _hand_on(row, first + LANES * SLICE)
        _end(row)


def _known(case: RecallCase) -> Known:
    lines = list(case.lines.select_related("device", "old_certificate", "new_certificate"))
    behind: dict[str, list[tuple[date, date, str]]] = {}
    for reach in case.reaches.select_related("device", "line__device"):
        if reach.via:
            source = reach.line.device.asset_number
            behind.setdefault(reach.device.asset_number, []).append((reach.since, reach.until, source))
    return Known(
        {one.device.asset_number: one for one in lines},
        case.until,
        behind,
        {one.device.asset_number: _recertified(one) for one in lines if one.new_certificate},
    )


def _recertified(line: RecallLine) -> Recertified:
    old, new = line.old_certificate, line.new_certificate
    assert isinstance(old, DeviceCertificate) and isinstance(new, DeviceCertificate)
    values = [value_facts(one) for one in new.values.order_by("name", "pk")]
    return Recertified(line.device.asset_number, old.content_sha256, new.number, new.content_sha256, values)


def _compute(known: Known, items: Sequence[RecallItem]) -> None:
    """Computes first and writes then: the database is locked for the writing alone."""
    stored = {
        pk: (facts, procedure)
        for pk, facts, procedure in Certificate.objects.filter(
            pk__in=[one.certificate_id for one in items]
        ).values_list("pk", "record__facts", "task__procedure")
    }
    versions = ProcedureVersion.objects.defer("source").in_bulk({procedure for _, procedure in stored.values()})
    rows = []
    for item in items:
        facts, procedure = stored[item.certificate_id]
        rows.append(_row(item, _judged(known, pack_of(versions[procedure]), json.loads(facts), item)))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(WRITE, rows)


def _judged(known: Known, pack: Pack, facts: dict[str, Any], item: RecallItem) -> Judged:
    """A record that the procedures cannot read any more has an unknown effect, and holds up no other."""
    try:
        return judge(known, pack, facts)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        log.exception("certificate %s of recall case %s cannot be computed again", item.certificate_id, item.case_id)
        said = f"{type(error).__name__}: {error}"[:200]
        why = Text(f"重新计算时出错：{said}", f"computing it again failed: {said}")
        return Judged(facts["evaluation"]["conclusion"], None, (why,))


def _row(item: RecallItem, found: Judged) -> tuple[Any, ...]:
    """The parameters of `WRITE`."""
    comparison = found.comparison
    item.effect = RecallItem.Effect.UNKNOWN if comparison is None else RecallItem.Effect.KNOWN
    item.flip = comparison is not None and comparison.flip
    item.reprinted = comparison is not None and comparison.reprinted
    worst = "" if comparison is None or comparison.worst is None else trimmed(comparison.worst)
    details = {
        "changes": list(comparison.changes) if comparison else [],
        "reasons": [one.as_json() for one in found.reasons],
        "remarks": [one.as_json() for one in found.remarks],
    }
    return (
        item.effect,
        found.old_conclusion,
        comparison.new_conclusion if comparison else "",
        item.flip,
        item.reprinted,
        worst,
        found.rank,
        bool(item.earlier) and not supports(item.earlier, item),
        canonical.dumps(details),
        item.pk,
    )


def _end(case: RecallCase) -> None:
    """Notes the end once nothing waits any more."""
    if RecallItem.objects.filter(case=case, rank=-1).exists():
        return
    computing = RecallCase.objects.filter(pk=case.pk, state=RecallCase.State.COMPUTING)
    if not computing.update(state=RecallCase.State.COMPUTED, computed_at=clock.now()):
        return
    counts = RecallItem.objects.filter(case=case).aggregate(
        touched=Count("pk"),
        flips=Count("pk", filter=Q(rank__gte=FLIPPED)),
        unknown=Count("pk", filter=Q(rank__gte=UNKNOWN, rank__lt=FLIPPED)),
    )
    record(
        "recall.computed", by=None, obj=case, from_state=RecallCase.State.COMPUTING,
        to_state=RecallCase.State.COMPUTED, payload=counts,
    )  # fmt: skip
