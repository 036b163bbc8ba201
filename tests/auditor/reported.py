"""A sample of two out of three certificates with its sealed report; and what an insider with every key could do to it."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from certificates.models import Certificate
from certificates.sealing import Keys
from certificates.services import approve_and_issue
from instruments.services import recording, work
from lims.auditor import services
from lims.auditor.models import Report, Sample
from lims.core import canonical, files, jobs
from lims.people.services.keys import create_key
from tests import factories
from tests.audit.evidence import PASSPHRASE

SEED = "2026-11-22 03 08 15 22 24 31 + 07"
FINDING = "第 3 点修约有误"


def issued(lab: SimpleNamespace, serial: str) -> Certificate:
    """The certificate of one more pile, every value typed, everybody's signature under it."""
    lab.pile = factories.pile(lab.alpha, serial)
    record = factories.complete(factories.recording_(lab), lab.technician)
    task = factories.fresh(record.task)
    record = recording.submit(task, by=lab.technician, version=task.version, passphrase=PASSPHRASE)
    task = factories.fresh(record.task)
    work.check(task, by=lab.checker, version=task.version, record_sha256=record.sha256, passphrase=PASSPHRASE)
    task = factories.fresh(record.task)
    return approve_and_issue(
        task, by=lab.approver, version=task.version, record_sha256=record.sha256, passphrase=PASSPHRASE
    )


def laboratory(certificates: int = 3) -> SimpleNamespace:
    """A laboratory whose people have keys, with so many sealed certificates."""
    lab = factories.laboratory()
    for person in (lab.technician, lab.checker, lab.approver):
        create_key(person, by=person, passphrase=PASSPHRASE, reauthenticated=True)
    lab.certificates = [issued(lab, f"EV-{number:04d}") for number in range(2, 2 + certificates)]
    jobs.run_due()
    return lab


def sampled(lab: SimpleNamespace, wanted: int = 2) -> Sample:
    today = factories.today()
    return services.draw(by=lab.auditor, seed=SEED, wanted=wanted, since=today, until=today)


def reported(lab: SimpleNamespace) -> Report:
    """The sealed report of a sample with a good point, a changed mind and a finding."""
    sample = sampled(lab)
    first, second = sample.items.all()
    services.tick(first, by=lab.auditor, point="digits", result="good")
    services.tick(first, by=lab.auditor, point="digits", result="finding", comment=FINDING)
    services.tick(second, by=lab.auditor, point="people", result="good")
    report = services.ask_report(sample, by=lab.auditor)
    jobs.run_due()
    report.refresh_from_db()
    assert report.file_id
    return report


def unpacked(report: Report) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(files.read(report.file_id))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(path: Path, members: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def resealed(members: dict[str, bytes], keys: Keys, change: Callable[[dict[str, Any]], None]) -> dict[str, bytes]:
    """The report changed and sealed anew with the institute's own key and time stamp."""
    stated = json.loads(members["report.json"])
    change(stated)
    text = canonical.dumps(stated).encode()
    seal = keys.signer.detached(hashlib.sha256(text).digest(), keys.timestamper.token)
    return members | {"report.json": text, "report.p7s": seal}
