"""What a record and a certificate write down about a standard or a device: facts as of the day of measurement."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from standards.models import (
    CertifiedValue,
    Device,
    DeviceCertificate,
    MeasurementStandard,
    StandardLicence,
    StatedStandard,
)
from standards.procedures import Pack, constants_of, corrections_of
from standards.selectors.devices import standing
from standards.selectors.standards import fitness

Chosen = Mapping[str, "Device | Sequence[Device]"]


def chosen(devices: Chosen, role: str) -> list[Device]:
    """The devices chosen for a role, none, one or several."""
    found = devices.get(role)
    if found is None:
        return []
    return [found] if isinstance(found, Device) else list(found)


# Facts that came later stand in the content only where a certificate uses them: what was digested before stays what it was.
_LATER_OF_VALUE = ("equation", "variable", "interpolation", "source")


def value_facts(value: CertifiedValue) -> dict[str, str]:
    """One certified value. A row with `at` belongs to a table, one with `equation` is an equation, any other a single value."""
    return {
        "name": value.name,
        "value": value.value,
        "unit": value.unit,
        "at": value.at,
        "at_unit": value.at_unit,
        "range_lower": value.range_lower,
        "range_upper": value.range_upper,
        "U": value.expanded_uncertainty,
        "U_unit": value.uncertainty_unit,
        "k": value.k,
    } | {name: found for name in _LATER_OF_VALUE if (found := getattr(value, name))}


def standard_facts(standard: StatedStandard) -> dict[str, str]:
    """A standard of the issuer as the certificate states it."""
    return {
        "name": standard.name,
        "identification": standard.identification,
        "range": standard.measuring_range,
        "accuracy": standard.accuracy,
        "certificate_number": standard.certificate_number,
        "issuer": standard.issuer,
        "valid_until": _iso(standard.valid_until),
    }


def certificate_facts(certificate: DeviceCertificate) -> dict[str, Any]:
    """The content of a device certificate, as digested when it is confirmed."""
    later: dict[str, Any] = {
        "data_file": certificate.data_file_id,
        "imported": certificate.imported,
        "stated_standards": [standard_facts(one) for one in certificate.stated_standards.order_by("pk")],
    }
    return {
        "device": certificate.device.asset_number,
        "number": certificate.number,
        "kind": certificate.kind,
        "issuer": certificate.issuer,
        "issuer_authorisation": certificate.issuer_authorisation,
        "calibrated_on": certificate.calibrated_on.isoformat(),
        "valid_until": _iso(certificate.valid_until),
        "use_until": _iso(certificate.use_until),
        "outcome": certificate.outcome,
        "conclusion": certificate.conclusion,
        "traceable_to": certificate.traceable_to,
        "file": certificate.file_id or "",
        "values": [value_facts(value) for value in certificate.values.order_by("name", "pk")],
    } | {name: found for name, found in later.items() if found}


def snapshot_device(device: Device, day: date) -> dict[str, Any]:
    """The device with its certificate in effect on the day; the certificate's fields are empty when there is none."""
    certificate = standing(device, day).certificate
    facts: dict[str, Any] = {
        "asset_number": device.asset_number,
        "name": {"zh": device.name, "en": device.name_en or device.name},
        "model": device.model,
        "serial": device.serial,
        "manufacturer": device.manufacturer,
        "range": device.measuring_range,
        "accuracy": device.accuracy,
        "certificate_number": "",
        "certificate_kind": "",
        "certificate_sha256": "",
        "calibrated_on": "",
        "issuer": "",
        "issuer_authorisation": "",
        "traceable_to": "",
        "valid_until": "",
        "values": [],
    }
    if certificate is not None:
        facts |= {
            "certificate_number": certificate.number,
            "certificate_kind": certificate.kind,
            "certificate_sha256": certificate.content_sha256,
            "calibrated_on": certificate.calibrated_on.isoformat(),
            "issuer": certificate.issuer,
            "issuer_authorisation": certificate.issuer_authorisation,
            "traceable_to": certificate.traceable_to,
            "valid_until": _iso(certificate.usable_until),
            "values": [value_facts(value) for value in certificate.values.order_by("name", "pk")],
        }
    return facts


def snapshot_standard(standard: MeasurementStandard, day: date) -> dict[str, Any]:
    """The standard with its licences in effect on the day. A certificate prints the public-standard one."""
    fit = fitness(standard, day)
    public = fit.licence(StandardLicence.Kind.PUBLIC)
    examination = fit.licence(StandardLicence.Kind.EXAMINATION)
    return {
        "code": standard.code,
        "name": {"zh": standard.name, "en": standard.name_en or standard.name},
        "range": standard.measuring_range,
        "accuracy": standard.accuracy,
        "certificate_number": public.number if public else "",
        "valid_until": _iso(public.valid_until if public else None),
        "examination_number": examination.number if examination else "",
        "examination_valid_until": _iso(examination.valid_until if examination else None),
    }


def snapshot(obj: Device | MeasurementStandard, day: date) -> dict[str, Any]:
    """The facts of a device or a standard as of the day: strings, both languages, ready for canonical JSON."""
    return snapshot_device(obj, day) if isinstance(obj, Device) else snapshot_standard(obj, day)


def constants_for(
    pack: Pack, day: date, devices: Chosen, parameters: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The constants of a pack (V0, h0, d …) from the certificates in effect on the day; one not certified is left out."""
    return certified_for(pack, day, devices, parameters or {})[0]


def certified_for(
    pack: Pack, day: date, devices: Chosen, parameters: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    """Constants and corrections of a pack from the certificates in effect on the day, each certificate read once."""
    first = {one.role for one in pack.constants}
    every = {one.role for one in pack.corrections}
    read: dict[int, dict[str, Any]] = {}
    held = []
    for role in sorted(first | every):
        for device in chosen(devices, role)[: None if role in every else 1]:
            if device.pk not in read:
                read[device.pk] = snapshot_device(device, day)
            held.append({"role": role, **read[device.pk]})
    return constants_of(pack, held, parameters), corrections_of(pack, held)


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
