"""From frozen facts to a sealed, stored PDF: the job behind every certificate.

Safe to repeat and to kill at any point: the machine-readable twin is made once and kept, rendering is deterministic, the
bytes are stored under their digest, and the row that makes the certificate issued is unique. Two workers at once end with one sealed file.
"""

import hashlib
import json

from django.conf import settings
from django.db import IntegrityError, transaction

from certificates import documents
from certificates.models import Certificate, SealedFile
from certificates.sealing import Keys, Sealer
from certificates.services.digital import digital_certificate
from certificates.services.standing import take_place
from lims.audit.services import record
from lims.core import clock, files, jobs
from lims.people.selectors import institute

JOB = "certificates.seal"
CALIBRATION_SEAL, VERIFICATION_SEAL = "校准专用章", "检定专用章"
_sealers: dict[tuple[str, str, str], Sealer] = {}


def sealer(kind: str = Certificate.Kind.VERIFICATION) -> Sealer:
    """The seal for a kind of document: a configured PKCS#11 token or PKCS#12 file, or the development authority. Keys are opened once."""
    label = CALIBRATION_SEAL if kind == Certificate.Kind.CALIBRATION else VERIFICATION_SEAL
    place = (str(settings.KEYS_DIR), settings.SEAL_PKCS11_MODULE or settings.SEAL_PKCS12, label)
    if place not in _sealers:
        keys = Keys.from_settings(
            {
                "directory": settings.KEYS_DIR,
                "institute": institute().name,
                "pkcs12": settings.SEAL_PKCS12,
                "password": settings.SEAL_PASSPHRASE,
                "module": settings.SEAL_PKCS11_MODULE,
                "token": settings.SEAL_PKCS11_TOKEN,
                "key": settings.SEAL_PKCS11_KEY,
                "pin": settings.SEAL_PKCS11_PIN,
                "certificates": settings.SEAL_CERTIFICATES,
                "timestamp_url": settings.TIMESTAMP_URL,
                "roots": settings.SEAL_ROOTS,
            }
        )
        _sealers[place] = Sealer(keys, label=label)
    return _sealers[place]


def render(row: Certificate, digital: bytes | None) -> bytes:
    """The unsealed document with its machine-readable twin: the same row and twin give the same bytes.

    A supplement has no twin: it says nothing that a machine could read.
    """
    if digital is None:
        return documents.render(json.loads(row.facts))
    attached = documents.Attachment(
        name=f"{row.number}.dcc.xml", data=digital, description="Digital calibration certificate (PTB DCC 3.3.0)"
    )
    return documents.render(json.loads(row.facts), attachments=[attached])


@jobs.handler(JOB)
def seal_certificate(*, certificate: int) -> None:
    """Renders, checks, seals and stores the document of one certificate, then marks it as issued.

    Does nothing when it is already sealed or its number was voided. Raises on anything that keeps it from being sealed:
    the job is then tried again, and the number is never lost.
    """
    row = Certificate.objects.get(pk=certificate)
    if row.state != Certificate.State.SEALING:
        return
    seal = sealer(row.kind)
    rendered = render(row, None if row.supplements_id else digital_certificate(row, seal.keys))
    if faults := documents.check_pdfa(rendered):
        raise ValueError(f"{row}: the rendered document is not PDF/A-3b: {faults[0]}")
    at = clock.now()
    sealed = seal.seal(rendered, at=at)
    digest = files.write(sealed)
    try:
        with transaction.atomic():
            changed = Certificate.objects.filter(pk=row.pk, state=Certificate.State.SEALING).update(
                state=Certificate.State.ISSUED
            )
            if not changed:
                return
            stored = files.row(digest, len(sealed), "application/pdf")
            SealedFile.objects.create(
                certificate=row, file=stored, rendered_sha256=hashlib.sha256(rendered).hexdigest(), sealed_at=at
            )
            record(
                "certificate.issued", by=None, obj=row, from_state="sealing", to_state="issued",
                payload={"number": row.number, "pdf": stored.sha256, "facts": row.facts_sha256},
                public={"cert": row.number, "pdf": stored.sha256},
            )  # fmt: skip
            take_place(row)
    except IntegrityError:
        if not SealedFile.objects.filter(certificate=row).exists():
            raise
