"""The late-reply table: an instrument answers the first question after its time is over; what do its masters read next?

Registers 10, 20, 30 and 40 hold 10, 20, 30 and 40. Each master has 0.5 s of patience, the first reply takes 0.65 s. Six
well-known masters file a late reply under the next register (pymodbus pull request 2636 and others); ours must not.
"""

import asyncio
import struct
import sys
from collections.abc import Callable, Sequence

import serial
from pymodbus import __version__ as pymodbus_version
from pymodbus.client import AsyncModbusSerialClient, ModbusSerialClient
from pymodbus.exceptions import ModbusException

from devices.agent.reader import Reader
from devices.profiles import load_profile
from devices.protocols import modbus_rtu
from devices.simulators.instruments import Attached, ModbusSlave
from devices.simulators.wire import Chunk, Wire
from tests.devices import counterparts

ADDRESSES = (10, 20, 30, 40)
PATIENCE_S, LATE_S, GRACE_MS = 0.5, 0.65, 800
BAUD = 19200
RIGHT = ("timeout", "20", "30", "40")

Master = Callable[[str], Sequence[str]]
"""Reads the four registers through a port; what each gave."""


def ours(port: str) -> list[str]:
    text = f"""
schema = "rig/1"
id = "late"
revision = "1"
title = {{ zh = "迟到", en = "Late" }}
source = "bench"
[transport]
baud = {BAUD}
[timing]
reply_ms = {PATIENCE_S * 1000:.0f}
grace_ms = {GRACE_MS}
retries = 0
[protocol]
kind = "modbus-rtu"
unit = 1
""" + "".join(
        f'[[polls]]\nid = "p{at}"\nfc = 3\naddress = {at}\ncount = 1\n[[polls.channels]]\nid = "v{at}"\nat = 0\n'
        'type = "u16"\nquantity = "count"\nunit = "1"\n'
        for at in ADDRESSES
    )
    with Reader(load_profile(text), port) as reader:
        return [sample.printed or sample.quality.value for sample in reader.read()]


def bare(port: str) -> list[str]:
    """pyserial by hand, the input buffer flushed before every question, CRC checked."""
    found = []
    with serial.Serial(port, BAUD, timeout=PATIENCE_S) as line:
        for address in ADDRESSES:
            line.reset_input_buffer()
            line.write(modbus_rtu.sealed(struct.pack(">BBHH", 1, 3, address, 1)))
            reply = line.read(7)
            found.append(str(struct.unpack(">H", reply[3:5])[0]) if modbus_rtu.is_sealed(reply) else "timeout")
    return found


def pymodbus(retries: int) -> Master:
    def read(port: str) -> list[str]:
        client = ModbusSerialClient(port, baudrate=BAUD, timeout=PATIENCE_S, retries=retries)
        client.connect()
        found = []
        for address in ADDRESSES:
            try:
                found.append(str(client.read_holding_registers(address, count=1, device_id=1).registers[0]))
            except (ModbusException, IndexError):
                found.append("timeout")
        client.close()
        return found

    return read


def pymodbus_async(retries: int) -> Master:
    async def talk(port: str) -> list[str]:
        client = AsyncModbusSerialClient(port, baudrate=BAUD, timeout=PATIENCE_S, retries=retries)
        await client.connect()
        found = []
        for address in ADDRESSES:
            try:
                reply = await client.read_holding_registers(address, count=1, device_id=1)
                found.append(str(reply.registers[0]))
            except (ModbusException, IndexError):
                found.append("timeout")
        client.close()
        return found

    return lambda port: asyncio.run(talk(port))


def minimalmodbus(port: str) -> list[str]:
    sys.path.append(str(counterparts.folder()))
    import minimalmodbus as library  # type: ignore[import-not-found]

    instrument = library.Instrument(port, 1)
    instrument.serial.baudrate, instrument.serial.timeout = BAUD, PATIENCE_S
    found = []
    for address in ADDRESSES:
        try:
            found.append(str(instrument.read_register(address)))
        except OSError:
            found.append("timeout")
    instrument.serial.close()
    return found


def masters() -> dict[str, Master]:
    return {
        "ours": ours,
        f"pymodbus {pymodbus_version} sync, retries=0": pymodbus(0),
        f"pymodbus {pymodbus_version} sync, retries=3": pymodbus(3),
        f"pymodbus {pymodbus_version} async, retries=0": pymodbus_async(0),
        f"pymodbus {pymodbus_version} async, retries=3": pymodbus_async(3),
        "minimalmodbus 2.1.1": minimalmodbus,
        "bare pyserial, flushed before each question": bare,
    }


def tried(master: Master) -> tuple[str, ...]:
    """What a master reads when the first reply is late."""
    replies = 0

    def first_late(reply: bytes) -> Sequence[Chunk]:
        nonlocal replies
        replies += 1
        return [(LATE_S if replies == 1 else 0.0, reply)]

    bank = {address: address for address in ADDRESSES}
    with Wire(baud=BAUD, fault=first_late) as wire:
        attached = Attached(wire.device, ModbusSlave(1, lambda: bank))
        try:
            return tuple(master(wire.computer))
        finally:
            wire.close()
            attached.close()


def table() -> tuple[list[tuple[str, ...]], bool]:
    """The rows, wrong values in stars, and whether ours read right."""
    rows = [("master", *(f"read {address}" for address in ADDRESSES))]
    right = False
    for name, master in masters().items():
        found = tried(master)
        rows.append((name, *(_marked(one, address) for one, address in zip(found, ADDRESSES, strict=True))))
        right = right or (name == "ours" and found == RIGHT)
    return rows, right


def _marked(found: str, address: int) -> str:
    return found if found in ("timeout", str(address)) else f"*{found}*"
