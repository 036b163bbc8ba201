"""From approval to sealed PDF with its machine-readable twin: CPU per certificate, and certificates per second with one and two
worker processes; then the long-term upgrade of a sealed file.

Floors: the same two pages of text drawn with reportlab alone, and two CMS signatures (seal and time stamp) alone.
"""

import datetime
import io
import json
import subprocess
import sys
import time
from functools import partial
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from django.conf import settings
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from certificates import dcc, documents, selectors
from certificates.documents.gate import SAMPLE
from certificates.models import Certificate, SealedFile
from certificates.sealing import Keys, Sealer
from certificates.sealing.longterm import prolong
from certificates.services import approve_and_issue, sealing
from instruments.models import Record
from lims.core import clock, jobs
from lims.core.models import Job
from lims.people.models import User
from tests import factories
from tests.bench.measure import Figure, Span, spans
from tests.kill.prepare import prepare
from tests.kill.run import ROOT

SINGLE, ALONE, PARALLEL, ROUNDS = 12, 24, 48, 9
FONTS = ROOT / "certificates" / "fonts"
WORKER = """
import sys, time
import django; django.setup()
from certificates import documents, selectors
from certificates.models import Certificate
from certificates.sealing import pades
from certificates.services.sealing import render, sealer
from lims.core import jobs
# A worker lives for days: its keys are open, its fonts loaded, the parts of this kind of document approved.
first = Certificate.objects.order_by("pk").first()
rendered = render(first, selectors.dcc(first))
documents.check_pdfa(rendered); sealer().seal(rendered, at=first.taken_at)
print("ready", flush=True)
keys = sys.stdin.readline().split()
begun, busy = time.perf_counter(), time.process_time()
done = sum(jobs.run(int(key)) for key in keys)
print(done, time.perf_counter() - begun, time.process_time() - busy, flush=True)
"""


def figures() -> list[Figure]:
    """Works on an installation of its own, empty and migrated."""
    prepared = prepare(SINGLE + ALONE + PARALLEL + 1)
    approver = User.objects.get(username="approver")
    issuing = [_cpu(partial(_approve, task, approver)) for task in prepared["tasks"]]
    keys = list(Job.objects.filter(done_at=None).order_by("pk").values_list("pk", flat=True))
    sealed_jobs = [_cpu(partial(jobs.run, key)) for key in keys[: SINGLE + 1]]
    first = Certificate.objects.order_by("pk")[0]
    facts, twin = json.loads(first.facts), selectors.dcc(first)
    rendered = sealing.render(first, twin)
    at, seal = clock.now(), sealing.sealer()
    acts = (
        partial(_twin, facts, seal.keys, at),
        partial(sealing.render, first, twin),
        partial(documents.check_pdfa, rendered),
        partial(documents.check_pdfa, rendered, thorough=True),
        partial(seal.seal, rendered, at=at),
        _Plain(facts),
        _Signatures(),
    )
    digital, render, check, whole, sealed, plain, signatures = spans(acts, rounds=ROUNDS, clock=time.process_time)
    both = Span(tuple(a + b for a, b in zip(plain.values, signatures.values, strict=True)))
    upgrade, renewal = _long_term(seal, rendered)
    keys = keys[SINGLE + 1 :]
    alone, busy_alone = _workers(1, keys[:ALONE])
    rate, busy = _workers(2, keys[ALONE:])
    if SealedFile.objects.count() != SINGLE + ALONE + PARALLEL + 1:
        raise ValueError("not every certificate was sealed")
    unit = "ms CPU"
    return [
        Figure("certificate", "approve and issue: number, row, events, job", unit, Span(tuple(issuing[1:]))),
        Figure("certificate", "seal job: twin, render, check, seal, store", unit, Span(tuple(sealed_jobs[1:])), both,
               "reportlab and CMS alone", "goal 40"),
        Figure("certificate", "· twin: build, sign, validate the DCC", unit, digital),
        Figure("certificate", "· render PDF/A-3b", unit, render, plain, "the same text on plain reportlab pages"),
        Figure("certificate", "· check PDF/A, parts known", unit, check, None, "", f"whole validator 1 in {SAMPLE}"),
        Figure("certificate", "· check PDF/A, whole validator", unit, whole),
        Figure("certificate", "· seal PAdES B-T", unit, sealed, signatures, "two CMS signatures"),
        Figure("certificate", "with 1 worker process", "1/s", alone, None, "", f"{busy_alone:.0f} ms CPU each"),
        Figure("certificate", "with 2 worker processes", "1/s", rate, None, "", f"goal 50; {busy:.0f} ms CPU each"),
        Figure("certificate", "LTA upgrade: evidence, time stamp, strict validation", unit, upgrade),
        Figure("certificate", "LTA renewal", unit, renewal),
    ]  # fmt: skip


