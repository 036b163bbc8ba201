"""From a frame to the browsers that watch: a real server, a bench that uploads, and 1 or 60 event streams.

A reading is posted every 50 ms as an agent would; each viewer is a plain HTTP client of its own that notes when the event
with that reading arrives. Both ends read the same clock of this process. Beside it the upload itself with nobody watching:
what viewers cost the recording.
"""

import asyncio
import hashlib
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from django.conf import settings

from devices.agent import evidence
from tests.bench.measure import Figure, Span

READINGS = int(os.environ.get("LIMS_LIVE_READINGS", "200"))
VIEWERS = (0, 1, 60)
EVERY_S = 0.05
TOKEN = "live" * 10
ROOT = Path(__file__).resolve().parents[2]


def figures() -> list[Figure]:
    """The database is migrated; everything else is made here."""
    cookie, sessions = _prepare()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "lims.asgi:application", "--port", str(port), "--lifespan", "off",
         "--log-level", "warning", "--timeout-graceful-shutdown", "1"],
        cwd=ROOT,
    )  # fmt: skip
    try:
        _wait_for(port)
        found = {viewers: asyncio.run(_run(port, cookie, sessions[viewers], viewers)) for viewers in VIEWERS}
    finally:
        server.terminate()
        server.wait(timeout=30)
    alone = Span(tuple(sorted(found[0][1])))
    rows = []
    for viewers, (delays, uploads, lost) in found.items():
        watching = f"{viewers} viewers" if viewers != 1 else "1 viewer"
        if viewers:
            rows += [
                _figure(f"frame to browser p50, {watching}", delays, 50, f"{len(delays)} arrivals, {lost} lost"),
                _figure(f"frame to browser p99, {watching}", delays, 99, "upload, commit and stream included"),
            ]
        upload = Span(tuple(sorted(uploads)))
        rows.append(
            Figure(
                "live",
                f"upload of one frame, {watching}",
                "ms",
                upload,
                alone if viewers else None,
                "nobody watching" if viewers else "",
            )
        )
    return rows


def _figure(name: str, delays: list[float], percentile: int, remark: str) -> Figure:
    """Three rounds: each third of the run gives its percentile."""
    third = max(1, len(delays) // 3)
    parts = [delays[start : start + third] for start in range(0, 3 * third, third)]
    values = tuple(statistics.quantiles(part, n=100)[percentile - 1] for part in parts if len(part) > 1)
    return Figure("live", name, "ms", Span(values), remark=remark)


def _prepare() -> tuple[str, dict[int, str]]:
    """A bench, a session per run that captures, and a signed-in viewer: the cookie and the sessions by viewers."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from devices.models import Bench, CaptureSession, Port
    from devices.profiles import shipped
    from devices.services import approve_profile, register_profile
    from lims.people.models import User, UserRole
    from standards.models import Device

    user = User.objects.create(username="viewer", display_name="viewer")
    UserRole.objects.create(user=user, role="technician")
    bench = Bench.objects.create(name="live", token_sha256=hashlib.sha256(TOKEN.encode()).hexdigest())
    device = Device.objects.create(asset_number="L-1", name="x", serial="x", model="x", manufacturer="y")
    profile = approve_profile(register_profile(shipped()["evse-ac-modbus"].text, by=None), by=None)
    sessions = {}
    for viewers in VIEWERS:
        port = Port.objects.create(bench=bench, name=f"p{viewers}", profile=profile, equipment=device)
        made = CaptureSession.objects.create(
            port=port, profile=profile, equipment=device, operator=user, state="capturing"
        )
        sessions[viewers] = str(made.pk)
    store = SessionStore()
    store[SESSION_KEY], store[BACKEND_SESSION_KEY] = str(user.pk), settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.save()
    return f"{settings.SESSION_COOKIE_NAME}={store.session_key}", sessions


def _wait_for(port: int) -> None:
    end = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/accounts/login/", timeout=20).read()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


async def _run(port: int, cookie: str, session: str, viewers: int) -> tuple[list[float], list[float], int]:
    """Milliseconds of each arrival and of each upload, and how many arrivals never came."""
    sent: dict[int, float] = {}
    delays: list[float] = []
    ready = [asyncio.Event() for _ in range(viewers)]
    watchers = [asyncio.create_task(_watch(port, cookie, session, sent, delays, event)) for event in ready]
    for event in ready:
        await asyncio.wait_for(event.wait(), 60)
    await asyncio.sleep(
        1
    )  # somebody who comes while readings arrive begins with the newest, and would seem to lose some
    uploads = await asyncio.to_thread(_upload, port, session, sent)
    end = time.monotonic() + 20
    while len(delays) < viewers * READINGS and time.monotonic() < end:
        await asyncio.sleep(0.05)
    for task in watchers:
        task.cancel()
    await asyncio.gather(*watchers, return_exceptions=True)
    return delays, uploads, viewers * READINGS - len(delays)


async def _watch(
    port: int, cookie: str, session: str, sent: dict[int, float], delays: list[float], ready: asyncio.Event
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    ask = f"GET /devices/sessions/{session}/stream/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n"
    writer.write(ask.encode())
    try:
        status = await reader.readline()
        if b" 200 " not in status:
            raise RuntimeError(status.decode())
        while line := await reader.readline():
            if line.startswith(b"event: state"):
                ready.set()
            if not line.startswith(b'data: {"session"'):
                continue
            now = time.perf_counter()
            for one in json.loads(line[6:])["channels"]:
                delays.append(1000 * (now - sent[one["number"]]))
    finally:
        writer.close()


def _upload(port: int, session: str, sent: dict[int, float]) -> list[float]:
    """One frame and one reading in every batch, each as soon as it is due."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    header = {"schema": "session/1", "session": session}
    head = evidence.header_hash(header)
    taken = []
    due = time.perf_counter()
    for number in range(1, READINGS + 1):
        due += EVERY_S
        time.sleep(max(0.0, due - time.perf_counter()))
        body, head = _batch(session, header, number, head)
        begun = sent[number] = time.perf_counter()
        link.request("POST", "/devices/api/ingest", body, {"Authorization": f"Bench {TOKEN}"})
        answer = link.getresponse()
        said = answer.read()
        if answer.status != 200:
            raise RuntimeError(said.decode())
        taken.append(1000 * (time.perf_counter() - begun))
    return taken


def _batch(session: str, header: dict[str, Any], number: int, head: bytes) -> tuple[str, bytes]:
    wall, raw = time.time_ns(), number.to_bytes(4, "big")
    head = evidence.frame_hash(head, number, wall, wall, "r", raw)
    frame = {"seq": number, "mono_ns": wall, "wall_ns": wall, "dir": "r", "raw": raw.hex(), "hash": head.hex()}
    reading = {
        "seq_no": number, "at_ns": wall, "channel": "U", "quantity": "voltage", "value": "230.10", "unit": "V",
        "quality": "ok", "tx": None, "rx": number, "text": "",
    }  # fmt: skip
    parts = {"session": session, "header": header, "frames": [frame], "readings": [reading]}
    return json.dumps(parts), head
