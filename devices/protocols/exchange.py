"""What every protocol has in common: one request, and what became of it.

An exchange never touches a port or a clock. Its owner sends `request`, feeds whatever arrives, and calls `expire`
when the time allowed is over. The first outcome is final.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Quality(StrEnum):
    """How far a reading may be trusted. Closed: anything but `ok` cannot enter a record silently."""

    OK = "ok"
    UNSTABLE = "unstable"
    OUT_OF_RANGE = "out_of_range"
    OVERLOAD = "overload"
    UNDERLOAD = "underload"
    BUSY = "busy"
    DEVICE_ERROR = "device_error"
    UNIT_MISMATCH = "unit_mismatch"
    BAD_FRAME = "bad_frame"
    TIMEOUT = "timeout"
    LATE_DISCARDED = "late_discarded"
    NAN = "nan"


@dataclass(frozen=True)
class Answer:
    """A reply that passed every check of its protocol.

    `data` is the payload of a binary protocol, `groups` the named parts of a text line.
    """

    data: bytes = b""
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Trouble:
    """A request without a usable reply.

    `dirty` tells that bytes may still be under way: nothing may be asked before the line has fallen silent, or the
    next question would be answered by this one's late reply.
    """

    quality: Quality
    code: str
    zh: str
    en: str
    dirty: bool


Outcome = Answer | Trouble


class Exchange(Protocol):
    """One question on a serial line."""

    request: bytes
    surplus: bytes  # bytes that arrived behind the reply; never part of it

    def feed(self, data: bytes) -> Outcome | None:
        """Take bytes that arrived; the outcome as soon as it is certain, else None."""
        ...

    def expire(self) -> Outcome:
        """The time is over: what can still be said from the bytes seen so far."""
        ...


def silence() -> Trouble:
    """Nothing came before the time was over."""
    return Trouble(Quality.TIMEOUT, "silence", "仪器没有回答", "The instrument did not answer", dirty=True)


def bad(code: str, zh: str, en: str) -> Trouble:
    """Bytes came that are no acceptable reply."""
    return Trouble(Quality.BAD_FRAME, code, zh, en, dirty=True)
