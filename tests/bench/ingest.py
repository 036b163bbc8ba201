"""What the ingest door takes, against the bare rows: executemany on SQLite, COPY on PostgreSQL, one durable commit per batch."""

import json
import os
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from django.test import Client

from devices.agent import evidence
from devices.models import Bench, CaptureSession, Frame, Port, Reading
from devices.services import approve_profile, configure_port, ingest, register_bench, register_profile
from lims.people.models import User
from standards.models import Device
from tests.bench.measure import Figure, Span
from tests.bench.synthetic import PROFILE, content

FRAMES, READINGS = 200, 100
"""One batch as the agent sends it at its fullest."""
BATCHES, ROUNDS = 10, 7
START_NS = 1_800_000_000 * 10**9


def figures() -> list[Figure]:
    """Rows per second. LIMS_INGEST_ROUNDS makes it shorter or longer."""
    rounds = int(os.environ.get("LIMS_INGEST_ROUNDS", ROUNDS))
    bench, token, port = _bench()
    rows = BATCHES * (FRAMES + READINGS)
    taken: dict[str, list[float]] = {"door": [], "service": [], "again": [], "floor": []}
    cpu: list[float] = []
    for turn in range(rounds + 1):
        first, second, third = (_session(port) for _ in range(3))
        sent = [json.dumps(one, ensure_ascii=False).encode() for one in _batches(first)]
        called, laid = list(_batches(second)), list(_batches(third))
        client = Client()
        begun = time.process_time()
        spent = {"door": _seconds(lambda: [_post(client, token, one) for one in sent])}
        used = 1000 * (time.process_time() - begun) / BATCHES
        spent["again"] = _seconds(lambda: [_post(client, token, one) for one in sent])
        spent["service"] = _seconds(lambda: [ingest(bench, one) for one in called])
        spent["floor"] = _seconds(lambda: [_bare(third, one) for one in laid])
        if turn:
            cpu.append(used)
            for name, seconds in spent.items():
                taken[name].append(rows / seconds)
    expected = (rounds + 1) * 3 * BATCHES
    if (Frame.objects.count(), Reading.objects.count()) != (expected * FRAMES, expected * READINGS):
        raise ValueError("not every row was stored, or one twice")
    floor = Span(tuple(taken["floor"]))
    floor_is = "COPY of the same rows" if connection.vendor == "postgresql" else "executemany of the same rows"
    batch = f"batches of {FRAMES} frames and {READINGS} readings"
    return [
        Figure("ingest", "rows through the ingest door", "rows/s", Span(tuple(taken["door"])), floor, floor_is, batch),
        Figure("ingest", "· the service alone", "rows/s", Span(tuple(taken["service"])), floor, floor_is),
        Figure(
            "ingest", "· the same batches again", "rows/s", Span(tuple(taken["again"])), remark="known, nothing stored"
        ),
        Figure("ingest", "· one batch, CPU", "ms", Span(tuple(cpu))),
    ]


def _seconds(act: Any) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def _bench() -> tuple[Bench, str, Port]:
    bench, token = register_bench("ingest", by=None)
    profile = approve_profile(register_profile(PROFILE, by=None), by=None)
    device = Device.objects.create(asset_number="I-1", name="synthetic", serial="S", model="x", manufacturer="y")
    return bench, token, configure_port(bench, "p", profile=profile, equipment=device, by=None)


def _session(port: Port) -> CaptureSession:
    user, _ = User.objects.get_or_create(username="ingest", defaults={"display_name": "ingest"})
    CaptureSession.objects.filter(port=port, state__in=("requested", "capturing")).update(state="closed")
    return CaptureSession.objects.create(
        port=port, profile=port.profile, equipment=port.equipment, operator=user, state="interrupted"
    )


def _batches(session: CaptureSession) -> Iterator[dict[str, Any]]:
    """BATCHES uploads of one session, chained."""
    header = {"schema": "session/1", "session": str(session.pk)}
    head, seq, number = evidence.header_hash(header), 0, 0
    for batch in range(BATCHES):
        frames, readings = [], []
        for _ in range(FRAMES):
            seq += 1
            direction, raw = content(seq)
            mono, wall = seq * 1_000_000, START_NS + seq * 1_000_000
            head = evidence.frame_hash(head, seq, mono, wall, direction, raw)
            frames.append(
                {"seq": seq, "mono_ns": mono, "wall_ns": wall, "dir": direction, "raw": raw.hex(), "hash": head.hex()}
            )
        for answer in range(batch * FRAMES + 2, seq + 1, FRAMES // READINGS):
            number += 1
            readings.append(
                {
                    "seq_no": number, "at_ns": START_NS + answer * 1_000_000, "channel": "n1", "quantity": "count",
                    "value": str(answer // 2), "unit": "1", "quality": "ok", "tx": answer - 1, "rx": answer, "text": "",
                }
            )  # fmt: skip
        yield {"session": str(session.pk), "frames": frames, "readings": readings} | (
            {} if batch else {"header": header}
        )


def _post(client: Client, token: str, body: bytes) -> None:
    answer = client.post("/devices/api/ingest", body, "application/json", headers={"Authorization": f"Bench {token}"})
    if answer.status_code != 200:
        raise ValueError(f"{answer.status_code}: {answer.content.decode()[:300]}")


def _bare(session: CaptureSession, body: dict[str, Any]) -> None:
    """The rows of a batch and nothing else, in one durable transaction."""
    key = session.pk if connection.vendor == "postgresql" else uuid.UUID(str(session.pk)).hex
    frames = [
        (key, one["seq"], one["mono_ns"], one["wall_ns"], one["dir"], bytes.fromhex(one["raw"]), one["hash"])
        for one in body["frames"]
    ]
    at = [datetime.fromtimestamp(one["at_ns"] / 1e9, UTC) for one in body["readings"]]
    readings = [
        (
            key, one["seq_no"], when if connection.vendor == "postgresql" else str(when.replace(tzinfo=None)),
            one["channel"], one["quantity"], one["value"], one["unit"], one["quality"], "", one["tx"], one["rx"],
        )
        for one, when in zip(body["readings"], at, strict=True)
    ]  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        _lay(cursor, Frame, ["session_id", "seq", "mono_ns", "wall_ns", "direction", "raw", "hash"], frames)
        names = [
            "session_id",
            "seq_no",
            "at",
            "channel",
            "quantity",
            "value",
            "unit",
            "quality",
            "text",
            "tx_seq",
            "rx_seq",
        ]
        _lay(cursor, Reading, names, readings)


def _lay(cursor: Any, model: Any, names: list[str], rows: list[tuple[Any, ...]]) -> None:
    table, columns = model._meta.db_table, ", ".join(f'"{name}"' for name in names)
    if connection.vendor == "postgresql":
        with cursor.copy(f'COPY "{table}" ({columns}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
    else:
        marks = ", ".join(["%s"] * len(names))
        cursor.executemany(f'INSERT INTO "{table}" ({columns}) VALUES ({marks})', rows)
