"""Instruments that talk by themselves: every line becomes a reading, none is lost, none is made of half a line."""

import os
import threading
import time
from decimal import Decimal

import pytest

from devices.agent.reader import Reader
from devices.profiles import load_profile
from devices.protocols.exchange import Quality, Trouble
from devices.protocols.line import Lines
from devices.simulators.wire import Wire
from tests.devices.pure.conftest import HEAD

PRINTED = """
[protocol]
kind = "line"
longest = 40
[[polls]]
id = "printed"
expect = '^(?P<st>ST|US),GS,(?P<m>[+-]\\d{7}\\.\\d),(?P<u>\\w+)$'
reject = { '^OL,GS,.*$' = "overload" }
[[polls.channels]]
id = "m"
from = "m"
unit_from = "u"
quantity = "mass"
unit = "g"
resolution = "0.1"
stable = { group = "st", values = ["ST"] }
"""
ASKED = """
[[polls]]
id = "status"
send = "Q"
expect = '^Q (?P<n>\\d+)$'
[[polls.channels]]
id = "n"
from = "n"
quantity = "count"
unit = "1"
"""
FIRST, SECOND = b"ST,GS,+0000012.3,g\r\n", b"ST,GS,+0000045.6,g\r\n"


class Speaker:
    """The far end of a wire, speaking when told to."""

    def __init__(self, wire):
        self._file = os.open(wire.device, os.O_RDWR | os.O_NOCTTY)

    def say(self, data):
        os.write(self._file, data)

    def close(self):
        os.close(self._file)


@pytest.fixture
def speaker():
    with Wire(baud=115200) as wire:
        found = Speaker(wire)
        found.port = wire.computer
        yield found
        found.close()


def reader_of(speaker, text=PRINTED, **timing):
    head = HEAD.format(**({"reply_ms": 2000, "grace_ms": 200, "retries": 0} | timing))
    reader = Reader(load_profile(head + text), speaker.port)
    assert reader.listen(0.12) == []  # the line must have been seen to be silent before a beginning counts as one
    return reader


def heard(reader, wanted, timeout=5.0):
    found, end = [], time.monotonic() + timeout
    while len(found) < wanted and time.monotonic() < end:
        found += reader.listen(0.1)
    return found


def test_two_lines_in_one_burst_are_two_readings_with_evidence_of_their_own(speaker):
    with reader_of(speaker) as reader:
        speaker.say(FIRST + SECOND)
        samples = heard(reader, 2)
        rows = {seq: (direction, raw) for seq, direction, raw in reader.frames.rows}
    assert [(one.printed, one.quality) for one in samples] == [("12.3", Quality.OK), ("45.6", Quality.OK)]
    assert [rows[one.rx] for one in samples] == [("r", FIRST), ("r", SECOND)]
    assert [one.tx for one in samples] == [None, None]
    assert not reader.port.dirty


def test_a_line_in_pieces_is_one_reading(speaker):
    with reader_of(speaker) as reader:
        for piece in (FIRST[:3], FIRST[3:11], FIRST[11:-1], FIRST[-1:]):
            speaker.say(piece)
            assert len(reader.listen(0.05)) == (piece == FIRST[-1:])


def test_silence_is_no_reading(speaker):
    with reader_of(speaker) as reader:
        assert reader.listen(0.1) == []
        assert reader.frames.rows == []


def test_reading_once_takes_one_line_each_and_times_out_when_there_is_none(speaker):
    with reader_of(speaker, reply_ms=300) as reader:
        speaker.say(FIRST + SECOND)
        assert [reader.read()[0].printed for _ in range(2)] == ["12.3", "45.6"]
        assert reader.read()[0].quality is Quality.TIMEOUT


def test_what_a_line_says_decides_its_quality_and_the_next_one_is_not_drained(speaker):
    said = [b"US,GS,+0000012.3,g\r\n", b"OL,GS,+9999999.9,g\r\n", b"ST,GS,+0000012.3,kg\r\n", b"nonsense\r\n", FIRST]
    with reader_of(speaker) as reader:
        speaker.say(b"".join(said))
        samples = heard(reader, 5)
    assert [one.quality.value for one in samples] == ["unstable", "overload", "unit_mismatch", "bad_frame", "ok"]
    assert not reader.port.dirty


