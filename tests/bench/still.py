"""A line in simulated time: the real port and reader on a wire whose clock moves only when somebody waits.

Byte times, deadlines and silences are exact whatever the machine is doing, a minute of waiting takes no time, and every
run repeats by its seed. What real terminals and real time add is tried by the tests with `devices.simulators.wire`.
"""

import random
from collections.abc import Callable, Sequence

import serial

from devices.profiles.model import Transport
from devices.simulators.instruments import Instrument
from devices.simulators.wire import COALESCE, Chunk

Harm = Callable[[bytes, bytes, random.Random], Sequence[Chunk]]
"""What happens to one reply, given the request and the reply."""

TURNAROUND_S = 0.005
"""From the end of a request to the beginning of its reply."""


class Unplugged(Exception):
    """Raised by a harm: these bytes still come, then the cable is pulled."""

    def __init__(self, first: bytes) -> None:
        self.first = first
        super().__init__()


class StillLine:
    """The instrument's side: survives the cable, which is opened anew after it was pulled.

    `harm` may be exchanged at any time; None lets replies through. `harmed` counts the replies it was applied to.
    """

    def __init__(self, instrument: Instrument, baud: int, draw: random.Random) -> None:
        self.instrument, self.draw = instrument, draw
        self.byte_s = 10 / baud
        self.now = 0.0
        self.harm: Callable[[], Harm | None] = lambda: None
        self.asked = self.harmed = 0

    def open(self, name: str, transport: Transport) -> "StillCable":
        """As `cable.open_cable`, for a Reader."""
        return StillCable(self)


class StillCable:
    def __init__(self, line: StillLine) -> None:
        self._line = line
        self._coming: list[tuple[float, bytes]] = []
        self._pulled_at: float | None = None

    def now(self) -> float:
        return self._line.now

    def pause(self, seconds: float) -> None:
        self._line.now += max(0.0, seconds)

    def close(self) -> None:
        self._coming.clear()

    def read(self, wait: float) -> bytes:
        line = self._line
        until = line.now + wait
        if self._coming and self._coming[0][0] <= until:
            line.now = max(line.now, self._coming[0][0])
            data = b""
            while self._coming and self._coming[0][0] <= line.now:
                data += self._coming.pop(0)[1]
            return data
        if self._pulled_at is not None and self._pulled_at <= until:
            line.now = max(line.now, self._pulled_at)
            raise serial.SerialException("device reports readiness to read but returned no data")
        line.now = until
        return b""

    def write(self, data: bytes) -> None:
        line = self._line
        if self._pulled_at is not None and self._pulled_at <= line.now:
            raise serial.SerialException("write failed: [Errno 5] Input/output error")
        reply = line.instrument.receive(data)
        if not reply:
            return
        line.asked += 1
        free = line.now + len(data) * line.byte_s + TURNAROUND_S
        harm = line.harm()
        if harm is None:
            self._deliver(free, reply)
            return
        line.harmed += 1
        try:
            chunks = harm(data, reply, line.draw)
        except Unplugged as end:
            self._pulled_at = self._deliver(free, end.first)
            return
        for wait, chunk in chunks:
            free = self._deliver(free + wait, chunk)

    def _deliver(self, free: float, chunk: bytes) -> float:
        """The bytes as they would arrive; the time when the line is free again. Late chunks keep their place in time."""
        step = max(1, int(COALESCE / self._line.byte_s))
        for start in range(0, len(chunk), step):
            part = chunk[start : start + step]
            free += len(part) * self._line.byte_s
            self._coming.append((free, part))
        self._coming.sort(key=lambda one: one[0])
        return free
