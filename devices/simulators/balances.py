"""Simulated balances of several makers, which differ in what they say and how; all weigh with the same pan."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from devices.simulators.clock import SimClock
from devices.simulators.instruments import Instrument, LineInstrument
from devices.simulators.rig import Rig
from devices.simulators.weighing import Pan


class BalanceRig(Rig):
    """A balance with a load that takes two seconds to come to rest; this one speaks MT-SICS."""

    profile_id = "balance-mtsics"
    resolution = "0.0001"
    unit = "g"
    capacity = Decimal(220)
    start = "100.0002"
    terminator = b"\r\n"

    def __init__(self, folder: Path, seed: int, clock: SimClock, name: str = "balance") -> None:
        self.pan = Pan(clock, seed=seed, resolution=self.resolution, mass=self.start)
        super().__init__(name, folder, seed)

    def instrument(self) -> Instrument:
        return LineInstrument(self.answer, self.terminator)

    def answer(self, line: str) -> str | None:
        """The reply to a line, None for silence."""
        if line == "I4":
            return f'I4 A "{self.serial}"'
        if line not in ("S", "SI"):
            return "ES"
        value, stable = self.pan.reading()
        if abs(value) > self.capacity:
            return "S +" if value > 0 else "S -"
        if line == "S" and not stable:
            return "S I"
        return f"S {'S' if stable else 'D'} {value:>10f} {self.unit}"

    def place(self, mass: str) -> None:
        """Put a mass on the pan, in the balance's unit."""
        self.pan.place(mass)

    def display(self) -> dict[str, str]:
        value, stable = self.pan.reading()
        return {"mass": f"{value:f}", "unit": self.unit, "stable": "yes" if stable else "no"}

    def obey(self, command: Mapping[str, str]) -> None:
        if command.get("do") != "place":
            raise ValueError(f"{self.name} knows place")
        self.place(command.get("mass") or command.get("grams", "0"))


class AndBalanceRig(BalanceRig):
    """A&D standard format. Pseudo-terminals carry neither seven bits nor parity, so both are overridden."""

    profile_id = "balance-and"
    settings = {**Rig.settings, "bits": "8", "parity": "N"}
    baud = 2400

    def __init__(self, folder: Path, seed: int, clock: SimClock) -> None:
        super().__init__(folder, seed, clock, "balance-and")

    def answer(self, line: str) -> str | None:
        if line == "?SN":
            return f"SN,{self.serial} "
        value, stable = self.pan.reading()
        if line not in ("Q", "S"):
            return "EC,E01"
        if abs(value) > self.capacity:
            return f"OL,{'+' if value > 0 else '-'}9999999E+19"
        if line == "S" and not stable:
            return None
        sign = "-" if value < 0 else "+"
        return f"{'ST' if stable else 'US'},{sign}{abs(value):010f}{self.unit:>3}"


class SbiBalanceRig(BalanceRig):
    """Sartorius balance interface, lines of 16 characters with their CR LF: no unit while the reading moves."""

    profile_id = "balance-sbi"

    def __init__(self, folder: Path, seed: int, clock: SimClock) -> None:
        super().__init__(folder, seed, clock, "balance-sbi")

    def answer(self, line: str) -> str | None:
        if line == "\x1bx2_":
            return f"{self.serial:<14}"
        if line != "\x1bP":
            return None
        value, stable = self.pan.reading()
        if abs(value) > self.capacity:
            return f"{'      High' if value > 0 else '      Low':<14}"
        sign = "-" if value < 0 else "+" if value else " "
        return f"{sign}{abs(value):>9f} {self.unit if stable else '':<3}"


class OhausBalanceRig(BalanceRig):
    """Ohaus: weight right justified, a question mark while the reading moves."""

    profile_id = "balance-ohaus"
    resolution = "0.001"
    capacity = Decimal(620)
    start = "200.004"

    def __init__(self, folder: Path, seed: int, clock: SimClock) -> None:
        super().__init__(folder, seed, clock, "balance-ohaus")

    def answer(self, line: str) -> str | None:
        if line == "PSN":
            return self.serial
        if line not in ("IP", "P", "SP"):
            return "ES"
        value, stable = self.pan.reading()
        if abs(value) > self.capacity:
            return "Err 8.3" if value > 0 else "Err 8.4"
        if line == "SP" and not stable:
            return None
        return f"{value:>11f} {self.unit:<5} {' ' if stable else '?'}"


class UnknownBalanceRig(BalanceRig):
    """A balance no shipped profile knows, for whoever adds one: asked with `R`, it answers `WT:+  1.2340 kg ST`."""

    profile_id = ""
    settings: Mapping[str, str] = {}
    unit = "kg"
    capacity = Decimal(15)
    start = "1.2340"

    def __init__(self, folder: Path, seed: int, clock: SimClock) -> None:
        super().__init__(folder, seed, clock, "unknown-balance")

    def answer(self, line: str) -> str | None:
        if line != "R":
            return None
        value, stable = self.pan.reading()
        if abs(value) > self.capacity:
            return "WT:-------- kg OL"
        sign = "-" if value < 0 else "+"
        return f"WT:{sign}{abs(value):>8f} {self.unit} {'ST' if stable else 'US'}"
