"""Trying a port without a profile: send bytes as they are, show what comes back. For the wizard that makes a profile.

Only on an idle port and in its own thread. Nothing of it is evidence and no reading can come of it.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from devices.agent.cable import LOST, PortLost, open_cable
from devices.profiles.model import Transport
from lims.core.text import DataError, Text

MOST_BYTES = 4096
"""Bytes given back, and bytes that may be sent."""
LONGEST_MS = 30_000
PAUSE_MS = 40
"""Bytes that come with less silence between them are shown as one frame: USB adapters hand over every 16 ms."""
SETTLE_S = 0.05
"""What the instrument was saying before a question is thrown away until the line was silent this long …"""
LONGEST_SETTLE_S = 0.5
"""… or for this long, when it never falls silent."""


@dataclass(frozen=True)
class Trial:
    """What to try. `send` may be empty: then the port is only listened to."""

    transport: Transport
    send: bytes
    listen_ms: int


@dataclass(frozen=True)
class Tried:
    ok: bool
    text: Text
    frames: tuple[tuple[str, bytes, int], ...]
    """Direction (t, r), bytes, milliseconds since the first byte was sent."""

    def result(self) -> dict[str, Any]:
        return {"frames": [{"dir": way, "hex": raw.hex(), "ms": ms} for way, raw, ms in self.frames]}


def read_trial(said: object) -> Trial:
    """What the server asks for: {baud, bits, parity, stop, send (hex), listen_ms}. Raises DataError."""
    if not isinstance(said, Mapping):
        raise DataError("try", "应为一个对象", "must be an object")
    settings = Transport(
        _whole(said, "baud", 300, 4_000_000, 9600),
        _whole(said, "bits", 7, 8, 8),
        str(said.get("parity", "N")),
        _whole(said, "stop", 1, 2, 1),
    )
    if settings.parity not in ("N", "E", "O"):
        raise DataError("try.parity", "应为 N、E 或 O", "must be N, E or O")
    try:
        send = bytes.fromhex(str(said.get("send", "")))
    except ValueError:
        raise DataError("try.send", "不是十六进制字节", "is not hexadecimal bytes") from None
    if len(send) > MOST_BYTES:
        raise DataError("try.send", f"最多 {MOST_BYTES} 个字节", f"may have at most {MOST_BYTES} bytes")
    return Trial(settings, send, _whole(said, "listen_ms", 1, LONGEST_MS, 1500))


def attempt(port: str, trial: Trial) -> Tried:
    """Carry it out on a port that nobody else has open."""
    try:
        line = open_cable(port, trial.transport)
    except PortLost as error:
        return Tried(False, Text(error.zh, error.en), ())
    frames: list[tuple[str, bytes, int]] = []
    taken, last = 0, 0.0
    try:
        begun = time.monotonic()
        while trial.send and time.monotonic() - begun < LONGEST_SETTLE_S and line.read(SETTLE_S):
            pass
        start = time.monotonic()
        if trial.send:
            line.write(trial.send)
            frames.append(("t", trial.send, 0))
        end = start + trial.listen_ms / 1000
        while taken < MOST_BYTES and (left := end - time.monotonic()) > 0:
            if not (data := line.read(left)[: MOST_BYTES - taken]):
                break
            now = time.monotonic()
            taken += len(data)
            if frames and frames[-1][0] == "r" and (now - last) * 1000 < PAUSE_MS:
                frames[-1] = ("r", frames[-1][1] + data, frames[-1][2])
            else:
                frames.append(("r", data, round((now - start) * 1000)))
            last = now
    except LOST:
        return Tried(False, Text("试发期间串口断开", "The port vanished during the trial"), tuple(frames))
    finally:
        line.close()
    if not taken:
        return Tried(True, Text("没有收到任何字节", "Nothing was received"), tuple(frames))
    return Tried(True, Text(f"收到 {taken} 个字节", f"{taken} bytes were received"), tuple(frames))


def _whole(said: Mapping[str, Any], name: str, low: int, high: int, default: int) -> int:
    value = said.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise DataError(f"try.{name}", f"应为 {low} 到 {high} 的整数", f"must be a whole number from {low} to {high}")
    return value
