"""The life of a task from acceptance to issue. One verb each, one transaction, one event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from instruments.models import Application, Instrument, PreflightException, Record, SubUnit, Task
from instruments.rules import acceptance, approval
from instruments.rules import panel as panel_rules
from instruments.services.moves import KEEP, move
from instruments.services.rigs import free_rigs
from lims.audit import services as audit
from lims.core import clock, numbering, search
from lims.core.text import Refused
from lims.people.models import Organisation, Signature, User
from lims.people.services import signing
from lims.people.services.keys import Unlocked
from standards.models import ProcedureVersion


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be done to one instrument, or one sub-unit of it."""

    instrument: Instrument
    procedure: ProcedureVersion
    kind: str
    sub_unit: SubUnit | None = None


def accept(
    *,
    by: User,
    organisation: Organisation,
    wanted: Sequence[Wanted],
    received_on: date | None = None,
    walk_in: bool = True,
    contact: str = "",
    phone: str = "",
    place: str = "",
    due_on: date | None = None,
    note: str = "",
) -> list[Task]:
    """Accepts an application: one task for each wanted piece of work, numbered without gaps, in state accepted."""
    with transaction.atomic():
        day = clock.today()
        received_on = received_on or day
        # Locked until the tasks are written: two applications for one instrument follow one another.
        list(Instrument.objects.select_for_update().filter(pk__in=[one.instrument.pk for one in wanted]).order_by("pk"))
        if reasons := acceptance.refusals(
            by=by, organisation=organisation, wanted=wanted, received_on=received_on, due_on=due_on, day=day
        ):
            raise Refused(*reasons)
        application = Application.objects.create(
            number=f"SL-{day.year}-{numbering.take(f'application-{day.year}'):06d}",
            organisation=organisation,
            contact=contact,
            phone=phone,
            walk_in=walk_in,
            received_on=received_on,
            note=note,
            accepted_by=by,
        )
        audit.record(
            "application.accepted",
            by=by,
            obj=application,
            payload={"organisation": organisation.name, "tasks": len(wanted)},
        )
        return [_new_task(application, one, by=by, place=place, due_on=due_on, year=day.year) for one in wanted]


def _new_task(
    application: Application, wanted: Wanted, *, by: User, place: str, due_on: date | None, year: int
) -> Task:
    instrument = wanted.instrument
    number = f"RW-{year}-{numbering.take(f'task-{year}'):06d}"
    task = Task.objects.create(
        number=number,
        application=application,
        instrument=instrument,
        sub_unit=wanted.sub_unit,
        procedure=wanted.procedure,
        kind=wanted.kind,
        place=place,
        due_on=due_on,
        search=search.tokens(
            number,
            application.number,
            application.organisation.name,
            instrument.name,
            instrument.model,
            instrument.serial,
            instrument.ledger_number,
            wanted.sub_unit.label if wanted.sub_unit else "",
        ),
    )
    audit.record(
        "task.accepted",
        by=by,
        obj=task,
        to_state=task.state,
        version=task.version,
        payload={"instrument": str(instrument), "procedure": wanted.procedure.label, "kind": wanted.kind},
    )
    return task


def assign(
    task: Task, *, by: User, version: int, technician: User, checker: User | None = None, approver: User | None = None
) -> Task:
    """Names the technician and, where it is known already, who checks and who approves."""
    return move(task, "assign", by=by, version=version, technician=technician, checker=checker, approver=approver)


def reassign(
    task: Task,
    *,
    by: User,
    version: int,
    technician: User = KEEP,
    checker: User | None = KEEP,
    approver: User | None = KEEP,
) -> Task:
    """Changes the people of a task under way, except those who have done their step.

    Handing it to another technician keeps every entry with its author. Captures that the former one holds open end: the next
    one begins captures of his own.
    """
    with transaction.atomic():
        now = move(task, "reassign", by=by, version=version, technician=technician, checker=checker, approver=approver)
        if now.state == Task.State.RECORDING and now.technician_id != task.technician_id:
            free_rigs(now, by=by)
        return now


def check(
    task: Task, *, by: User, version: int, record_sha256: str, passphrase: str = "", signer: Unlocked | None = None
) -> Task:
    """The checker confirms the record that he saw: `record_sha256` is the digest his page showed.

    Signed with his own key, opened here by `passphrase` or before by the caller (`signer`).
    """
    signer = signing.signer_of(by, passphrase, signer)
    with transaction.atomic():
        record = frozen_record(task)
        if refusal := approval.is_the_record_seen(record, record_sha256) or approval.is_intact(record):
            raise Refused(refusal)
        return _signed_move(task, "check", by=by, version=version, record=record, signer=signer)


