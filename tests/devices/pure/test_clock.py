"""The agent's clock: offset against the server, NTP, and a clock that somebody sets."""

import json

import pytest

from devices.agent import capture, clock
from devices.agent.capture import Recording
from devices.agent.evidence import header_hash, verify

SECOND = 1_000_000_000


class Hands:
    """Two clocks moved by hand."""

    def __init__(self) -> None:
        self.mono, self.wall = 5 * SECOND, 1_800_000_000 * SECOND

    def go(self, ns: int) -> None:
        self.mono += ns
        self.wall += ns

    def clock(self, ntp: str = "synchronised") -> clock.Clock:
        return clock.Clock(wall=lambda: self.wall, mono=lambda: self.mono, ntp=lambda: ntp)


def poll(hands: Hands, one: clock.Clock, *, ahead_ms: int, there_ms: int = 5, back_ms: int = 5) -> None:
    """One question to a server whose clock is that far ahead."""
    before = one.read()
    hands.go(there_ms * 1_000_000)
    said = hands.wall + ahead_ms * 1_000_000
    hands.go(back_ms * 1_000_000)
    one.heard(before, said)


def test_nothing_is_claimed_before_the_server_has_spoken():
    assert Hands().clock("unknown").state() == clock.ClockState(None, None, "unknown")


@pytest.mark.parametrize("ahead_ms", [-90_000, -3, 0, 250, 3_600_000])
def test_the_offset_is_the_servers_time_minus_the_middle_of_the_trip(ahead_ms):
    hands = Hands()
    one = hands.clock()
    poll(hands, one, ahead_ms=ahead_ms)
    assert one.state() == clock.ClockState(ahead_ms, 10, "synchronised")


def test_a_lopsided_slow_answer_does_not_spoil_a_good_one():
    hands = Hands()
    one = hands.clock()
    poll(hands, one, ahead_ms=40, there_ms=2, back_ms=2)
    poll(hands, one, ahead_ms=40, there_ms=1, back_ms=900)
    assert (one.state().offset_ms, one.state().rtt_ms) == (40, 4)
    for _ in range(clock.KEPT):
        poll(hands, one, ahead_ms=41)
    assert one.state().offset_ms == 41, "a server clock that drifts is followed"


@pytest.mark.parametrize("said", [None, "now", 1.5, True])
def test_an_answer_without_a_time_changes_nothing(said):
    hands = Hands()
    one = hands.clock()
    poll(hands, one, ahead_ms=7)
    one.heard(one.read(), said)
    assert one.state().offset_ms == 7


@pytest.mark.parametrize("jump_ms", [-3_600_000, -51, 51, 120_000])
def test_a_clock_that_is_set_is_noticed_and_older_polls_count_no_more(jump_ms):
    hands = Hands()
    one = hands.clock()
    poll(hands, one, ahead_ms=0)
    hands.wall += jump_ms * 1_000_000
    assert one.state() == clock.ClockState(None, None, "synchronised", jump_ms, hands.wall)
    poll(hands, one, ahead_ms=-jump_ms)
    assert one.state().offset_ms == -jump_ms


def test_a_clock_set_while_the_answer_was_on_its_way_gives_no_offset():
    hands = Hands()
    one = hands.clock()
    before = one.read()
    said = hands.wall
    hands.go(5_000_000)
    hands.wall -= 10 * SECOND
    one.heard(before, said)
    assert (one.state().offset_ms, one.state().step_ms) == (None, -10_000)


def test_slow_discipline_is_no_step():
    hands = Hands()
    one = hands.clock()
    for _ in range(100):
        hands.go(SECOND)
        hands.wall += 500_000  # 500 ppm, the fastest that adjtimex slews
        one.read()
    assert one.state().step_ms is None


def test_the_operating_system_is_asked_now_and_then_only():
    hands, asked = Hands(), []
    one = clock.Clock(wall=lambda: hands.wall, mono=lambda: hands.mono, ntp=lambda: asked.append(1) or "synchronised")
    for _ in range(10):
        one.state()
    hands.go(31 * SECOND)
    one.state()
    assert len(asked) == 2


def test_this_computer_can_be_asked():
    assert clock.ntp_state() in ("synchronised", "unsynchronised", "unknown")


def test_no_claim_is_made_where_the_system_cannot_be_asked(monkeypatch):
    monkeypatch.setattr(clock.sys, "platform", "win32")
    assert clock.ntp_state() == "unknown"


@pytest.mark.parametrize("jump_ms", [-2_000, 75])
def test_a_clock_set_during_a_session_stands_in_its_evidence(monkeypatch, jump_ms):
    hands = Hands()
    monkeypatch.setattr(capture.time, "monotonic_ns", lambda: hands.mono)
    monkeypatch.setattr(capture.time, "time_ns", lambda: hands.wall)
    recording, header = Recording(), {"schema": "session/1"}
    recording.begin(header)
    recording.record("t", b"\x01")
    hands.go(1_000_000)
    recording.record("r", b"\x02")
    hands.wall += jump_ms * 1_000_000
    last = recording.record("t", b"\x03")
    frames = recording.frames()
    assert [one.direction for one in frames] == ["t", "r", "e", "t"] and last == 4
    assert json.loads(frames[2].raw) == {"event": "clock_step", "step_ms": jump_ms}
    verdict = verify(header, frames)
    assert verdict.unbroken and verdict.clock_steps == (3,)
    assert verify(header, []).head == header_hash(header)
