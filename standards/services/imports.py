"""Taking a digital calibration certificate over as the entry of a certificate, for a second person to confirm."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cryptography import x509
from django.conf import settings
from django.db import transaction

from lims.audit.services import record
from lims.core import files, pdf
from lims.core.models import StoredFile
from lims.core.text import DataError, Reason, Refused, reason
from lims.people.models import User
from standards import rules
from standards.dcc import MEDIA_TYPE, Choice, DccReport, left_out, read_dcc, rows_of
from standards.models import Device, DeviceCertificate
from standards.services.certificates import enter_certificate
from standards.services.refusals import allow

_MOST_STATED = 40


@transaction.atomic
def receive_dcc(device: Device, data: bytes, *, by: User) -> StoredFile:
    """Keeps the file that is about to be imported, and says so. Raises Refused when it is no DCC or its signature is broken."""
    allow(rules.may_enter_certificate(by))
    report = readable(data)
    allow(rules.signature_holds(report))
    file = files.store(data, MEDIA_TYPE)
    record(
        "device_certificate.file_received",
        by=by,
        obj=device,
        payload={"sha256": file.sha256, "number": report.number, "signature": report.signature.state},
    )
    return file


@transaction.atomic
def import_dcc(
    device: Device,
    data: bytes,
    choices: Sequence[Choice],
    *,
    by: User,
    original: bytes | None = None,
    identity_note: str = "",
    **fields: Any,
) -> DeviceCertificate:
    """A draft with the values chosen from the file; the file itself is kept, and the PDF handed in or embedded in it.

    identity_note: why it is this device although file and register differ. fields: columns of DeviceCertificate that the
    person decided otherwise than the file says (`certificate_fields`). Raises Refused for a file that cannot be used.
    """
    allow(rules.may_enter_certificate(by))
    report = readable(data)
    allow(rules.signature_holds(report))
    allow(rules.same_device(report, device, identity_note))
    try:
        values = [row for choice in choices for row in rows_of(report, choice)]
        gaps = [{"name": choice.name, "left_out": gone} for choice in choices if (gone := left_out(report, choice))]
    except DataError as error:
        raise Refused(Reason("dcc_unusable", error.text, where=error.path)) from error
    printed, unkept = _printed(report, original)
    return enter_certificate(
        by=by,
        device=device,
        values=values,
        standards=stated_standards(report),
        original=printed,
        data_file=files.store(data, MEDIA_TYPE),
        imported=_told(report, choices, gaps, identity_note, unkept),
        **(certificate_fields(report) | fields),
    )


def readable(data: bytes) -> DccReport:
    """The report of a file. Raises Refused with its one sentence when it is no DCC."""
    try:
        return read_dcc(data, _roots())
    except DataError as error:
        raise Refused(Reason("dcc_unreadable", error.text, where=error.path)) from error


def _roots() -> tuple[bytes, ...]:
    """The authorities this installation trusts for other laboratories. Raises Refused when their file cannot be read."""
    if not settings.DCC_ROOTS:
        return ()
    try:
        found = Path(settings.DCC_ROOTS).read_bytes()
        x509.load_pem_x509_certificates(found)
    except (OSError, ValueError):
        raise Refused(
            reason(
                "dcc_roots_unreadable",
                "信任的颁发机构文件（LIMS_DCC_ROOTS）无法读取",
                "The file of trusted authorities (LIMS_DCC_ROOTS) cannot be read",
                "请管理员改正设置",
                "Have the administrator correct the setting",
            )
        ) from None
    return (found,)


def certificate_fields(report: DccReport) -> dict[str, Any]:
    """What the file says about itself, as columns of a certificate. What it does not say stays empty."""
    return {
        "number": report.number[:80],
        "kind": DeviceCertificate.Kind.CALIBRATION,
        "issuer": report.laboratory[:200],
        "issuer_authorisation": report.laboratory_code[:120],
        "calibrated_on": report.ended,
        "valid_until": report.recalibrate,
        "outcome": report.conformity or DeviceCertificate.Outcome.NONE,
    }


def stated_standards(report: DccReport) -> list[dict[str, str]]:
    """What the laboratory measured with, as far as the file says; a certificate number only where it is called one."""
    found = []
    for one in report.equipment[:_MOST_STATED]:
        numbers = [other for other in one.identifications if other.value]
        certificate = next((other.value for other in numbers if _is_certificate(other.name.zh + other.name.en)), "")
        identification = next((other.value for other in numbers if other.value != certificate), "")
        title = " ".join(part for part in (one.name.zh, one.model) if part)
        if title:
            found.append(
                {
                    "name": title[:200],
                    "identification": identification[:120],
                    "accuracy": one.description.zh[:200],
                    "certificate_number": certificate[:120],
                }
            )
    return found


def _is_certificate(label: str) -> bool:
    return "证书" in label or "certificate" in label.casefold()


def _printed(report: DccReport, original: bytes | None) -> tuple[bytes | None, str]:
    """The PDF to keep: the one handed in, else the one inside the file; and why the latter was not kept."""
    if original is not None or report.printed is None:
        return original, ""
    try:
        return pdf.judged(report.printed.data), ""
    except Refused as refusal:
        return None, refusal.reasons[0].text.zh


def _told(
    report: DccReport, choices: Sequence[Choice], gaps: Sequence[Mapping[str, Any]], identity_note: str, unkept: str
) -> dict[str, Any]:
    """What was read and how it was used, kept with the entry."""
    told: dict[str, Any] = {
        "version": report.version,
        "schema": report.schema.as_json(),
        "unique_identifier": report.number,
        "signature": {
            "state": report.signature.state,
            "by": report.signature.by,
            "trusted": report.signature.trusted,
            "text": report.signature.text.as_json(),
        },
        "item": {"serial": report.serial, "manufacturer": report.manufacturer, "model": report.model},
        "choices": [asdict(choice) for choice in choices],
        "notes": [{"path": one.path, "text": one.text.as_json()} for one in report.notes],
    }
    if gaps:
        told["absent"] = list(gaps)
    if identity_note.strip():
        told["identity_note"] = identity_note.strip()
    if unkept:
        told["pdf_not_kept"] = unkept
    return told
