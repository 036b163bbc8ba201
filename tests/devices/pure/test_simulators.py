"""The simulated rigs: plausible, repeatable, and true to the formulas a person works them with."""

import itertools
import json
import subprocess
import sys
import time
from decimal import Decimal

import pytest

from devices.agent.reader import Reader
from devices.profiles import shipped_profile
from devices.simulators import SERIALS, demo_rigs
from devices.simulators.charging import Charging
from devices.simulators.charging_dc import DirectCharging, Phase
from devices.simulators.clock import HandClock
from devices.simulators.filling import EXPANSION, Filling
from devices.simulators.weighing import Pan


def patient(identifier):
    """The profile with time enough for a busy computer."""
    return shipped_profile(identifier).with_overrides({"reply_ms": "5000"})


def charge(seed, seconds, looks=1):
    clock = HandClock()
    model = Charging(clock, seed=seed)
    start = model.pile_display(), model.reference_micro()
    model.start(load_a="32", seconds=str(seconds))
    for _ in range(looks):
        clock.advance(seconds / looks)
        model.electrical()
    clock.advance(30)
    return model.pile_display() - start[0], Decimal(model.reference_micro() - start[1]).scaleb(-6), model


def test_a_charge_depends_on_the_seed_and_not_on_who_looks():
    assert charge(1, 300)[:2] == charge(1, 300, looks=37)[:2]
    assert charge(1, 300)[1] != charge(2, 300)[1]


def test_a_charge_at_32_ampere_is_plausible():
    pile, reference, model = charge(3, 600)
    assert Decimal("1.10") < reference < Decimal("1.20")
    assert model.electrical().current == 0
    error = (pile - reference) / reference * 100
    assert Decimal("0.5") < error < Decimal("0.9"), "+0.7 % configured, display steps of 0.001 kWh"


def test_current_ramps_and_voltage_sags():
    clock = HandClock()
    model = Charging(clock, seed=1)
    idle = model.electrical()
    model.start(load_a="32")
    currents = []
    for _ in range(16):
        clock.advance(0.5)
        currents.append(model.electrical().current)
    assert currents[0] == 0
    assert sum(one < two for one, two in itertools.pairwise(currents)) >= 6
    assert currents[-1] == pytest.approx(32, rel=0.005)
    assert idle.voltage - model.electrical().voltage > 1
    model.stop()
    clock.advance(1)
    assert model.electrical().current == 0
    assert not model.running


def test_the_neck_reading_gives_the_dispensers_error_back():
    """JJG 443: VB = V0 + d(h - h0)/1000; VBt = VB[1 + beta_Y(tJ - tB) + beta_B(tB - 20)]; E = (VJ - VBt)/VBt."""
    clock = HandClock()
    model = Filling(clock, seed=5, error="0.0012", spread="0")
    for _ in range(3):
        model.fill(flow="40")
        assert model.phase == "filling"
        assert model.neck() is None
        clock.advance(300)
        assert model.phase == "settled"
        (nozzle, tank), neck = model.temperatures(), model.neck()
        assert neck is not None
        at_20 = model.tank.V0 + model.tank.d * (neck - model.tank.h0) / 1000
        volume = at_20 * (1 + EXPANSION["petrol"] * (nozzle - tank) + model.tank.beta_B * (tank - 20))
        error = (model.volume() - volume) / volume * 100
        assert abs(error - Decimal("0.12")) < Decimal("0.001")
        assert abs(nozzle - tank) < 4


def test_fillings_repeat_with_the_seed():
    def run(seed):
        clock = HandClock()
        model = Filling(clock, seed=seed)
        found = []
        for _ in range(3):
            model.fill()
            clock.advance(400)
            found.append((model.volume(), model.neck(), model.temperatures()))
        return found

    assert run(1) == run(1)
    assert run(1) != run(2)


def energy(reader):
    return next(one.value for one in reader.read() if one.channel == "E")


