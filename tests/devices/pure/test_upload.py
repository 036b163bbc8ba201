"""The way to the server: bounded batches, waits that grow, order kept, and a refused session that holds up nobody."""

import json
import sqlite3
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from devices.agent import upload
from devices.agent.bench import Bench, BenchPort
from devices.agent.outbox import SLICE, Outbox
from devices.agent.service import Agent
from devices.agent.upload import HttpLink, Unreachable, Uploader
from tests.devices.pure.fake_server import FakeServer
from tests.devices.pure.test_outbox import fill


@pytest.fixture
def outbox(tmp_path):
    box = Outbox(tmp_path / "outbox.sqlite3")
    yield box
    box.close()


class Scripted(FakeServer):
    """A fake server behind a function that may answer in its place."""

    def __init__(self, instead):
        super().__init__()
        self.bodies, self._instead = [], instead

    def post(self, path, body):
        self.bodies.append(body)
        return self._instead(body) or super().post(path, body)


def test_waits_double_up_to_the_cap_and_are_spread():
    uploader = Uploader(None, None)
    waits = [uploader.pause() for _ in range(12)]
    longest = [min(upload.LONGEST_WAIT, upload.FIRST_WAIT * 2**number) for number in range(12)]
    assert all(most * (1 - upload.SPREAD) <= wait <= most for wait, most in zip(waits, longest, strict=True))
    assert len({round(wait / most, 3) for wait, most in zip(waits, longest, strict=True)}) > 6
    assert longest[-1] == upload.LONGEST_WAIT


def test_a_backlog_of_one_session_does_not_hold_up_the_live_ones(outbox):
    fill(outbox, "old", frames=1000)
    fill(outbox, "live", frames=4)
    server = Scripted(lambda body: None)
    assert Uploader(outbox, server).send_all()
    order = [one["session"] for one in server.bodies]
    assert order[:2] == ["old", "live"] and order.count("old") == 5
    seqs = [frame["seq"] for one in server.bodies if one["session"] == "old" for frame in one["frames"]]
    assert seqs == list(range(1, 1001)), "order inside a session is kept"


def test_a_server_error_on_one_session_does_not_hold_up_the_others(outbox):
    fill(outbox, "s1", frames=4)
    fill(outbox, "s2", frames=4)
    server = Scripted(lambda body: (500, {}) if body["session"] == "s1" else None)
    uploader = Uploader(outbox, server)
    assert not uploader.send_all()
    assert outbox.unsent() == ["s1"]
    assert "500" in uploader.trouble.en


def test_what_a_proxy_finds_too_large_goes_in_smaller_parts(outbox):
    """nginx admits 1 MB unless told otherwise."""
    fill(outbox, "s1", frames=400)
    outbox.end("s1", "stopped")
    most = 6000
    server = Scripted(lambda body: (413, {}) if len(json.dumps(body)) > most else None)
    uploader = Uploader(outbox, server)
    attempts = next(number for number in range(20) if uploader.send_all())
    assert attempts < 9, "each failure halves what is sent next"
    assert server.whole("s1")
    assert outbox.unsent() == []


def test_one_frame_that_is_too_large_is_a_trouble_that_is_told(outbox):
    fill(outbox, "s1", frames=2)
    uploader = Uploader(outbox, Scripted(lambda body: (413, {"error": {"zh": "数据过大"}})))
    for _ in range(12):
        assert not uploader.send_all()
    assert uploader.trouble.zh == "HTTP 413 数据过大"


def test_a_server_restored_from_an_older_copy_gets_again_what_it_lost(outbox):
    fill(outbox, "s1", frames=600)
    server = FakeServer()
    uploader = Uploader(outbox, server)
    assert uploader.send_all()
    stored = server.sessions["s1"]
    del stored.frames[100:], stored.readings[50:]
    outbox.end("s1", "stopped")

    def gap(body):
        first = body["frames"][0]["seq"] if body["frames"] else 601
        return (409, {"code": "gap", "error": {"zh": "缺帧"}}) if first > len(stored.frames) + 1 else None

    server.__class__, server._instead, server.bodies = Scripted, gap, []
    assert uploader.send_all()
    assert len(stored.frames) == 600 and server.whole("s1")
    assert outbox.waiting().refused == 0


def test_going_back_happens_once_and_then_the_session_is_refused(outbox):
    fill(outbox, "s1", frames=4)
    outbox.end("s1", "stopped")
    server = Scripted(
        lambda body: (409, {"code": "close_differs", "error": {"zh": "不符"}}) if "close" in body else None
    )
    outbox.acknowledge("s1", 4, 2, closed=False)
    assert Uploader(outbox, server).send_all()
    assert len(server.bodies) == 2 and server.bodies[1]["frames"]
    assert [one.text.zh for one in outbox.refused()] == ["HTTP 409 不符"]


def test_everything_is_offered_again_when_a_person_says_so(outbox):
    fill(outbox, "s1", frames=300)
    outbox.end("s1", "stopped")
    Uploader(outbox, FakeServer()).send_all()
    assert outbox.unsent() == []
    outbox.offer_everything()
    fresh = FakeServer()
    assert Uploader(outbox, fresh).send_all()
    assert fresh.whole("s1")


def test_a_gap_that_going_back_cannot_close_is_refused(outbox):
    fill(outbox, "s1", frames=4)
    Uploader(outbox, Scripted(lambda body: (409, {"code": "gap", "error": {"zh": "缺帧"}}))).send_all()
    assert [one.text.zh for one in outbox.refused()] == ["HTTP 409 缺帧"]


