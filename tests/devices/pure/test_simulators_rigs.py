"""The simulated rigs at the end of their wires: read, driven, harmed and pulled out through the shipped profiles."""

import random
import time
from collections import Counter
from decimal import Decimal

import pytest
import serial

from devices.agent.bench import load_bench
from devices.agent.once import read_rig
from devices.agent.reader import Reader
from devices.agent.transport import PortLost
from devices.profiles import load_profile, shipped, shipped_profile
from devices.profiles.decode import agreed, checked, exchange, readings
from devices.protocols import dlt645
from devices.protocols.exchange import Answer, Quality
from devices.simulators import SERIALS, Tank, demo_rigs, faults
from devices.simulators.clock import HandClock
from devices.simulators.instruments import Attached, Dlt645Meter
from devices.simulators.weighing import Pan
from devices.simulators.wire import Wire


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """All demo rigs at once, shared by the tests that only look or steer a rig of their own."""
    with demo_rigs(tmp_path_factory.mktemp("rigs"), speed=20, tank=Tank(V0=Decimal(20))) as rigs:
        yield rigs


@pytest.fixture(scope="module")
def ports(running):
    return {port.name: port for port in load_bench(running.folder / "bench.toml").ports}


def open_rig(port):
    return Reader(port.profile.with_overrides(port.settings), port.device)


def test_every_shipped_profile_has_a_simulated_counterpart(running, ports):
    assert {port.profile.id for port in ports.values() if port.profile} == set(shipped())
    assert {name for name, port in ports.items() if port.profile is None} == {"unknown-balance", "unknown-transmitter"}
    assert set(running.rigs) == set(SERIALS)
    assert running.state()["rigs"]["dispenser"]["tank"]["V0"] == "20"


@pytest.mark.parametrize("identifier", shipped())
def test_rig_read_works_on_every_rig(ports, identifier):
    """As `manage.py rig read` does it: the serial number, and a value or a meaning in every channel."""
    port = next(one for one in ports.values() if one.profile and one.profile.id == identifier)
    found = read_rig(port.profile, port.device, settings=port.settings)
    assert found["identity"]["quality"] == "ok"
    expected = "" if identifier == "climate-modbus" else SERIALS[port.name]
    assert found["identity"]["serial"] == expected
    channels = found["samples"][0]["channels"]
    assert list(channels) == [one.id for one in port.profile.channels]
    derived = {one.channel.id for one in port.profile.derived}
    for name, row in channels.items():
        assert row["quality"] == ("unstable" if name in derived else "ok"), row
        if name not in derived:
            assert row["value"] or row["quantity"] == "clock"
            assert row["frames"]["tx"]
            assert row["frames"]["rx"]


def test_an_ac_pile_is_driven_and_keeps_its_load(ports):
    with open_rig(ports["evse-ac"]) as reader:
        done = reader.drive("set-load", Decimal("16.5"))
        assert done.ok and "16.5" in done.text.zh
        assert not reader.drive("set-load", Decimal("100.1")).ok
        assert reader.drive("start", None).ok
        found = {one.channel: one for one in reader.read()}
        assert (found["I_set"].printed, found["state"].text.zh) == ("16.5", "充电中")
        assert reader.drive("stop", None).ok
        assert {one.channel: one for one in reader.read()}["state"].text.zh == "空闲"


def test_a_dc_pile_is_driven_through_a_charge(running, ports):
    """Set, start, measure the error by pulses, stop; the pile is 0.6 % fast."""
    with open_rig(ports["evse-dc"]) as reader:
        assert reader.drive("set-load", Decimal(200)).ok
        assert reader.drive("start", None).ok
        end = time.monotonic() + 60
        while time.monotonic() < end:
            found = {one.channel: one for one in reader.read()}
            if found["gamma"].quality is Quality.OK:
                break
            time.sleep(0.2)
        assert found["gamma"].quality is Quality.OK
        assert abs(found["gamma"].value - Decimal("0.6")) <= Decimal("0.12")
        assert 399 < found["U"].value < 410
        assert abs(found["I"].value - 200) < 1
        assert reader.drive("stop", None).ok
        idle = {one.channel: one for one in reader.read()}
        assert (idle["state"].text.en, idle["I"].value) == ("Idle", 0)
    assert running.evse_dc.display()["phase"] == "idle"


def test_what_a_dc_pile_does_not_admit_is_named(ports):
    """The profile of another device lets 900 A pass; the pile does not."""
    text = ports["evse-dc"].profile.text.replace('range = ["0", "250"]', 'range = ["0", "900"]')
    wide = load_profile(text).with_overrides(ports["evse-dc"].settings)
    with Reader(wide, ports["evse-dc"].device) as reader:
        driven = reader.drive("set-load", Decimal(900))
    assert not driven.ok
    assert "illegal data address" in driven.text.en


