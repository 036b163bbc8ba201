"""Who was calibrated with what: every device, its certificates, and the standards they are part of, read once and walked in memory.

An institute has hundreds of devices and thousands of their certificates, so that the whole is read in five queries; what
was measured with the devices is not here.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from standards.models import Device, DeviceCertificate, MeasurementStandard, StandardDevice, StatedStandard

Days = tuple[tuple[date, date], ...]
"""Stretches of days, both ends included, in order and apart from each other."""


def united(stretches: Iterable[tuple[date, date]]) -> Days:
    """The days that lie in any of the stretches. A stretch that ends before it begins has no day."""
    found: list[tuple[date, date]] = []
    for first, last in sorted(one for one in stretches if one[0] <= one[1]):
        if found and first <= _after(found[-1][1]):
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return tuple(found)


def common(one: Days, other: Iterable[tuple[date, date]]) -> Days:
    """The days that lie in both."""
    return united((max(a, c), min(b, d)) for a, b in one for c, d in other)


def holds(days: Days, day: date) -> bool:
    return any(first <= day <= last for first, last in days)


def _after(day: date) -> date:
    return day if day == date.max else day + timedelta(days=1)


@dataclass(frozen=True)
class Network:
    """Confirmed certificates only. `held`: those of a device by date, the later entered one last on the same day. `stated`: the
    standards of its issuer that a certificate names."""

    standards: dict[int, MeasurementStandard]
    devices: dict[int, Device]
    held: dict[int, list[DeviceCertificate]] = field(default_factory=dict)
    made_with: dict[int, list[DeviceCertificate]] = field(default_factory=dict)
    members: dict[int, list[StandardDevice]] = field(default_factory=dict)
    memberships: dict[int, list[StandardDevice]] = field(default_factory=dict)
    stated: dict[int, list[StatedStandard]] = field(default_factory=dict)

    def members_on(self, standard: int, day: date) -> list[StandardDevice]:
        """The devices of a standard on a day, the master devices first."""
        return [
            one for one in self.members.get(standard, ()) if one.since <= day and (not one.until or one.until >= day)
        ]

    def in_effect(self, device: int, day: date) -> DeviceCertificate | None:
        """The latest certificate dated up to the day, valid or not: a newer one ends an older one."""
        return next((one for one in reversed(self.held.get(device, ())) if one.calibrated_on <= day), None)

    def follows(self, certificate: DeviceCertificate) -> DeviceCertificate | None:
        """The certificate of the same device that ends this one; None while it is the newest."""
        later = self.held.get(certificate.device_id, [])
        return next(
            (one for one in later if (one.calibrated_on, one.pk) > (certificate.calibrated_on, certificate.pk)), None
        )

    def days_of(self, certificate: DeviceCertificate, until: date) -> Days:
        """The days up to `until` on which the certificate was the one in effect for its device."""
        nxt = self.follows(certificate)
        last = min(until, nxt.calibrated_on - timedelta(days=1)) if nxt else until
        return united([(certificate.calibrated_on, last)])


def network() -> Network:
    """Everything as it is entered now; the dates of its rows tell what held on a day."""
    devices = {one.pk: one for one in Device.objects.all()}
    standards = {one.pk: one for one in MeasurementStandard.objects.all()}
    held, made_with = defaultdict(list), defaultdict(list)
    confirmed = DeviceCertificate.objects.filter(state=DeviceCertificate.State.CONFIRMED)
    for certificate in confirmed.order_by("calibrated_on", "pk"):
        certificate.device = devices[certificate.device_id]
        held[certificate.device_id].append(certificate)
        if certificate.issuer_standard_id:
            made_with[certificate.issuer_standard_id].append(certificate)
    members, memberships = defaultdict(list), defaultdict(list)
    for member in StandardDevice.objects.order_by("-part", "device__asset_number", "since"):
        members[member.standard_id].append(member)
        memberships[member.device_id].append(member)
    stated = defaultdict(list)
    for one in StatedStandard.objects.order_by("pk"):
        stated[one.certificate_id].append(one)
    return Network(standards, devices, dict(held), dict(made_with), dict(members), dict(memberships), dict(stated))