def approve(
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
) -> Task:
    """The approver answers for the record that he saw. Issuing follows in the certificates app, in the caller's transaction.

    Signed with his own key: opened by `passphrase` (outside any transaction), by the caller before (`signer`), or given
    already with many others (`signature`, see `services.signing`). Where keys are only offered and he has none, he proves
    himself anew: by password here, or just before by passkey or password (`reauthenticated`, vouched for by the caller).
    """
    signer = None if signature else signing.signer_of(by, passphrase, signer)
    with transaction.atomic():
        record = frozen_record(task)
        signed = bool(signature or signer)
        if reasons := [
            found
            for found in (
                approval.is_the_record_seen(record, record_sha256) or approval.is_intact(record),
                None if signed else approval.proved_himself(by, password, reauthenticated=reauthenticated),
            )
            if found
        ]:
            raise Refused(*reasons)
        proof = "signature" if signed else "reauthenticated" if reauthenticated else "password"
        return _signed_move(
            task, "approve", by=by, version=version, record=record, signer=signer, signature=signature, proof=proof
        )


def _signed_move(
    task: Task,
    verb: str,
    *,
    by: User,
    version: int,
    record: Record,
    signer: Unlocked | None,
    signature: Signature | None = None,
    **payload: str,
) -> Task:
    """Moves the task and keeps the signature on its record; the event names the signature."""
    said = signing.Statement(verb, record.number, record.sha256, task.number)
    signature = signature or signing.sign(signer, said)
    done = move(
        task,
        verb,
        by=by,
        version=version,
        record=record,
        payload={"sha256": record.sha256, **payload, **signing.told(signature)},
    )
    signing.needs_signature(by, signature)
    signing.keep(signature, said, by=by)
    return done


def mark_issued(task: Task, *, by: User, certificate_number: str = "") -> Task:
    """The last step, taken by whoever issues the certificate, in the transaction that takes its number."""
    now = Task.objects.only("version").get(pk=task.pk)
    return move(task, "issue", by=by, version=now.version, payload={"certificate": certificate_number})


def return_(task: Task, *, by: User, version: int, reason: str) -> Task:
    """Sends the record back to the technician with a reason. The record stays; the next start opens a new attempt."""
    return move(task, "return", by=by, version=version, why=reason, record=frozen_record(task))


def cancel(task: Task, *, by: User, version: int, reason: str) -> Task:
    """Ends a task before anything was submitted. Its number stays in the series, with the reason; its rig is free."""
    with transaction.atomic():
        now = move(task, "cancel", by=by, version=version, why=reason)
        free_rigs(now, by=by)
        return now


def void(task: Task, *, by: User, version: int, reason: str) -> Task:
    """Ends a task after submitting and before issue. Number and record stay, with the reason."""
    return move(task, "void", by=by, version=version, why=reason, record=frozen_record(task))


def grant_exception(task: Task, *, by: User, code: str, where: str = "", reason: str) -> PreflightException:
    """The technical lead lets one pre-flight refusal pass for this task. It must stand against the next step now."""
    with transaction.atomic():
        task = Task.objects.select_related("instrument", "sub_unit", "procedure", "technician").get(pk=task.pk)
        refused, reasons = panel_rules.exception_refusals(task, by=by, code=code, where=where, reason_text=reason)
        if reasons or refused is None:
            raise Refused(*reasons)
        granted = PreflightException.objects.create(
            task=task,
            code=code,
            where=where,
            refusal_zh=refused.text.zh[:500],
            refusal_en=refused.text.en[:500],
            reason=reason.strip(),
            granted_by=by,
            granted_at=clock.now(),
        )
        audit.record(
            "task.exception_granted",
            by=by,
            obj=task,
            from_state=task.state,
            to_state=task.state,
            version=task.version,
            payload={"code": code, "where": where, "refusal": refused.text.zh, "reason": granted.reason},
        )
        return granted


def frozen_record(task: Task) -> Record | None:
    """The submitted record that waits for the next signature; None before the first submit."""
    return task.records.filter(state=Record.State.FROZEN).order_by("-attempt").first()
