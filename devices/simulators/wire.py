"""A serial cable between two pseudo-terminals, with the time bytes take and the harm that comes to them.

A pseudo-terminal moves bytes at once; a real line needs ten bit times for each, and a USB adapter may hold them back.
Both matter for masters that wait with a deadline, so the wire delivers every byte when it would have arrived.
"""

import contextlib
import os
import select
import threading
import time
import tty
from collections.abc import Callable, Sequence
from pathlib import Path

from devices.simulators.chance import chance

Chunk = tuple[float, bytes]
"""Seconds to wait, then bytes to deliver."""

Fault = Callable[[bytes], Sequence[Chunk]]
"""What happens to one reply on its way from the device to the computer."""

COALESCE = 0.002
"""Seconds of line time delivered in one write; shorter would only spend processor time."""


def unharmed(reply: bytes) -> Sequence[Chunk]:
    return [(0.0, reply)]


class Wire:
    """Two ends joined by a paced line: `computer` and `device` are paths of pseudo-terminals.

    `latency` holds bytes to the computer back that long (a USB adapter's buffer, 16 ms by default on FTDI), `jitter` adds
    up to that much at random, repeatable by `seed`. `link` is a symbolic link kept to the computer's end. `fault`
    may be exchanged at any time.
    """

    def __init__(
        self,
        *,
        baud: int = 9600,
        latency: float = 0.0,
        jitter: float = 0.0,
        seed: int = 0,
        link: Path | None = None,
        fault: Fault = unharmed,
    ) -> None:
        self.fault = fault
        self._byte_time = 10 / baud
        self._latency, self._jitter, self._random = latency, jitter, chance(seed)
        self._link = link
        self._open()

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> None:
        self._stop = threading.Event()
        self._wake, self._ending = os.pipe()  # an idle wire costs nothing: its threads sleep until a byte or the end
        self._pulling = threading.Lock()
        self._ends = [_pair(), _pair()]
        self.computer, self.device = (os.ttyname(slave) for _, slave in self._ends)
        if self._link is not None:
            temporary = self._link.with_name(f".{self._link.name}.new")
            temporary.unlink(missing_ok=True)
            temporary.symlink_to(self.computer)
            temporary.replace(self._link)
        self._threads = [
            threading.Thread(target=self._pump, args=(0, 1), daemon=True),
            threading.Thread(target=self._pump, args=(1, 0), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _pump(self, source: int, target: int) -> None:
        incoming, outgoing = self._ends[source][0], self._ends[target][0]
        to_computer = target == 0
        free = time.monotonic()
        while not self._stop.is_set():
            if incoming not in select.select([incoming, self._wake], [], [])[0]:
                return
            try:
                data = os.read(incoming, 4096)
            except OSError:
                return
            for wait, chunk in self.fault(data) if to_computer else unharmed(data):
                free = max(free, time.monotonic()) + wait
                if to_computer:
                    free += self._latency + self._jitter * self._random.random()
                free = self._deliver(outgoing, chunk, free)

    def _deliver(self, outgoing: int, chunk: bytes, free: float) -> float:
        """Write the bytes as they would arrive on the line; the time when the line is free again."""
        step = max(1, int(COALESCE / self._byte_time))
        for start in range(0, len(chunk), step):
            part = chunk[start : start + step]
            free += len(part) * self._byte_time
            if self._stop.wait(max(0.0, free - time.monotonic())):
                return free
            with contextlib.suppress(OSError):
                os.write(outgoing, part)
        return free

    def unplug(self) -> None:
        """Pull the cable: both ends vanish for whoever has them open, and the link goes too."""
        self._stop.set()
        with self._pulling:
            ending, self._ending = self._ending, -1
        if ending >= 0:
            os.close(ending)
        for thread in self._threads:
            thread.join(timeout=5)
        with self._pulling:  # a test pulls the cable in one thread while another closes the wire
            ends, self._ends = self._ends, []
            wake, self._wake = self._wake, -1
        if wake >= 0:
            os.close(wake)
        for master, slave in ends:
            os.close(slave)
            os.close(master)
        if self._link is not None:
            self._link.unlink(missing_ok=True)

    def replug(self) -> None:
        """Plug it in again: new terminals, the same link."""
        self._open()

    def close(self) -> None:
        if self._ends:
            self.unplug()


def _pair() -> tuple[int, int]:
    """Master and slave in raw mode. The slave stays open here, else the master would see EIO between two users."""
    master, slave = os.openpty()
    tty.setraw(master)
    tty.setraw(slave)
    os.set_blocking(master, True)
    return master, slave