def test_a_person_and_a_reader_see_the_same_session(tmp_path):
    """The walk through the main job: read, charge, read again; the error is the one configured."""
    with demo_rigs(tmp_path, seed=4, speed=400, pile_error="0.007") as rigs:
        with Reader(patient("evse-ac-modbus"), str(rigs.evse.link)) as reader:
            assert reader.identify() == SERIALS["evse-ac"]
            before, shown = energy(reader), Decimal(rigs.evse.display()["energy"])
            rigs.evse.start(load_a="32", seconds="600")
            rigs.evse.wait()
            after = energy(reader)
        pile = Decimal(rigs.evse.display()["energy"]) - shown
        assert abs((pile - (after - before)) / (after - before) * 100 - Decimal("0.7")) < Decimal("0.1")
        rigs.dispenser.fill(flow="40", litres="50")
        rigs.dispenser.wait()
        with Reader(patient("dispenser-rig"), str(rigs.dispenser.link)) as reader:
            nozzle, tank = (sample.printed for sample in reader.read())
        assert (nozzle, tank) == (rigs.dispenser.display()["t_nozzle"], rigs.dispenser.display()["t_tank"])


def test_a_pan_swings_the_same_way_for_the_same_seed():
    def swing(seed):
        clock = HandClock()
        pan = Pan(clock, seed=seed, resolution="0.0001")
        pan.place("100")
        found = []
        for _ in range(25):
            clock.advance(0.1)
            found.append(pan.reading())
        return found

    assert swing(1) == swing(1)
    assert swing(1) != swing(2)
    values = [value for value, _ in swing(1)]
    assert values[0] < 30
    assert [stable for _, stable in swing(1)].count(True) == 6
    assert values[-1] == 100


def test_a_dc_charge_depends_on_the_seed_and_not_on_who_looks():
    def charge(seed, looks):
        clock = HandClock()
        model = DirectCharging(clock, seed=seed)
        model.set_load(100)
        model.start()
        for _ in range(looks):
            clock.advance(240 / looks)
            model.look()
        model.stop()
        clock.advance(60)
        return model.look()

    assert charge(1, 1) == charge(1, 48)
    assert charge(1, 1) != charge(2, 1)
    now, energy, pulses, phase = charge(1, 8)
    assert (now.current, phase) == (0, Phase.IDLE)
    assert 2_500_000 < energy < 2_700_000  # 100 A at 393 V for some four minutes: 2.6 kWh
    assert abs(Decimal(pulses) / 10000 / Decimal(energy).scaleb(-6) - Decimal("1.006")) < Decimal("0.0002")


def test_files_steer_the_rigs_of_another_process(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "devices.simulators", "--dir", str(tmp_path), "--seed", "1", "--speed", "100"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert "evse-ac" in process.stdout.readline()
        for name, command in [
            ("1", {"rig": "evse-ac", "do": "start", "load_a": "16", "seconds": "60"}),
            ("2", {"rig": "evse-ac", "do": "fly"}),
        ]:
            (tmp_path / "control" / f".{name}").write_text(json.dumps(command))
            (tmp_path / "control" / f".{name}").rename(tmp_path / "control" / f"{name}.json")
        end = time.monotonic() + 60
        while time.monotonic() < end:
            state = json.loads((tmp_path / "state.json").read_text("utf-8"))
            if state["rigs"]["evse-ac"]["display"]["energy"] > "1234.600" and state["last_command"]:
                break
            time.sleep(0.05)
        assert state["rigs"]["evse-ac"]["display"]["energy"] > "1234.600"
        assert state["last_command"] == {"file": "2.json", "ok": False, "text": "evse-ac knows start and stop"}
        assert not list((tmp_path / "control").glob("*.json"))
    finally:
        process.terminate()
        process.wait(5)
        process.stdout.close()
    assert not (tmp_path / "evse-ac").is_symlink()
