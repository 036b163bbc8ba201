"""The benches' doors under attack: whatever is sent, the answer says what is wrong and where, and is never a crash."""

import asyncio
import json
import os
import uuid

import pytest

from devices import limits
from devices.models import Bench, CaptureSession, Frame, Port, Reading
from devices.services import open_session

from .conftest import TOKEN, frames, header, reading

HEADERS = {"Authorization": f"Bench {TOKEN}"}


@pytest.fixture(autouse=True)
def _full_buckets(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def session(line) -> CaptureSession:
    return open_session(line.port, by=line.technician)


def post(client, door, body, **headers):
    raw = body if isinstance(body, (str, bytes)) else json.dumps(body)
    return client.post(f"/devices/api/{door}", raw, "application/json", headers={**HEADERS, **headers})


def batch(session, **parts):
    return {"session": str(session.pk), "header": header(session), **parts}


HUGE = 10**30
WRONG_FRAMES = [
    ("seq", -1), ("seq", 0), ("seq", 2**32), ("seq", HUGE), ("seq", "1"), ("seq", 1.0), ("seq", True), ("seq", None),
    ("mono_ns", 2**63), ("mono_ns", -1), ("wall_ns", HUGE), ("wall_ns", []), ("dir", "x"), ("dir", 1), ("dir", ""),
    ("raw", "0"), ("raw", "zz"), ("raw", "AB"), ("raw", "00" * 70_000), ("raw", None), ("hash", "00"), ("hash", 7),
]  # fmt: skip
WRONG_READINGS = [
    ("seq_no", HUGE), ("seq_no", "1"), ("at_ns", -1), ("at_ns", HUGE), ("at_ns", "now"), ("channel", 7),
    ("channel", "x" * 65), ("quantity", None), ("value", 1.5), ("value", "1" * 81), ("unit", {}), ("unit", "u" * 21),
    ("quality", "excellent"), ("quality", None), ("tx", -1), ("tx", "1"), ("rx", 2**40), ("text", 5),
    ("value", "1\x00"), ("unit", "\ud800"),
]  # fmt: skip


def test_every_wrong_field_of_a_frame_is_named_with_its_path(client, line, session):
    for key, value in WRONG_FRAMES:
        made = {**frames(session, 1)[0], key: value}
        answer = post(client, "ingest", batch(session, frames=[made]))
        assert answer.status_code == 400 and answer.json()["path"].startswith(f"frames[0].{key}"), (key, value)
        assert answer.json()["error"]["zh"] and answer.json()["error"]["en"]
    assert not Frame.objects.exists()


def test_every_wrong_field_of_a_reading_is_named_with_its_path(client, line, session):
    for key, value in WRONG_READINGS:
        body = batch(session, frames=frames(session, 2), readings=[{**reading(1), key: value}])
        answer = post(client, "ingest", body)
        assert answer.status_code == 400 and answer.json()["path"].startswith(f"readings[0].{key}"), (key, value)
    assert not Frame.objects.exists() and not Reading.objects.exists()


NO_BODIES = (
    ["", "{", "[]", "null", '"x"', "NaN", '{"session": NaN}', '{"session": Infinity}', "[" * 100_000, '{"a":' * 50_000,
     b"\xff\xfe", '{"session": ' + "9" * 5000 + "}", '{"a": [[[[[[[[[[[[1]]]]]]]]]]]]}', '{"session": "\\u0000"}']
)  # fmt: skip


def test_what_is_no_body_is_refused(client, line):
    for door in ("ingest", "bench/poll"):
        for raw in NO_BODIES:
            answer = post(client, door, raw)
            assert answer.status_code == 400, (door, raw[:30])
            assert answer.json()["error"]["zh"] and answer.json()["error"]["en"]


WRONG_POLLS = (
    [({"ports": {}}, "ports"), ({"ports": [1]}, "ports[0]"), ({"ports": [{}]}, "ports[0].name"),
     ({"ports": [{"name": "x" * 41}]}, "ports[0].name"), ({"ports": [{"name": "a"}] * 65}, "ports"),
     ({"done": [{"id": "x"}]}, "done[0].id"), ({"done": [{"id": str(uuid.uuid4()), "ok": 1}]}, "done[0].ok"),
     ({"done": [{"id": str(uuid.uuid4()), "ok": True, "text": [1]}]}, "done[0].text"),
     ({"clock": {"offset_ms": 1.5}}, "clock.offset_ms"), ({"clock": {"ntp": "perhaps"}}, "clock.ntp"),
     ({"clock": []}, "clock"), ({"agent": 7}, "agent"), ({"clock": {"offset_ms": 10**40}}, "clock.offset_ms")]
)  # fmt: skip


def test_a_wrong_poll_is_named_with_its_path(client, line):
    for body, path in WRONG_POLLS:
        answer = post(client, "bench/poll", body)
        assert (answer.status_code, answer.json().get("path")) == (400, path)


def test_a_header_that_cannot_be_canonical_is_refused_or_kept_exactly(client, line, session):
    for value in (1.5, {"é": 1}, HUGE):
        answer = post(client, "ingest", {"session": str(session.pk), "header": {**header(session), "extra": value}})
        assert answer.status_code == (200 if value is HUGE else 400)


def test_a_replay_with_one_changed_byte_is_a_fork_whatever_digest_it_states(client, line, session):
    made = frames(session, 3)
    assert post(client, "ingest", batch(session, frames=made, readings=[reading(1)])).status_code == 200
    for changed in ({"raw": "ffff"}, {"mono_ns": 5}, {"dir": "l"}, {"hash": "ab" * 32}):
        answer = post(client, "ingest", batch(session, frames=[{**made[1], **changed}]))
        assert (answer.status_code, answer.json()["code"]) == (409, "fork")
    answer = post(client, "ingest", batch(session, readings=[reading(1, value="9.999999")]))
    assert (answer.status_code, answer.json()["code"]) == (409, "fork")
    assert post(client, "ingest", batch(session, frames=made, readings=[reading(1)])).status_code == 200


def test_a_reading_cannot_point_at_a_frame_that_is_not_there(client, line, session):
    answer = post(client, "ingest", batch(session, frames=frames(session, 1), readings=[reading(1)]))
    assert (answer.status_code, answer.json()["code"]) == (409, "frame_missing")


def test_a_closed_session_takes_nothing_more_but_the_same_again(client, line, session):
    made = frames(session, 3)
    close = {"count": 2, "head": made[1]["hash"]}
    body = batch(session, frames=made[:2], close=close)
    assert post(client, "ingest", body).status_code == 200
    assert post(client, "ingest", body).status_code == 200
    answer = post(client, "ingest", batch(session, frames=made[2:]))
    assert (answer.status_code, answer.json()["code"]) == (409, "session_closed")


def test_a_header_of_another_session_is_refused(client, line, session):
    answer = post(client, "ingest", {"session": str(session.pk), "header": {"session": str(uuid.uuid4())}})
    assert (answer.status_code, answer.json()["code"]) == (409, "header_foreign")


def test_the_order_of_another_bench_cannot_be_acknowledged(client, line, session):
    order = session.commands.get()
    foreign = Bench.objects.create(name="别处", token_sha256="0" * 64)
    session.commands.update(bench=foreign)
    assert post(client, "bench/poll", {"done": [{"id": str(order.pk), "ok": True}]}).status_code == 200
    order.refresh_from_db()
    assert order.done_at is None


def test_an_unknown_port_appears_bare_and_the_clock_is_kept(client, line):
    body = {
        "agent": "0.2", "ports": [{"name": "new", "profile": "", "state": "idle", "serial_read": "", "waiting": 3}],
        "clock": {"offset_ms": -2500, "rtt_ms": 4, "ntp": "unsynchronised", "step_ms": None},
    }  # fmt: skip
    answer = post(client, "bench/poll", body)
    assert answer.status_code == 200 and isinstance(answer.json()["now_ns"], int)
    port = Port.objects.get(bench=line.bench, name="new")
    assert port.profile is None and port.state == "idle"
    line.bench.refresh_from_db()
    assert (line.bench.clock_offset_ms, line.bench.ntp, line.bench.agent_version) == (-2500, "unsynchronised", "0.2")


def test_a_bench_that_hammers_is_told_to_wait(client, line, monkeypatch):
    monkeypatch.setitem(limits.BURST, "poll", 2.0)
    monkeypatch.setitem(limits.PER_SECOND, "poll", 0.01)
    assert [post(client, "bench/poll", {}).status_code for _ in range(3)] == [200, 200, 429]
    answer = post(client, "bench/poll", {})
    assert int(answer["Retry-After"]) >= 1 and answer.json()["error"]["en"]


def test_the_bucket_fills_again_with_time():
    limits.BURST["poll"], kept = 2.0, limits.BURST["poll"]
    try:
        assert [limits.wait_for_turn(7, "poll", 1000.0) for _ in range(3)] == [0, 0, 1]
        assert limits.wait_for_turn(7, "poll", 1000.5) == 0
        assert limits.wait_for_turn(8, "poll", 1000.0) == 0, "every bench has its own"
    finally:
        limits.BURST["poll"] = kept


def test_web_processes_share_the_bucket(monkeypatch):
    """What another process took is gone here too."""
    monkeypatch.setitem(limits.BURST, "poll", 5.0)
    other = os.fork()
    if not other:
        os._exit(sum(limits.wait_for_turn(9, "poll", 1000.0) for _ in range(4)))
    assert os.waitstatus_to_exitcode(os.waitpid(other, 0)[1]) == 0
    assert [limits.wait_for_turn(9, "poll", 1000.0) for _ in range(2)] == [0, 1]


def test_a_body_beyond_the_bound_is_refused_whatever_its_length_says(client, line, session, monkeypatch):
    from devices import api

    monkeypatch.setattr(api, "LARGEST_BODY", 1000)
    body = json.dumps(batch(session)) + " " * 1000
    for length in (None, "5", "x", "-1"):
        extra = {} if length is None else {"CONTENT_LENGTH": length}
        answer = client.post("/devices/api/ingest", body, "application/json", headers=HEADERS, **extra)
        assert answer.status_code in (400, 413), length


def test_the_server_cuts_a_body_off_while_it_streams():
    """Through ASGI, with no Content-Length at all: the application behind is never asked, and the rest is never read."""
    asked, read, sent = [], [], []

    async def application(scope, receive, send):
        asked.append(await receive())

    async def receive():
        read.append(1)
        return {"type": "http.request", "body": b"x" * 400, "more_body": True}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "path": "/devices/api/ingest"}
    asyncio.run(limits.Bounded(application, largest=1000)(scope, receive, send))
    assert not asked and len(read) == 3 and sent[0]["status"] == 413
    whole = [{"type": "http.request", "body": b"ab", "more_body": True}, {"type": "http.request", "body": b"c"}]

    async def short():
        return whole.pop(0)

    asyncio.run(limits.Bounded(application, largest=1000)(scope, short, send))
    assert asked == [{"type": "http.request", "body": b"abc", "more_body": False}]


def test_what_the_agent_says_of_its_ports_and_refusals_stands_on_the_page(client, line, session):
    port = {
        "name": "evse-ac",
        "state": "absent",
        "text": {"zh": "没有权限打开串口", "en": "No permission"},
        "waiting": 7,
    }
    body = {"ports": [port], "refused": [{"session": str(session.pk), "text": "第 3 帧与已存的不同"}]}
    assert post(client, "bench/poll", body).status_code == 200
    client.force_login(line.technician)
    page = client.get(f"/devices/benches/{line.bench.pk}/").content.decode()
    assert "没有权限打开串口" in page and "7 帧待上传" in page and "第 3 帧与已存的不同" in page
    assert post(client, "bench/poll", {"ports": [{"name": "evse-ac", "state": "idle"}]}).status_code == 200
    page = client.get(f"/devices/benches/{line.bench.pk}/").content.decode()
    assert "没有权限" not in page and "待上传" not in page and "第 3 帧" not in page
