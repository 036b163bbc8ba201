"""A pressure controller: it ramps to the set point, holds it, leaks a little when it only measures, and vents."""

import math
import threading

from devices.simulators.chance import chance
from devices.simulators.clock import SimClock

APPROACH, VENTING, LEAK = 2.5, 1.2, 4000.0
"""Time constants in seconds: to the set point, to the atmosphere, and of the leak of a closed line."""
IN_LIMITS = 0.02
"""kPa around the set point within which the controller reports that it has arrived."""
VENTED = 0.05
"""kPa above the atmosphere at which a vent is over."""
NOISE = 0.0008
LOWEST, HIGHEST = -90.0, 2000.0


class Pressing:
    """Gauge pressure in kPa. Thread-safe; between two orders it follows one exponential."""

    def __init__(self, clock: SimClock, *, seed: int) -> None:
        self._clock, self._seed = clock, seed
        self._lock = threading.Lock()
        self.set_point = 0.0
        self._controlling = False
        self._vent = 0
        self._from, self._since = 0.0, clock.now()

    def set_to(self, pressure: float) -> None:
        """Raises ValueError beyond the range."""
        if not LOWEST <= pressure <= HIGHEST:
            raise ValueError(f"the set point lies between {LOWEST:g} and {HIGHEST:g} kPa")
        with self._lock:
            self._turn()
            self.set_point = pressure

    def control(self, on: bool) -> None:
        with self._lock:
            self._turn()
            self._controlling = on
            if on:
                self._vent = 0

    def vent(self, start: bool) -> None:
        with self._lock:
            self._turn()
            self._vent = 1 if start else 0
            if start:
                self._controlling = False

    def look(self) -> tuple[float, bool, bool, int]:
        """Pressure, whether it controls, whether it has arrived, and the vent: 0 none, 1 under way, 2 over."""
        with self._lock:
            exact = self._exact()
            if self._vent == 1 and abs(exact) < VENTED:
                self._turn()
                self._vent = 2
            draw = chance(self._seed, int(self._clock.now() / 0.1))
            arrived = self._controlling and abs(exact - self.set_point) < IN_LIMITS
            return exact + draw.gauss(0, NOISE), self._controlling, arrived, self._vent

    def _turn(self) -> None:
        """From here on another exponential."""
        self._from, self._since = self._exact(), self._clock.now()

    def _exact(self) -> float:
        if self._vent == 1:
            target, constant = 0.0, VENTING
        elif self._controlling:
            target, constant = self.set_point, APPROACH
        elif self._vent == 2:
            return 0.0
        else:
            target, constant = 0.0, LEAK
        return target + (self._from - target) * math.exp(-(self._clock.now() - self._since) / constant)