def _twin(facts: dict[str, Any], keys: Keys, at: datetime.datetime) -> None:
    if faults := dcc.check(dcc.sign(dcc.build(facts), keys, at), settings.DCC_SCHEMAS):
        raise ValueError(faults[0])


def _long_term(seal: Sealer, rendered: bytes) -> tuple[Span, Span]:
    """Milliseconds of CPU for the first evidence and for the next time stamp; both dated a little back, as jobs come later."""
    keys, now = seal.keys, clock.now()
    stamps = keys.timestamper
    kept = stamps._clock
    first, second = now - datetime.timedelta(minutes=6), now - datetime.timedelta(minutes=4)
    try:
        stamps._clock = lambda: first
        sealed = seal.seal(rendered, at=first)
        stamps._clock = lambda: second
        prolonged = prolong(sealed, keys, now=second - datetime.timedelta(minutes=1))
        stamps._clock = kept
        acts = (partial(prolong, sealed, keys), partial(prolong, prolonged.pdf, keys))
        upgrade, renewal = spans(acts, rounds=ROUNDS, clock=time.process_time)
    finally:
        stamps._clock = kept
    return upgrade, renewal


def _cpu(act: Any) -> float:
    begun = time.process_time()
    act()
    return 1000 * (time.process_time() - begun)


def _approve(seen: dict[str, Any], approver: User) -> None:
    record = Record.objects.select_related("task").get(sha256=seen["record_sha256"])
    approve_and_issue(
        record.task,
        by=approver,
        version=seen["version"],
        record_sha256=seen["record_sha256"],
        password=factories.PASSWORD,
    )


def _workers(number: int, keys: list[int]) -> tuple[Span, float]:
    """Certificates per second of processes that begin together, and milliseconds of CPU for each certificate."""
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(number)
    ]
    for worker in workers:
        if worker.stdout.readline().strip() != "ready":
            raise RuntimeError("a worker did not start")
    for n, worker in enumerate(workers):
        worker.stdin.write(" ".join(map(str, keys[n::number])) + "\n")
        worker.stdin.flush()
    told = [worker.communicate()[0].split() for worker in workers]
    done, longest = sum(int(one[0]) for one in told), max(float(one[1]) for one in told)
    if done != len(keys):
        raise RuntimeError(f"{done} of {len(keys)} jobs were done")
    return Span((done / longest,)), 1000 * sum(float(one[2]) for one in told) / done


class _Plain:
    """The words of a certificate on two pages, drawn without layout, metadata or archive format."""

    def __init__(self, facts: dict[str, Any]) -> None:
        pdfmetrics.registerFont(TTFont("BenchSans", str(FONTS / "NotoSansSC-Regular.ttf")))
        self.words = [word for word in _texts(facts) if 0 < len(word) < 120]

    def __call__(self) -> bytes:
        buffer = io.BytesIO()
        canvas = Canvas(buffer, pageCompression=1)
        half = (len(self.words) + 1) // 2
        for page in (self.words[:half], self.words[half:]):
            canvas.setFont("BenchSans", 9)
            for n, word in enumerate(page):
                canvas.drawString(60, 800 - 7 * n, word)
                canvas.line(60, 798 - 7 * n, 540, 798 - 7 * n)
            canvas.showPage()
        canvas.save()
        return buffer.getvalue()


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inside for text in _texts(one)]


class _Signatures:
    """Two detached CMS signatures with P-256, as a seal with its time stamp needs."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench")])
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder(name, name, self.key.public_key(), 1, now, now + datetime.timedelta(days=1))
        self.certificate = builder.sign(self.key, hashes.SHA256())

    def __call__(self) -> None:
        for _ in range(2):
            builder = pkcs7.PKCS7SignatureBuilder().set_data(bytes(32))
            builder.add_signer(self.certificate, self.key, hashes.SHA256()).sign(
                serialization.Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
            )
