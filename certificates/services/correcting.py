"""The content of a certificate was wrong: its record is recorded, checked and approved once more, and a new certificate with a
new number takes its place. Nothing of the old one is deleted."""

from django.db import transaction

from certificates import rules
from certificates.models import Certificate, Correction
from instruments.models import Task
from instruments.services import reopening
from lims.audit.services import record
from lims.core import clock
from lims.core.text import Refused
from lims.people.models import User


@transaction.atomic
def open_correction(certificate: Certificate, *, by: User, reason: str) -> Correction:
    """Opens the task of a wrong certificate again. The certificate stands until the correct one is issued.

    Whoever may be hurt by it in the meantime is protected by withdrawing it as well.
    """
    if why := rules.may_correct(certificate, by) or rules.reason_is_given(reason):
        raise Refused(why)
    # Of two who open it at once, the conditional update of the task lets one through.
    task = Task.objects.get(pk=certificate.task_id)
    reopening.reopen(task, by=by, version=task.version, reason=f"更正证书 {certificate}：{reason.strip()}")
    made = Correction.objects.create(
        certificate=certificate, reason=reason.strip(), opened_by=by, opened_at=clock.now()
    )
    record("certificate.correction_opened", by=by, obj=certificate, payload={"task": task.number, "reason": reason})
    return made


@transaction.atomic
def give_up(correction: Correction, *, by: User, reason: str) -> None:
    """Ends a correction that is not needed; the certificate stands as before. Possible while the task stands as returned."""
    if why := rules.may_give_up(correction, by) or rules.reason_is_given(reason):
        raise Refused(why)
    task = Task.objects.get(pk=correction.certificate.task_id)
    reopening.keep(task, by=by, version=task.version, reason=reason)
    Correction.objects.filter(pk=correction.pk).update(state=Correction.State.GIVEN_UP, closed_at=clock.now())
    record("certificate.correction_given_up", by=by, obj=correction.certificate, payload={"reason": reason})
    correction.refresh_from_db()
