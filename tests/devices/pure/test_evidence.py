"""The evidence chain: any change to any byte is found, and where."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.agent.capture import Recording
from devices.agent.evidence import DIRECTIONS, Frame, frame_hash, header_hash, verify

HEADER = {"schema": "session/1", "session": "5b0d7c2e-0000-4000-8000-000000000001", "operator": "检定员"}


def chain(count=6):
    head, frames = header_hash(HEADER), []
    for seq in range(1, count + 1):
        raw = bytes((seq, 0x16, 0x68))
        head = frame_hash(head, seq, 1000 * seq, 10**18 + 1000 * seq, DIRECTIONS[seq % 4], raw)
        frames.append(Frame(seq, 1000 * seq, 10**18 + 1000 * seq, DIRECTIONS[seq % 4], raw, head))
    return frames


def test_the_hash_is_over_fixed_widths():
    raw = b"\x01\x03"
    expected = hashlib.sha256(
        b"\0" * 32 + b"\0\0\0\x07" + (5).to_bytes(8, "big") + (6).to_bytes(8, "big") + b"r" + raw
    ).digest()
    assert frame_hash(b"\0" * 32, 7, 5, 6, "r", raw) == expected


def test_an_untouched_chain_is_whole():
    verdict = verify(HEADER, chain())
    assert (verdict.unbroken, verdict.count, verdict.head) == (True, 6, chain()[-1].hash)


@settings(max_examples=60)
@given(st.integers(0, 5), st.sampled_from(["seq", "mono_ns", "wall_ns", "direction", "raw", "hash"]), st.data())
def test_a_change_anywhere_is_found_where_it_was_made(at, name, data):
    frames = chain()
    old = getattr(frames[at], name)
    if isinstance(old, bytes):
        where = data.draw(st.integers(0, 8 * len(old) - 1))
        edited = bytearray(old)
        edited[where // 8] ^= 1 << where % 8
        new = bytes(edited)
    else:
        new = data.draw(st.sampled_from([one for one in DIRECTIONS if one != old])) if name == "direction" else old + 1
    frames[at] = replace(frames[at], **{name: new})
    assert verify(HEADER, frames).broken_at == at + 1


@pytest.mark.parametrize(
    "change", [lambda one: one[1:], lambda one: one[:2] + one[3:], lambda one: [*one[:2], one[1], *one[2:]]]
)
def test_a_frame_taken_out_or_doubled_is_found(change):
    assert not verify(HEADER, change(chain())).unbroken


def test_another_header_breaks_the_first_frame():
    assert verify(HEADER | {"operator": "别人"}, chain()).broken_at == 1


def test_a_clock_that_was_set_is_reported():
    frames, head = chain(3), header_hash(HEADER)
    moved = []
    for frame in frames:
        wall = frame.wall_ns + (10**9 if frame.seq == 3 else 0)
        head = frame_hash(head, frame.seq, frame.mono_ns, wall, frame.direction, frame.raw)
        moved.append(replace(frame, wall_ns=wall, hash=head))
    verdict = verify(HEADER, moved)
    assert (verdict.unbroken, verdict.clock_steps) == (True, (3,))


def test_frames_recorded_before_the_header_belong_to_the_chain():
    recording = Recording()
    assert recording.record("t", b"\x01") == 1
    assert recording.record("r", b"\x02" * 9000) == 4  # three frames of at most 4096 bytes
    recording.begin(HEADER)
    frames = recording.frames()
    assert recording.record("l", b"\x03") == 5
    frames += recording.frames()
    assert verify(HEADER, frames).count == 5
    assert b"".join(one.raw for one in frames[1:4]) == b"\x02" * 9000
