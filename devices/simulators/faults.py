"""The harm a serial line does to replies, one kind at a time, repeatable by seed."""

import random
from collections.abc import Callable, Sequence

from devices.protocols import dlt645, modbus_rtu
from devices.simulators.chance import chance
from devices.simulators.wire import Chunk, Fault, unharmed

Kind = Callable[[bytes, random.Random], Sequence[Chunk]]


def garbage_before(reply: bytes, draw: random.Random) -> Sequence[Chunk]:
    return [(0.0, draw.randbytes(draw.randint(1, 6)) + reply)]


def garbage_after(reply: bytes, draw: random.Random) -> Sequence[Chunk]:
    return [(0.0, reply + draw.randbytes(draw.randint(1, 6)))]


def truncated(reply: bytes, draw: random.Random) -> Sequence[Chunk]:
    return [(0.0, reply[: draw.randint(0, len(reply) - 1)])]


def bit_flip(reply: bytes, draw: random.Random) -> Sequence[Chunk]:
    at = draw.randrange(len(reply))
    return [(0.0, reply[:at] + bytes((reply[at] ^ 1 << draw.randrange(8),)) + reply[at + 1 :])]


def byte_lost(reply: bytes, draw: random.Random) -> Sequence[Chunk]:
    at = draw.randrange(len(reply))
    return [(0.0, reply[:at] + reply[at + 1 :])]


def silent(reply: bytes, draw: random.Random) -> Sequence[Chunk]:
    return []


def split(reply: bytes, draw: random.Random) -> Sequence[Chunk]:
    """In two pieces with a pause: slow, but whole."""
    at = draw.randint(0, len(reply))
    return [(0.0, reply[:at]), (draw.uniform(0.005, 0.03), reply[at:])]


def other_station(reply: bytes, draw: random.Random) -> Sequence[Chunk]:
    """The same values from another unit or meter, with a good check sum."""
    return [(0.0, _rewritten(reply, station=True))]


def other_function(reply: bytes, draw: random.Random) -> Sequence[Chunk]:
    """The same values as the reply to another function, with a good check sum."""
    return [(0.0, _rewritten(reply, station=False))]


def _rewritten(reply: bytes, *, station: bool) -> bytes:
    frames = list(dlt645.Scanner().feed(reply))
    if frames:
        frame = frames[0]
        address = f"{(int(frame.address) + 1) % 10**12:012d}"
        return dlt645.Frame(
            address if station else frame.address, frame.control if station else frame.control ^ 0x05, frame.data
        ).encode(4)
    if modbus_rtu.is_sealed(reply):
        unit, function = reply[0], reply[1]
        body = (bytes((unit + 1, function)) if station else bytes((unit, function ^ 0x07))) + reply[2:-2]
        return modbus_rtu.sealed(body)
    return b"X" + reply[1:]


def late(seconds: float) -> Kind:
    """The whole reply, too late."""
    return lambda reply, draw: [(seconds, reply)]


KINDS: dict[str, Kind] = {
    "garbage_before": garbage_before,
    "garbage_after": garbage_after,
    "truncated": truncated,
    "bit_flip": bit_flip,
    "byte_lost": byte_lost,
    "silent": silent,
    "split": split,
    "other_station": other_station,
    "other_function": other_function,
}


def every(nth: int, kind: Kind, seed: int = 0) -> Fault:
    """Harm each nth reply, the first one unharmed when nth is above one."""
    draw = chance(seed)
    count = 0

    def fault(reply: bytes) -> Sequence[Chunk]:
        nonlocal count
        count += 1
        return kind(reply, draw) if count % nth == 0 else [(0.0, reply)]

    return fault


def mixed(nth: int, seed: int = 0) -> Fault:
    """Harm each nth reply in one of all the ways, drawn anew each time."""
    draw = chance(seed, "mixed")
    return every(nth, lambda reply, _: draw.choice(list(KINDS.values()))(reply, draw), seed)


def named(kind: str, nth: int = 1, seed: int = 0, seconds: float = 0.7) -> Fault:
    """The fault of a name of KINDS, `late` by so many seconds, `any` of KINDS, or `none`. Raises ValueError."""
    if nth < 1:
        raise ValueError("every must be 1 or more")
    if kind == "none":
        return unharmed
    if kind == "any":
        return mixed(nth, seed)
    if kind == "late":
        return every(nth, late(seconds), seed)
    if kind not in KINDS:
        raise ValueError(f"no fault {kind}; there are none, any, late, {', '.join(KINDS)}")
    return every(nth, KINDS[kind], seed)
