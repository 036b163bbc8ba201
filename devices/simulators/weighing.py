"""A balance: the mass on its pan, and two seconds in which the reading comes to rest."""

import math
import threading
from decimal import Decimal

from devices.protocols.values import at_resolution
from devices.simulators.chance import chance
from devices.simulators.clock import SimClock

SETTLING = 2.0
"""Simulated seconds from placing a mass to a stable reading."""
SWING = 0.35
"""Time constant in seconds of the approach to the new mass."""
LOOK = 0.1
"""Simulated seconds between two updates of the display."""


class Pan:
    """What the display of a balance shows. Thread-safe; depends on the seed and the order of the masses only."""

    def __init__(self, clock: SimClock, *, seed: int, resolution: str, mass: str = "0") -> None:
        self.resolution = Decimal(resolution)
        self._clock, self._seed = clock, seed
        self._lock = threading.Lock()
        self._before, self._mass = Decimal(0), Decimal(mass)
        self._placed = -SETTLING
        self._turn = 0

    def place(self, mass: str) -> None:
        """Put a mass on the pan in place of what was there. Raises ValueError for no number."""
        target = Decimal(mass)
        if not target.is_finite():
            raise ValueError(f"{mass} is no mass")
        with self._lock:
            self._before, self._mass = self._mass, target
            self._placed = self._clock.now()
            self._turn += 1

    def reading(self) -> tuple[Decimal, bool]:
        """The displayed value and whether it is stable."""
        with self._lock:
            elapsed = self._clock.now() - self._placed
            if elapsed >= SETTLING:
                return at_resolution(self._mass, self.resolution), True
            look = int(elapsed / LOOK)
            away = float(self._before - self._mass) * math.exp(-look * LOOK / SWING)
            away += chance(self._seed, self._turn, look).gauss(0, 8) * float(self.resolution)
            return at_resolution(self._mass + Decimal(str(round(away, 9))), self.resolution), False
