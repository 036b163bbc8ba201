"""A cable that is pulled gives one clear sentence, and a port that comes back is used again."""

import contextlib
import os
import termios
import threading
import time
from types import SimpleNamespace

import pytest
import serial

from devices.agent import cable
from devices.agent.cable import LOST, DescriptorCable, PortLost, adapter_serial, is_there, open_serial, resolve
from devices.agent.reader import Reader
from devices.profiles import shipped_profile
from devices.simulators import demo_rigs


def test_pulled_while_idle(plug):
    with plug("modbus-rtu") as (reader, wire):
        reader.read()
        wire.unplug()
        with pytest.raises(PortLost, match="gone"):
            reader.read()


def test_pulled_while_waiting_for_a_reply(plug):
    with plug("modbus-rtu", fault=lambda reply: [], reply_ms=30_000) as (reader, wire):
        threading.Timer(0.1, wire.unplug).start()
        started = time.monotonic()
        with pytest.raises(PortLost, match="gone"):
            reader.read()
        assert time.monotonic() - started < 15


def test_pulled_while_a_dirty_line_is_drained(plug):
    with plug("modbus-rtu", fault=lambda reply: [], reply_ms=50, grace_ms=3000) as (reader, wire):
        threading.Timer(0.3, wire.unplug).start()
        with pytest.raises(PortLost, match="gone"):
            reader.read()


def test_a_port_that_returns_is_read_again(tmp_path):
    with (
        demo_rigs(tmp_path) as rigs,
        Reader(
            shipped_profile("dispenser-rig").with_overrides({"reply_ms": "5000"}), str(rigs.dispenser.link)
        ) as reader,
    ):
        assert reader.identify() == rigs.dispenser.serial
        rigs.dispenser.unplug()
        with pytest.raises(PortLost):
            reader.read()
        with pytest.raises(PortLost, match="There is no port"):
            reader.reopen()
        rigs.dispenser.replug()
        reader.reopen()
        assert reader.identify() == rigs.dispenser.serial
        assert {sample.quality.value for sample in reader.read()} == {"ok"}


def test_a_port_belongs_to_one_program(tmp_path):
    with demo_rigs(tmp_path) as rigs:
        link = str(rigs.evse.link)
        with (
            Reader(shipped_profile("evse-ac-modbus"), link),
            pytest.raises(PortLost, match="in use by another program"),
        ):
            Reader(shipped_profile("evse-ac-modbus"), link)
        with serial.Serial(link, exclusive=True), pytest.raises(PortLost, match="in use by another program"):
            Reader(shipped_profile("evse-ac-modbus"), link)


def test_parity_on_a_pseudo_terminal_is_refused_with_advice(tmp_path):
    with demo_rigs(tmp_path) as rigs, pytest.raises(PortLost, match="parity=N"):
        for _ in range(2):
            with Reader(shipped_profile("meter-dlt645"), str(rigs.meter.link)) as reader:
                reader.read()


@pytest.fixture
def adapters(monkeypatch):
    """USB adapters by device path: the only part of a port that a pseudo-terminal has not."""
    plugged = {}
    monkeypatch.setattr(
        cable.list_ports,
        "comports",
        lambda: [SimpleNamespace(device=path, serial_number=number) for path, number in plugged.items()],
    )
    return plugged


def test_a_usb_adapter_is_found_by_its_own_serial_number(adapters):
    assert resolve("/dev/ttyUSB7") == "/dev/ttyUSB7"
    with pytest.raises(PortLost, match="No USB adapter with serial number NONE"):
        resolve("usb:NONE")
    adapters["/dev/ttyUSB3"] = "FT1"
    assert resolve("usb:FT1") == "/dev/ttyUSB3"
    assert adapter_serial("/dev/ttyUSB3") == adapter_serial("usb:FT1") == "FT1"
    assert adapter_serial("/dev/ttyUSB9") == adapter_serial("socket://host:1") == ""
    adapters["/dev/ttyUSB4"] = "FT1"  # cheap adapters all carry the same number
    with pytest.raises(PortLost, match=r"2 USB adapters have the serial number FT1 .*name the port by its path"):
        resolve("usb:FT1")
    assert not is_there("usb:FT1")


