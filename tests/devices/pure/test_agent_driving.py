"""Driving a rig: sent once, read back before it counts, everything on record; and what a capture does besides polling."""

import contextlib
import json
import os
import struct
import threading
import time
from decimal import Decimal
from types import SimpleNamespace

import pytest

from devices.agent import cable
from devices.agent.bench import BenchPort
from devices.agent.cable import PortLost
from devices.agent.capture import Order, PortWorker
from devices.agent.evidence import Frame, verify
from devices.agent.outbox import Outbox
from devices.agent.reader import Reader
from devices.profiles import load_profile
from devices.protocols import modbus_rtu
from devices.simulators import faults
from devices.simulators.instruments import Attached, LineInstrument
from devices.simulators.wire import Wire, unharmed
from tests.devices.pure.conftest import HEAD
from tests.devices.pure.test_agent import until
from tests.devices.pure.test_wire_listening import FIRST, PRINTED, SECOND

LOAD = """
[protocol]
kind = "modbus-rtu"
unit = 1
[[polls]]
id = "main"
fc = 3
address = 0
count = 2
[[polls.channels]]
id = "I"
at = 0
type = "f32"
quantity = "current"
unit = "A"
resolution = "0.01"
[[commands]]
id = "set-load"
title = { zh = "设定负载电流", en = "Set the load current" }
fc = 16
address = 64
type = "f32"
order = "ABCD"
[commands.input]
quantity = "current"
unit = "A"
range = ["0", "80"]
resolution = "0.01"
scale = "1"
[commands.confirm]
channel = "I"
tolerance = "0.05"
within_ms = 1200
"""
SUPPLY = """
[protocol]
kind = "line"
terminator = "LF"
[protocol.errors]
send = "SYST:ERR?"
expect = '^(?P<code>[-+]?\\d+),"(?P<text>[^"]*)"$'
[[polls]]
id = "current"
send = "CURR?"
expect = '^(?P<v>\\d+\\.\\d\\d)$'
[[polls.channels]]
id = "I"
from = "v"
quantity = "current"
unit = "A"
resolution = "0.01"
[[commands]]
id = "set-load"
send = "CURR {value}"
[commands.input]
quantity = "current"
unit = "A"
range = ["0", "80"]
resolution = "0.01"
[commands.confirm]
channel = "I"
tolerance = "0.05"
within_ms = 1200
"""


class Load:
    """Follows what is written to register 64 after `ramp` seconds; `deaf` ignores it, `refuses` answers an exception."""

    def __init__(self, ramp=0.0, *, deaf=False, refuses=False):
        self._ramp, self._deaf, self._refuses = ramp, deaf, refuses
        self._set, self._at = 0.0, 0.0
        self.writes = 0

    def receive(self, data):
        if not modbus_rtu.is_sealed(data):
            return b""
        if data[1] == 16:
            self.writes += 1
            if self._refuses:
                return modbus_rtu.sealed(bytes((1, 0x90, 3)))
            if not self._deaf:
                (self._set,), self._at = struct.unpack(">f", data[7:11]), time.monotonic()
            return modbus_rtu.sealed(data[:6])
        now = self._set if time.monotonic() - self._at >= self._ramp else 0.0
        return modbus_rtu.sealed(b"\x01\x03\x04" + struct.pack(">f", now))


class Supply:
    """A SCPI load that obeys in silence and complains into its queue above 50 A."""

    def __init__(self):
        self.current, self.queue = "0.00", []

    def answer(self, line):
        if line.startswith("CURR "):
            if Decimal(line[5:]) > 50:
                self.queue.append('-222,"Data out of range"')
            else:
                self.current = f"{Decimal(line[5:]):.2f}"
            return None
        return self.current if line == "CURR?" else self.queue.pop(0) if self.queue else '0,"No error"'


@contextlib.contextmanager
def driven(instrument, text=LOAD, fault=unharmed, **timing):
    head = HEAD.format(**({"reply_ms": 300, "grace_ms": 100, "retries": 0} | timing))
    with Wire(baud=115200, fault=fault) as wire:
        attached = Attached(wire.device, instrument)
        try:
            with Reader(load_profile(head + text), wire.computer) as reader:
                yield reader, wire
        finally:
            wire.close()
            attached.close()


def test_a_command_counts_once_it_is_read_back():
    load, rounds = Load(ramp=0.5), []
    with driven(load) as (reader, _):
        done = reader.drive("set-load", Decimal("32.00"), rounds.append)
        rows = {seq: (direction, raw) for seq, direction, raw in reader.frames.rows}
    assert done.ok
    assert "I = 32.00 A" in done.text.en
    assert "设定负载电流" in done.text.zh
    assert rows[done.tx][1][:4] == bytes((1, 16, 0, 64))
    assert rows[done.rx] == ("r", modbus_rtu.sealed(rows[done.tx][1][:6]))
    assert len(rounds) > 1, "the readings on the way are handed out"
    assert rounds[-1][0].printed == "32.00"


