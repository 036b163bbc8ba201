"""The rigs of the main job: a charging pile with its verification device and its meter, and a fuel dispenser."""

import struct
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from devices.protocols import dlt645
from devices.simulators.charging import Charging
from devices.simulators.clock import SimClock
from devices.simulators.filling import Filling, Tank
from devices.simulators.instruments import Dlt645Meter, Instrument, ModbusSlave
from devices.simulators.rig import Rig, text_registers, wait, words


class EvseRig(Rig):
    """A charging pile under load and the verification device in its circuit."""

    profile_id = "evse-ac-modbus"

    def __init__(self, folder: Path, seed: int, clock: SimClock, *, pile_error: str) -> None:
        self.charging = Charging(clock, seed=seed, pile_error=pile_error)
        super().__init__("evse-ac", folder, seed)

    def instrument(self) -> Instrument:
        return ModbusSlave(1, self._registers, coil=self._coil, write=self._write)

    def _registers(self) -> dict[int, int]:
        now = self.charging.electrical()
        table: dict[int, int] = {}
        for at, value in enumerate((now.voltage, now.current, now.power, now.frequency, now.power_factor)):
            table |= words(2 * at, struct.pack(">f", value))
        table |= words(10, self.charging.reference_micro().to_bytes(8, "big"))
        running = int(self.charging.running)
        table |= {14: running, 15: 1148}
        table |= words(64, struct.pack(">f", self.charging.load)) | {66: running, 67: 1149}
        return table | text_registers(256, self.serial, 8)

    def _coil(self, address: int, on: bool) -> bool:
        if address != 0:
            return False
        if not on:
            self.charging.stop()
        elif not self.charging.running:
            self.charging.start(load_a=f"{self.charging.load}")
        return True

    def _write(self, address: int, written: tuple[int, ...]) -> bool:
        if address != 64 or len(written) != 2:
            return False
        try:
            self.charging.set_load(struct.unpack(">f", struct.pack(">2H", *written))[0])
        except ValueError:
            return False
        return True

    def start(self, *, load_a: str, seconds: str = "") -> None:
        """Begin to charge; with `seconds` the session ends by itself after so many simulated seconds."""
        self.charging.start(load_a=load_a, seconds=seconds)

    def stop(self) -> None:
        self.charging.stop()

    def wait(self, timeout: float = 60.0) -> None:
        """Until the session has ended. Raises TimeoutError after so many real seconds."""
        wait(lambda: not self.charging.running, timeout)

    def display(self) -> dict[str, str]:
        clock = datetime.now().astimezone() + timedelta(seconds=1.4)
        return {
            "energy": f"{self.charging.pile_display():f}",
            "unit": "kWh",
            "clock": clock.strftime("%Y-%m-%d %H:%M:%S"),
            "running": "yes" if self.charging.running else "no",
        }

    def obey(self, command: Mapping[str, str]) -> None:
        if command.get("do") == "start":
            self.start(load_a=command.get("load_a", "32"), seconds=command.get("seconds", ""))
        elif command.get("do") == "stop":
            self.stop()
        else:
            raise ValueError("evse-ac knows start and stop")


class DispenserRig(Rig):
    """A fuel dispenser, a standard tank and the module with both thermometers."""

    profile_id = "dispenser-rig"

    def __init__(self, folder: Path, seed: int, clock: SimClock, *, error: str, tank: Tank) -> None:
        self.filling = Filling(clock, seed=seed, error=error, tank=tank)
        super().__init__("dispenser", folder, seed)

    def instrument(self) -> Instrument:
        return ModbusSlave(2, lambda: text_registers(256, self.serial, 8), self._inputs)

    def _inputs(self) -> dict[int, int]:
        nozzle, tank = (int(one.scaleb(2)) & 0xFFFF for one in self.filling.temperatures())
        return {0: nozzle, 1: tank, 2: 0, 3: 443}

    def fill(self, *, flow: str = "40", litres: str = "") -> None:
        """Begin a filling run; see `Filling.fill`."""
        self.filling.fill(flow=flow, litres=litres)

    def wait(self, timeout: float = 60.0) -> None:
        """Until the tank has settled and the neck can be read. Raises TimeoutError after so many real seconds."""
        wait(lambda: self.filling.phase in ("idle", "settled"), timeout)

    def display(self) -> dict[str, str]:
        volume, neck = self.filling.volume(), self.filling.neck()
        nozzle, tank = self.filling.temperatures()
        amount = (volume * self.filling.unit_price).quantize(Decimal("0.01"))
        return {
            "volume": f"{volume:f}",
            "amount": f"{amount:f}",
            "unit_price": f"{self.filling.unit_price:f}",
            "product": self.filling.product,
            "phase": self.filling.phase,
            "neck_mm": "" if neck is None else f"{neck:f}",
            "t_nozzle": f"{nozzle:f}",
            "t_tank": f"{tank:f}",
        }

    def state(self) -> dict[str, Any]:
        tank = self.filling.tank
        constants = {"V0": tank.V0, "h0": tank.h0, "d": tank.d, "beta_B": tank.beta_B}
        return super().state() | {"tank": {name: f"{value:f}" for name, value in constants.items()}}

    def obey(self, command: Mapping[str, str]) -> None:
        if command.get("do") != "fill":
            raise ValueError("dispenser knows fill")
        self.fill(flow=command.get("flow", "40"), litres=command.get("litres", ""))


class MeterRig(Rig):
    """The pile's own meter over DL/T 645. Pseudo-terminals carry no parity, so the profile's E is overridden."""

    profile_id = "meter-dlt645"
    settings = {**Rig.settings, "parity": "N"}
    baud = 2400

    def __init__(self, folder: Path, seed: int, charging: Charging) -> None:
        self._charging = charging
        super().__init__("meter", folder, seed)

    def instrument(self) -> Instrument:
        return Dlt645Meter(self.serial, self._items)

    def _items(self) -> dict[str, bytes]:
        now = self._charging.electrical()

        def item(value: float | Decimal, pattern: str, signed: bool) -> bytes:
            return dlt645.packed(Decimal(str(value)), pattern, signed=signed)

        return {
            "00010000": item(self._charging.pile_display(), "XXXXXX.XX", False),
            "02010100": item(round(now.voltage, 1), "XXX.X", False),
            "02020100": item(round(now.current, 3), "XXX.XXX", True),
            "02030000": item(round(now.power, 4), "XX.XXXX", True),
            "02060000": item(round(now.power_factor, 3), "X.XXX", True),
            "02800002": item(round(now.frequency, 2), "XX.XX", False),
            "04000102": bytes.fromhex(datetime.now().astimezone().strftime("%H%M%S"))[::-1],
        }

    def display(self) -> dict[str, str]:
        energy = self._charging.pile_display().quantize(Decimal("0.01"), rounding="ROUND_DOWN")
        return {"energy": f"{energy:f}", "unit": "kWh"}