def test_a_pressure_controller_ramps_holds_and_vents(ports):
    with open_rig(ports["pressure"]) as reader:
        assert reader.drive("set-point", Decimal("250")).ok
        assert reader.drive("control", None).ok
        held = {one.channel: one for one in reader.read()}
        assert abs(held["p"].value - 250) < Decimal("0.05")
        assert held["output"].text.en == "Controlling"
        assert reader.drive("measure", None).ok
        assert reader.drive("vent", None).ok
        vented = {one.channel: one for one in reader.read()}
        assert abs(vented["p"].value) < Decimal("0.1")
        assert vented["vent"].text.zh == "已放空"


def test_a_scpi_instrument_says_what_it_did_not_like(ports):
    """The wrong question is answered by silence; the reading carries the words of the error queue."""
    port = ports["pressure"]
    text = port.profile.text.replace('send = ":OUTP:STAT?"', 'send = ":OUTPUTS?"').replace(
        "AMPL {value}", "AMPLE {value}"
    )
    profile = load_profile(text).with_overrides({"reply_ms": "300", "grace_ms": "100"})
    with Reader(profile, port.device) as reader:
        found = {one.channel: one for one in reader.read()}
        assert found["output"].quality is Quality.DEVICE_ERROR
        assert "-113 Undefined header" in found["output"].text.zh
        assert found["vent"].quality is Quality.OK
        driven = reader.drive("set-point", Decimal(1))
        assert not driven.ok
        assert "-113 Undefined header" in driven.text.en


def test_a_three_phase_meter_counts_the_pulses_of_a_slow_meter(ports):
    """0.21 % slow; the constant is set and read back, then counts in the comparison."""
    with open_rig(ports["meter-3p"]) as reader:
        assert reader.drive("set-constant", Decimal(100000)).ok
        first = {one.channel: one for one in reader.read()}
        end = time.monotonic() + 60
        while time.monotonic() < end:
            last = {one.channel: one for one in reader.read()}
            if last["gamma"].quality is Quality.OK:
                break
            time.sleep(0.1)
        assert abs(last["gamma"].value + Decimal("0.21")) <= Decimal("0.06")
        assert last["N"].value > first["N"].value
        active, apparent = last["P"].value, last["S"].value
        assert abs(active / apparent - last["PF"].value) < Decimal("0.001")


@pytest.mark.parametrize("name", ["balance", "balance-and", "balance-sbi", "balance-ohaus"])
def test_a_balance_settles_and_says_so(running, name):
    """While it moves no value counts; what it says then is what was placed."""
    rig = running.rigs[name]
    profile = shipped_profile(rig.profile_id)
    clock = HandClock()
    model = type(rig).__new__(type(rig))
    model.serial, model.pan = rig.serial, Pan(clock, seed=3, resolution=rig.resolution, mass=rig.start)

    def weigh():
        poll = profile.polls[0]
        asking = exchange(profile, poll.question)
        (found,) = readings(poll, asking.feed(model.answer(poll.question.send).encode() + b"\r\n"))
        return found

    model.place("50.0004")
    clock.advance(0.5)
    assert weigh().quality is Quality.UNSTABLE
    clock.advance(3)
    assert (weigh().value, weigh().quality) == (Decimal("50.0004").quantize(Decimal(rig.resolution)), Quality.OK)
    model.place("5000")
    clock.advance(3)
    assert weigh().quality is (Quality.DEVICE_ERROR if name == "balance-ohaus" else Quality.OVERLOAD)


def test_the_unknown_balance_speaks_its_own_line(ports):
    """As a person would find out: send R, see the line."""
    with serial.Serial(ports["unknown-balance"].device, 9600, timeout=5) as port:
        port.write(b"R\r\n")
        assert port.readline() == b"WT:+  1.2340 kg ST\r\n"
        port.timeout = 0.3
        port.write(b"Q\r\n")
        assert port.read(1) == b""


@pytest.fixture(scope="module")
def frozen(tmp_path_factory):
    """All rigs at one moment: under load, nothing moves."""
    clock = HandClock()
    with demo_rigs(tmp_path_factory.mktemp("frozen"), clock=clock) as rigs:
        rigs.evse.start(load_a="32")
        rigs.evse_dc.charging.set_load(60)
        rigs.evse_dc.charging.start()
        clock.advance(120)
        yield rigs


