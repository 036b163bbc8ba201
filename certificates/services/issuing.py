"""Taking the number: certificate row, event and sealing job in one transaction with the approval."""

import json
import secrets
from typing import Any

from django.conf import settings
from django.db import transaction

from certificates import derived, documents, facts, rules
from certificates.models import Certificate, Correction
from certificates.services.digital import may_be_told
from certificates.services.sealing import JOB
from instruments.models import Record, Task
from instruments.services import ledger, work
from lims.audit.services import record as event
from lims.core import canonical, clock, jobs, numbering, search
from lims.core.text import Refused
from lims.people.models import Signature, User
from lims.people.selectors import institute
from lims.people.services.keys import Unlocked
from lims.people.services.signing import signer_of
from standards.selectors.procedures import pack_of

# Without 0 O 1 I L, which people confuse on paper.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CHECK_LENGTH = 6


def approve_and_issue(
    task: Task,
    *,
    by: User,
    version: int,
    record_sha256: str,
    password: str = "",
    reauthenticated: bool = False,
    passphrase: str = "",
    signer: Unlocked | None = None,
    signature: Signature | None = None,
) -> Certificate:
    """Approves the record that was seen and issues its certificate: both happen, or neither. Proofs as for `work.approve`.

    Raises Refused or Conflict with everything that stands against it; no number is taken then.
    """
    # Opening the key counts wrong tries, which must outlast a refusal: hence before the transaction.
    signer = None if signature else signer_of(by, passphrase, signer)
    with transaction.atomic():
        approved = work.approve(
            task,
            by=by,
            version=version,
            record_sha256=record_sha256,
            password=password,
            reauthenticated=reauthenticated,
            signer=signer,
            signature=signature,
        )
        return issue(approved, by=by)


def issue(task: Task, *, by: User) -> Certificate:
    """Takes the next number for an approved task and hands its document to the sealing job."""
    with transaction.atomic():
        task = Task.objects.select_related(
            "application__organisation", "instrument", "procedure", "technician", "checker", "approver"
        ).get(pk=task.pk)
        record = task.records.filter(state=Record.State.FROZEN).order_by("-attempt").first()
        if why := rules.may_issue(task, record):
            raise Refused(why)
        stated, pack = json.loads(record.facts), pack_of(task.procedure)
        refusals = [
            why
            for why in (
                rules.limits_are_confirmed(stated["unconfirmed"]),
                rules.outcome_is_clear(stated["evaluation"]["conclusion"]),
                rules.period_is_known(task, stated, derived.valid_until(stated, pack)),
            )
            if why
        ]
        if refusals:
            raise Refused(*refusals)
        certificate = _take(task, record, stated, pack, by)
        event(
            "certificate.numbered", by=by, obj=certificate, to_state=certificate.state, public={"cert": certificate.number},
            payload={"number": certificate.number, "record": record.number, "facts": certificate.facts_sha256},
        )  # fmt: skip
        work.mark_issued(task, by=by, certificate_number=certificate.number)
        if certificate.valid_until:
            ledger.set_due(by=by, instrument=task.instrument, due_on=certificate.valid_until, task=task.number)
        jobs.enqueue(JOB, f"seal:{certificate.number}", certificate=certificate.pk)
        return certificate


def _take(task: Task, record: Record, stated: dict[str, object], pack: object, by: User) -> Certificate:
    """The row with its number. Everything the document prints is checked for printable characters first."""
    correction = Correction.objects.filter(certificate__task=task, state=Correction.State.OPEN).first()
    token, identity = new_identity()
    # The number comes last in the transaction's work: its counter row is what other issuers wait for.
    draft = facts.build(
        record=stated, record_number=record.number, pack=pack, institute=institute(),
        checker=task.checker, approver=by, identity=identity,
        replaces=correction.certificate.number if correction else None,
    )  # fmt: skip
    must_be_printable(draft)
    if why := may_be_told(draft):
        raise Refused(why)
    year = identity.issued_on.year
    number = f"{settings.CERTIFICATE_PREFIX}-{year}-{numbering.take(f'certificate-{year}'):06d}"
    certificate = enter({**draft, "number": number}, token=token, task=task, record=record)
    if correction:
        Correction.objects.filter(pk=correction.pk).update(successor=certificate)
    return certificate


def new_identity() -> tuple[str, facts.Identity]:
    """Public address and check value of a document that has no number yet; the token of the address comes first."""
    token = secrets.token_urlsafe(24)
    return token, facts.Identity(
        number="",
        check_value="".join(secrets.choice(ALPHABET) for _ in range(CHECK_LENGTH)),
        verify_url=f"{settings.BASE_URL}/v/{token}/",
        issued_on=clock.today(),
    )


def must_be_printable(draft: dict[str, Any]) -> None:
    """Raises Refused with every character that no embedded font has: asked before a number is taken."""
    if missing := documents.missing_glyphs(draft):
        raise Refused(*documents.MissingGlyphs(missing).reasons)


def enter(
    stated: dict[str, Any], *, token: str, task: Task, record: Record, supplements: Certificate | None = None
) -> Certificate:
    """The row of a document whose facts, with its number, are complete."""
    organisation, instrument = task.application.organisation, task.instrument
    return Certificate.objects.create(
        number=stated["number"],
        kind=stated["kind"],
        record=record,
        task=task,
        instrument=instrument,
        organisation=organisation,
        supplements=supplements,
        facts=canonical.dumps(stated),
        facts_sha256=canonical.sha256(stated),
        check_value=stated["check_value"],
        token=token,
        verified_on=stated["dates"]["verified"],
        issued_on=stated["dates"]["issued"],
        valid_until=stated["dates"]["valid_until"] or None,
        demonstration=stated["demonstration"],
        search=search.tokens(
            stated["number"], organisation.name, instrument.name, instrument.model, instrument.serial,
            instrument.ledger_number,
        ),
    )  # fmt: skip
