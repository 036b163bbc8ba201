"""The outbox: what was committed stays, and only the server's word moves the marks."""

import sqlite3

import pytest

from devices.agent.capture import Recording
from devices.agent.evidence import verify
from devices.agent.outbox import Outbox
from devices.agent.upload import Unreachable, Uploader
from tests.devices.pure.fake_server import FakeServer


@pytest.fixture
def outbox(tmp_path):
    box = Outbox(tmp_path / "outbox.sqlite3")
    yield box
    box.close()


def fill(outbox, session="s1", port="p", frames=450):
    """A session with that many frames and one reading for each pair."""
    header = {"schema": "session/1", "session": session}
    recording = Recording()
    recording.begin(header)
    outbox.begin(session, port, header)
    readings = []
    for number in range(frames // 2):
        recording.record("t", b"\x01\x03")
        rx = recording.record("r", number.to_bytes(2, "big"))
        readings.append({"seq_no": number + 1, "rx": rx, "tx": rx - 1, "channel": "U", "value": str(number)})
    outbox.append(session, recording.frames(), readings)
    return header


def test_batches_are_bounded_and_end_with_the_closing_head(outbox):
    fill(outbox)
    outbox.end("s1", "stopped")
    server = FakeServer()
    sizes = []
    while outbox.unsent():
        body = outbox.batch("s1")
        sizes.append((len(body["frames"]), "header" in body, "close" in body))
        status, answer = server.ingest(body)
        assert status == 200
        outbox.acknowledge("s1", answer["acked_frame"], answer["acked_reading"], closed="close" in body)
    assert sizes == [(200, True, False), (200, False, False), (50, False, True)]
    assert server.whole("s1")
    assert len(server.sessions["s1"].readings) == 225


def test_a_reading_never_travels_before_its_frames(outbox):
    fill(outbox)
    body = outbox.batch("s1")
    assert max(one["rx"] for one in body["readings"]) <= body["frames"][-1]["seq"]


def test_nothing_is_forgotten_before_the_server_has_it(outbox):
    fill(outbox, frames=4)
    outbox.end("s1", "stopped")
    assert outbox.prune(2**63 - 1) == 0
    Uploader(outbox, FakeServer()).send_all()
    assert outbox.unsent() == []
    assert outbox.prune(2**63 - 1) == 0, "the last session of a port is named by the next"
    fill(outbox, "s2", frames=4)
    assert outbox.prune(2**63 - 1) == 1


def test_a_session_left_open_by_a_dead_process_is_ended_and_named_by_the_next(outbox):
    fill(outbox, frames=4)
    outbox.end_all("the agent was restarted")
    body = outbox.batch("s1")
    assert body["close"]["count"] == 4
    assert body["close"]["reason"] == "the agent was restarted"
    assert outbox.previous("p") == ("s1", body["close"]["head"])
    assert outbox.previous("other") == ("", "")


def test_a_session_begins_once(outbox):
    fill(outbox, frames=2)
    with pytest.raises(sqlite3.IntegrityError):
        outbox.begin("s1", "p", {})


def test_a_server_that_lost_data_gets_them_again(outbox):
    fill(outbox, frames=10)
    Uploader(outbox, FakeServer()).send_all()
    assert outbox.waiting().frames == 0
    outbox.acknowledge("s1", 3, 1, closed=False)
    assert [one["seq"] for one in outbox.batch("s1")["frames"]] == list(range(4, 11))


def test_a_refused_session_is_kept_and_does_not_hold_up_the_next(outbox):
    fill(outbox, "s1", frames=4)
    fill(outbox, "s2", frames=4)
    server = FakeServer(refuse={"s1"})
    assert Uploader(outbox, server).send_all()
    assert set(server.sessions) == {"s2"}
    waiting = outbox.waiting()
    assert (waiting.sessions, waiting.refused) == (0, 1)


def test_a_silent_server_loses_nothing(outbox):
    fill(outbox, frames=4)

    class Down:
        def post(self, path, body):
            raise Unreachable("down")

    assert not Uploader(outbox, Down()).send_all()
    assert outbox.waiting().frames == 4


@pytest.mark.parametrize(
    "answer", [(200, {}), (200, {"acked_frame": 0, "acked_reading": 0}), (500, {}), (413, {}), (302, {})]
)
def test_an_answer_without_progress_is_a_failure(outbox, answer):
    fill(outbox, frames=4)

    class Odd:
        def post(self, path, body):
            return answer

    assert not Uploader(outbox, Odd()).send_all()
    assert outbox.unsent() == ["s1"]


def test_a_full_disk_refuses_the_commit_and_keeps_what_was(outbox):
    header = fill(outbox, frames=4)
    outbox._base.execute("PRAGMA max_page_count=1")
    recording = Recording()
    recording.begin(header)
    recording.record("r", b"x" * 4096 * 20)
    with pytest.raises(sqlite3.Error):
        outbox.append("s1", recording.frames(), [])
    outbox._base.execute("PRAGMA max_page_count=1000000")
    server = FakeServer()
    Uploader(outbox, server).send_all()
    assert verify(header, server.sessions["s1"].frames).count == 4
