"""What is done about the certificates touched. Withdrawing and correcting go the way of every withdrawal and correction."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import QuerySet

from certificates.services import correcting, standing
from lims.audit.services import record
from lims.core import clock
from lims.core.text import Reason, Refused
from lims.people.models import User
from lims.recall import rules
from lims.recall.models import RecallCase, RecallDecision, RecallItem
from lims.recall.selectors import Chosen, narrowed
from lims.recall.services.opening import taken

Kind = RecallItem.Kind

DECIDED = """
INSERT INTO recall_recalldecision (item_id, kind, reason, by_id, at)
SELECT id, %s, %s, %s, %s FROM recall_recallitem WHERE id IN ({chosen})
"""


@dataclass(frozen=True)
class Outcome:
    """What became of many decisions: how many were taken, and which were refused with their reasons."""

    decided: int
    refused: tuple[tuple[RecallItem, tuple[Reason, ...]], ...] = ()


@transaction.atomic
def decide(item: RecallItem, *, kind: str, reason: str, by: User, seen: str | None = None) -> RecallDecision:
    """Records a decision and does it. `seen`: the decision that the page showed; Conflict when there is another by now."""
    case = RecallCase.objects.select_for_update().get(pk=item.case_id)
    row = RecallItem.objects.select_related("certificate__task", "certificate__instrument").get(pk=item.pk)
    row.case = case
    if why := rules.text_is_given(reason, "reason") or rules.may_decide(row, kind, by):
        raise Refused(why)
    if seen is not None and row.decision != seen:
        raise taken(case)
    said = f"{case}：{reason.strip()}"[:300]
    if kind == Kind.WITHDRAW:
        standing.withdraw(row.certificate, by=by, reason=said)
    elif kind == Kind.CORRECT:
        correcting.open_correction(row.certificate, by=by, reason=said)
    RecallItem.objects.filter(pk=row.pk).update(decision=kind)
    made = RecallDecision.objects.create(item=row, kind=kind, reason=reason.strip()[:300], by=by, at=clock.now())
    record(
        "recall.decided", by=by, obj=row.certificate,
        payload={"case": str(case), "decision": kind, "before": row.decision, "reason": made.reason},
    )  # fmt: skip
    item.refresh_from_db()
    return made


def decide_many(
    case: RecallCase, *, kind: str, reason: str, by: User, chosen: Chosen | None = None, items: Sequence[int] = ()
) -> Outcome:
    """The same decision about many: the `items` named, or all that `chosen` narrows down to and nobody has decided about yet.

    That certificates stand, or are only told of, is written in one go, however many they are; those not computed yet are left
    out. Withdrawals and corrections are done one by one, and one that is refused holds up no other.
    """
    if why := rules.text_is_given(reason, "reason") or rules.may_decide_many(case, kind, by, 0):
        raise Refused(why)
    rows = narrowed(case, chosen or Chosen()).filter(decision="")
    rows = rows.filter(pk__in=items) if items else rows
    if kind in (Kind.WITHDRAW, Kind.CORRECT):
        if why := rules.may_decide_many(case, kind, by, rows.count()):
            raise Refused(why)
        return _one_by_one(list(rows.order_by("pk")), kind, reason, by)
    return Outcome(_at_once(case, rows.filter(state=RecallItem.State.DONE), kind, reason.strip()[:300], by))


def _one_by_one(rows: Sequence[RecallItem], kind: str, reason: str, by: User) -> Outcome:
    done, refused = 0, []
    for one in rows:
        try:
            decide(one, kind=kind, reason=reason, by=by, seen="")
        except Refused as refusal:
            refused.append((one, refusal.reasons))
        else:
            done += 1
    return Outcome(done, tuple(refused))


@transaction.atomic
def _at_once(case: RecallCase, rows: QuerySet[RecallItem], kind: str, reason: str, by: User) -> int:
    now = RecallCase.objects.select_for_update().get(pk=case.pk)
    if why := rules.may_decide_many(now, kind, by, 0):
        raise Refused(why)
    if kind not in Kind.values:
        raise Refused(rules.no_such_decision())
    sql, parameters = rows.order_by().values("pk").query.sql_with_params()
    at = connection.ops.adapt_datetimefield_value(clock.now())
    with connection.cursor() as cursor:
        cursor.execute(DECIDED.format(chosen=sql), [kind, reason, by.pk, at, *parameters])
    decided = rows.update(decision=kind)
    record(
        "recall.decided_many", by=by, obj=now,
        payload={"decision": kind, "reason": reason, "certificates": decided},
    )  # fmt: skip
    return decided


@transaction.atomic
def close(case: RecallCase, *, by: User, closing: str) -> RecallCase:
    """Ends a case whose certificates all have their decision, or drops a draft."""
    now = RecallCase.objects.select_for_update().get(pk=case.pk)
    undecided = RecallItem.objects.filter(case=now, decision="").count()
    if why := rules.may_close(now, by, undecided) or rules.text_is_given(closing, "closing"):
        raise Refused(why)
    RecallCase.objects.filter(pk=now.pk).update(
        state=RecallCase.State.CLOSED, closed_at=clock.now(), closing=closing.strip()[:400]
    )
    record(
        "recall.closed", by=by, obj=now, from_state=now.state, to_state=RecallCase.State.CLOSED,
        payload={"closing": closing.strip()[:400]},
    )  # fmt: skip
    case.refresh_from_db()
    return case
