"""Writing about devices. One verb each, one transaction, one event."""

from datetime import date
from typing import Any

from django.db import transaction

from lims.audit.services import record
from lims.core import clock
from lims.core.validation import checked
from lims.people.models import User
from standards import rules
from standards.models import Device, DeviceNote, DeviceState
from standards.selectors.devices import standing
from standards.services.refusals import allow, reasoned


@transaction.atomic
def register_device(*, by: User, since: date, state: str = DeviceState.State.IN_USE, **fields: Any) -> Device:
    """Enters a device, in `state` from the day `since`. `fields` are those of the model, JSON columns as lists of str."""
    allow(rules.may_keep_devices(by))
    device = Device(**fields)
    allow(rules.fits_an_address(device.asset_number, "asset_number"))
    checked(device)
    device.save()
    DeviceState.objects.create(device=device, state=state, since=since, entered_by=by)
    record("device.registered", by=by, obj=device, to_state=state, payload={"since": since.isoformat()})
    return device


@transaction.atomic
def change_device(*, by: User, device: Device, **fields: Any) -> Device:
    """Changes the entered facts of a device; the event keeps old and new."""
    allow(rules.may_keep_devices(by))
    before = {name: getattr(device, name) for name in fields}
    for name, value in fields.items():
        setattr(device, name, value)
    checked(device).save()
    changed = {name: [_plain(before[name]), _plain(value)] for name, value in fields.items() if before[name] != value}
    record("device.changed", by=by, obj=device, payload={"changed": changed})
    return device


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, list, dict)) or value is None else str(value)


@transaction.atomic
def set_device_state(*, by: User, device: Device, state: str, since: date, why: str) -> DeviceState:
    """From `since` on the device is in `state`. Technicians may suspend; the rest takes the lead or quality manager."""
    allow(rules.may_set_device_state(by, state))
    why = reasoned(why)
    before = standing(device, since).state
    row = checked(DeviceState(device=device, state=state, since=since, reason=why, entered_by=by))
    row.save()
    record(
        "device.state_changed",
        by=by,
        obj=device,
        from_state=before.state if before else "",
        to_state=state,
        payload={"since": since.isoformat(), "reason": row.reason},
    )
    return row


@transaction.atomic
def note_device(*, by: User, device: Device, kind: str, on: date, text: str) -> DeviceNote:
    """Maintenance, damage, repair, modification, whereabouts: an entry in the device's record."""
    allow(rules.may_note(by), rules.may_note_kind(by, kind), rules.not_in_the_future(on, clock.today()))
    note = checked(DeviceNote(device=device, kind=kind, on=on, text=text.strip(), entered_by=by))
    note.save()
    record("device.noted", by=by, obj=device, payload={"kind": kind, "on": on.isoformat(), "text": note.text})
    return note
