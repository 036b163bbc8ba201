"""A charging session: mains voltage that wanders and sags, a current that ramps to the load, energy that adds up.

The pile's own meter reads the true energy with a small configured error and shows whole 0.001 kWh; the reference meter
counts 1e-6 kWh. The course of a session depends on seed, number of the session and load only, not on when it is looked
at: it advances in whole steps of simulated time, each with its own draw.
"""

import math
import threading
from dataclasses import dataclass
from decimal import Decimal

from devices.simulators.chance import chance
from devices.simulators.clock import SimClock

STEP = 0.5
"""Simulated seconds per step."""

NANO = Decimal("1e-9")
DELAY = 2.0
"""Seconds between the start and the pile closing its contactor."""
RAMP = 8.0
"""Amperes per second while the vehicle takes up its load."""
MOST = 100.0
"""Amperes the load can draw."""
MAINS = 0.06
"""Ohms of the supply: 32 A pull the voltage down by about 2 V."""


@dataclass(frozen=True)
class Electrical:
    """What a perfect meter would show now: V, A, kW, Hz, power factor."""

    voltage: float
    current: float
    power: float
    frequency: float
    power_factor: float


class Charging:
    """A pile, a load and a reference meter on one circuit. Thread-safe."""

    def __init__(
        self,
        clock: SimClock,
        *,
        seed: int,
        pile_error: str = "0.007",
        pile_start: str = "1234.567",
        reference_start: str = "0.000000",
    ) -> None:
        """`pile_error` is relative (0.007 = +0.7 %); the starting registers are in kWh."""
        self._clock, self._seed = clock, seed
        self._error = Decimal(pile_error)
        self._pile_nano = int(Decimal(pile_start) / NANO)
        self._reference_nano = int(Decimal(reference_start) / NANO)
        self._lock = threading.Lock()
        self._session = 0
        self._steps = self._session_start = int(clock.now() / STEP)
        self._length: int | None = 0
        self._load = 32.0
        self._current = 0.0
        self._random = chance(seed, 0)
        self._now = self._idle()

    def start(self, *, load_a: str, seconds: str = "") -> None:
        """Plug in a vehicle that draws `load_a` amperes; it stops by itself after `seconds` when given."""
        load = float(Decimal(load_a))
        if not 0 < load <= MOST:
            raise ValueError(f"load_a must be above 0 and at most {MOST:g} A")
        length = int(Decimal(seconds) / Decimal(str(STEP))) if seconds else None
        with self._lock:
            self._advance()
            self._session += 1
            self._random = chance(self._seed, self._session)
            self._session_start, self._length, self._load = self._steps, length, load

    def stop(self) -> None:
        with self._lock:
            self._advance()
            if self._charging(self._steps):
                self._length = self._steps - self._session_start

    def set_load(self, amperes: float) -> None:
        """What the vehicle draws, now if it is charging, else from the next start. Raises ValueError as `start` does."""
        if not 0 < amperes <= MOST:
            raise ValueError(f"the load takes above 0 and at most {MOST:g} A")
        with self._lock:
            self._advance()
            self._load = amperes

    @property
    def load(self) -> float:
        return self._load

    @property
    def running(self) -> bool:
        with self._lock:
            self._advance()
            return self._charging(self._steps)

    def electrical(self) -> Electrical:
        with self._lock:
            self._advance()
            return self._now

    def reference_micro(self) -> int:
        """The reference meter's register in 1e-6 kWh."""
        with self._lock:
            self._advance()
            return self._reference_nano // 1000

    def pile_display(self) -> Decimal:
        """What the pile shows, kWh with three decimals; a register counts up, so it never rounds."""
        with self._lock:
            self._advance()
            return Decimal(self._pile_nano // 1_000_000).scaleb(-3)

    def _charging(self, step: int) -> bool:
        return self._length is None or step - self._session_start < self._length

    def _advance(self) -> None:
        until = int(self._clock.now() / STEP)
        while self._steps < until:
            if self._charging(self._steps):
                self._step()
                self._steps += 1
            else:
                self._steps = until
                self._current = 0.0
                self._now = self._idle()

    def _step(self) -> None:
        elapsed = (self._steps - self._session_start) * STEP
        if elapsed < DELAY:
            target = 0.0
        else:
            target = min(self._load, RAMP * (elapsed - DELAY + STEP))
        self._current = max(0.0, target * (1 + self._random.gauss(0, 0.0006)))
        wander = 0.9 * math.sin(elapsed / 47) + self._random.gauss(0, 0.08)
        voltage = 221.0 + wander - MAINS * self._current
        power_factor = min(1.0, 0.9965 + self._random.gauss(0, 0.0002)) if self._current else 1.0
        power = voltage * self._current * power_factor / 1000
        self._now = Electrical(voltage, self._current, power, 50 + self._random.gauss(0, 0.008), power_factor)
        energy = round(power * STEP / 3600 * 1e9)
        self._reference_nano += energy
        self._pile_nano += int(energy * (1 + self._error))

    def _idle(self) -> Electrical:
        return Electrical(221.4, 0.0, 0.0, 50.0, 1.0)
