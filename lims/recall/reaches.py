"""How far a fault reaches: from a device that was wrong, by the own standards it is part of, to the devices they calibrated."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from standards.models import Device, DeviceCertificate, StandardDevice
from standards.selectors.network import Network

DEEPEST = 12
"""Own standards may calibrate each other's devices over some levels; more than this is a circle or a mistake."""


@dataclass(frozen=True)
class Reach:
    """Measurements with this device on these days (both included) are touched. `via`: how, outermost first."""

    device: Device
    since: date
    until: date
    via: list[dict[str, Any]] = field(default_factory=list)


def reaches(known: Network, device: Device, since: date, until: date, today: date) -> list[Reach]:
    """Every stretch that a fault of the device between two days touches, the device itself first.

    A certificate made with the faulty device carries the fault for as long as it was in effect, at most until `today`.
    """
    found = [Reach(device, since, until)]
    seen: set[int] = set()
    for one in found:  # grows while it is walked
        if len(one.via) >= DEEPEST:
            continue
        for member, certificate in _made_with(known, one):
            if certificate.pk in seen:
                continue
            seen.add(certificate.pk)
            step = {
                "device": one.device.asset_number,
                "standard": known.standards[member.standard_id].code,
                "certificate": certificate.number,
                "calibrated_on": certificate.calibrated_on.isoformat(),
            }
            found += [
                Reach(known.devices[certificate.device_id], first, last, [*one.via, step])
                for first, last in known.days_of(certificate, today)
            ]
    return found


def _made_with(known: Network, reach: Reach) -> Iterator[tuple[StandardDevice, DeviceCertificate]]:
    """The certificates made with a standard while the device was part of it and wrong."""
    for member in known.memberships.get(reach.device.pk, ()):
        for certificate in known.made_with.get(member.standard_id, ()):
            day = certificate.calibrated_on
            inside = member.since <= day and (member.until is None or day <= member.until)
            if inside and reach.since <= day <= reach.until and certificate.device_id != reach.device.pk:
                yield member, certificate
