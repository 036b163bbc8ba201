"""Writing changes of a standard: opened by whoever notices, decided by the technical lead. One event each."""

from datetime import date

from django.db import transaction

from lims.audit.services import record
from lims.core import clock
from lims.core.text import Conflict, reason
from lims.core.validation import checked
from lims.people.models import User
from standards import rules
from standards.models import ChangeCase, MeasurementStandard
from standards.services.refusals import allow, reasoned

# Of the four kinds, those that put the measured values themselves in question until somebody has looked.
BLOCKING = frozenset({ChangeCase.Kind.DEVICE, ChangeCase.Kind.METHOD})


@transaction.atomic
def open_change(
    *, by: User, standard: MeasurementStandard, kind: str, what: str, on: date, blocks: bool | None = None
) -> ChangeCase:
    """Notes a change. Unless said otherwise one of device or method blocks the standard until it is decided."""
    allow(rules.may_open_change(by))
    blocks = kind in BLOCKING if blocks is None else blocks
    change = checked(ChangeCase(standard=standard, kind=kind, what=what.strip(), on=on, blocks=blocks, opened_by=by))
    change.save()
    payload = {"change": change.pk, "kind": kind, "what": change.what, "on": on.isoformat(), "blocks": blocks}
    record("standard.change_opened", by=by, obj=standard, payload=payload)
    return change


@transaction.atomic
def decide_change(*, by: User, change: ChangeCase, consequence: str, decision: str) -> ChangeCase:
    """The technical lead says what the change entails, and on what ground."""
    allow(rules.may_decide_change(change, by))
    decision = reasoned(decision)
    today = clock.today()
    change.consequence, change.decision, change.decided_on, change.decided_by = consequence, decision, today, by
    checked(change)
    undecided = ChangeCase.objects.filter(pk=change.pk, decided_on=None)
    if not undecided.update(consequence=consequence, decision=decision, decided_on=today, decided_by=by):
        raise Conflict(
            reason("changed_meanwhile", "该变更刚刚由他人作出决定", "Somebody else has just decided this change")
        )
    payload = {"change": change.pk, "what": change.what, "consequence": consequence, "reason": decision}
    record("standard.change_decided", by=by, obj=change.standard, payload=payload)
    return change
