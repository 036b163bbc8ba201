"""The chain from the devices of a record upwards: their certificates, the standards that made them, and so on, as far as ours go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from standards.models import Device, DeviceCertificate, MeasurementStandard, StandardDevice, StandardLicence
from standards.selectors.devices import standing
from standards.selectors.snapshots import certificate_facts, snapshot_standard


@dataclass
class Upwards:
    """`told`: what a stranger needs, as JSON; `certificates`: the rows told about; `originals`: digests of their scanned papers;
    `frozen`: digest of the certificate that the record pins, by asset number."""

    told: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {"devices": [], "standards": []})
    certificates: list[DeviceCertificate] = field(default_factory=list)
    originals: set[str] = field(default_factory=set)
    frozen: dict[str, str] = field(default_factory=dict)


def upwards(record: Mapping[str, Any]) -> Upwards:
    """Devices and standards of a frozen record (`record-facts/1`) with the certificates in effect on the day of measurement,
    and the standards and devices above them that are the institute's own."""
    found = Upwards()
    day = date.fromisoformat(record["dates"]["verified"])
    waiting: list[tuple[Device | MeasurementStandard, date]] = []
    found.frozen = {one["asset_number"]: one["certificate_sha256"] for one in record["devices"]}
    numbers = sorted(found.frozen)
    waiting += [(one, day) for one in Device.objects.filter(asset_number__in=numbers).order_by("asset_number")]
    codes = sorted({one["code"] for one in record["standards"]})
    waiting += [(one, day) for one in MeasurementStandard.objects.filter(code__in=codes).order_by("code")]
    seen: set[tuple[str, int, date]] = set()
    while waiting:
        one, on = waiting.pop(0)
        if (key := (one._meta.label_lower, one.pk, on)) in seen:
            continue
        seen.add(key)
        waiting += _device(found, one, on) if isinstance(one, Device) else _standard(found, one, on)
    return found


def _device(found: Upwards, device: Device, day: date) -> list[tuple[Device | MeasurementStandard, date]]:
    held = _held(found, device, day)
    told: dict[str, Any] = {
        "asset_number": device.asset_number,
        "on": day.isoformat(),
        "certificate": None,
        "standard": "",
    }
    found.told["devices"].append(told)
    if held is None:
        return []
    told |= {"certificate": certificate_facts(held), "state": held.state}
    found.certificates.append(held)
    if held.file_id:
        found.originals.add(held.file_id)
    if held.issuer_standard is None:
        return []
    told["standard"] = held.issuer_standard.code
    return [(held.issuer_standard, held.calibrated_on)]


def _held(found: Upwards, device: Device, day: date) -> DeviceCertificate | None:
    """The certificate that the record rests on, even when it was withdrawn since; else the one in effect on the day."""
    if digest := found.frozen.get(device.asset_number):
        pinned = DeviceCertificate.objects.filter(device=device, content_sha256=digest).order_by("-pk").first()
        if pinned is not None:
            return pinned
    return standing(device, day).certificate


def _standard(
    found: Upwards, standard: MeasurementStandard, day: date
) -> list[tuple[Device | MeasurementStandard, date]]:
    members = (
        StandardDevice.objects.filter(standard=standard, since__lte=day).exclude(until__lt=day).select_related("device")
    )
    licences = StandardLicence.objects.filter(standard=standard, withdrawn_reason="").order_by("issued_on", "pk")
    found.told["standards"].append(
        {
            **snapshot_standard(standard, day),
            "on": day.isoformat(),
            "devices": [{"asset_number": one.device.asset_number, "part": one.part} for one in members.order_by("pk")],
            "licences": [
                {
                    "kind": one.kind,
                    "number": one.number,
                    "issuer": one.issuer,
                    "issued_on": one.issued_on.isoformat(),
                    "valid_until": one.valid_until.isoformat(),
                }
                for one in licences
            ],
        }
    )
    return [(one.device, day) for one in members.order_by("pk") if one.part == StandardDevice.Part.MASTER]
