"""One certificate with everything behind it: a rig read over a pseudo-terminal, three people with keys, a seal; and what
somebody with every right in the database could do to it."""

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.db import connection

from certificates import bundle
from certificates.models import Certificate, DigitalCertificate, SealedFile
from certificates.services import approve_and_issue
from certificates.services.sealing import sealer
from devices.agent.capture import Recording
from devices.agent.reader import Reader
from devices.models import Bench, CaptureSession, Port, Reading, RigProfile
from devices.profiles import shipped_profile
from devices.services import ingest
from devices.simulators.clock import HandClock
from devices.simulators.rigs import EvseRig
from instruments.models import Record
from instruments.services import entries, recording, work
from lims.audit import services
from lims.audit.export import export
from lims.audit.models import Checkpoint, Entry, Event, Log, Tile, Waiting
from lims.core import canonical, clock, files, frozen, jobs
from lims.people.services.keys import create_key
from standards.models import ProcedureVersion
from tests import factories

RUN = "items.working_error.rows[0].runs[0]"
PASSPHRASE = "测试口令 correct horse battery staple"
FROZEN = (
    Event, Entry, Checkpoint, Record, Certificate, SealedFile, DigitalCertificate, Reading, RigProfile, ProcedureVersion,
)  # fmt: skip


def tape(folder: Path) -> dict[str, Any]:
    """What an agent sends of two readings of the charging rig, before and after 300 s at 32 A."""
    hand = HandClock()
    rig = EvseRig(folder, 1, hand, pile_error="0.002")
    recorded = Recording()
    try:
        profile = shipped_profile(rig.profile_id).with_overrides(rig.settings)
        with Reader(profile, str(rig.link), recorded.record) as reader:
            header = {
                "schema": "session/1",
                "serial_read": reader.identify(),
                "settings": dict(rig.settings),
                "parser": "1",
            }
            first = list(reader.read())
            rig.start(load_a="32", seconds="300")
            hand.advance(400)
            second = list(reader.read())
    finally:
        rig.close()
    recorded.begin(header)
    frames = [
        {"seq": one.seq, "mono_ns": one.mono_ns, "wall_ns": one.wall_ns, "dir": one.direction, "raw": one.raw.hex(), "hash": one.hash.hex()}
        for one in recorded.frames()
    ]  # fmt: skip
    readings = recorded.readings([*first, *second])
    return {
        "header": header,
        "frames": frames,
        "readings": readings,
        "close": {"count": len(frames), "head": frames[-1]["hash"]},
    }


def captured(lab: SimpleNamespace, sent: dict[str, Any]) -> CaptureSession:
    """The session of a tape, as the server has it."""
    profile = shipped_profile("evse-ac-modbus")
    row = RigProfile.objects.create(
        sha256=profile.sha256, identifier=profile.id, title=profile.title.zh, text=profile.text, approved_at=clock.now()
    )
    bench = Bench.objects.create(name="工位一", token_sha256="0" * 64)
    port = Port.objects.create(bench=bench, name="evse-ac", profile=row, equipment=lab.meter)
    session = CaptureSession.objects.create(port=port, profile=row, equipment=lab.meter, operator=lab.technician)
    ingest(bench, {"session": str(session.pk), **sent})
    session.refresh_from_db()
    return session


