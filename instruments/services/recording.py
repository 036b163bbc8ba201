"""Beginning a record, choosing what it is measured with, and submitting it."""

from collections.abc import Iterable, Mapping

from django.db import transaction
from django.db.models import F

from devices.models import CaptureSession
from instruments.models import Record, RecordDevice, RecordSession, Task
from instruments.rules import record as rules
from instruments.rules import supervision
from instruments.rules.work import Deed
from instruments.selectors import facts as facts_of
from instruments.selectors.record import entries_of, parameters_of, sheet
from instruments.services.moves import changed_meanwhile, move
from instruments.services.rigs import free_rigs
from lims.audit import services as audit
from lims.core import canonical, clock
from lims.core.text import Conflict, Refused
from lims.people.models import User
from lims.people.services import signing
from lims.people.services.keys import Unlocked
from standards.models import Device
from standards.selectors.procedures import pack_of


def start(task: Task, *, by: User, version: int, serial: str = "", seen: bool = False) -> Record:
    """Begins the record, or after a return the next attempt, which starts from the values of the one before.

    serial: the number on the nameplate as the technician read it; `seen` instead confirms the ledger's by eye.
    """
    with transaction.atomic():
        if seen and not serial.strip():
            serial, identity = task.instrument.serial, Record.Identity.SEEN
        else:
            identity = Record.Identity.TYPED
        now = move(
            task, "start", by=by, version=version, identity_serial=serial, payload={"serial_read": serial.strip()}
        )
        before = now.records.order_by("-attempt").first()
        attempt = before.attempt + 1 if before else 1
        record = Record.objects.create(
            task=now,
            attempt=attempt,
            number=f"{now.number}-{attempt}",
            started_by=by,
            started_at=clock.now(),
            identity_serial=serial.strip(),
            identity_by=identity,
            parameters=parameters_of(now, pack_of(now.procedure)),
        )
        if before:
            RecordDevice.objects.bulk_create(
                RecordDevice(record=record, role=one.role, device_id=one.device_id) for one in before.devices.all()
            )
            RecordSession.objects.bulk_create(
                RecordSession(record=record, session_id=one.session_id) for one in before.sessions.all()
            )
        audit.record("record.started", by=by, obj=record, to_state=record.state, payload={"task": now.number})
        return record


def _draft(record: Record, by: User) -> Record:
    """The record, locked against a simultaneous submit. Raises Refused when the person may not write in it."""
    Record.objects.filter(pk=record.pk, state=Record.State.DRAFT).update(version=F("version") + 1)
    now = Record.objects.select_related("task__instrument", "task__procedure", "task__technician").get(pk=record.pk)
    if refusal := rules.may_write(now, by):
        raise Refused(refusal)
    return now


def choose_devices(record: Record, *, by: User, devices: Mapping[str, Iterable[Device]]) -> Record:
    """Sets the devices of each role anew. Whether they may be used is asked at submit; the panel shows it at once."""
    with transaction.atomic():
        now = _draft(record, by)
        roles = {required.role for required in pack_of(now.task.procedure).required_devices}
        if unknown := set(devices) - roles:
            raise Refused(rules.unknown_role(sorted(unknown)[0]))
        before = {(one.role, one.device_id): one for one in now.devices.select_related("device")}
        after = {(role, device.pk): device for role, chosen in devices.items() for device in chosen}
        gone, new = [before[key] for key in before if key not in after], [key for key in after if key not in before]
        if not gone and not new:
            return now
        now.devices.filter(pk__in=[one.pk for one in gone]).delete()
        RecordDevice.objects.bulk_create(RecordDevice(record=now, role=role, device_id=pk) for role, pk in new)
        audit.record(
            "record.devices_chosen",
            by=by,
            obj=now,
            version=now.version,
            payload={
                "chosen": [{"role": role, "device": after[role, pk].asset_number} for role, pk in sorted(after)],
                "dropped": [{"role": one.role, "device": one.device.asset_number} for one in gone],
            },
        )
        return now


