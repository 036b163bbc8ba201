"""A filling run of a fuel dispenser into a standard tank: what the dispenser shows, the neck reading and the temperatures.

The model runs JJG 443's formula backwards: from the display and the dispenser's error follows the volume at the meter,
from that and the two temperatures the volume of the tank at 20 ℃, and from the tank's constants the neck reading, so a
person who works it forward finds the error again.
"""

import math
import threading
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from devices.simulators.chance import chance
from devices.simulators.clock import SimClock

EXPANSION = {"petrol": Decimal("0.0012"), "diesel": Decimal("0.0009"), "kerosene": Decimal("0.0009")}
"""Volume expansion of the products per ℃."""

SETTLING = 120.0
"""Simulated seconds for the tank to drain off and fall calm before the neck may be read."""


@dataclass(frozen=True)
class Tank:
    """A standard tank: volume (L) at 20 ℃ at the neck mark (mm), neck constant (mL/mm), material's expansion (1/℃)."""

    V0: Decimal = Decimal("50")
    h0: Decimal = Decimal("104.0")
    d: Decimal = Decimal("4.46")
    beta_B: Decimal = Decimal("0.00005")


class Filling:
    """A dispenser with one nozzle, a tank, and thermometers in both. Thread-safe."""

    def __init__(
        self,
        clock: SimClock,
        *,
        seed: int,
        error: str = "0.0012",
        spread: str = "0.0001",
        product: str = "petrol",
        unit_price: str = "7.85",
        tank: Tank | None = None,
    ) -> None:
        """`error` of the dispenser and the standard deviation of single runs are relative (0.0012 = +0.12 %)."""
        self._clock, self._seed = clock, seed
        self._error, self._spread = Decimal(error), float(Decimal(spread))
        self.product, self.unit_price, self.tank = product, Decimal(unit_price), tank or Tank()
        self._lock = threading.Lock()
        self._run = 0
        self._begun = 0.0
        self._duration = 0.0
        self._final = Decimal("0.00")
        self._neck = Decimal("0.0")
        self._oil = 22.6
        self._tank_oil = 23.4

    def fill(self, *, flow: str = "40", litres: str = "") -> None:
        """Empty the tank, reset the display and fill at `flow` L/min until about `litres` (the tank's volume) are shown."""
        rate, amount = Decimal(flow), Decimal(litres) if litres else self.tank.V0
        if not 0 < rate <= 200 or not 0 < amount <= 200:
            raise ValueError("flow must be above 0 and at most 200 L/min, litres at most 200")
        with self._lock:
            self._run += 1
            draw = chance(self._seed, self._run)
            self._final = amount + Decimal(draw.randint(2, 14)).scaleb(-2)
            self._begun = self._clock.now()
            self._duration = float(60 * self._final / rate)
            self._oil = 22.6 + 0.05 * self._run + draw.uniform(-0.03, 0.03)
            self._tank_oil = self._oil + draw.uniform(0.12, 0.24)
            error = self._error + Decimal(str(round(draw.gauss(0, self._spread), 7)))
            self._neck = self._neck_reading(error)

    def _neck_reading(self, error: Decimal) -> Decimal:
        nozzle, tank = _hundredths(self._oil), _hundredths(self._tank_oil)
        at_meter = self._final / (1 + error)
        warmth = 1 + EXPANSION[self.product] * (nozzle - tank) + self.tank.beta_B * (tank - 20)
        excess = (at_meter / warmth - self.tank.V0) * 1000 / self.tank.d
        return (self.tank.h0 + excess).quantize(Decimal("0.1"), rounding=ROUND_HALF_EVEN)

    @property
    def phase(self) -> str:
        """idle, filling, settling (drops still fall) or settled (read the neck now)."""
        with self._lock:
            return self._phase()

    def _phase(self) -> str:
        if not self._run:
            return "idle"
        elapsed = self._clock.now() - self._begun
        if elapsed < self._duration:
            return "filling"
        return "settling" if elapsed < self._duration + SETTLING else "settled"

    def volume(self) -> Decimal:
        """What the dispenser shows, L with two decimals."""
        with self._lock:
            if self._phase() != "filling":
                return self._final
            part = (self._clock.now() - self._begun) / self._duration
            return (self._final * Decimal(str(round(part, 6)))).quantize(Decimal("0.01"))

    def neck(self) -> Decimal | None:
        """The neck reading in mm, None before the tank has settled."""
        with self._lock:
            return self._neck if self._phase() == "settled" else None

    def temperatures(self) -> tuple[Decimal, Decimal]:
        """Nozzle and tank in ℃ with two decimals: ambient at first, the oil's after it has flowed."""
        with self._lock:
            phase = self._phase()
            if phase == "idle":
                return Decimal("23.40"), Decimal("23.40")
            if phase == "filling":
                fade = math.exp(-(self._clock.now() - self._begun) / 8)
                return _hundredths(self._oil + 0.8 * fade), _hundredths(self._tank_oil + 0.6 * fade)
            return _hundredths(self._oil), _hundredths(self._tank_oil)


def _hundredths(value: float) -> Decimal:
    return Decimal(str(round(value, 2))).quantize(Decimal("0.01"))
