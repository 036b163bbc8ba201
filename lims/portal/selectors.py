"""What strangers may know of a certificate: how it stands today, and what the public log proves of that."""

import re
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from certificates import selectors
from certificates.models import Certificate, SealedFile
from lims.audit.selectors import of_object, proofs
from lims.audit.services import signer
from lims.audit.tlog.note import encode
from lims.audit.tlog.proof import Proof
from lims.core import clock
from lims.core.text import Text

SCHEMA = "certificate-status/1"
_DIGEST = re.compile(r"[0-9a-f]{64}")


def by_digest(sha256: str) -> Certificate | None:
    """The certificate of a sealed file, any edition of it, by the hex SHA-256 of its bytes."""
    if not _DIGEST.fullmatch(sha256):
        return None
    found = SealedFile.objects.filter(file_id=sha256).values_list("certificate__token", flat=True).first()
    return selectors.by_token(found) if found else None


def log_proofs(certificate: Certificate) -> list[Proof]:
    """A proof for each public line of the log about this certificate, oldest first; none until they stand in the signed log."""
    return proofs(of_object(certificate).exclude(public="{}"))


def supplements_of(certificate: Certificate) -> QuerySet[Certificate]:
    """The documents issued since that add to a certificate, oldest first."""
    unissued = [Certificate.State.SEALING, Certificate.State.VOID]
    return certificate.supplemented_by.exclude(state__in=unissued).order_by("pk")


def status(certificate: Certificate) -> dict[str, Any]:
    """How a certificate stands now, with the lines of the public log that show it. For browsers and other machines."""
    standing = selectors.standing(certificate)
    lines = log_proofs(certificate)
    return {
        "schema": SCHEMA,
        "at": clock.now().isoformat(),
        "state": standing.code,
        "good": standing.good,
        "text": standing.text.as_json(),
        "number": certificate.number,
        "kind": certificate.kind,
        "demonstration": certificate.demonstration,
        "issued_on": certificate.issued_on.isoformat(),
        "valid_until": certificate.valid_until.isoformat() if certificate.valid_until else None,
        "changed_on": _day(certificate),
        "reason": certificate.state_reason,
        "replaced_by": certificate.replaced_by.number if certificate.replaced_by else None,
        "replaces": [old.number for old in certificate.replaces.order_by("pk")],
        "supplements": certificate.supplements.number if certificate.supplements else None,
        "supplemented_by": [one.number for one in supplements_of(certificate)],
        "page": reverse("portal:certificate", args=[certificate.token]),
        "proof": reverse("portal:proof", args=[certificate.token]) if lines else None,
        "log": {
            "checkpoint": lines[0].checkpoint if lines else "",
            "vkey": signer().vkey,
            "entries": [
                {"index": one.index, "leaf": encode(one.extra or b""), "hashes": [encode(each) for each in one.hashes]}
                for one in lines
            ],
        },
    }


def nothing_known() -> dict[str, Any]:
    """The one answer for whatever was never issued, or was asked for wrongly."""
    text = Text("没有登记过这样的证书", "No such certificate is registered")
    return {"schema": SCHEMA, "at": clock.now().isoformat(), "state": "unknown", "good": False, "text": text.as_json()}


def _day(certificate: Certificate) -> str | None:
    day = selectors.changed_on(certificate)
    return day.isoformat() if day else None
