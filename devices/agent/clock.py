"""How far this computer's clock can be believed: against the server's, against NTP, and against itself.

The offset comes from the server's `now_ns` in the answer to a poll, by the midpoint method (RFC 5905, section 8, with one
server time stamp instead of two): offset = server time − middle of the local sending and receiving times; its error is at
most half the round trip. Of the last polls the one with the shortest round trip counts. Times are integer milliseconds:
the header of a session admits no binary fractions, and over HTTP nothing finer is known.

A wall clock that moves against the monotonic one by more than 50 ms was set by somebody, forwards or back.
"""

import ctypes
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from devices.agent.evidence import STEP_NS

KEPT = 8
"""Polls among which the shortest round trip is chosen."""
ASK_NTP_EVERY = 30.0
"""Seconds between two questions to the operating system whether its clock is disciplined."""
LONGEST_TRIP_NS = 5_000_000_000
"""An answer slower than this says nothing useful about the time."""

Ntp = Literal["synchronised", "unsynchronised", "unknown"]


@dataclass(frozen=True)
class ClockState:
    """`offset_ms`: what must be added to this computer's clock to get the server's; None until the server has answered.
    `rtt_ms`: round trip of the poll it was taken from. `step_ms`, `stepped_at_ns`: the last time the clock was set, with
    the wall time after it; None when it was not set since the process began."""

    offset_ms: int | None
    rtt_ms: int | None
    ntp: Ntp
    step_ms: int | None = None
    stepped_at_ns: int | None = None

    def as_json(self) -> dict[str, int | str | None]:
        """What is reported with each poll."""
        return {"offset_ms": self.offset_ms, "rtt_ms": self.rtt_ms, "ntp": self.ntp, "step_ms": self.step_ms}


class Steps:
    """Watches the wall clock against the monotonic one. Not for use by two threads."""

    def __init__(self) -> None:
        self._offset: int | None = None

    def step(self, mono_ns: int, wall_ns: int) -> int:
        """Nanoseconds by which the wall clock was set since the last call, 0 when it was not. Slow drift is no step."""
        now = wall_ns - mono_ns
        moved = 0 if self._offset is None else now - self._offset
        self._offset = now
        return moved if abs(moved) > STEP_NS else 0


class Clock:
    """Thread-safe. The clocks and the question to the operating system can be replaced for tests."""

    def __init__(
        self,
        *,
        wall: Callable[[], int] = time.time_ns,
        mono: Callable[[], int] = time.monotonic_ns,
        ntp: Callable[[], Ntp] | None = None,
    ) -> None:
        self._wall, self._mono, self._ask_ntp = wall, mono, ntp or ntp_state
        self._lock = threading.Lock()
        self._trips: deque[tuple[int, int]] = deque(maxlen=KEPT)
        self._steps = Steps()
        self._step_ms: int | None = None
        self._stepped_at: int | None = None
        self._ntp: Ntp = "unknown"
        self._ntp_at: int | None = None

    def read(self) -> tuple[int, int]:
        """Monotonic and wall time now; looks for a step on the way, after which older polls say nothing any more."""
        with self._lock:
            mono, wall = self._mono(), self._wall()
            if moved := self._steps.step(mono, wall):
                self._step_ms, self._stepped_at = round(moved / 1e6), wall
                self._trips.clear()
            return mono, wall

    def heard(self, before: tuple[int, int], server_ns: object) -> None:
        """The server said what time it is in answer to a question that was sent at `before` (from `read`)."""
        mono, wall = self.read()
        trip = mono - before[0]
        stepped = abs((wall - before[1]) - trip) > STEP_NS
        if isinstance(server_ns, bool) or not isinstance(server_ns, int) or stepped or trip > LONGEST_TRIP_NS:
            return
        with self._lock:
            self._trips.append((trip, server_ns - (wall - trip // 2)))

    def state(self) -> ClockState:
        """What is known now. Asks the operating system at most every 30 seconds."""
        mono, _ = self.read()
        with self._lock:
            ask = self._ntp_at is None or mono - self._ntp_at > ASK_NTP_EVERY * 1e9
            if ask:
                self._ntp_at = mono
        if ask:
            self._ntp = self._ask_ntp()
        with self._lock:
            trip, offset = min(self._trips, default=(None, None))
            return ClockState(
                None if offset is None else round(offset / 1e6),
                None if trip is None else round(trip / 1e6),
                self._ntp,
                self._step_ms,
                self._stepped_at,
            )


def ntp_state() -> Ntp:
    """Whether the operating system's clock is disciplined, as far as it can be asked: Linux only.

    adjtimex(2) returns TIME_ERROR (5) while nothing disciplines the clock. chrony leaves the kernel in that state unless
    its `rtcsync` is set, so it is asked itself (chronyc(1), `tracking`: "Leap status : Normal").
    """
    if not sys.platform.startswith("linux"):
        return "unknown"
    try:
        # 208 bytes is the struct timex of 64-bit Linux; the first field, modes = 0, makes the call a question.
        status = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(512))
    except (OSError, AttributeError):
        return "unknown"
    if status < 0:
        return "unknown"
    return "synchronised" if status != 5 or _chrony_is_normal() else "unsynchronised"


def _chrony_is_normal() -> bool:
    program = shutil.which("chronyc")
    if program is None:
        return False
    try:
        said = subprocess.run([program, "-n", "tracking"], capture_output=True, text=True, timeout=2, check=False)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return False
    return any(line.startswith("Leap status") and line.endswith("Normal") for line in said.stdout.splitlines())


_clock = Clock()


def state() -> ClockState:
    """The clock of this process."""
    return _clock.state()


def read() -> tuple[int, int]:
    return _clock.read()


def heard(before: tuple[int, int], server_ns: object) -> None:
    _clock.heard(before, server_ns)
