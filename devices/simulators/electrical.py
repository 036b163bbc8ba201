"""Electrical rigs: the DC charging device with its load, the three-phase reference meter, the multimeter."""

import math
import struct
import threading
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from devices.protocols import values
from devices.simulators.chance import chance
from devices.simulators.charging_dc import DirectCharging
from devices.simulators.clock import SimClock
from devices.simulators.instruments import Instrument, ModbusSlave, ScpiInstrument
from devices.simulators.rig import Rig, text_registers, words

WRAP = 1 << 32
"""Where the pulse counters start again at zero."""


class EvseDcRig(Rig):
    """A DC charging pile and the verification device that loads it and measures."""

    profile_id = "evse-dc-modbus"
    baud = 19200

    def __init__(self, folder: Path, seed: int, clock: SimClock) -> None:
        self.charging = DirectCharging(clock, seed=seed)
        super().__init__("evse-dc", folder, seed)

    def instrument(self) -> Instrument:
        return ModbusSlave(3, self._registers, coil=self._coil, write=self._write)

    def _registers(self) -> dict[int, int]:
        now, energy, pulses, phase = self.charging.look()
        table: dict[int, int] = {}
        for at, value in enumerate((now.voltage, now.current, now.power, self.charging.load)):
            table |= words(2 * at, struct.pack(">f", value))
        table |= words(8, struct.pack(">QIIII", energy, pulses % WRAP, self.charging.constant, 0, 0))
        table |= {18: int(phase), 19: 1149} | words(64, struct.pack(">f", self.charging.load))
        return table | text_registers(256, self.serial, 8)

    def _coil(self, address: int, on: bool) -> bool:
        if address != 0:
            return False
        if on:
            self.charging.start()
        else:
            self.charging.stop()
        return True

    def _write(self, address: int, written: tuple[int, ...]) -> bool:
        if address != 64 or len(written) != 2:
            return False
        try:
            self.charging.set_load(struct.unpack(">f", struct.pack(">2H", *written))[0])
        except ValueError:
            return False
        return True

    def display(self) -> dict[str, str]:
        return {
            "energy": f"{self.charging.pile_display():f}",
            "unit": "kWh",
            "phase": self.charging.phase.name.lower(),
            "load": f"{self.charging.load:.1f}",
        }

    def obey(self, command: Mapping[str, str]) -> None:
        order = command.get("do")
        if order == "start":
            self.charging.set_load(float(command.get("load_a", "100")))
            self.charging.start()
        elif order == "stop":
            self.charging.stop()
        else:
            raise ValueError("evse-dc knows start and stop")


class MeterThreePhaseRig(Rig):
    """A reference meter in a three-phase circuit with a steady load, counting the pulses of a meter under test.

    Energy follows from the elapsed time alone, so an idle meter costs nothing.
    """

    profile_id = "meter-3p-modbus"
    baud = 19200
    power_factor = 0.9962

    def __init__(self, folder: Path, seed: int, clock: SimClock, *, error: str = "-0.0021") -> None:
        """`error` of the meter under test is relative (-0.0021 = -0.21 %)."""
        self._clock, self._seed, self._error = clock, seed, Decimal(error)
        self._lock = threading.Lock()
        self._amperes, self._constant, self._wiring = 10.0, 3200, 0
        self._since = clock.now()
        self._energy, self._pulses = Decimal(0), Decimal(0)
        super().__init__("meter-3p", folder, seed)

    def instrument(self) -> Instrument:
        return ModbusSlave(5, self._registers, write=self._write)

    @property
    def _power(self) -> float:
        """kW of the three phases."""
        return 3 * 220.0 * self._amperes * self.power_factor / 1000

    def _count(self) -> None:
        """Add up energy and pulses until now."""
        now = self._clock.now()
        more = Decimal(str(round(self._power * (now - self._since) / 3600, 12)))
        self._since = now
        self._energy += more
        self._pulses += more * (1 + self._error) * self._constant

    def _registers(self) -> dict[int, int]:
        with self._lock:
            self._count()
            energy, pulses = int(self._energy * 10**6), int(self._pulses) % WRAP
            draw = chance(self._seed, int(self._clock.now() / 0.5))
            volts = [220.0 + draw.gauss(0, 0.02) for _ in range(3)]
            amperes = [self._amperes * (1 + draw.gauss(0, 0.0001)) for _ in range(3)]
            apparent = sum(u * i for u, i in zip(volts, amperes, strict=True)) / 1000
            active = apparent * self.power_factor
            reactive = math.sqrt(max(0.0, apparent**2 - active**2))
            shown = (*volts, *amperes, active, reactive, apparent, self.power_factor, 50 + draw.gauss(0, 0.002))
            table: dict[int, int] = {}
            for at, value in enumerate(shown):
                table |= words(2 * at, values.reorder(struct.pack(">f", value), "CDAB"))
            table |= words(22, values.encode("u64", Decimal(energy), "GHEFCDAB"))
            table |= words(26, values.encode("u32", Decimal(pulses), "CDAB"))
            table |= words(28, values.encode("u32", Decimal(self._constant), "CDAB"))
            return table | {30: self._wiring, 31: 3301} | text_registers(256, self.serial, 8)

    def _write(self, address: int, written: tuple[int, ...]) -> bool:
        with self._lock:
            self._count()
            if address == 96 and len(written) == 2 and (constant := written[0] | written[1] << 16):
                self._constant = constant
            elif address == 98 and written in ((0,), (1,)):
                self._wiring = written[0]
            else:
                return False
        return True

    def display(self) -> dict[str, str]:
        return {"load": f"{self._amperes:g}", "unit": "A", "constant": str(self._constant)}

    def obey(self, command: Mapping[str, str]) -> None:
        if command.get("do") != "load":
            raise ValueError("meter-3p knows load")
        amperes = float(command.get("load_a", "10"))
        if not 0 <= amperes <= 100:
            raise ValueError("load_a must lie between 0 and 100 A")
        with self._lock:
            self._count()
            self._amperes = amperes


class MultimeterRig(Rig):
    """A multimeter at the terminals of a voltage source."""

    profile_id = "multimeter-scpi"

    def __init__(self, folder: Path, seed: int) -> None:
        self._random = chance(seed, "multimeter")
        self._volts = Decimal("10.00012")
        self._last = ""
        super().__init__("multimeter", folder, seed)

    def instrument(self) -> Instrument:
        return ScpiInstrument(self._answer, ask_errors="SYST:ERR?")

    def _answer(self, line: str) -> str | None:
        if line == "*IDN?":
            return f"SIM,MM-6,{self.serial},1.0"
        if line in ("MEAS:VOLT:DC?", "READ?"):
            self._last = self._measured()
            return self._last
        return (self._last or None) if line == "FETC?" else None

    def _measured(self) -> str:
        if abs(self._volts) > 1000:
            return f"{'+' if self._volts > 0 else '-'}9.90000000E+37"
        value = float(self._volts) * (1 + self._random.gauss(0, 5e-7)) + self._random.gauss(0, 5e-7)
        return f"{value:+.8E}"

    def display(self) -> dict[str, str]:
        return {"voltage": f"{self._volts:f}", "unit": "V"}

    def obey(self, command: Mapping[str, str]) -> None:
        if command.get("do") != "apply":
            raise ValueError("multimeter knows apply")
        self._volts = Decimal(command.get("volts", "0"))
