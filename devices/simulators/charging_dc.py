"""A DC charging session: handshake, a current that ramps to the load that is set, energy and pulses that add up.

The pile's own meter reads the true energy with a small configured error and gives pulses; the reference meter counts
1e-6 kWh. As with the AC pile the course depends on the seed and on what was ordered when, not on who looks.
"""

import threading
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

from devices.simulators.chance import chance
from devices.simulators.clock import SimClock

STEP = 0.5
"""Simulated seconds per step."""
HANDSHAKE = 3.0
"""Seconds of handshake and insulation test before the contactor closes."""
RAMP_UP, RAMP_DOWN = 20.0, 60.0
"""Amperes per second while the current is taken up and while it is broken off."""
BATTERY, INNER = 382.0, 0.11
"""Volts of the simulated battery without current, ohms in series with it."""
MOST = 250.0
"""Amperes the load can draw."""


class Phase(IntEnum):
    """What the state register of the device shows."""

    IDLE = 0
    HANDSHAKE = 1
    CHARGING = 2
    STOPPING = 3


@dataclass(frozen=True)
class Direct:
    """What a perfect meter would show now: V, A, kW."""

    voltage: float
    current: float
    power: float


class DirectCharging:
    """A DC pile, a load and a reference meter on one circuit. Thread-safe."""

    def __init__(self, clock: SimClock, *, seed: int, pile_error: str = "0.006", constant: int = 10_000) -> None:
        """`pile_error` is relative (0.006 = +0.6 %), `constant` in pulses per kWh."""
        self.constant = constant
        self._clock, self._random = clock, chance(seed, "dc")
        self._error = Decimal(pile_error)
        self._lock = threading.Lock()
        self._steps = int(clock.now() / STEP)
        self._phase, self._since = Phase.IDLE, self._steps
        self._load = self._current = 0.0
        self._reference_nano = 0
        self._pile_nano = int(Decimal("5678.901") * 10**9)
        self._pulsed_nano = 0
        self._now = Direct(0.0, 0.0, 0.0)

    def set_load(self, amperes: float) -> None:
        """Raises ValueError outside 0 to 250 A."""
        if not 0 <= amperes <= MOST:
            raise ValueError(f"the load takes 0 to {MOST:g} A")
        with self._lock:
            self._advance()
            self._load = amperes

    def start(self) -> None:
        with self._lock:
            self._advance()
            if self._phase in (Phase.IDLE, Phase.STOPPING):
                self._enter(Phase.HANDSHAKE)

    def stop(self) -> None:
        with self._lock:
            self._advance()
            if self._phase in (Phase.HANDSHAKE, Phase.CHARGING):
                self._enter(Phase.STOPPING)

    @property
    def load(self) -> float:
        return self._load

    @property
    def phase(self) -> Phase:
        with self._lock:
            self._advance()
            return self._phase

    def look(self) -> tuple[Direct, int, int, Phase]:
        """Measured values, reference energy in 1e-6 kWh, pulses and phase, all of the same moment."""
        with self._lock:
            self._advance()
            pulses = self._pulsed_nano * self.constant // 10**9
            return self._now, self._reference_nano // 1000, pulses, self._phase

    def pile_display(self) -> Decimal:
        """What the pile shows, kWh with three decimals; a register counts up, so it never rounds."""
        with self._lock:
            self._advance()
            return Decimal(self._pile_nano // 1_000_000).scaleb(-3)

    def _enter(self, phase: Phase) -> None:
        self._phase, self._since = phase, self._steps

    def _advance(self) -> None:
        until = int(self._clock.now() / STEP)
        while self._steps < until:
            if self._phase is Phase.IDLE:
                self._steps = until
                return
            self._step()
            self._steps += 1

    def _step(self) -> None:
        if self._phase is Phase.HANDSHAKE and (self._steps - self._since) * STEP >= HANDSHAKE:
            self._enter(Phase.CHARGING)
        if self._phase is Phase.CHARGING:
            up = self._current + RAMP_UP * STEP
            self._current = max(min(self._load, up), self._current - RAMP_DOWN * STEP)
        elif self._phase is Phase.STOPPING:
            self._current = max(0.0, self._current - RAMP_DOWN * STEP)
            if not self._current:
                self._enter(Phase.IDLE)
                self._now = Direct(0.0, 0.0, 0.0)
                return
        shown = self._current * (1 + self._random.gauss(0, 0.0003))
        voltage = BATTERY + INNER * shown + self._random.gauss(0, 0.03)
        power = voltage * shown / 1000
        self._now = Direct(voltage, shown, power)
        energy = round(power * STEP / 3600 * 1e9)
        self._reference_nano += energy
        counted = int(energy * (1 + self._error))
        self._pile_nano += counted
        self._pulsed_nano += counted