def test_a_server_that_claims_more_than_there_is_stops_that_session(outbox):
    """The outbox is an old copy: what it would send next is not what the server has."""
    fill(outbox, "s1", frames=4)
    Uploader(outbox, Scripted(lambda body: (200, {"acked_frame": 9, "acked_reading": 0}))).send_all()
    (refusal,) = outbox.refused()
    assert "9" in refusal.text.zh and "9" in refusal.text.en and refusal.frames == 4


def test_a_refused_session_is_reported_stops_its_capture_and_is_offered_again_by_the_next_process(tmp_path):
    bench = Bench("b", (BenchPort("p", "/dev/null", None, {}),))
    server = FakeServer(refuse={"s1"})
    agent = Agent(bench, server, tmp_path)
    fill(agent.outbox, "s1", frames=4)
    fill(agent.outbox, "s2", port="q", frames=4)
    worker = agent.workers["p"]
    worker.session = "s1"
    assert agent.uploader.send_all()
    agent.ask()
    assert worker._stop_capture.is_set()
    assert server.polls[-1]["refused"] == [{"session": "s1", "text": {"zh": "HTTP 409 分叉", "en": "HTTP 409 fork"}}]
    assert set(server.sessions) == {"s2"}
    agent.outbox.close()
    again = Agent(bench, FakeServer(), tmp_path)
    assert again.outbox.unsent() == ["s1", "s2"]
    again.outbox.close()


def test_a_full_disk_loses_nothing_that_was_captured(outbox):
    from devices.agent.capture import Recording
    from devices.agent.evidence import verify

    header = {"schema": "session/1", "session": "s1"}
    recording = Recording()
    recording.begin(header)
    outbox.begin("s1", "p", header)
    recording.record("t", b"\x01")
    outbox.append("s1", recording.frames(), [])
    pages = outbox._rows("PRAGMA page_count")[0][0]
    outbox._base.execute(f"PRAGMA max_page_count={pages}")
    recording.record("r", b"x" * 4096 * 8)
    with pytest.raises(sqlite3.Error):
        outbox.append("s1", recording.frames(), [])
    with pytest.raises(sqlite3.Error):
        outbox.end("s1", "agent error: disk full")
    with pytest.raises(sqlite3.Error):
        outbox.settle()
    outbox._base.execute("PRAGMA max_page_count=1000000")
    outbox.settle()
    outbox.settle()
    server = FakeServer()
    assert Uploader(outbox, server).send_all()
    assert server.whole("s1")
    assert verify(header, server.sessions["s1"].frames).count == 9
    assert server.sessions["s1"].close["reason"] == "agent error: disk full"


def test_pruning_a_long_session_never_holds_the_disk_for_long(outbox):
    frames = 2 * SLICE + 10
    for session in ("s1", "s2"):
        fill(outbox, session, frames=frames)
        outbox.end(session, "stopped")
    Uploader(outbox, FakeServer()).send_all()
    commits = []
    outbox._base.set_trace_callback(lambda text: commits.append(text) if text == "COMMIT" else None)
    assert outbox.prune(2**63 - 1) == 1
    assert len(commits) >= 4
    assert outbox._rows("SELECT count(*) FROM frame")[0][0] == frames


@pytest.fixture
def listening():
    """A server that keeps connections open, closes idle ones when told, and counts them."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self):
            super().setup()
            self.server.connections += 1

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.server.paths.append((self.path, self.headers["Authorization"]))
            body = self.server.answer
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = self.server.closing

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.connections, server.paths, server.answer, server.closing = 0, [], b'{"ok": true}', False
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_one_connection_is_kept_and_a_stale_one_is_replaced(listening):
    link = HttpLink(f"http://127.0.0.1:{listening.server_port}/lims/", "secret")
    for _ in range(3):
        assert link.post("ingest", {"a": "一"}) == (200, {"ok": True})
    assert listening.connections == 1
    listening.closing = True
    link.post("ingest", {})
    time.sleep(0.05)
    listening.closing = False
    assert link.post("bench/poll", {})[0] == 200
    assert listening.connections == 2
    assert listening.paths[-1] == ("/lims/devices/api/bench/poll", "Bench secret")


@pytest.mark.parametrize("answer", [b"<html>", b"[1]", b"\xff"])
def test_an_answer_that_is_no_object_counts_as_empty(listening, answer):
    listening.answer = answer
    assert HttpLink(f"http://127.0.0.1:{listening.server_port}", "t").post("ingest", {}) == (200, {})


def test_no_server_is_unreachable():
    with pytest.raises(Unreachable):
        HttpLink("http://127.0.0.1:9", "t", timeout=2).post("ingest", {})


@pytest.mark.parametrize(
    ("server", "token"), [("ftp://x", "t"), ("x", "t"), ("http://", "t"), ("http://x", ""), ("http://x", "令牌")]
)
def test_an_address_or_token_that_is_none_is_refused_at_the_start(server, token):
    with pytest.raises(ValueError):
        HttpLink(server, token)


def test_https_checks_the_server(tmp_path):
    assert HttpLink("https://lims.example", "t")._tls is not None
    with pytest.raises(OSError):
        HttpLink("https://lims.example", "t", ca=tmp_path / "none.pem")