def test_an_adapter_that_returns_under_another_path_is_read_again(adapters, tmp_path):
    with demo_rigs(tmp_path) as rigs:
        adapters[rigs.dispenser.wire.computer] = "FT7"
        profile = shipped_profile("dispenser-rig").with_overrides({"reply_ms": "5000"})
        with Reader(profile, "usb:FT7") as reader:
            assert {sample.quality.value for sample in reader.read()} == {"ok"}
            rigs.dispenser.unplug()
            adapters.clear()
            with pytest.raises(PortLost, match="gone"):
                reader.read()
            with pytest.raises(PortLost, match="No USB adapter with serial number FT7"):
                reader.reopen()
            rigs.dispenser.replug()
            adapters[rigs.dispenser.wire.computer] = "FT7"
            reader.reopen()
            assert {sample.quality.value for sample in reader.read()} == {"ok"}


@pytest.fixture
def pulled(plug):
    """A port as pyserial opens it whose other end has vanished."""
    with plug("modbus-rtu") as (reader, wire):
        reader.close()
        line = open_serial(wire.computer, reader.profile.transport, timeout=1)
        wire.unplug()
        yield line
        line.close()


@pytest.mark.parametrize(
    ("call", "raises"),
    [
        (lambda line: line.read(1), serial.SerialException),
        (lambda line: line.write(b"?"), serial.SerialException),
        (lambda line: line.in_waiting, OSError),
        (lambda line: line.reset_input_buffer(), termios.error),
    ],
    ids=["read", "write", "in_waiting", "reset_input_buffer"],
)
def test_whatever_pyserial_raises_when_the_other_end_vanished_counts_as_lost(pulled, call, raises):
    with pytest.raises(raises) as caught:
        call(pulled)
    assert isinstance(caught.value, LOST)


def test_a_lost_port_still_calls_itself_open_and_can_be_closed(pulled):
    assert pulled.is_open
    pulled.close()


@pytest.mark.parametrize("call", [lambda line: line.read(30.0), lambda line: line.write(b"?")], ids=["read", "write"])
def test_the_agents_own_reading_and_writing_notice_at_once(plug, call):
    with plug("modbus-rtu") as (reader, wire):
        wire.unplug()
        started = time.monotonic()
        with pytest.raises(LOST):
            call(reader.port._cable)
        assert time.monotonic() - started < 15


def test_an_adapter_that_is_always_ready_and_gives_nothing_is_lost():
    """What some adapters do after they were pulled out, seen from the kernel; the end of a pipe does the same."""
    ready, other = os.pipe()
    os.close(other)
    try:
        with pytest.raises(serial.SerialException, match="gives nothing"):
            DescriptorCable(SimpleNamespace(fileno=lambda: ready)).read(1.0)
    finally:
        os.close(ready)


def test_bytes_that_came_before_the_cable_was_pulled_are_kept(plug):
    with plug("modbus-rtu", fault=lambda reply: [(0.0, reply[:4])], reply_ms=3000) as (reader, wire):
        threading.Timer(0.3, wire.unplug).start()
        with pytest.raises(PortLost):
            reader.read()
        rows = reader.frames.rows
    assert [direction for _, direction, _ in rows] == ["t", "r"]
    assert len(rows[1][2]) == 4


def test_late_bytes_that_came_before_the_cable_was_pulled_are_kept(plug):
    with plug("modbus-rtu", fault=lambda reply: [(0.2, reply)], reply_ms=100, grace_ms=3000) as (reader, wire):
        threading.Timer(0.7, wire.unplug).start()
        with pytest.raises(PortLost):
            reader.read()
        assert [direction for _, direction, _ in reader.frames.rows] == ["t", "l"]


def test_bytes_that_nobody_takes_are_named(plug, monkeypatch):
    """Flow control that is never released, a connection that is stuck."""
    monkeypatch.setattr(cable, "WRITE_S", 0.2)
    with plug("modbus-rtu") as (reader, _):
        profile = reader.profile
    master, slave = os.openpty()
    try:
        with Reader(profile, os.ttyname(slave)) as stuck:
            for size in (4096, 1, 1, 1):  # the kernel makes room for some bytes more after the first refusal
                with contextlib.suppress(BlockingIOError):
                    while True:
                        os.write(stuck.port._cable._file, b"?" * size)
                time.sleep(0.05)
            with pytest.raises(PortLost, match="takes no data"):
                stuck.read()
    finally:
        os.close(slave)
        os.close(master)


def test_parity_that_the_port_drops_is_noticed_when_it_is_opened(tmp_path):
    """A pseudo-terminal takes the setting at the first opening and forgets it without a word."""
    with demo_rigs(tmp_path) as rigs, pytest.raises(PortLost, match="parity=N"):
        Reader(shipped_profile("meter-dlt645"), str(rigs.meter.link))
