"""Looks at an installation after the killing: `python -m tests.kill.judge COUNT` in its environment.

Prints JSON: `faults` (one sentence each; empty is what is promised) and the figures of what was found.
"""

import hashlib
import json
import re
import sys
from collections import Counter as Count
from pathlib import Path
from typing import Any

import django

STORED = re.compile(r"[0-9a-f]{64}")


def judge(count: int) -> dict[str, Any]:
    """Every promise about `count` records that were to be issued, asked of the database and of the files."""
    faults = [*_rows(count), *_events(), *_log(), *_jobs(count), *_files()]
    return {"faults": faults, "unreferenced": _unreferenced()}


def _rows(count: int) -> list[str]:
    from certificates.models import Certificate
    from instruments.models import Record, Task
    from lims.core.models import Counter

    faults = []
    rows = list(Certificate.objects.order_by("number").values_list("number", "record_id", "state"))
    ordinals = [int(number.rpartition("-")[2]) for number, _record, _state in rows]
    if ordinals != list(range(1, count + 1)):
        faults.append(f"numbers are not 1 to {count}: {ordinals}")
    if len({number.rpartition("-")[0] for number, _record, _state in rows}) != 1:
        faults.append("numbers come from more than one series")
    if list(Counter.objects.filter(series__startswith="certificate-").values_list("last", flat=True)) != [count]:
        faults.append("the counter does not stand at the last number")
    if Count(record for _number, record, _state in rows) != Count(Record.objects.values_list("pk", flat=True)):
        faults.append("a record has no certificate, or more than one")
    if states := {state for _number, _record, state in rows} - {"issued"}:
        faults.append(f"certificates stand in {sorted(states)}")
    if states := set(Task.objects.values_list("state", flat=True)) - {"issued"}:
        faults.append(f"tasks stand in {sorted(states)}")
    return faults


def _events() -> list[str]:
    from certificates.models import Certificate
    from lims.audit.models import Event

    wanted = Count(str(pk) for pk in Certificate.objects.values_list("pk", flat=True))
    return [
        f"not exactly one {verb} event per certificate"
        for verb in ("certificate.numbered", "certificate.issued")
        if Count(Event.objects.filter(verb=verb).values_list("object_id", flat=True)) != wanted
    ]


def _log() -> list[str]:
    """Every event has its place, the head is signed, and each certificate stands there once with the digest of its file."""
    from certificates.models import SealedFile
    from lims.audit import checking, leaves
    from lims.audit.models import Entry
    from lims.audit.services import integrate

    integrate()
    faults = [fault.en for fault in checking.faults()]
    entries = [leaves.read(bytes(leaf)) for leaf in Entry.objects.values_list("leaf", flat=True)]
    logged = Count((one["cert"], one["pdf"]) for one in entries if "pdf" in one)
    if logged != Count(SealedFile.objects.values_list("certificate__number", "file_id")):
        faults.append("the log does not hold the digest of each sealed file exactly once")
    return faults


def _jobs(count: int) -> list[str]:
    from lims.core.models import Job

    faults = []
    if Job.objects.filter(kind="certificates.seal").count() != count:
        faults.append("not exactly one sealing job per certificate")
    if left := Job.objects.filter(done_at=None).count():
        faults.append(f"{left} jobs are open")
    return faults


def _files() -> list[str]:
    """Each certificate has one sealed file: bytes as named, drawn from the very facts, sealed by the institute, trusted."""
    from django.conf import settings

    from certificates import selectors
    from certificates.models import Certificate
    from certificates.sealing import verify
    from certificates.services.sealing import render, sealer
    from lims.core import files

    faults, root = [], sealer().root_pem()
    for row in Certificate.objects.prefetch_related("sealed").order_by("pk"):
        sealed = list(row.sealed.all())
        if len(sealed) != 1:
            faults.append(f"{row} has {len(sealed)} sealed files")
            continue
        try:
            data = files.read(sealed[0].file_id)
        except (OSError, ValueError) as error:
            faults.append(f"{row}: {error}")
            continue
        report = verify(data, root)
        answers = [report.unchanged, report.by_whom, report.trusted, report.when]
        if any(answer.state != "yes" for answer in answers):
            faults.append(f"{row}: " + " ".join(answer.text.en for answer in answers if answer.state != "yes"))
        rendered = render(row, selectors.dcc(row))
        if hashlib.sha256(rendered).hexdigest() != sealed[0].rendered_sha256 or not data.startswith(rendered):
            faults.append(f"{row}: the sealed file is not what its facts give")
    files.tidy(files.STALE * 0)  # as an hour later
    stored = [path for path in Path(settings.FILES_DIR).rglob("*") if path.is_file()]
    drafts = [path.name for path in stored if not STORED.fullmatch(path.name)]
    drafts += [path.name for path in Path(settings.KEYS_DIR).rglob(".*")]
    return faults + ([f"unfinished files left: {sorted(drafts)}"] if drafts else [])


def _unreferenced() -> int:
    """Sealed bytes whose worker died before the certificate took them: kept under their digest, named by nothing."""
    from django.conf import settings

    from certificates.models import DigitalCertificate, SealedFile

    named = {
        digest
        for model in (SealedFile, DigitalCertificate)
        for digest in model.objects.values_list("file_id", flat=True)
    }
    return sum(path.name not in named for path in Path(settings.FILES_DIR).rglob("*") if STORED.fullmatch(path.name))


if __name__ == "__main__":
    django.setup()
    json.dump(judge(int(sys.argv[1])), sys.stdout, ensure_ascii=False)
