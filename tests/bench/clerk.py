"""`python -m tests.bench.clerk`: whoever opens and closes captures in the durability run, and judges what is left of them.

Works in the environment of an installation; reads one JSON command per line and answers each with one line.
"""

import json
import random
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

MOST_TOLD = 20


def prepare(ports: int) -> dict[str, Any]:
    """A bench with that many synthetic rigs; its token."""
    from devices.services import approve_profile, configure_port, register_bench, register_profile
    from lims.people.models import User, UserRole
    from standards.models import Device
    from tests.bench.synthetic import PROFILE

    user = User.objects.create(username="durability", display_name="durability")
    UserRole.objects.create(user=user, role="technician")
    bench, token = register_bench("durability", by=None)
    profile = approve_profile(register_profile(PROFILE, by=None), by=None)
    for number in range(ports):
        device = Device.objects.create(
            asset_number=f"D-{number}", name="synthetic", serial=f"S-{number}", model="x", manufacturer="y"
        )
        configure_port(bench, f"p{number}", profile=profile, equipment=device, by=None)
    return {"token": token}


def tend(opening: bool) -> dict[str, Any]:
    """Keeps every port recording, or has every recording ended; how many run, and how many frames are on the server."""
    from django.db.models import Sum

    from devices.models import CaptureSession, Port
    from devices.services import close_session, open_session
    from lims.core.text import Refused
    from lims.people.models import User

    user = User.objects.get(username="durability")
    running = CaptureSession.objects.filter(state__in=("requested", "capturing"))
    refusals: list[str] = []
    if opening:
        for port in Port.objects.exclude(sessions__in=running):
            try:
                open_session(port, by=user)
            except Refused as refused:  # the bench was just killed and is silent, or its port is not free yet
                refusals.append(refused.reasons[0].code)
    else:
        for session in running:
            close_session(session, by=user)
    return {
        "running": running.count(),
        "refusals": refusals,
        "frames": CaptureSession.objects.aggregate(sum=Sum("frame_count"))["sum"] or 0,
    }


def judge(data: str) -> dict[str, Any]:
    """Every frame and reading on the server against what the agent had committed and what the instruments had said."""
    from devices.models import CaptureSession

    outbox = sqlite3.connect(f"file:{Path(data) / 'outbox.sqlite3'}?mode=ro", uri=True)
    captured = {row[0]: row[1:] for row in outbox.execute("SELECT id, frames, readings, head FROM session")}
    committed: dict[str, int] = {}
    for line in (Path(data) / "journal").read_text(encoding="ascii").splitlines():
        session, _, seq = line.partition(" ")
        committed[session] = int(seq)
    told: dict[str, Any] = {
        "sessions": 0, "frames": 0, "readings": 0, "missing": 0, "extra": 0, "wrong": 0, "breaks": 0, "faults": [],
    }  # fmt: skip
    for session in CaptureSession.objects.order_by("requested_at"):
        frames, readings, head = captured.pop(str(session.pk), (0, 0, b""))
        if not session.frame_count and not frames:
            continue
        _judge_session(told, session, frames, readings, bytes(head).hex(), committed.get(str(session.pk), 0))
    for identifier, (frames, readings, _head) in captured.items():
        told["missing"] += frames + readings
        told["faults"].append(f"{identifier} never came")
    told["faults"] = told["faults"][:MOST_TOLD]
    return told


def _judge_session(told: dict[str, Any], session: Any, frames: int, readings: int, head: str, committed: int) -> None:
    from devices.models import Frame, Reading
    from devices.selectors import first_broken_frame
    from tests.bench.synthetic import content

    name, faults = str(session.pk), told["faults"]
    rows = Frame.objects.filter(session=session).order_by("seq").values_list("seq", "direction", "raw")
    stored, before = 0, 0
    for seq, direction, raw in rows.iterator(5000):
        stored += 1
        told["wrong"] += (direction, bytes(raw)) != content(seq)
        told["missing"] += seq - before - 1
        before = seq
    told["missing"] += max(0, frames - before, committed - before)
    told["extra"] += max(0, before - frames)
    numbers = Reading.objects.filter(session=session).order_by("seq_no").values_list("seq_no", "rx_seq", "tx_seq")
    count = 0
    for count, (seq_no, rx, tx) in enumerate(numbers.iterator(5000), 1):
        if seq_no != count or rx != tx + 1 or rx > before:
            faults.append(f"{name}: reading {seq_no} is out of place")
    told["missing"] += max(0, readings - count)
    told["extra"] += max(0, count - readings)
    told["breaks"] += (broken := first_broken_frame(session)) is not None
    if broken is not None:
        faults.append(f"{name}: chain broken at {broken}")
    if (session.state, session.frame_count, session.head) != ("closed", frames, head):
        faults.append(f"{name}: {session.state}, {session.frame_count} of {frames} frames, {session.text}")
    told["sessions"] += 1
    told["frames"] += stored
    told["readings"] += count


def alter(seed: int) -> dict[str, Any]:
    """Changes one byte of one stored frame behind the product's back; where it was, and what the product finds."""
    from django.db import connection

    from devices.models import CaptureSession, Frame
    from devices.selectors import first_broken_frame
    from lims.core import frozen

    draw = random.Random(seed)
    sessions = list(CaptureSession.objects.filter(frame_count__gt=0).order_by("requested_at"))
    chosen = draw.choice(sessions)
    row = Frame.objects.get(session=chosen, seq=draw.randint(1, chosen.frame_count))
    raw = bytearray(row.raw)
    raw[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)
    frozen.remove(connection, Frame)
    Frame.objects.filter(pk=row.pk).update(raw=bytes(raw))
    frozen.install(connection, Frame, Frame.frozen)
    found = {str(one.pk): broken for one in sessions if (broken := first_broken_frame(one)) is not None}
    return {"altered": {str(chosen.pk): row.seq}, "found": found}


COMMANDS: dict[str, Callable[..., dict[str, Any]]] = {"prepare": prepare, "tend": tend, "judge": judge, "alter": alter}


def main() -> None:
    django.setup()
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(COMMANDS[asked.pop("do")](**asked), ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
