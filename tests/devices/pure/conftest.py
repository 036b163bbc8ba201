"""Small instruments and profiles the wire tests share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest
from hypothesis import settings

from devices.agent.reader import Reader
from devices.profiles import Profile, load_profile
from devices.protocols import dlt645
from devices.simulators.instruments import Attached, Dlt645Meter, Instrument, LineInstrument, ModbusSlave
from devices.simulators.wire import Fault, Wire, unharmed

settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")

HEAD = """
schema = "rig/1"
id = "test"
revision = "1"
title = {{ zh = "试验", en = "Test" }}
source = "test"
[transport]
baud = 115200
[timing]
reply_ms = {reply_ms}
grace_ms = {grace_ms}
retries = {retries}
"""
CHANNEL = 'quantity = "count"\nunit = "1"\n'
VALUES = (10, 20, 30, 40)
"""Four quantities with values that tell which question was answered."""


def modbus_profile(**timing: int) -> Profile:
    polls = [
        f'[[polls]]\nid = "p{value}"\nfc = 3\naddress = {value}\ncount = 2\n'
        f'[[polls.channels]]\nid = "v{value}"\nat = 0\ntype = "u32"\n{CHANNEL}'
        for value in VALUES
    ]
    return _profile('[protocol]\nkind = "modbus-rtu"\nunit = 1\n', polls, timing)


def dlt645_profile(**timing: int) -> Profile:
    polls = [
        f'[[polls]]\nid = "p{value}"\ndi = "000000{value}"\n'
        f'[[polls.channels]]\nid = "v{value}"\nformat = "XXXXXX"\nsigned = false\n{CHANNEL}'
        for value in VALUES
    ]
    return _profile('[protocol]\nkind = "dlt645-2007"\naddress = "123456781012"\n', polls, timing)


def line_profile(**timing: int) -> Profile:
    """Answers name their question, and only two equal answers in a row count: a line has no check sum."""
    polls = [
        f'[[polls]]\nid = "p{value}"\nsend = "R{value}?"\nexpect = "^R{value} (?P<v>\\\\d+\\\\.\\\\d\\\\d)$"\nagree = 2\n'
        f'[[polls.channels]]\nid = "v{value}"\nfrom = "v"\nresolution = "0.01"\n{CHANNEL}'
        for value in VALUES
    ]
    return _profile('[protocol]\nkind = "line"\n', polls, timing)


def _profile(protocol: str, polls: list[str], timing: dict[str, int]) -> Profile:
    head = HEAD.format(**({"reply_ms": 100, "grace_ms": 80, "retries": 0} | timing))
    return load_profile(head + protocol + "".join(polls))


def modbus_slave() -> Instrument:
    return ModbusSlave(1, lambda: {at: word for value in VALUES for at, word in ((value, 0), (value + 1, value))})


def dlt645_meter() -> Instrument:
    items = {f"000000{value}": dlt645.packed(Decimal(value), "XXXXXX", signed=False) for value in VALUES}
    return Dlt645Meter("123456781012", lambda: items)


def line_instrument() -> Instrument:
    answers = {f"R{value}?": f"R{value} {value}.00" for value in VALUES}
    return LineInstrument(answers.get)


SETUPS: dict[str, tuple[Callable[..., Profile], Callable[[], Instrument]]] = {
    "modbus-rtu": (modbus_profile, modbus_slave),
    "dlt645-2007": (dlt645_profile, dlt645_meter),
    "line": (line_profile, line_instrument),
}


@contextmanager
def connected(
    protocol: str, *, fault: Fault = unharmed, echo: bool = False, baud: int = 115200, **timing: int
) -> Iterator[tuple[Reader, Wire]]:
    """A reader of the protocol's test profile on a wire to its test instrument."""
    profile, instrument = SETUPS[protocol]
    with Wire(baud=baud, fault=fault) as wire:
        attached = Attached(wire.device, instrument(), echo=echo)
        try:
            with Reader(profile(**timing), wire.computer) as reader:
                yield reader, wire
        finally:
            wire.close()
            attached.close()


@pytest.fixture
def plug():
    """The `connected` context manager, for tests that cannot import from here."""
    return connected
