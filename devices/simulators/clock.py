"""Simulated time: a charge of minutes takes seconds, and a test moves the hands itself."""

import time
from typing import Protocol


class SimClock(Protocol):
    def now(self) -> float:
        """Simulated seconds since the start; never goes back."""
        ...


class FastClock:
    """`speed` simulated seconds for each real one."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._start = time.monotonic()

    def now(self) -> float:
        return (time.monotonic() - self._start) * self.speed


class HandClock:
    """Stands still until it is advanced."""

    def __init__(self) -> None:
        self._now = 0.0

    def now(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += seconds