def use_session(record: Record, *, by: User, session: CaptureSession) -> RecordSession:
    """Lets the record take readings of a capture session that this person opened. Twice does no harm."""
    with transaction.atomic():
        now = _draft(record, by)
        if refusal := rules.session_fits(now, session, by):
            raise Refused(refusal)
        used, created = RecordSession.objects.get_or_create(record=now, session=session)
        if created:
            _choose_equipment(now, session)
            audit.record(
                "record.session_used",
                by=by,
                obj=now,
                version=now.version,
                payload={"session": str(session.pk), "equipment": session.equipment.asset_number},
            )
        return used


def _choose_equipment(record: Record, session: CaptureSession) -> None:
    """What the session reads is what the record is measured with: it takes the roles it can play and nobody plays yet."""
    wanted = {required.role for required in pack_of(record.task.procedure).required_devices}
    taken = set(record.devices.values_list("role", flat=True))
    free = (wanted & set(session.equipment.roles)) - taken
    RecordDevice.objects.bulk_create(
        RecordDevice(record=record, role=role, device=session.equipment) for role in sorted(free)
    )


def submit(task: Task, *, by: User, version: int, passphrase: str = "", signer: Unlocked | None = None) -> Record:
    """Freezes the draft: facts, digest and conclusion are written once, and the task waits for the check.

    `by` is the technician, or whoever supervises the trainee that measured. Signed with the own key of `by`, opened here by
    `passphrase` or before by the caller (`signer`).
    Raises Refused with every reason of the rules and the pre-flight, Conflict when somebody submitted before.
    """
    signer = signing.signer_of(by, passphrase, signer)
    with transaction.atomic():
        draft = Record.objects.filter(task_id=task.pk, state=Record.State.DRAFT)
        # The row lock comes first: of two people submitting at once, the second finds no draft any more.
        if not draft.update(version=F("version") + 1):
            move(task, "submit", by=by, version=version)
            raise Conflict(changed_meanwhile(task))
        record = Record.objects.select_related(
            "task__application__organisation",
            "task__instrument__organisation",
            "task__instrument__site",
            "task__sub_unit",
            "task__procedure",
            "task__technician",
        ).get(task_id=task.pk, state=Record.State.DRAFT)
        entries = list(entries_of(record).select_related("by", "reading", "replaces"))
        page = sheet(record, entries)
        verified_on = page.days[-1] if page.days else clock.today()
        now = move(record.task, "submit", by=by, version=version, record=record, sheet=page)
        at = clock.now()
        technician = record.task.technician
        deed = Deed(task=now, verb="submit", by=by, day=clock.today(), technician=technician, sheet=page)
        supervisor = by if by != technician or supervision.trainees(deed) else None
        facts = facts_of.record_facts(
            page,
            entries=entries,
            technician=technician,
            supervisor=supervisor,
            verified_on=verified_on,
            submitted_at=at,
        )
        text = canonical.dumps(facts)
        digest = canonical.sha256(facts)
        frozen = Record.objects.filter(pk=record.pk, state=Record.State.DRAFT).update(
            state=Record.State.FROZEN,
            facts=text,
            sha256=digest,
            conclusion=page.evaluation.conclusion,
            verified_on=verified_on,
            submitted_at=at,
            supervised_by=supervisor,
        )
        if not frozen:
            raise Conflict(changed_meanwhile(now))
        record.refresh_from_db()
        said = signing.Statement("submit", record.number, digest, now.number)
        signature = signing.sign(signer, said)
        signing.needs_signature(by, signature)
        signing.keep(signature, said, by=by)
        audit.record(
            "record.frozen",
            by=by,
            obj=record,
            from_state=Record.State.DRAFT,
            to_state=Record.State.FROZEN,
            version=record.version,
            payload={
                "sha256": digest,
                "conclusion": record.conclusion,
                "procedure": page.pack.sha256,
                **({"technician": str(technician), "supervised_by": str(supervisor)} if supervisor else {}),
                **signing.told(signature),
            },
        )
        free_rigs(now, by=by)
        return record
