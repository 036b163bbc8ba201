"""Reads about devices: what they are on a given day, and which of them can play a role."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import OuterRef, Q, QuerySet, Subquery

from lims.core.models import StoredFile
from lims.people.models import Role
from lims.people.selectors import is_staff, roles_of
from standards.dcc import MEDIA_TYPE
from standards.models import Device, DeviceCertificate, DeviceNote, DeviceState


@dataclass(frozen=True)
class Standing:
    """What counts for a device on a day.

    state: its state, None when none was entered for that day. certificate: the latest confirmed one dated up to that
    day, valid or not: a newer certificate ends an older one even where the older would run longer. note: the last entry
    of its record up to that day that says whether it was away or damaged.
    """

    device: Device
    day: date
    state: DeviceState | None
    certificate: DeviceCertificate | None
    note: DeviceNote | None = None


_KIND = DeviceNote.Kind
WHEREABOUTS = (_KIND.LENT, _KIND.RETURNED, _KIND.DAMAGE, _KIND.REPAIR, _KIND.CHECKED)
"""Entries after which a device is out of service, or back in it."""


def may_read(viewer: object) -> bool:
    """The institute's people and auditors read standards and devices; customers and strangers do not."""
    return is_staff(viewer) or Role.AUDITOR in roles_of(viewer)


def devices(viewer: object) -> QuerySet[Device]:
    rows = Device.objects.select_related("keeper").order_by("asset_number")
    return rows if may_read(viewer) else rows.none()


def find(viewer: object, *, query: str = "", role: str = "") -> list[Device]:
    """Devices by words in number, name, model, serial or maker, and by role. An institute has hundreds, not millions."""
    rows = devices(viewer)
    for word in query.split()[:8]:
        rows = rows.filter(
            Q(asset_number__icontains=word)
            | Q(name__icontains=word)
            | Q(name_en__icontains=word)
            | Q(model__icontains=word)
            | Q(serial__icontains=word)
            | Q(manufacturer__icontains=word)
        )
    return [device for device in rows if not role or role in device.roles]


def certificates(viewer: object) -> QuerySet[DeviceCertificate]:
    rows = DeviceCertificate.objects.select_related(
        "device", "entered_by", "confirmed_by", "issuer_standard", "file", "data_file", "replaced_by"
    ).order_by("-calibrated_on", "-pk")
    return rows if may_read(viewer) else rows.none()


def data_file(viewer: object, sha256: str) -> StoredFile | None:
    """A digital certificate that was handed in, by its digest."""
    return StoredFile.objects.filter(sha256=sha256, media_type=MEDIA_TYPE).first() if may_read(viewer) else None


def standings(found: Iterable[Device], day: date) -> list[Standing]:
    """The standing of each device on the day, in two queries however many there are; a third where one was away or damaged."""
    wanted = list(found)
    keys = [device.pk for device in wanted]
    last_note = DeviceNote.objects.filter(device=OuterRef("device"), kind__in=WHEREABOUTS, on__lte=day)
    rows = DeviceState.objects.filter(device__in=keys, since__lte=day).order_by("since", "pk")
    states = {
        one.device_id: one for one in rows.annotate(note=Subquery(last_note.order_by("-on", "-pk").values("pk")[:1]))
    }
    noted = [one.note for one in states.values() if one.note]
    notes = {one.device_id: one for one in DeviceNote.objects.filter(pk__in=noted)} if noted else {}
    latest: dict[int, DeviceCertificate] = {}
    confirmed = DeviceCertificate.objects.filter(
        device__in=keys, state=DeviceCertificate.State.CONFIRMED, calibrated_on__lte=day
    )
    for certificate in confirmed.order_by("calibrated_on", "pk"):
        latest[certificate.device_id] = certificate
    return [
        Standing(device, day, states.get(device.pk), latest.get(device.pk), notes.get(device.pk)) for device in wanted
    ]


def standing(device: Device, day: date) -> Standing:
    return standings([device], day)[0]


def with_role(role: str) -> list[Device]:
    """Every device that can play the role, for rules and choices inside the institute."""
    return [device for device in Device.objects.order_by("asset_number") if role in device.roles]
