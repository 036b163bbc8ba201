"""Long-term evidence for sealed files, in jobs of their own: the first some time after the issue, the next before its stamp ends.

A certificate must convince long after the keys behind its seal have ended (`certificates.sealing.longterm` says how). Each
file has a job of its own, so that one that fails holds up no other. Safe to repeat and to kill at any point: what was added
is stored under its digest, and the row of the new edition is unique; earlier editions stay as they are, and stay provable.
"""

from datetime import datetime, timedelta
from itertools import takewhile

from django.conf import settings
from django.db import IntegrityError, transaction

from certificates.models import SealedFile
from certificates.services.sealing import sealer
from lims.audit.services import record
from lims.core import clock, files, jobs
from lims.core.models import Job

FIRST, RENEWAL = "certificates.prolong", "certificates.renew"
PLAIN, PROLONGED = "B-T", "B-LTA"
# Files taken up at one look: certificates that wait for their seal must not wait behind a year's renewals.
BATCH = 50


def schedule(limit: int = BATCH) -> int:
    """Writes the jobs of files that were sealed long enough ago for fresh revocation data to exist; returns how many.

    Files are taken in the order of their rows, beginning after the last one that got its job.
    """
    before = clock.now() - timedelta(hours=settings.SEAL_EVIDENCE_AFTER)
    last = Job.objects.filter(kind=FIRST).order_by("-pk").values_list("payload__sealed", flat=True).first() or 0
    rows = SealedFile.objects.filter(pk__gt=last, level=PLAIN).order_by("pk")[:limit]
    ready = list(takewhile(lambda row: row.sealed_at <= before, rows))
    with transaction.atomic():
        for row in ready:
            jobs.enqueue(FIRST, f"prolong:{row.pk}", sealed=row.pk)
    return len(ready)


@jobs.handler(FIRST)
def prolong_first(*, sealed: int) -> None:
    """Adds the first evidence to a sealed file; see `_prolong`."""
    _prolong(sealed)


@jobs.handler(RENEWAL)
def renew(*, sealed: int) -> None:
    """Adds another time stamp before the last one's certificate ends; see `_prolong`."""
    _prolong(sealed)


def _prolong(sealed: int) -> None:
    """Makes the next edition of a sealed file, and the job of the one after. Does nothing when the next edition exists.

    Raises SealingError with the reason, ValueError when the stored file was altered: the job is tried again.
    """
    row = SealedFile.objects.select_related("certificate").get(pk=sealed)
    certificate, following = row.certificate, row.edition + 1
    if certificate.sealed.filter(edition__gte=following).exists():
        return
    # pyHanko takes half a second to import, which every command would pay at its start.
    from certificates.sealing.longterm import prolong

    made = prolong(files.read(row.file_id), sealer(certificate.kind).keys)
    stored = files.store(made.pdf, "application/pdf")
    try:
        with transaction.atomic():
            edition = SealedFile.objects.create(
                certificate=certificate, edition=following, file=stored, rendered_sha256=row.rendered_sha256,
                level=PROLONGED, sealed_at=clock.now(),
            )  # fmt: skip
            record(
                "certificate.prolonged", by=None, obj=certificate,
                payload={
                    "number": certificate.number, "edition": following, "pdf": stored.sha256, "before": row.file_id,
                    "proven_until": made.proven_until.isoformat(),
                },
                public={"cert": certificate.number, "pdf": stored.sha256},
            )  # fmt: skip
            due = _renewal_due(edition.pk, made.proven_until)
            jobs.enqueue(RENEWAL, f"renew:{edition.pk}", due_at=due, sealed=edition.pk)
    except IntegrityError:
        if not certificate.sealed.filter(edition=following).exists():
            raise


def _renewal_due(key: int, proven_until: datetime) -> datetime:
    """`SEAL_RENEW_DAYS` before the stamp's certificate ends, or a little earlier.

    A time stamp authority's certificate ends for all files it ever stamped at the same moment; their renewals are spread
    over as many days again, so that they neither fall due at once nor late.
    """
    lead = settings.SEAL_RENEW_DAYS
    return proven_until - timedelta(days=lead + key % max(lead, 1))
