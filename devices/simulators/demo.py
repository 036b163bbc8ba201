"""All demo rigs together, with the files through which other programs see and steer them.

DIR/<rig>          link to the pseudo-terminal to read from
DIR/state.json     what the simulated instruments show, rewritten whole a few times a second
DIR/control/*.json one command each, removed when obeyed: {"rig": "evse-ac", "do": "start", "load_a": "32"}; every rig
                   also knows unplug, replug, fault and echo
DIR/bench.toml     the bench file for `python -m devices.agent`
"""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from devices.simulators.balances import (
    AndBalanceRig,
    BalanceRig,
    OhausBalanceRig,
    SbiBalanceRig,
    UnknownBalanceRig,
)
from devices.simulators.clock import FastClock, SimClock
from devices.simulators.electrical import EvseDcRig, MeterThreePhaseRig, MultimeterRig
from devices.simulators.filling import Tank
from devices.simulators.rig import Rig
from devices.simulators.rigs import DispenserRig, EvseRig, MeterRig
from devices.simulators.surroundings import ClimateRig, PressureRig, UnknownTransmitterRig

PERIOD = 0.2
"""Seconds between two looks at the control folder."""


class DemoRigs:
    """The running rigs: those of the main job as attributes, all of them in `rigs` by name."""

    def __init__(
        self, folder: Path, *, seed: int, clock: SimClock, pile_error: str, dispenser_error: str, tank: Tank | None
    ) -> None:
        self.folder, self.seed = folder, seed
        self.control = folder / "control"
        self.control.mkdir(parents=True, exist_ok=True)
        self.evse = EvseRig(folder, seed, clock, pile_error=pile_error)
        self.dispenser = DispenserRig(folder, seed, clock, error=dispenser_error, tank=tank or Tank())
        self.meter = MeterRig(folder, seed, self.evse.charging)
        self.balance = BalanceRig(folder, seed, clock)
        self.evse_dc = EvseDcRig(folder, seed, clock)
        every: tuple[Rig, ...] = (
            self.evse,
            self.dispenser,
            self.meter,
            self.balance,
            self.evse_dc,
            MeterThreePhaseRig(folder, seed, clock),
            AndBalanceRig(folder, seed, clock),
            SbiBalanceRig(folder, seed, clock),
            OhausBalanceRig(folder, seed, clock),
            MultimeterRig(folder, seed),
            PressureRig(folder, seed, clock),
            ClimateRig(folder, seed, clock),
            UnknownBalanceRig(folder, seed, clock),
            UnknownTransmitterRig(folder, seed),
        )
        self.rigs = {rig.name: rig for rig in every}
        self._last_command: dict[str, Any] = {}
        self._stop = threading.Event()
        write_whole(folder / "bench.toml", self.bench())
        self.publish()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def bench(self) -> str:
        """A bench file (schema bench/1) that binds every rig to its profile; one without is a bare port."""
        lines = ['schema = "bench/1"', 'name = "demo"']
        for rig in self.rigs.values():
            settings = ", ".join(f'{name} = "{value}"' for name, value in rig.settings.items())
            lines += [
                "",
                "[[ports]]",
                f"name = {json.dumps(rig.name)}",
                f"device = {json.dumps(str(rig.link))}",
                *([f"profile = {json.dumps(rig.profile_id)}"] if rig.profile_id else []),
                f"set = {{ {settings} }}" if settings else "set = {}",
            ]
        return "\n".join(lines) + "\n"

    def state(self) -> dict[str, Any]:
        return {
            "schema": "rig-state/1",
            "seed": self.seed,
            "rigs": {name: rig.state() for name, rig in self.rigs.items()},
            "last_command": self._last_command,
        }

    def publish(self) -> None:
        write_whole(self.folder / "state.json", json.dumps(self.state(), ensure_ascii=False, indent=1))

    def obey(self, command: dict[str, str]) -> None:
        """Do one command. Raises ValueError."""
        rig = self.rigs.get(command.get("rig", ""))
        if rig is None:
            raise ValueError(f"no rig {command.get('rig')}; there are {', '.join(self.rigs)}")
        rig.command(command)

    def _serve(self) -> None:
        shown = ""
        while not self._stop.wait(PERIOD):
            for path in sorted(self.control.glob("*.json")):
                self._obey_file(path)
            state = self.state()
            if (text := json.dumps(state, ensure_ascii=False, indent=1)) != shown:
                write_whole(self.folder / "state.json", text)
                shown = text

    def _obey_file(self, path: Path) -> None:
        try:
            command = json.loads(path.read_text("utf-8"))
            if not isinstance(command, dict):
                raise ValueError("a command is a JSON object")
            self.obey({str(key): str(value) for key, value in command.items()})
            self._last_command = {"file": path.name, "ok": True, "text": ""}
        except (ValueError, ArithmeticError, OSError) as error:
            self._last_command = {"file": path.name, "ok": False, "text": str(error)}
        path.unlink(missing_ok=True)

    def close(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5)
        for rig in self.rigs.values():
            rig.close()


def write_whole(path: Path, text: str) -> None:
    """Replace a file so that a reader sees the old text or the new, never half."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, "utf-8")
    temporary.replace(path)


@contextmanager
def demo_rigs(
    folder: Path | str,
    *,
    seed: int = 1,
    speed: float = 1.0,
    clock: SimClock | None = None,
    pile_error: str = "0.007",
    dispenser_error: str = "0.0012",
    tank: Tank | None = None,
) -> Iterator[DemoRigs]:
    """The demo rigs as long as the block runs. `speed` simulated seconds pass in each real one."""
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    rigs = DemoRigs(
        path,
        seed=seed,
        clock=clock or FastClock(speed),
        pile_error=pile_error,
        dispenser_error=dispenser_error,
        tank=tank,
    )
    try:
        yield rigs
    finally:
        rigs.close()
