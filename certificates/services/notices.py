"""Telling the customer that a certificate is no longer to be used: by mail to every address known, and in the portal."""

import smtplib
import uuid
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F

from certificates import letters, rules
from certificates.models import Certificate, Recall, RecallMail
from lims.audit.services import record
from lims.core import clock, jobs
from lims.core.text import Refused
from lims.people.models import Organisation, Role, User

JOB = "certificates.recall_mail"


def recall(certificate: Certificate, *, by: User | None) -> Recall:
    """Writes the recall of a certificate that was withdrawn or replaced, and queues its letters. Once per certificate."""
    row, created = Recall.objects.get_or_create(
        certificate=certificate, defaults={"organisation": certificate.organisation, "made_at": clock.now()}
    )
    if not created:
        return row
    host = urlsplit(settings.BASE_URL).hostname or "localhost"
    mails = [
        RecallMail.objects.create(recall=row, address=address, message_id=f"<recall-{uuid.uuid4().hex}@{host}>")
        for address in _addresses(certificate.organisation)
    ]
    record("certificate.recalled", by=by, obj=certificate, payload={"letters": len(mails)})
    for mail in mails:
        jobs.enqueue(JOB, f"recall-mail:{mail.pk}", mail=mail.pk)
    return row


def _addresses(organisation: Organisation) -> list[str]:
    """The organisation's own address, then those of its people who use the portal; each once."""
    people = User.objects.filter(organisation=organisation, is_active=True, held_roles__role=Role.CUSTOMER)
    known = [organisation.email, *people.order_by("pk").values_list("email", flat=True)]
    return list(dict.fromkeys(address.strip().lower() for address in known if address.strip()))


@jobs.handler(JOB)
def deliver(*, mail: int) -> None:
    """Hands one letter to the mail server. Raises what the server or the network says: the job is then tried again.

    An address that the server refuses for good is noted as refused; a person has to find another way to the customer.
    """
    row = RecallMail.objects.select_related("recall__certificate__replaced_by", "recall__organisation").get(pk=mail)
    if row.state != RecallMail.State.WAITING:
        return
    waiting = RecallMail.objects.filter(pk=row.pk, state=RecallMail.State.WAITING)
    waiting.update(attempts=F("attempts") + 1)
    try:
        _send(row)
    except smtplib.SMTPRecipientsRefused as refusal:
        told = "; ".join(f"{code} {text.decode(errors='replace')}" for code, text in refusal.recipients.values())
        waiting.update(last_error=told[:500])
        if any(code < 500 for code, _text in refusal.recipients.values()):
            raise
        _note(row, RecallMail.State.REFUSED, "certificate.recall_refused", told)
        return
    except Exception as error:
        waiting.update(last_error=f"{type(error).__name__}: {error}"[:500])
        raise
    _note(row, RecallMail.State.SENT, "certificate.recall_mailed", "")


def _send(row: RecallMail) -> None:
    if settings.PRODUCTION and not settings.EMAIL_HOST:
        raise OSError("no mail server is configured (LIMS_SMTP_HOST)")
    certificate = row.recall.certificate
    headers = {"Message-ID": row.message_id, "Auto-Submitted": "auto-generated"}
    EmailMessage(letters.subject(certificate), letters.body(certificate), to=[row.address], headers=headers).send()


@transaction.atomic
def _note(row: RecallMail, state: str, verb: str, told: str) -> None:
    changed = RecallMail.objects.filter(pk=row.pk, state=RecallMail.State.WAITING).update(
        state=state, sent_at=clock.now() if state == RecallMail.State.SENT else None, last_error=told[:500]
    )
    if changed:
        record(
            verb, by=None, obj=row.recall.certificate,
            payload={"address": row.address, "message_id": row.message_id, **({"answer": told} if told else {})},
        )  # fmt: skip


@transaction.atomic
def confirm_seen(recall: Recall, *, by: User) -> None:
    """The customer says that the recall is known. The first who says so is noted; saying it again changes nothing."""
    if why := rules.may_confirm_recall(recall, by):
        raise Refused(why)
    if Recall.objects.filter(pk=recall.pk, seen_at=None).update(seen_by=by, seen_at=clock.now()):
        record("certificate.recall_seen", by=by, obj=recall.certificate)
    recall.refresh_from_db()
