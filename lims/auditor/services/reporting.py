"""The report of a sample: its text with the digest in the log, and the archive that a stranger checks without us.

    report.json           how the sample was drawn, what was recomputed, every tick (canonical JSON)
    report.p7s            the institute's seal over report.json: detached CMS with a time stamp
    report.jws            the signature of whoever asked, when that person has a key
    population.tsv        the numbers and strata it was drawn from; their SHA-256 stands in the report
    events.json           the draw, every tick and the report itself, each with its proof to one signed head
    NUMBER.evidence.zip   the evidence bundle of each certificate
    authorities/          what seal, log and personal signature are checked with

The seal's key is opened where certificates are sealed: the archive is the work of a job.
"""

import hashlib
import tempfile
import zipfile
from collections.abc import Iterator

from django.db import transaction

from certificates import bundle
from certificates.services.sealing import sealer
from lims.audit.models import Event
from lims.audit.selectors import newest_checkpoint
from lims.audit.services import integrate, record
from lims.auditor import rules
from lims.auditor.models import Report, Sample
from lims.auditor.selectors import reports, samples
from lims.core import canonical, clock, files, jobs
from lims.core.text import Refused
from lims.people.models import User
from lims.people.services.keys import persons_ca_pem, revocation_list, unlock

JOB = "auditor.report"
STATEMENT = 1
"""Version of what a person signs about a report."""


def ask_report(sample: Sample, *, by: User, passphrase: str = "") -> Report:
    """Writes the report as things stand now, and has its archive made.

    With a passphrase it is signed with the key of whoever asks. The digest is entered into the log in plain words: nobody
    can show another report for that event. Raises Refused.
    """
    if why := rules.may_report(by, sample):
        raise Refused(why)
    signer = unlock(by, passphrase) if passphrase else None
    text = canonical.dumps(reports.told(sample, by=by))
    at = clock.now()
    digest = hashlib.sha256(text.encode()).hexdigest()
    jws = ""
    if signer:
        said = {
            "act": "audit_report", "at": at.isoformat(), "name": str(by), "person": str(by.pk), "report_sha256": digest,
            "v": STATEMENT,
        }  # fmt: skip
        jws = signer.sign(canonical.dumps(said).encode())
    with transaction.atomic():
        made = Report.objects.create(sample=sample, text=text, sha256=digest, jws=jws, by=by, at=at)
        signed = {"signature": hashlib.sha256(jws.encode()).hexdigest()} if jws else {}
        record("audit.reported", by=by, obj=sample, payload={"sample": sample.pk, **signed}, public={"report": digest})
        jobs.enqueue(JOB, f"report:{digest}", report=made.pk)
    return made


@jobs.handler(JOB)
def make_archive(*, report: int) -> None:
    """Makes and keeps the archive of a report. Does nothing when it is there. Raises on anything that keeps it from being
    made, such as an authority that gives no time: the job is tried again."""
    row = Report.objects.select_related("sample").get(pk=report)
    if row.file_id:
        return
    integrate()
    with tempfile.TemporaryFile() as target:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for member in _members(row):
                with archive.open(bundle.entry(member.path), "w", force_zip64=True) as out:
                    for piece in member.content:
                        out.write(piece)
            for item in row.sample.items.select_related("certificate__record", "certificate__task"):
                name = bundle.entry(f"{item.certificate.number}.evidence.zip")
                name.compress_type = zipfile.ZIP_STORED  # it is packed already
                with archive.open(name, "w", force_zip64=True) as out:
                    bundle.write(item.certificate, out)
        target.seek(0)
        stored = files.store(target.read(), "application/zip")
    with transaction.atomic():
        if Report.objects.filter(pk=row.pk, file=None).update(file=stored):
            record(
                "audit.report_sealed", by=None, obj=row.sample, payload={"report": row.sha256, "file": stored.sha256}
            )


def _members(row: Report) -> Iterator[bundle.Member]:
    text = row.text.encode()
    yield bundle.Member("report.json", "the report", [text])
    keys = sealer().keys
    seal = keys.signer.detached(hashlib.sha256(text).digest(), keys.timestamper.token)
    yield bundle.Member("report.p7s", "the institute's seal over the report", [seal])
    if row.jws:
        yield bundle.Member("report.jws", "signature of whoever asked for the report", [row.jws.encode()])
        yield bundle.Member("authorities/persons-ca.pem", "root of the people's certificates", [persons_ca_pem()])
        yield bundle.Member("authorities/persons-crl.pem", "keys of people that ended", [revocation_list()])
    if population := samples.population(row.sample):
        yield bundle.Member("population.tsv", "what the sample was drawn from", [population.encode()])
    head = newest_checkpoint()
    assert head is not None  # just signed
    events: list[Event] = reports.events(row)
    proven = bundle.proven(Event.objects.filter(pk__in=[one.pk for one in events]), head)
    yield bundle.Member("events.json", "draw, ticks and report, each with its proof", [bundle.as_json(proven)])
    yield from bundle.authorities()
