"""Taking the number: certificate row, event and sealing job in one transaction with the approval."""

import json
import secrets

from django.conf import settings
from django.db import transaction

from certificates import derived, documents, facts, rules
from certificates.models import Certificate
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
    """Approves the record that was seen and issues its certificate: both happen, or neither.

    How the approver signs is told at `instruments.services.work.approve`. Raises Refused or Conflict with everything that
    stands against it; no number is taken then.
    """
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
    token, day = secrets.token_urlsafe(24), clock.today()
    # The number comes last in the transaction's work: its counter row is what other issuers wait for.
    draft = facts.build(
        record=stated, record_number=record.number, pack=pack, institute=institute(),
        checker=task.checker, approver=by,
        identity=facts.Identity(
            number="",
            check_value="".join(secrets.choice(ALPHABET) for _ in range(CHECK_LENGTH)),
            verify_url=f"{settings.BASE_URL}/v/{token}/",
            issued_on=day,
        ),
    )  # fmt: skip
    if missing := documents.missing_glyphs(draft):
        raise Refused(*documents.MissingGlyphs(missing).reasons)
    if why := may_be_told(draft):
        raise Refused(why)
    number = f"{settings.CERTIFICATE_PREFIX}-{day.year}-{numbering.take(f'certificate-{day.year}'):06d}"
    draft["number"] = number
    organisation, until = task.application.organisation, draft["dates"]["valid_until"]
    return Certificate.objects.create(
        number=number,
        kind=draft["kind"],
        record=record,
        task=task,
        instrument=task.instrument,
        organisation=organisation,
        facts=canonical.dumps(draft),
        facts_sha256=canonical.sha256(draft),
        check_value=draft["check_value"],
        token=token,
        verified_on=draft["dates"]["verified"],
        issued_on=day,
        valid_until=until or None,
        demonstration=draft["demonstration"],
        search=search.tokens(
            number, organisation.name, task.instrument.name, task.instrument.model, task.instrument.serial,
            task.instrument.ledger_number,
        ),
    )  # fmt: skip