@pytest.mark.parametrize("identifier", shipped())
def test_no_harmed_reply_gives_a_wrong_value(frozen, identifier):
    """Six of ten replies are harmed, each in one of all the ways; a value that counts is the one shown at rest."""
    rig = next(one for one in frozen.rigs.values() if one.profile_id == identifier)
    profile, instrument = shipped_profile(identifier), rig.instrument()
    address = rig.serial if identifier == "meter-dlt645" else ""
    draw = random.Random(identifier)

    def ask(poll, question, *, harmed):
        asking = exchange(profile, question, address)
        reply = instrument.receive(asking.request)
        if harmed and draw.random() < 0.6:
            kind = draw.choice(list(faults.KINDS.values()))
            reply = b"".join(chunk for _, chunk in kind(reply, draw))
        return checked(poll, (asking.feed(reply) if reply else None) or asking.expire())

    good = Counter()
    for _ in range(240 // len(profile.polls)):
        for poll in profile.polls:
            truth = readings(poll, ask(poll, poll.question, harmed=False))
            outcome = ask(poll, poll.question, harmed=True)
            found = readings(poll, outcome)
            for _ in range(poll.agree - 1):
                if isinstance(outcome, Answer):
                    outcome = ask(poll, poll.questions[-1], harmed=True)
                    again = readings(poll, outcome)
                    found = agreed(found, again) if isinstance(outcome, Answer) else again
            for right, one in zip(truth, found, strict=True):
                if one.quality is Quality.OK and one.value is not None:
                    noise = Decimal("0.0001") if identifier == "multimeter-scpi" else one.channel.agree_within or 0
                    assert abs(one.value - right.value) <= noise
                    good[one.channel.id] += 1
    assert set(good) == {one.id for poll in profile.polls for one in poll.channels if one.quantity != "clock"}


def test_a_long_item_comes_in_parts():
    """A block of eight values in frames of eight bytes: asked for part by part, put together again."""
    block = {"0201FF00": b"".join(dlt645.packed(Decimal(220 + one), "XXX.X", signed=False) for one in range(8))}
    channels = "".join(
        f'[[polls.channels]]\nid = "U{one}"\nat = {2 * one}\nformat = "XXX.X"\nsigned = false\nquantity = "voltage"\nunit = "V"\n'
        for one in range(8)
    )
    head = shipped_profile("meter-dlt645").text.split("[[polls]]")[0]
    profile = load_profile(f'{head}[[polls]]\nid = "U"\ndi = "0201FF00"\n{channels}')
    with Wire(baud=9600) as wire:
        meter = Attached(wire.device, Dlt645Meter("000000001600", lambda: block, part=8))
        patient = profile.with_overrides({"parity": "N", "baud": "9600", "reply_ms": "5000"})
        with Reader(patient, wire.computer) as reader:
            assert reader.identify() == "000000001600"
            assert [one.printed for one in reader.read()] == [f"{220 + one}.0" for one in range(8)]
            asked = [raw[12] for _, direction, raw in reader.frames.rows if direction == "t" and raw[11] == 0x68]
        meter.close()
    assert asked == [dlt645.READ_ADDRESS, dlt645.READ, dlt645.READ_NEXT]


def test_cables_are_pulled_and_replies_harmed_on_request(running, ports):
    patient = ports["climate"].profile.with_overrides({"reply_ms": "300", "grace_ms": "400"})
    for command in ({"kind": "truncated"}, {"kind": "any", "every": "1"}):
        running.obey({"rig": "climate", "do": "fault", **command})
    running.obey({"rig": "climate", "do": "fault", "kind": "other_function"})
    with Reader(patient, ports["climate"].device) as reader:
        assert {one.quality for one in reader.read()} == {Quality.BAD_FRAME}
        running.obey({"rig": "climate", "do": "fault", "kind": "late", "seconds": "0.5"})
        assert {one.quality for one in reader.read()} == {Quality.TIMEOUT}
        running.obey({"rig": "climate", "do": "fault", "kind": "none"})
        running.obey({"rig": "climate", "do": "echo"})
        assert {one.quality for one in reader.read()} == {Quality.OK}
        running.obey({"rig": "climate", "do": "echo", "on": "no"})
        assert {one.quality for one in reader.read()} == {Quality.OK}
        running.obey({"rig": "climate", "do": "unplug"})
        with pytest.raises(PortLost):
            reader.read()
        running.obey({"rig": "climate", "do": "replug"})
        running.obey({"rig": "climate", "do": "replug"})
        reader.reopen()
        assert {one.quality for one in reader.read()} == {Quality.OK}


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ({"rig": "climate", "do": "fault", "kind": "rain"}, "no fault rain"),
        ({"rig": "climate", "do": "fault", "kind": "silent", "every": "0"}, "1 or more"),
        ({"rig": "evse-dc", "do": "start", "load_a": "900"}, "0 to 250 A"),
        ({"rig": "evse-dc", "do": "sing"}, "knows start and stop"),
        ({"rig": "meter-3p", "do": "load", "load_a": "900"}, "between 0 and 100 A"),
        ({"rig": "balance-and", "do": "fly"}, "balance-and knows place"),
        ({"rig": "multimeter", "do": "fly"}, "knows apply"),
        ({"rig": "pressure", "do": "fly"}, "takes no commands"),
        ({"rig": "nobody", "do": "fly"}, "no rig nobody"),
    ],
)
def test_what_a_rig_does_not_know_is_refused(running, command, says):
    with pytest.raises(ValueError, match=says):
        running.obey(command)