def issued(folder: Path) -> Certificate:
    """The sealed certificate of a pile whose first run was read by the rig; everything in the log."""
    lab = factories.laboratory()
    for person in (lab.technician, lab.checker, lab.approver):
        create_key(person, by=person, passphrase=PASSPHRASE, reauthenticated=True)
    record = factories.recording_(lab)
    session = captured(lab, tape(folder))
    recording.use_session(record, by=lab.technician, session=session)
    start, end = session.readings.filter(channel="E", quality="ok").order_by("seq_no")
    shown = 1 + float(end.value) - float(start.value)
    typed = factories.complete_values(record) | {f"{RUN}.E_pile_end": f"{shown:.3f}"}
    rig = {f"{RUN}.E_std_start": start, f"{RUN}.E_std_end": end}
    drafts = [
        factories.draft(path, rig[path].value, reading=rig[path].pk) if path in rig else factories.draft(path, value)
        for path, value in sorted(typed.items())
    ]
    saved = entries.save_entries(record, by=lab.technician, drafts=drafts)
    assert not saved.refused, saved.refused
    task = factories.fresh(record.task)
    record = recording.submit(task, by=lab.technician, version=task.version, passphrase=PASSPHRASE)
    task = factories.fresh(record.task)
    work.check(task, by=lab.checker, version=task.version, record_sha256=record.sha256, passphrase=PASSPHRASE)
    task = factories.fresh(record.task)
    made = approve_and_issue(
        task, by=lab.approver, version=task.version, record_sha256=record.sha256, passphrase=PASSPHRASE
    )
    stamps = sealer().keys.timestamper
    stamps._clock = lambda: clock.now() - timedelta(minutes=1)  # long-term evidence must be newer than the seal
    jobs.run_due()
    stamps._clock = clock.now
    made.refresh_from_db()
    assert made.state == Certificate.State.ISSUED
    services.integrate()
    return made


# What an administrator can do


def as_administrator(*statements: str, **values: object) -> None:
    """Runs SQL with the triggers lifted and laid again."""
    connection.check_constraints()  # PostgreSQL takes no trigger from a table whose constraints are still to be checked
    for model in FROZEN:
        frozen.remove(connection, model)
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, values or None)
    for model in FROZEN:
        frozen.install(connection, model, model.frozen)


def rewrite_history() -> None:
    """Throws the tree away, forgets what was signed, and enters every event anew under the same key: a second history that is
    consistent in itself."""
    as_administrator(
        *(f"DELETE FROM {model._meta.db_table}" for model in (Entry, Tile, Waiting, Checkpoint, Log)),
    )
    Waiting.objects.bulk_create([Waiting(event=event) for event in Event.objects.order_by("pk")])
    (Path(settings.KEYS_DIR) / "log" / "head").unlink()
    services.integrate()


def exchange(model: type[SealedFile] | type[DigitalCertificate], change: Callable[[bytes], bytes]) -> None:
    """Puts another file in the place of a stored one, content-addressed as it must be."""
    row = model.objects.get()
    stored = files.store(change(files.read(row.file_id)), "application/octet-stream")
    as_administrator(f"UPDATE {model._meta.db_table} SET file_id = %(file)s", file=stored.pk)


def restate(model: type[Record] | type[Certificate], change: Callable[[dict[str, Any]], None]) -> str:
    """Rewrites frozen facts, their digest with them; the new digest."""
    row = model.objects.get()
    stated = json.loads(row.facts)
    change(stated)
    column = "sha256" if model is Record else "facts_sha256"
    as_administrator(
        f"UPDATE {model._meta.db_table} SET facts = %(facts)s, {column} = %(digest)s",
        facts=canonical.dumps(stated), digest=canonical.sha256(stated),
    )  # fmt: skip
    return canonical.sha256(stated)


# What the auditor gets


def bundled(target: Path) -> Path:
    """The bundle as the database gives it now."""
    with target.open("wb") as out:
        bundle.write(Certificate.objects.get(), out)
    return target


def logged(target: Path) -> Path:
    export(target)
    return target


def unpacked(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(path: Path, members: dict[str, bytes]) -> Path:
    """A bundle of these members, the digests of its manifest made to fit, as an insider would."""
    manifest = json.loads(members["manifest.json"])
    manifest["files"] = [
        {"path": name, "sha256": sha256(data).hexdigest(), "size": len(data), "what": ""}
        for name, data in sorted(members.items())
        if name != "manifest.json"
    ]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**members, "manifest.json": json.dumps(manifest).encode()}.items():
            archive.writestr(name, data)
    path.write_bytes(out.getvalue())
    return path


def own_keys(original: Path, target: Path) -> Path:
    """A copy of the keys for one test, since the signer's memory is outside the database and no rollback sets it back."""
    return Path(shutil.copytree(original, target))
