"""Rigs for pressure and for the conditions of a room."""

import math
import struct
from pathlib import Path

from devices.simulators.chance import chance
from devices.simulators.clock import SimClock
from devices.simulators.instruments import Instrument, ModbusSlave, ScpiInstrument
from devices.simulators.pressing import Pressing
from devices.simulators.rig import Rig

_SET = ":SOUR:PRES:LEV:IMM:AMPL"


class PressureRig(Rig):
    """A pressure controller that repeats the header of every question."""

    profile_id = "pressure-scpi"

    def __init__(self, folder: Path, seed: int, clock: SimClock) -> None:
        self.pressing = Pressing(clock, seed=seed)
        super().__init__("pressure", folder, seed)

    def instrument(self) -> Instrument:
        return ScpiInstrument(self._answer, ask_errors=":SYST:ERR?", echo_header=True)

    def _answer(self, line: str) -> str | None:
        if line.endswith("?"):
            return self._asked(line)
        head, _, number = line.partition(" ")
        if head == _SET:
            self.pressing.set_to(float(number))
        elif line in (":OUTP:STAT 0", ":OUTP:STAT 1"):
            self.pressing.control(number == "1")
        elif line in (f"{_SET}:VENT 0", f"{_SET}:VENT 1"):
            self.pressing.vent(number == "1")
        else:
            return None
        return ""

    def _asked(self, line: str) -> str | None:
        pressure, controlling, arrived, vent = self.pressing.look()
        return {
            ":INST:SN?": self.serial,
            ":UNIT:PRES?": "KPA",
            ":SENS:PRES?": f"{pressure:.3f}",
            ":SENS:PRES:INL?": f"{pressure:.3f},{int(arrived)}",
            f"{_SET}?": f"{self.pressing.set_point:.3f}",
            ":OUTP:STAT?": str(int(controlling)),
            f"{_SET}:VENT?": str(vent),
        }.get(line)

    def display(self) -> dict[str, str]:
        pressure, controlling, _, vent = self.pressing.look()
        state = "control" if controlling else ("measure", "venting", "vented")[vent]
        return {"pressure": f"{pressure:.2f}", "unit": "kPa", "state": state}


class ClimateRig(Rig):
    """A thermo-hygrometer on the wall of the laboratory: both wander slowly."""

    profile_id = "climate-modbus"

    def __init__(self, folder: Path, seed: int, clock: SimClock) -> None:
        self._clock, self._seed = clock, seed
        super().__init__("climate", folder, seed)

    def instrument(self) -> Instrument:
        return ModbusSlave(1, lambda: {}, self._inputs)

    def _now(self) -> tuple[float, float]:
        """Degrees Celsius and per cent."""
        now = self._clock.now()
        draw = chance(self._seed, int(now / 30))
        return (
            23.2 + 0.4 * math.sin(now / 1700) + draw.gauss(0, 0.03),
            52.0 - 1.5 * math.sin(now / 2300) + draw.gauss(0, 0.1),
        )

    def _inputs(self) -> dict[int, int]:
        temperature, humidity = self._now()
        return {1: round(temperature * 10) & 0xFFFF, 2: round(humidity * 10)}

    def display(self) -> dict[str, str]:
        temperature, humidity = self._now()
        return {"temperature": f"{temperature:.1f}", "humidity": f"{humidity:.1f}"}


class UnknownTransmitterRig(Rig):
    """A transmitter at rest that nobody has written a profile for: a float with swapped words, and a pressure in tenths."""

    def __init__(self, folder: Path, seed: int) -> None:
        super().__init__("unknown-transmitter", folder, seed)

    def instrument(self) -> Instrument:
        high, low = struct.unpack(">2H", struct.pack(">f", 23.25))
        return ModbusSlave(7, lambda: {0: low, 1: high, 2: 10126, 3: 0})

    def display(self) -> dict[str, str]:
        return {"temperature": "23.25", "pressure": "1012.6"}
