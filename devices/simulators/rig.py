"""What every simulated instrument at the end of a wire has: its link, its serial number, what it shows and obeys."""

import struct
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from devices.simulators import faults
from devices.simulators.instruments import Attached, Instrument
from devices.simulators.wire import Wire

SERIALS = {
    "evse-ac": "SIM-EV-0017",
    "dispenser": "SIM-TH-0042",
    "meter": "202611050012",
    "balance": "SIM-B-0003",
    "evse-dc": "SIM-DC-0008",
    "meter-3p": "SIM-M3-0021",
    "balance-and": "SIM-B-0101",
    "balance-sbi": "SIM-B-0102",
    "balance-ohaus": "SIM-B-0103",
    "multimeter": "SIM-MM-0015",
    "pressure": "68795",
    "climate": "SIM-HC-0033",
    "unknown-balance": "SIM-B-0099",
    "unknown-transmitter": "SIM-HT-0098",
}
"""Serial number of each simulated instrument, by rig: enter them in the equipment register of a demo. The climate sensor
and the unknown ones do not report theirs."""


class Rig:
    """One simulated instrument at the end of its wire.

    `settings` are the overrides its port needs: a busy computer may keep a simulated instrument waiting longer than a
    real one would ever take to answer.
    """

    profile_id = ""
    settings: Mapping[str, str] = {"reply_ms": "5000"}
    baud = 9600

    def __init__(self, name: str, folder: Path, seed: int) -> None:
        self.name, self.serial, self.seed = name, SERIALS[name], seed
        self.link = folder / name
        self.wire = Wire(baud=self.baud, latency=0.001, jitter=0.002, seed=seed, link=self.link)
        self._attached = Attached(self.wire.device, self.instrument())

    def instrument(self) -> Instrument:
        raise NotImplementedError

    def display(self) -> dict[str, str]:
        """What a person standing in front of the instrument reads."""
        raise NotImplementedError

    def command(self, command: Mapping[str, str]) -> None:
        """Do what a control file asks: pull the cable, plug it in, harm replies, or what this rig obeys. Raises ValueError.

        {"do": "fault", "kind": "bit_flip", "every": "3"} harms each third reply; kind "none" ends it, "any" means all,
        "late" takes `seconds`. {"do": "echo", "on": "yes"} returns every byte first, as a half-duplex adapter may.
        """
        order = command.get("do")
        if order == "unplug":
            self.unplug()
        elif order == "replug":
            self.replug()
        elif order == "fault":
            nth, seconds = int(command.get("every", "1")), float(command.get("seconds", "0.7"))
            self.wire.fault = faults.named(command.get("kind", ""), nth, self.seed, seconds)
        elif order == "echo":
            self._attached.echo = command.get("on", "yes") == "yes"
        else:
            self.obey(command)

    def obey(self, command: Mapping[str, str]) -> None:
        """What only this rig knows. Raises ValueError for anything unknown."""
        raise ValueError(f"{self.name} takes no commands")

    def unplug(self) -> None:
        """Both ends vanish, as when the adapter is pulled out."""
        self.wire.unplug()
        self._attached.close()

    def replug(self) -> None:
        """The adapter returns under the same link. Does nothing to one that is plugged in."""
        if self.link.is_symlink():
            return
        self.wire.replug()
        self._attached = Attached(self.wire.device, self.instrument())

    def close(self) -> None:
        self.wire.close()
        self._attached.close()

    def state(self) -> dict[str, Any]:
        return {
            "link": str(self.link),
            "profile": self.profile_id,
            "serial": self.serial,
            "set": dict(self.settings),
            "display": self.display(),
        }


def text_registers(start: int, text: str, count: int) -> dict[int, int]:
    raw = text.encode("ascii").ljust(2 * count, b"\0")[: 2 * count]
    return {start + index: word for index, word in enumerate(struct.unpack(f">{count}H", raw))}


def words(start: int, data: bytes) -> dict[int, int]:
    return {start + index: word for index, word in enumerate(struct.unpack(f">{len(data) // 2}H", data))}


def wait(done: Callable[[], bool], timeout: float) -> None:
    """Until `done`. Raises TimeoutError after so many real seconds."""
    end = time.monotonic() + timeout
    while not done():
        if time.monotonic() > end:
            raise TimeoutError("the simulated run did not end in time")
        time.sleep(0.02)
