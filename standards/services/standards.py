"""Writing about measurement standards. One verb each, one transaction, one event."""

from datetime import date, timedelta
from typing import Any

from django.db import transaction

from lims.audit.services import record
from lims.core.text import Conflict, reason
from lims.core.validation import checked
from lims.people.models import User
from standards import rules
from standards.models import (
    Device,
    MeasurementStandard,
    StandardDevice,
    StandardLicence,
    StandardPerson,
    StandardState,
)
from standards.selectors.standards import fitness
from standards.services.originals import store_original
from standards.services.refusals import allow, reasoned


@transaction.atomic
def register_standard(
    *, by: User, since: date, state: str = StandardState.State.ESTABLISHING, **fields: Any
) -> MeasurementStandard:
    """Enters a measurement standard, in `state` from the day `since`."""
    allow(rules.may_keep_standards(by))
    standard = MeasurementStandard(**fields)
    allow(
        rules.fits_an_address(standard.code, "code"),
        rules.scope_is_named(standard.procedure_codes, standard.categories),
    )
    checked(standard).save()
    StandardState.objects.create(standard=standard, state=state, since=since, entered_by=by)
    record("standard.registered", by=by, obj=standard, to_state=state, payload={"since": since.isoformat()})
    return standard


@transaction.atomic
def change_standard(*, by: User, standard: MeasurementStandard, **fields: Any) -> MeasurementStandard:
    """Changes what is entered about a standard, all but its code; the event keeps old and new."""
    allow(rules.may_keep_standards(by))
    changed = {}
    for name, value in fields.items():
        if (before := getattr(standard, name)) != value:
            changed[name] = [before, value]
            setattr(standard, name, value)
    allow(rules.scope_is_named(standard.procedure_codes, standard.categories))
    checked(standard)
    if changed:
        standard.save()
        record("standard.changed", by=by, obj=standard, payload={"changed": changed})
    return standard


@transaction.atomic
def set_standard_state(*, by: User, standard: MeasurementStandard, state: str, since: date, why: str) -> StandardState:
    """From `since` on the standard is in `state`; in use only with both licences in effect."""
    allow(rules.may_keep_standards(by))
    why = reasoned(why)
    if state == StandardState.State.IN_USE:
        allow(*rules.licensed_on(standard, since))
    before = fitness(standard, since).state
    row = checked(StandardState(standard=standard, state=state, since=since, reason=why, entered_by=by))
    row.save()
    record(
        "standard.state_changed",
        by=by,
        obj=standard,
        from_state=before.state if before else "",
        to_state=state,
        payload={"since": since.isoformat(), "reason": row.reason},
    )
    return row


@transaction.atomic
def enter_licence(
    *, by: User, standard: MeasurementStandard, original: bytes | None = None, **fields: Any
) -> StandardLicence:
    """Enters an examination or public-standard certificate as printed; a renewal is entered beside the old one.

    original: the paper as PDF.
    """
    allow(rules.may_keep_standards(by))
    if fields.get("kind") == StandardLicence.Kind.PUBLIC:
        allow(rules.examination_before_public(standard, fields["issued_on"]))
    allow(rules.result_is_known(standard, fields["issued_on"]))
    licence = _licence(by=by, standard=standard, original=original, **fields)
    record("standard.licence_entered", by=by, obj=standard, payload=_licence_facts(licence))
    return licence


def _licence(*, by: User, standard: MeasurementStandard, original: bytes | None, **fields: Any) -> StandardLicence:
    licence = checked(StandardLicence(standard=standard, entered_by=by, **fields))
    if original is not None:
        licence.file = store_original(original)
    licence.save()
    return licence


@transaction.atomic
def correct_licence(
    *, by: User, licence: StandardLicence, why: str, original: bytes | None = None, **fields: Any
) -> StandardLicence:
    """Withdraws a licence that was entered wrongly and enters it anew; the wrong row stays readable and counts for no day.

    Without an original of its own the new row keeps that of the old one.
    """
    allow(rules.may_keep_standards(by), rules.licence_stands(licence))
    why = reasoned(why)
    standing = StandardLicence.objects.filter(pk=licence.pk, withdrawn_reason="")
    if not standing.update(withdrawn_reason=why):
        raise Conflict(
            reason("licence_changed", "该证书刚刚被他人更正", "Somebody else has just corrected this licence")
        )
    fields.setdefault("file", licence.file)
    corrected = _licence(by=by, standard=licence.standard, original=original, **fields)
    StandardLicence.objects.filter(pk=licence.pk).update(replaced_by=corrected)
    licence.refresh_from_db()
    payload = {
        "number": licence.number,
        "reason": why,
        "old": _licence_facts(licence),
        "new": _licence_facts(corrected),
    }
    record("standard.licence_corrected", by=by, obj=licence.standard, payload=payload)
    return corrected


def _licence_facts(licence: StandardLicence) -> dict[str, str]:
    return {
        "kind": licence.kind,
        "number": licence.number,
        "issuer": licence.issuer,
        "issued_on": licence.issued_on.isoformat(),
        "valid_until": licence.valid_until.isoformat(),
        "file": licence.file_id or "",
    }


@transaction.atomic
def add_device(*, by: User, standard: MeasurementStandard, device: Device, part: str, since: date) -> StandardDevice:
    """The device belongs to the standard from `since` on."""
    allow(rules.may_keep_standards(by), rules.not_a_member(standard, device))
    member = checked(StandardDevice(standard=standard, device=device, part=part, since=since))
    member.save()
    record(
        "standard.device_added",
        by=by,
        obj=standard,
        payload={"device": device.asset_number, "part": part, "since": since.isoformat()},
    )
    return member


@transaction.atomic
def remove_device(*, by: User, member: StandardDevice, since: date, why: str) -> StandardDevice:
    """The device belongs to the standard no longer from `since` on: its last day is the one before."""
    allow(rules.may_keep_standards(by), rules.can_end(member, since))
    why = reasoned(why)
    member.until = since - timedelta(days=1)
    checked(member).save(update_fields=["until"])
    record(
        "standard.device_removed",
        by=by,
        obj=member.standard,
        payload={"device": member.device.asset_number, "since": since.isoformat(), "reason": why},
    )
    return member


@transaction.atomic
def name_person(*, by: User, standard: MeasurementStandard, user: User, duty: str, since: date) -> StandardPerson:
    """The person answers for the standard, or works with it, from `since` on."""
    allow(rules.may_keep_standards(by), rules.can_serve(user), rules.not_named(standard, user, duty))
    person = checked(StandardPerson(standard=standard, user=user, duty=duty, since=since))
    person.save()
    record(
        "standard.person_named",
        by=by,
        obj=standard,
        payload={"person": str(user), "duty": duty, "since": since.isoformat()},
    )
    return person


@transaction.atomic
def release_person(*, by: User, person: StandardPerson, since: date, why: str) -> StandardPerson:
    """The person has this duty no longer from `since` on: the last day is the one before."""
    allow(rules.may_keep_standards(by), rules.can_end(person, since))
    why = reasoned(why)
    person.until = since - timedelta(days=1)
    checked(person).save(update_fields=["until"])
    record(
        "standard.person_released",
        by=by,
        obj=person.standard,
        payload={"person": str(person.user), "duty": person.duty, "since": since.isoformat(), "reason": why},
    )
    return person