def test_the_end_of_a_line_that_began_before_the_port_was_opened_is_no_reading(speaker):
    """`2.3` must not be read where the scale said 12.3."""
    text = PRINTED.replace("^(?P<st>ST|US),GS,(?P<m>[+-]\\d{7}\\.\\d)", "^(ST,GS,[+]0*)?(?P<m>\\d+\\.\\d)")
    text = text.replace('stable = { group = "st", values = ["ST"] }\n', "")
    head = HEAD.format(reply_ms=2000, grace_ms=200, retries=0)
    with Reader(load_profile(head + text), speaker.port) as reader:
        speaker.say(b"2.3,g\r\n" + FIRST)
        samples = heard(reader, 1)
        rows = reader.frames.rows
    assert [one.printed for one in samples] == ["12.3"]
    assert [(direction, raw) for _, direction, raw in rows] == [("u", b"2.3,g\r\n"), ("r", FIRST)]


def test_a_line_that_never_ends_is_named_and_kept(speaker):
    with reader_of(speaker) as reader:
        speaker.say(b"ST,GS,+00")
        (sample,) = heard(reader, 1)
        assert sample.quality is Quality.BAD_FRAME
        assert "not finished" in sample.text.en
        speaker.say(b"x" * 60)
        (sample,) = heard(reader, 1)
        assert "longer than 40" in sample.text.en
        speaker.say(b"\r\n" + FIRST)
        assert [one.printed for one in heard(reader, 1)] == ["12.3"]
        kept = b"".join(raw for _, _, raw in reader.frames.rows)
    assert kept == b"ST,GS,+00" + b"x" * 60 + b"\r\n" + FIRST


def test_half_a_line_at_the_end_is_kept_as_evidence(speaker):
    with reader_of(speaker) as reader:
        speaker.say(FIRST + b"ST,G")
        heard(reader, 1)
        reader.listen(0.05)
        reader.finish()
        assert [(direction, raw) for _, direction, raw in reader.frames.rows] == [("r", FIRST), ("u", b"ST,G")]


def test_a_stream_of_lines_is_taken_whole(speaker):
    """200 lines at full speed of the line, with no pause between them."""
    lines = [b"ST,GS,+%07d.%d,g\r\n" % (number // 10, number % 10) for number in range(200)]
    with reader_of(speaker) as reader:
        threading.Thread(target=lambda: [speaker.say(line) for line in lines], daemon=True).start()
        samples = heard(reader, 200, timeout=20)
    assert [one.value for one in samples] == [Decimal(number).scaleb(-1) for number in range(200)]


def test_an_instrument_may_be_asked_and_listened_to(speaker):
    with reader_of(speaker, PRINTED + ASKED, reply_ms=2000) as reader:
        assert reader.asks
        assert reader.listens

        def answer():
            time.sleep(0.1)
            speaker.say(b"Q 7\r\n")

        threading.Thread(target=answer, daemon=True).start()
        assert [(one.channel, one.printed) for one in reader.ask_all()] == [("n", "7")]
        assert reader.listen(0.12) == []
        speaker.say(FIRST)
        assert [(one.channel, one.printed) for one in heard(reader, 1)] == [("m", "12.3")]


def test_lines_are_cut_wherever_the_bytes_are():
    for size in range(1, 12):
        lines, found = Lines(b"\r\n", 40), []
        data = b"one\r\n\r\ntwo\rstill\r\nthree"
        for at in range(0, len(data), size):
            found += lines.feed(data[at : at + size], beginning=True)
        assert [said for _, said in found] == ["one", None, "two\\x0dstill"]
        assert b"".join(raw for raw, _ in found) + lines.leftover() == data


def test_a_beginning_that_was_not_heard_is_never_a_line():
    lines = Lines(b"\n", 8)
    assert lines.feed(b"3.4\n5.6\n", beginning=False) == [(b"3.4\n", None), (b"5.6\n", "5.6")]
    ((raw, said),) = lines.feed(b"123456789", beginning=False)
    assert raw == b"123456789"
    assert isinstance(said, Trouble)
    assert lines.feed(b"0\n1\r\n", beginning=False) == [(b"0\n", None), (b"1\r\n", "1")]
    assert lines.expire() == []
