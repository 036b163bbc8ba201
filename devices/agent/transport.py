"""One serial port, owned by one thread: asking a question, keeping every byte, and never trusting a dirty line.

After a timeout, a short, bad or foreign frame the reply may still be on its way; asked again at once, the next question
would be answered by it. So nothing is sent until the line has been silent for `grace_ms`; what comes meanwhile is kept
as evidence of kind `late`. A reply later than that is beyond any master; profiles guard against it with constants.

An instrument that talks by itself is listened to instead: every complete line is taken, none makes the line dirty.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from devices.agent.cable import LOST, Cable, PortLost, open_cable, vanished
from devices.profiles.model import Profile, Transport
from devices.protocols.exchange import Exchange, Outcome, Quality, Trouble
from devices.protocols.line import Lines

Direction = Literal["t", "r", "l", "u", "e"]
"""Sent, received in reply, late (drained from a dirty line), unsolicited; `e` an event noted by the agent."""

Record = Callable[[Direction, bytes], int]
"""Keeps bytes as evidence and returns their sequence number."""

Opener = Callable[[str, Transport], Cable]
"""Opens a port by its name. Raises PortLost."""

BEGINNING_S = 0.1
"""A line whose first byte comes after so much silence is heard from its beginning; what comes sooner after opening may
be the end of a line, and a number without its first digits. The silence must have been looked at: bytes that lay waiting
while this thread did not run say nothing about when they came."""


class Asked(NamedTuple):
    """What became of one question, with the evidence numbers of the last bytes sent and received (None: none)."""

    outcome: Outcome
    tx: int | None
    rx: int | None
    at_ns: int


@dataclass(frozen=True)
class Heard:
    """One line that came unasked: its text, or why it is none; the evidence number of its bytes."""

    line: str | Trouble
    rx: int
    at_ns: int


class Port:
    """An open port. Not for use by two threads. Every method but `close` raises PortLost when the port vanishes."""

    def __init__(self, name: str, profile: Profile, record: Record, opener: Opener = open_cable) -> None:
        self.name, self.record = name, record
        self._timing = profile.timing
        transport = profile.transport
        self._byte_s = (1 + transport.bits + (transport.parity != "N") + transport.stop) / transport.baud
        self._cable = opener(name, transport)
        self.dirty = False
        self._seen = b""  # bytes of the exchange under way that are not evidence yet
        self._last_byte = self._last_end = self._cable.now()
        self._quiet = False  # silence of BEGINNING_S since the last byte was seen

    def close(self) -> None:
        self._cable.close()

    def ask(self, exchange: Exchange) -> Asked:
        """Send the question and wait for its outcome, at most `reply_ms` from when it has left."""
        try:
            return self._ask(exchange)
        except LOST as error:
            raise self._lost(error) from error

    def listen(self, lines: Lines, wait: float) -> list[Heard]:
        """The lines that are complete within so many seconds, as soon as there is one. Nothing is sent."""
        try:
            return self._listen(lines, wait)
        except LOST as error:
            self._keep("u", lines.leftover())
            raise self._lost(error) from error

    def _lost(self, error: Exception) -> PortLost:
        self._keep("r", self._seen)
        self._seen = b""
        self.close()
        return vanished(self.name, error)

    def _ask(self, exchange: Exchange) -> Asked:
        if exchange.request:
            self._cable.pause(self._last_end + self._timing.gap_ms / 1000 - self._cable.now())
            if self._take_waiting():
                self.dirty = True  # something is talking out of turn
            if self.dirty and not self._drain():
                return Asked(_BABBLING, None, None, time.time_ns())
        tx = None
        leaving = 0.0
        if exchange.request:
            tx = self.record("t", exchange.request)
            self._cable.write(exchange.request)
            leaving = len(exchange.request) * self._byte_s
        outcome = exchange.feed(b"")
        if outcome is None:
            outcome = self._reply(exchange, leaving + self._timing.reply_ms / 1000)
        else:  # a command that is obeyed in silence awaits nothing
            self._cable.pause(leaving)
        at_ns = time.time_ns()
        seen, self._seen = self._seen, b""
        taken = seen.removesuffix(exchange.surplus) if exchange.surplus else seen
        rx = self._keep("r", taken)
        if exchange.surplus:
            self.record("u", exchange.surplus)
            self.dirty = True
        if isinstance(outcome, Trouble) and outcome.dirty:
            self.dirty = True
        self._last_end = self._cable.now()
        return Asked(outcome, tx, rx, at_ns)

    def _reply(self, exchange: Exchange, longest: float) -> Outcome:
        """Feed what arrives until the exchange is decided; the waits shrink towards one deadline."""
        deadline = self._cable.now() + longest
        while (left := deadline - self._cable.now()) > 0:
            data = self._cable.read(left)
            if not data:
                break
            self._heard_something()
            self._seen += data
            outcome = exchange.feed(data)
            if outcome is not None:
                return outcome
        return exchange.expire()

    def _take_waiting(self) -> bool:
        """Bytes that came before the question was asked."""
        data = self._cable.read(0)
        if data:
            self._keep("u", data)
            self._heard_something()
        return bool(data)

    def _drain(self) -> bool:
        """Wait until the line has been silent for `grace_ms`; False when it never falls silent."""
        grace = self._timing.grace_ms / 1000
        give_up = self._cable.now() + 10 * grace
        quiet_since = max(self._last_byte, self._last_end)
        late = b""
        try:
            while (left := quiet_since + grace - self._cable.now()) > 0:
                if self._cable.now() > give_up:
                    return False
                if data := self._cable.read(left):
                    late += data
                    quiet_since = self._heard_something()
        finally:
            self._keep("l", late)
        self.dirty = False
        return True

    def _listen(self, lines: Lines, wait: float) -> list[Heard]:
        deadline = self._cable.now() + wait
        heard: list[Heard] = []
        while True:
            begun = self._cable.now()
            left = max(0.0, deadline - begun)
            left = left if self._quiet else min(left, BEGINNING_S)
            data = self._cable.read(left)
            now = self._cable.now()
            if data:
                beginning = self._quiet
                self._last_end = self._heard_something()
                found = lines.feed(data, beginning=beginning)
            else:
                silent = begun + left - self._last_byte
                self._quiet = self._quiet or silent >= BEGINNING_S
                overdue = lines.unfinished and silent >= self._timing.grace_ms / 1000
                found = lines.expire() if overdue else []
            for raw, line in found:
                if line is None:
                    self.record("u", raw)
                else:
                    heard.append(Heard(line, self.record("r", raw), time.time_ns()))
            if heard or now >= deadline:
                return heard

    def _heard_something(self) -> float:
        self._last_byte, self._quiet = self._cable.now(), False
        return self._last_byte

    def _keep(self, kind: Direction, raw: bytes) -> int | None:
        return self.record(kind, raw) if raw else None


_BABBLING = Trouble(Quality.BAD_FRAME, "babbling", "线路上一直有数据，无法询问", "The line never falls silent", True)