def test_a_lost_acknowledgement_is_read_back_and_the_command_not_repeated():
    load = Load()
    with driven(load, fault=_only_first(faults.silent)) as (reader, _):
        done = reader.drive("set-load", Decimal("32"))
    assert done.ok
    assert done.rx is None
    assert "not acknowledged" in done.text.en
    assert load.writes == 1


def test_a_late_acknowledgement_is_not_taken_for_a_reading():
    load = Load()
    with driven(load, fault=_only_first(faults.late(0.7)), reply_ms=300, grace_ms=1000) as (reader, _):
        assert reader.drive("set-load", Decimal("32")).ok
        assert [direction for _, direction, _ in reader.frames.rows] == ["t", "l", "t", "r"]


def test_a_command_without_effect_is_a_failure_and_is_sent_once():
    load = Load(deaf=True)
    with driven(load) as (reader, _):
        done = reader.drive("set-load", Decimal("32"))
    assert not done.ok
    assert load.writes == 1
    assert "I = 0.00 A, expected 32" in done.text.en
    assert "not sent again" in done.text.en


def test_a_refusal_is_told_at_once():
    load = Load(refuses=True)
    with driven(load) as (reader, _):
        started = time.monotonic()
        done = reader.drive("set-load", Decimal("32"))
        assert time.monotonic() - started < 1
    assert not done.ok
    assert "illegal data value" in done.text.en


@pytest.mark.parametrize(
    ("command", "value", "says"),
    [
        ("set-load", Decimal("80.01"), "between 0 and 80"),
        ("set-load", Decimal("0.005"), "multiple of 0.01"),
        ("set-load", None, "Enter a value"),
        ("fly", None, "no command"),
    ],
)
def test_what_must_not_be_sent_is_not_sent(command, value, says):
    with driven(Load()) as (reader, _):
        done = reader.drive(command, value)
        assert reader.frames.rows == []
    assert not done.ok
    assert says in done.text.en


def test_a_cable_pulled_during_a_command_is_told():
    with driven(Load(ramp=60)) as (reader, wire):
        threading.Timer(0.3, wire.unplug).start()
        with pytest.raises(PortLost):
            reader.drive("set-load", Decimal("32"))


def test_an_instrument_that_obeys_in_silence_is_asked_whether_it_liked_it():
    with driven(LineInstrument(Supply().answer, b"\n"), SUPPLY, reply_ms=150) as (reader, _):
        assert reader.drive("set-load", Decimal("32")).ok
        refused = reader.drive("set-load", Decimal("60"))
    assert not refused.ok
    assert "Data out of range" in refused.text.en


@contextlib.contextmanager
def capturing(tmp_path, instrument, text, *, poll_ms=50, device=None, grace_ms=100):
    """A worker in a session on a wire: worker, wire, what was done, and the rows of the outbox."""
    profile = load_profile(HEAD.format(reply_ms=300, grace_ms=grace_ms, retries=0) + text)
    done = {}
    with Wire(baud=115200) as wire:
        attached = [Attached(wire.device, instrument)] if instrument else []
        outbox = Outbox(tmp_path / "outbox.sqlite3")
        port = BenchPort("rig", device or wire.computer, profile, {})
        worker = PortWorker(port, outbox, captured=lambda: None, done=lambda *one: done.setdefault(one[0], one[1:]))
        worker.start()
        worker.open(Order("open", "s1", "T", "E1", "", poll_ms, profile))
        try:
            until(lambda: "open" in done)
            yield SimpleNamespace(worker=worker, wire=wire, done=done, outbox=outbox, attached=attached)
        finally:
            worker.end()
            worker.join(10)
            wire.close()
            for one in attached:
                one.close()
            outbox.close()


def stored(outbox):
    """Readings and frames of the session, and the events among them."""
    batch = outbox.batch("s1")
    frames = [
        Frame(one["seq"], one["mono_ns"], one["wall_ns"], one["dir"], bytes.fromhex(one["raw"]), bytes.fromhex(one["hash"]))
        for one in batch["frames"]
    ]  # fmt: skip
    assert verify(batch["header"], frames).unbroken
    events = [json.loads(one.raw) for one in frames if one.direction == "e"]
    return batch["readings"], frames, events, batch["header"]


