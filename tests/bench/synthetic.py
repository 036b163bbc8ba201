"""`python -m tests.bench.synthetic`: the agent of a bench whose instruments answer at once.

Everything but the wire is the product: orders, port threads, protocol, evidence chain, outbox, uploader, HTTP. What was
exchanged follows from the frame's number alone (`content`), so every byte that must be on the server is known. A journal says
what the outbox had committed; it is written after each commit and outlives a killed process.
"""

import argparse
import functools
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from devices.agent import capture, service
from devices.agent.bench import Bench, BenchPort
from devices.agent.evidence import Frame
from devices.agent.outbox import Outbox
from devices.agent.reader import Reader
from devices.agent.upload import HttpLink
from devices.profiles import load_profile
from devices.profiles.model import Transport
from devices.protocols.modbus_rtu import crc

POLLS = 50
"""Questions, each with one answer and one reading, between two commits."""
BACKLOG = 8000
"""Frames waiting at which production pauses, so that uploading and capturing go on side by side."""
LONGEST_PAUSE = 0.5
HEAD = """
schema = "rig/1"
id = "synthetic"
revision = "1"
title = { zh = "合成装置", en = "Synthetic rig" }
source = "made for the durability run"
[transport]
baud = 115200
[timing]
reply_ms = 100
grace_ms = 100
poll_ms = 50
retries = 0
[protocol]
kind = "modbus-rtu"
unit = 1
"""
POLL = """
[[polls]]
id = "p{0}"
fc = 3
address = {1}
count = 2
[[polls.channels]]
id = "n{0}"
at = 0
type = "u32"
quantity = "count"
unit = "1"
"""
PROFILE = HEAD + "".join(POLL.format(number, 2 * number) for number in range(POLLS))


def content(seq: int) -> tuple[str, bytes]:
    """Direction and bytes of a frame: questions are odd, answers even and count the questions."""
    number = (seq + 1) // 2
    if seq % 2:
        asked = b"\x01\x03" + (2 * ((number - 1) % POLLS)).to_bytes(2, "big") + b"\x00\x02"
        return "t", asked + crc(asked)
    answer = b"\x01\x03\x04" + number.to_bytes(4, "big")
    return "r", answer + crc(answer)


class FastCable:
    """An instrument without a wire: it has answered as soon as it is asked."""

    enough: Callable[[], bool] = staticmethod(lambda: False)

    def __init__(self, name: str, settings: Transport) -> None:
        self._asked, self._answer = 0, b""

    def write(self, data: bytes) -> None:
        self._asked += 1
        if self._asked % POLLS == 1 and FastCable.enough():
            time.sleep(LONGEST_PAUSE)
        self._answer += content(2 * self._asked)[1]

    def read(self, wait: float) -> bytes:
        answer, self._answer = self._answer, b""
        return answer

    def close(self) -> None:
        pass

    def now(self) -> float:
        return time.monotonic()

    def pause(self, seconds: float) -> None:
        pass


class JournaledOutbox(Outbox):
    """Writes down what was committed, after it was."""

    journal: Path

    def append(self, session: str, frames: Any, readings: Any) -> None:
        chained: list[Frame] = list(frames)
        super().append(session, chained, readings)
        if chained:
            with self.journal.open("a", encoding="ascii") as file:
                file.write(f"{session} {chained[-1].seq}\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--ports", required=True, type=int)
    parser.add_argument("--target", required=True, type=int)
    asked = parser.parse_args()
    JournaledOutbox.journal = asked.data / "journal"
    substituted: dict[str, tuple[Any, Any]] = {
        "Reader": (capture, functools.partial(Reader, opener=FastCable)),
        "Outbox": (service, JournaledOutbox),
    }
    for name, (module, what) in substituted.items():
        setattr(module, name, what)
    profile = load_profile(PROFILE)
    ports = tuple(BenchPort(f"p{number}", "/dev/null", profile, {}) for number in range(asked.ports))
    agent = service.Agent(Bench("durability", ports), HttpLink(asked.server, asked.token), asked.data, ask_every=0.25)

    def enough() -> bool:
        captured = agent.outbox._rows("SELECT coalesce(sum(frames), 0) FROM session")[0][0]
        return bool(captured >= asked.target or agent.outbox.waiting().frames > BACKLOG)

    FastCable.enough = staticmethod(enough)
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    agent.start()
    done.wait()
    agent.stop(30)


if __name__ == "__main__":
    main()
