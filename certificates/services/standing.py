"""The later life of a certificate: withdrawn, replaced, its number voided. Nothing of the old document is deleted."""

from django.db import transaction

from certificates import rules
from certificates.models import Certificate, Correction
from certificates.services import notices
from instruments.models import Task
from instruments.services import ledger, reopening
from lims.audit.services import record
from lims.core import clock
from lims.core.text import Conflict, Refused, reason
from lims.people.models import User


def _change(certificate: Certificate, to_state: str, **values: object) -> None:
    """Moves from the state the caller saw; raises Conflict when somebody else was quicker."""
    changed = Certificate.objects.filter(pk=certificate.pk, state=certificate.state).update(state=to_state, **values)
    if not changed:
        raise Conflict(
            reason(
                "changed_meanwhile",
                f"证书 {certificate} 的状态刚刚被他人更改",
                f"Somebody else has just changed certificate {certificate}",
                "请刷新页面后再操作",
                "Reload the page and try again",
            )
        )


def _due_anew(certificate: Certificate, by: User | None) -> None:
    """The ledger's due date follows the certificates that still stand; without one, verification is due at once."""
    instrument = certificate.instrument
    if certificate.valid_until is None or instrument.due_on != certificate.valid_until:
        return
    standing = Certificate.objects.filter(instrument=instrument, state=Certificate.State.ISSUED)
    latest = standing.exclude(valid_until=None).order_by("-verified_on", "-pk").first()
    due = latest.valid_until if latest else clock.today()
    ledger.set_due(by=by, instrument=instrument, due_on=due, task=certificate.task.number)


@transaction.atomic
def withdraw(certificate: Certificate, *, by: User, reason: str) -> None:
    """Declares an issued certificate withdrawn. The public page says so from this moment, and the customer is told."""
    if why := rules.may_withdraw(certificate, by) or rules.reason_is_given(reason):
        raise Refused(why)
    _withdraw(certificate, by, reason.strip())
    for one in certificate.supplemented_by.filter(state=Certificate.State.ISSUED).order_by("pk"):
        _withdraw(one, by, reason.strip())
    notices.recall(certificate, by=by)
    _due_anew(certificate, by)
    certificate.refresh_from_db()


def _withdraw(certificate: Certificate, by: User | None, reason: str) -> None:
    before = certificate.state
    _change(certificate, Certificate.State.WITHDRAWN, state_reason=reason)
    record(
        "certificate.withdrawn",
        by=by,
        obj=certificate,
        from_state=before,
        to_state="withdrawn",
        payload={"reason": reason},
        public={"cert": certificate.number},
    )


@transaction.atomic
def replace_by(certificate: Certificate, successor: Certificate, *, by: User, reason: str) -> None:
    """Marks a certificate as replaced by a later one of the same instrument. Both pages name the other from now on."""
    # Locked, so that the successor is not itself withdrawn in the same moment.
    successor = Certificate.objects.select_for_update().get(pk=successor.pk)
    if why := rules.may_replace(certificate, successor, by) or rules.reason_is_given(reason):
        raise Refused(why)
    _replace(certificate, successor, by=by, reason=reason.strip())
    certificate.refresh_from_db()


@transaction.atomic
def take_place(certificate: Certificate) -> None:
    """What a document just issued does to others, in the transaction of its issue: one that corrects another replaces it.

    One that was withdrawn meanwhile stays withdrawn, and names its successor all the same. A supplement whose certificate
    fell while the supplement was being sealed falls with it.
    """
    if certificate.supplements_id:
        _share_fate(certificate)
        return
    correction = Correction.objects.filter(successor=certificate, state=Correction.State.OPEN).first()
    if correction is None:
        return
    wrong = Certificate.objects.select_for_update().get(pk=correction.certificate_id)
    _replace(wrong, certificate, by=None, reason=correction.reason)
    Correction.objects.filter(pk=correction.pk).update(state=Correction.State.DONE, closed_at=clock.now())


def _share_fate(supplement: Certificate) -> None:
    original = Certificate.objects.select_for_update().get(pk=supplement.supplements_id)
    supplement.refresh_from_db()
    if original.replaced_by:
        _mark_replaced(supplement, original.replaced_by, by=None, reason=original.state_reason)
    elif original.state == Certificate.State.WITHDRAWN:
        _withdraw(supplement, None, original.state_reason)


def _replace(certificate: Certificate, successor: Certificate, *, by: User | None, reason: str) -> None:
    sharing = certificate.supplemented_by.filter(state__in=[Certificate.State.ISSUED, Certificate.State.WITHDRAWN])
    for one in (certificate, *sharing.order_by("pk")):
        _mark_replaced(one, successor, by=by, reason=reason)
    notices.recall(certificate, by=by)
    _due_anew(certificate, by)


def _mark_replaced(certificate: Certificate, successor: Certificate, *, by: User | None, reason: str) -> None:
    before = certificate.state
    if before == Certificate.State.ISSUED:
        _change(certificate, Certificate.State.REPLACED, replaced_by=successor, state_reason=reason)
    else:
        _change(certificate, before, replaced_by=successor)
    record(
        "certificate.replaced", by=by, obj=certificate, from_state=before,
        to_state="replaced" if before == Certificate.State.ISSUED else "",
        payload={"by": successor.number, "reason": reason},
        public={"cert": certificate.number, "by": successor.number},
    )  # fmt: skip


@transaction.atomic
def void_number(certificate: Certificate, *, by: User, reason: str) -> None:
    """Gives up a number whose document was never sealed. The number stays in the series, marked void, with its reason.

    The approval stands: the approver issues the same record, or the same supplement, under a new number (`reissue`).
    """
    if why := rules.may_void(certificate, by) or rules.reason_is_given(reason):
        raise Refused(why)
    before = certificate.state
    _change(certificate, Certificate.State.VOID, state_reason=reason.strip())
    Correction.objects.filter(successor=certificate).update(successor=None)
    record(
        "certificate.voided", by=by, obj=certificate, from_state=before, to_state="void",
        payload={"number": certificate.number, "reason": reason},
        public={"cert": certificate.number},
    )  # fmt: skip
    if certificate.supplements_id is None:
        task = Task.objects.get(pk=certificate.task_id)
        reopening.unissue(task, by=by, version=task.version, reason=f"{certificate}：{reason.strip()}")
        _due_anew(certificate, by)
    certificate.refresh_from_db()


@transaction.atomic
def note_download(certificate: Certificate, *, by: User) -> None:
    record("certificate.downloaded", by=by, obj=certificate)


@transaction.atomic
def note_evidence(certificate: Certificate, *, by: User) -> None:
    record("certificate.evidence_taken", by=by, obj=certificate)