def test_a_session_drives_between_two_polls_and_keeps_recording(tmp_path):
    with capturing(tmp_path, Load(ramp=0.4), LOAD) as here:
        until(lambda: here.worker.latest)
        here.worker.drive("d1", "set-load", Decimal("32"))
        here.worker.drive("d2", "set-load", Decimal("99"))
        until(lambda: {"d1", "d2"} <= here.done.keys())
        readings, _, events, _ = stored(here.outbox)
        here.worker.close()
        until(lambda: not here.worker.session)
        here.worker.drive("d3", "set-load", Decimal("1"))
    assert [here.done[one][0] for one in ("d1", "d2", "d3")] == [True, False, False]
    assert "已完成" in here.done["d1"][1]
    assert "没有在采集" in here.done["d3"][1]
    values = [one["value"] for one in readings]
    assert values[0] == "0.00"
    assert "32.00" in values
    assert values.index("32.00") > 1, "readings on the way to the load point are recorded"
    assert [(one["event"], one.get("ok", "")) for one in events][:4] == [
        ("drive", ""),
        ("driven", "yes"),
        ("drive", ""),
        ("driven", "no"),
    ]
    assert events[0]["value"] == "32"


def test_a_command_during_which_the_cable_is_pulled_says_that_it_may_have_been_obeyed(tmp_path):
    with capturing(tmp_path, Load(ramp=60), LOAD) as here:
        until(lambda: here.worker.latest)
        here.worker.drive("d1", "set-load", Decimal("32"))
        time.sleep(0.3)
        here.wire.unplug()
        until(lambda: "d1" in here.done)
        assert not here.done["d1"][0]
        assert "可能已经执行" in here.done["d1"][1]
        until(lambda: [one["event"] for one in stored(here.outbox)[2]][-1:] == ["port_lost"])


def test_a_session_listens(tmp_path):
    """Two prints in one burst, silence, one more: three readings, and no time-outs between."""
    with capturing(tmp_path, None, PRINTED, grace_ms=20_000) as here:
        file = os.open(here.wire.device, os.O_RDWR | os.O_NOCTTY)
        time.sleep(0.6)
        os.write(file, FIRST + SECOND)
        until(lambda: here.outbox.unsent() and len(stored(here.outbox)[0]) == 2)
        time.sleep(0.4)
        os.write(file, FIRST + b"ST,G")
        until(lambda: len(stored(here.outbox)[0]) == 3)
        time.sleep(0.4)
        here.worker.close()
        until(lambda: not here.worker.session)
        readings, frames, _, _ = stored(here.outbox)
        os.close(file)
    assert [(one["value"], one["quality"]) for one in readings] == [("12.3", "ok"), ("45.6", "ok"), ("12.3", "ok")]
    assert [(one.direction, one.raw) for one in frames] == [("r", FIRST), ("r", SECOND), ("r", FIRST), ("u", b"ST,G")]


def test_another_adapter_on_the_same_path_is_not_taken_for_the_one_that_was_pulled(tmp_path, monkeypatch):
    plugged = {}
    monkeypatch.setattr(
        cable.list_ports,
        "comports",
        lambda: [SimpleNamespace(device=path, serial_number=number) for path, number in plugged.items()],
    )
    link = tmp_path / "ttyUSB0"
    load = Load()
    with Wire(baud=115200, link=link) as wire:
        plugged[wire.computer] = "FT1"
        attached = Attached(wire.device, load)
        with capturing(tmp_path, None, LOAD, device=str(link)) as here:
            until(lambda: here.worker.latest)
            wire.unplug()
            attached.close()
            until(lambda: [one["event"] for one in stored(here.outbox)[2]] == ["port_lost"])
            plugged.clear()
            wire.replug()
            attached = Attached(wire.device, load)
            plugged[wire.computer] = "FT2"
            until(lambda: here.worker.trouble and "FT1" in here.worker.trouble.en)
            count = len(stored(here.outbox)[0])
            time.sleep(0.8)
            assert len(stored(here.outbox)[0]) == count
            plugged[wire.computer] = "FT1"
            until(lambda: [one["event"] for one in stored(here.outbox)[2]] == ["port_lost", "port_returned"])
            until(lambda: len(stored(here.outbox)[0]) > count)
            assert here.worker.trouble is None
            readings, _, _, header = stored(here.outbox)
        attached.close()
    assert header["adapter"] == "FT1"
    assert [one["quality"] for one in readings].count("timeout") == 1, "one event for the one channel"


def _only_first(kind):
    count = 0

    def fault(reply):
        nonlocal count
        count += 1
        return kind(reply, None) if count == 1 else [(0.0, reply)]

    return fault
