"""The evidence chain: every byte of a session bound to the one before, so that editing any of them is found.

hash(n) = SHA-256(hash(n-1) ‖ seq, 4 bytes ‖ monotonic ns, 8 bytes ‖ wall ns, 8 bytes ‖ direction, 1 byte ‖ raw bytes),
integers big-endian; hash(0) = SHA-256 of the canonical JSON of the session header. Fixed widths, so there is only one
way to write a frame. The head of the chain belongs into the record: a chain without an anchor outside can be rebuilt by
whoever holds the database.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lims.core import canonical

DIRECTIONS = ("t", "r", "l", "u", "e")
"""Sent, received in reply, late (drained from a dirty line), unsolicited; `e` is no traffic but an event that the agent
noted, as canonical JSON in UTF-8: {"event": "clock_step", "step_ms": …}."""

FIRST_SEQ = 1

STEP_NS = 50_000_000
"""A wall clock that moves against the monotonic one by more than this between two frames was set."""


@dataclass(frozen=True)
class Frame:
    """Bytes that went over the line; times in nanoseconds, wall time since 1970 UTC."""

    seq: int
    mono_ns: int
    wall_ns: int
    direction: str
    raw: bytes
    hash: bytes


def header_hash(header: Mapping[str, Any]) -> bytes:
    """Where the chain begins. Raises TypeError for floats in the header."""
    return hashlib.sha256(canonical.dumps(dict(header)).encode()).digest()


def frame_hash(previous: bytes, seq: int, mono_ns: int, wall_ns: int, direction: str, raw: bytes) -> bytes:
    """The next link. Raises OverflowError for numbers outside their width, ValueError for an unknown direction."""
    if direction not in DIRECTIONS:
        raise ValueError(f"unknown direction {direction!r}")
    fixed = seq.to_bytes(4, "big") + mono_ns.to_bytes(8, "big") + wall_ns.to_bytes(8, "big")
    return hashlib.sha256(previous + fixed + direction.encode() + raw).digest()


@dataclass(frozen=True)
class Verdict:
    """What checking a chain found. `broken_at` is the first frame that does not fit (None: all do), `head` the last
    hash that does; `clock_steps` are frames before which the wall clock was set."""

    count: int
    head: bytes
    broken_at: int | None
    clock_steps: tuple[int, ...]

    @property
    def unbroken(self) -> bool:
        return self.broken_at is None


def verify(header: Mapping[str, Any], frames: Iterable[Frame]) -> Verdict:
    """Recompute the chain of a session from its header and its frames in order."""
    head, expected = header_hash(header), FIRST_SEQ
    steps: list[int] = []
    offset: int | None = None
    for frame in frames:
        try:
            computed = frame_hash(head, frame.seq, frame.mono_ns, frame.wall_ns, frame.direction, frame.raw)
        except (OverflowError, ValueError):
            computed = b""
        if frame.seq != expected or computed != frame.hash:
            return Verdict(expected - FIRST_SEQ, head, expected, tuple(steps))
        now = frame.wall_ns - frame.mono_ns
        if offset is not None and abs(now - offset) > STEP_NS:
            steps.append(frame.seq)
        head, expected, offset = computed, expected + 1, now
    return Verdict(expected - FIRST_SEQ, head, None, tuple(steps))
