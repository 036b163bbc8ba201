"""A bench with one port, a technician, and a way to make honest frames."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from devices import profiles
from devices.agent import evidence
from devices.agent.capture import Recording
from devices.agent.reader import Reader
from devices.models import Bench, CaptureSession, Port, RigProfile
from devices.profiles import shipped
from devices.services import ingest, register_profile
from devices.simulators import demo_rigs
from lims.core import clock
from lims.people.models import Organisation, User, UserRole
from standards.models import Device

TOKEN = "t" * 40
PROFILE = (Path(profiles.__file__).parent / "evse-ac-modbus.toml").read_text("utf-8")


@dataclass
class Line:
    """One port with everything around it."""

    bench: Bench
    port: Port
    technician: User
    other: User


def person(username: str, *roles: str, organisation: Organisation | None = None) -> User:
    user = User.objects.create(username=username, display_name=username, organisation=organisation)
    for role in roles:
        UserRole.objects.create(user=user, role=role)
    return user


@pytest.fixture
def line(db) -> Line:
    profile = profiles.load_profile(PROFILE)
    row = RigProfile.objects.create(
        identifier=profile.id, sha256=profile.sha256, title=str(profile.title), text=PROFILE, approved_at=clock.now()
    )
    bench = Bench.objects.create(
        name="工位一", token_sha256=hashlib.sha256(TOKEN.encode()).hexdigest(), seen_at=clock.now()
    )
    device = Device.objects.create(
        asset_number="YS-DN-001", name="检定装置", serial="SIM-EV-0017", model="x", manufacturer="y"
    )
    port = Port.objects.create(bench=bench, name="evse-ac", profile=row, equipment=device)
    return Line(bench, port, person("jia", "technician"), person("ding", "technician"))


def header(session: CaptureSession) -> dict[str, str]:
    return {"schema": "session/1", "session": str(session.pk), "equipment": "YS-DN-001"}


def frames(session: CaptureSession, count: int, *, start: int = 1, previous: bytes = b"") -> list[dict[str, object]]:
    """`count` chained frames as an agent sends them; `previous` continues an earlier batch."""
    made, head = [], previous or evidence.header_hash(header(session))
    for seq in range(start, start + count):
        raw = bytes([seq % 256, 3])
        head = evidence.frame_hash(head, seq, seq * 1000, seq * 2000, "tr"[seq % 2], raw)
        made.append(
            {
                "seq": seq,
                "mono_ns": seq * 1000,
                "wall_ns": seq * 2000,
                "dir": "tr"[seq % 2],
                "raw": raw.hex(),
                "hash": head.hex(),
            }
        )
    return made


def reading(number: int, value: str = "1.234567", quality: str = "ok") -> dict[str, object]:
    return {
        "seq_no": number, "at_ns": 1_800_000_000_000_000_000 + number, "channel": "E", "quantity": "energy", "value": value,
        "unit": "kWh", "quality": quality, "tx": 1, "rx": 2, "text": "",
    }  # fmt: skip


READS = 2


def recorded(rig):
    """What an agent would send of a few readings of a simulated rig: the parts of one batch."""
    recording = Recording()
    profile = shipped()[rig.profile_id].with_overrides(rig.settings)
    samples = []
    with Reader(profile, str(rig.link), recording.record) as reader:
        serial = reader.identify()
        for _ in range(READS):
            samples += reader.read()
        header = {
            "schema": "session/1", "serial_read": serial, "settings": dict(rig.settings), "agent": "0.1", "parser": "1",
        }  # fmt: skip
    recording.begin(header)
    frames = [
        {
            "seq": one.seq, "mono_ns": one.mono_ns, "wall_ns": one.wall_ns, "dir": one.direction,
            "raw": one.raw.hex(), "hash": one.hash.hex(),
        }
        for one in recording.frames()
    ]  # fmt: skip
    return {"header": header, "frames": frames, "readings": recording.readings(samples)}


@pytest.fixture(scope="session")
def tapes(tmp_path_factory):
    """One recording of every demo rig that has a profile, made once."""
    with demo_rigs(tmp_path_factory.mktemp("rigs"), seed=3, speed=20) as rigs:
        known = {name: rig for name, rig in rigs.rigs.items() if rig.profile_id}
        with ThreadPoolExecutor(len(known)) as threads:
            found = dict(zip(known, threads.map(recorded, known.values()), strict=True))
        return {name: (rigs.rigs[name].profile_id, tape) for name, tape in found.items()}


@pytest.fixture
def stored(line, tapes):
    """stored("meter"): the session of a rig, as the server has it; `readings`: what a bench claims instead."""

    def make(name, readings=None):
        profile_id, tape = tapes[name]
        text = shipped()[profile_id].text
        profile = register_profile(text, by=None)
        RigProfile.objects.filter(pk=profile.pk).update(approved_at=clock.now())
        port = Port.objects.create(
            bench=line.bench, name=f"rig {Port.objects.count()}", profile=profile, equipment=line.port.equipment
        )
        session = CaptureSession.objects.create(
            port=port, profile=profile, equipment=line.port.equipment, operator=line.technician
        )
        ingest(line.bench, {"session": str(session.pk), **tape, "readings": readings or tape["readings"]})
        session.refresh_from_db()
        return session

    return make
