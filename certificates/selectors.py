"""Reads about certificates. Staff and auditors see all; a customer sees the issued ones of the own organisation."""

import hmac
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet
from django.utils import timezone

from certificates.models import Certificate, DigitalCertificate, SealedFile
from lims.audit.selectors import of_object, proofs
from lims.audit.tlog.proof import Proof
from lims.core import clock, files
from lims.core.text import Text
from lims.people.models import Role, User
from lims.people.selectors import is_staff, roles_of


def certificates(viewer: object) -> QuerySet[Certificate]:
    rows = Certificate.objects.select_related("organisation", "instrument", "task")
    if is_staff(viewer) or Role.AUDITOR in roles_of(viewer):
        return rows
    if isinstance(viewer, User) and Role.CUSTOMER in roles_of(viewer) and viewer.organisation_id:
        return rows.filter(organisation_id=viewer.organisation_id).exclude(
            state__in=[Certificate.State.SEALING, Certificate.State.VOID]
        )
    return rows.none()


def sealed(certificate: Certificate) -> SealedFile | None:
    """The newest sealed file, or None while it is being made."""
    return certificate.sealed.select_related("file").order_by("-edition").first()


def pdf(certificate: Certificate) -> bytes:
    """The newest sealed PDF. Raises FileNotFoundError while there is none, ValueError when the stored file was altered."""
    newest = sealed(certificate)
    if newest is None:
        raise FileNotFoundError(f"{certificate} is not sealed yet")
    return files.read(newest.file_id)


def dcc(certificate: Certificate) -> bytes:
    """The signed machine-readable certificate. Raises FileNotFoundError while there is none, ValueError when the stored
    file was altered."""
    digital = DigitalCertificate.objects.filter(certificate=certificate).first()
    if digital is None:
        raise FileNotFoundError(f"{certificate} has no machine-readable twin")
    return files.read(digital.file_id)


def log_proof(certificate: Certificate) -> Proof | None:
    """That the issue of this certificate, with the digest of its file, stands in the event log; None until it does."""
    found = proofs(of_object(certificate).filter(verb="certificate.issued"))
    return found[-1] if found else None


def by_token(token: str) -> Certificate | None:
    """The certificate of a public address; None for anything else, and for numbers that were never issued."""
    return _public().filter(token=token).first()


def by_number(number: str, check_value: str) -> Certificate | None:
    """The certificate whose number and check value both fit. One answer for a wrong number and for a wrong value."""
    found = _public().filter(number=number.strip().upper()).first()
    expected = found.check_value if found else "-" * 6
    fits = hmac.compare_digest(expected.encode(), check_value.strip().upper().encode())
    return found if found and fits else None


def _public() -> QuerySet[Certificate]:
    return Certificate.objects.select_related("replaced_by").exclude(
        state__in=[Certificate.State.SEALING, Certificate.State.VOID]
    )


def successors(viewer: object, certificate: Certificate) -> QuerySet[Certificate]:
    """What could take the place of a certificate: those that stand and were issued later for the same instrument."""
    return (
        certificates(viewer)
        .filter(
            instrument_id=certificate.instrument_id,
            task__sub_unit_id=certificate.task.sub_unit_id,
            state=Certificate.State.ISSUED,
            taken_at__gte=certificate.taken_at,
        )
        .exclude(pk=certificate.pk)
        .order_by("-taken_at", "-pk")
    )


def changed_on(certificate: Certificate) -> date | None:
    """The day at the institute on which a certificate was withdrawn or replaced; None while it stands."""
    if certificate.state not in (Certificate.State.WITHDRAWN, Certificate.State.REPLACED):
        return None
    event = of_object(certificate).filter(to_state=certificate.state).last()
    return timezone.localdate(event.at) if event else None


@dataclass(frozen=True)
class Standing:
    """What a certificate is worth on a day. code: valid, expired, replaced, withdrawn, rejection."""

    code: str
    text: Text
    good: bool


def standing(certificate: Certificate, day: date | None = None) -> Standing:
    """Withdrawn and replaced outweigh expired; a rejection notice is genuine but certifies no conformity."""
    day = day or clock.today()
    if certificate.state == Certificate.State.WITHDRAWN:
        return Standing("withdrawn", Text("已撤回", "Withdrawn"), good=False)
    if certificate.state == Certificate.State.REPLACED:
        return Standing("replaced", Text("已被替代", "Replaced"), good=False)
    if certificate.kind == Certificate.Kind.REJECTION:
        return Standing("rejection", Text("结论为不合格", "The instrument did not conform"), good=False)
    if certificate.valid_until and day > certificate.valid_until:
        return Standing("expired", Text("已过有效期", "Expired"), good=False)
    return Standing("valid", Text("有效", "Valid"), good=True)
