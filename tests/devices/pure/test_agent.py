"""The agent of a bench: orders, identity, plugs pulled, servers that fail, and processes that are killed."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager

import pytest

from devices.agent.bench import load_bench
from devices.agent.service import Agent
from devices.profiles import ProfileErrors, shipped_profile
from devices.simulators import SERIALS, demo_rigs
from tests.devices.pure.fake_server import FakeServer


def until(done, timeout=60.0):
    end = time.monotonic() + timeout
    while not (found := done()):
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.02)
    return found


def order(port, **more):
    """An order to open a session as the server gives it."""
    return {
        "id": str(uuid.uuid4()),
        "do": "open",
        "port": port,
        "session": str(uuid.uuid4()),
        "operator": "检定员/7",
        "equipment": "BZ-001",
        "equipment_serial": SERIALS[port],
        "poll_ms": 50,
    } | more


def closing(opened):
    return {"id": str(uuid.uuid4()), "do": "close", "session": opened["session"], "port": opened["port"]}


@contextmanager
def running(server, rigs, data):
    agent = Agent(load_bench(rigs.folder / "bench.toml"), server, data, ask_every=0.05)
    agent.start()
    try:
        yield agent
    finally:
        agent.stop()


@pytest.fixture
def rigs(tmp_path):
    with demo_rigs(tmp_path / "rigs", seed=1, speed=50) as rigs:
        yield rigs


def test_a_session_runs_from_order_to_closing_head(rigs, tmp_path):
    server = FakeServer()
    with running(server, rigs, tmp_path / "data"):
        until(lambda: server.polls and {one["state"] for one in server.polls[-1]["ports"]} == {"idle"})
        assert {one["name"]: one["serial_read"] for one in server.polls[-1]["ports"]} == SERIALS | {
            "climate": "",
            "unknown-balance": "",
            "unknown-transmitter": "",
        }
        opened = order("evse-ac")
        server.orders.append(opened)
        session = until(lambda: server.sessions.get(opened["session"]))
        until(lambda: len(session.readings) >= 12)
        assert server.done[opened["id"]]["ok"]
        assert [one["state"] for one in server.polls[-1]["ports"] if one["name"] == "evse-ac"] == ["capturing"]
        closed = closing(opened)
        server.orders.append(closed)
        until(lambda: closed["id"] in server.done and session.close)
        until(lambda: [one["state"] for one in server.polls[-1]["ports"] if one["name"] == "evse-ac"] == ["idle"])
    assert server.whole(opened["session"])
    header = session.header
    assert (header["serial_read"], header["operator"], header["equipment"]) == (
        SERIALS["evse-ac"],
        "检定员/7",
        "BZ-001",
    )
    assert header["profile"] == shipped_profile("evse-ac-modbus").sha256
    first = session.readings[0]
    assert (first["channel"], first["unit"], first["quality"]) == ("U", "V", "ok")
    answers = {frame.seq: frame for frame in session.frames}
    assert all(answers[one["tx"]].direction == "t" and answers[one["rx"]].direction == "r" for one in session.readings)
    assert [one["seq_no"] for one in session.readings] == list(range(1, len(session.readings) + 1))


def test_between_order_and_closing_head_the_port_never_counts_as_idle(rigs, tmp_path):
    """The server takes an idle port for the end of its session."""
    server = FakeServer()
    with running(server, rigs, tmp_path / "data"):
        until(lambda: server.polls and {one["state"] for one in server.polls[-1]["ports"]} == {"idle"})
        opened = order("dispenser")
        server.orders.append(opened)
        until(lambda: opened["session"] in server.sessions)
        server.orders.append(closing(opened))
        until(lambda: server.sessions[opened["session"]].close)
        told = [one["state"] for body in server.polls for one in body["ports"] if one["name"] == "dispenser"]
    first = told.index("capturing")
    assert "idle" not in told[first : len(told) - told[::-1].index("capturing")]


def test_the_wrong_instrument_is_refused(rigs, tmp_path):
    server = FakeServer()
    wrong = [order("evse-ac", equipment_serial="SIM-EV-0018"), order("dispenser", equipment_serial="")]
    server.orders += wrong
    with running(server, rigs, tmp_path / "data"):
        until(lambda: len(server.done) == 2)
    assert [server.done[one["id"]]["ok"] for one in wrong] == [False, False]
    assert "SIM-EV-0017" in server.done[wrong[0]["id"]]["text"]
    assert "SIM-EV-0018" in server.done[wrong[0]["id"]]["text"]
    assert server.sessions == {}


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"port": "nowhere"}, "没有端口"),
        ({"profile": "0" * 64}, "装置配置不可用"),
        ({"do": "dance"}, "不认识的指令"),
        ({"poll_ms": "x"}, "装置配置不可用"),
    ],
)
def test_an_impossible_order_is_answered_with_a_sentence(rigs, tmp_path, more, says):
    server = FakeServer()
    impossible = order("evse-ac") | more
    server.orders.append(impossible)
    with running(server, rigs, tmp_path / "data"):
        until(lambda: impossible["id"] in server.done)
    assert not server.done[impossible["id"]]["ok"]
    assert says in str(server.done[impossible["id"]]["text"])


def test_a_pulled_plug_is_one_event_and_recording_goes_on_when_it_returns(rigs, tmp_path):
    server = FakeServer()
    with running(server, rigs, tmp_path / "data"):
        opened = order("dispenser")
        server.orders.append(opened)
        session = until(lambda: server.sessions.get(opened["session"]))
        until(lambda: len(session.readings) >= 4)
        rigs.dispenser.unplug()
        until(lambda: session.readings[-1]["quality"] == "timeout")
        lost_at = len(session.readings)
        time.sleep(0.6)
        rigs.dispenser.replug()
        until(lambda: session.readings[-1]["quality"] == "ok" and len(session.readings) >= lost_at + 4)
        server.orders.append(closing(opened))
        until(lambda: session.close)
    events = [one for one in session.readings if one["quality"] != "ok"]
    assert [one["channel"] for one in events] == ["t_nozzle", "t_tank"]
    assert "已断开" in events[0]["text"]
    assert server.whole(opened["session"])


def test_another_instrument_on_the_same_plug_ends_the_session(rigs, tmp_path):
    server = FakeServer()
    with running(server, rigs, tmp_path / "data"):
        opened = order("dispenser")
        server.orders.append(opened)
        session = until(lambda: server.sessions.get(opened["session"]))
        until(lambda: session.readings)
        rigs.dispenser.unplug()
        rigs.dispenser.serial = "SIM-TH-9999"
        rigs.dispenser.replug()
        until(lambda: session.close)
    assert "SIM-TH-9999" in session.close["reason"]
    assert server.whole(opened["session"])


def test_the_next_session_names_the_head_of_the_last(rigs, tmp_path):
    server = FakeServer()
    with running(server, rigs, tmp_path / "data"):
        for _ in range(2):
            opened = order("dispenser")
            server.orders.append(opened)
            until(lambda: opened["session"] in server.sessions and server.sessions[opened["session"]].readings)
            server.orders.append(closing(opened))
            until(lambda: server.sessions[opened["session"]].close)
    first, second = server.sessions.values()
    assert second.header["previous_head"] == first.close["head"]
    assert second.header["previous_session"] == first.header["session"]


def test_stopping_the_agent_ends_its_sessions(rigs, tmp_path):
    server = FakeServer()
    with running(server, rigs, tmp_path / "data"):
        opened = order("evse-ac")
        server.orders.append(opened)
        until(lambda: opened["session"] in server.sessions)
    assert server.whole(opened["session"])


def spawn(address, rigs, data, token):
    return subprocess.Popen(
        [sys.executable, "-m", "devices.agent", "--server", address, "--token-file", str(token),
         "--bench", str(rigs.folder / "bench.toml"), "--data", str(data)],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_killed_again_and_again_against_a_failing_server_nothing_is_lost_or_doubled(rigs, tmp_path):
    """SIGKILL at random moments, 10 % refused posts, 20 % committed posts whose answer is lost."""
    server = FakeServer(refusing=0.1, losing=0.2, seed=5)
    address, stop = server.listen()
    token = tmp_path / "token"
    token.write_text("secret\n")
    draw = random.Random(3)
    opened = []
    try:
        for _ in range(4):
            process = spawn(address, rigs, tmp_path / "data", token)
            opened += [order("evse-ac"), order("dispenser")]
            server.orders += opened[-2:]
            until(lambda: opened[-2]["session"] in server.sessions or opened[-2]["id"] in server.done)
            time.sleep(draw.uniform(0.1, 0.8))
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
        process = spawn(address, rigs, tmp_path / "data", token)
        polled = len(server.polls)
        until(lambda: len(server.polls) > polled + 1 and all(one["id"] in server.done for one in opened))
        process.terminate()
        assert process.wait(30) == 0
        process.communicate()
        process = spawn(address, rigs, tmp_path / "data", token)
        until(lambda: all(one.close for one in server.sessions.values()))
        process.kill()
        process.communicate()
    finally:
        stop()
    assert len(server.sessions) >= 4
    assert sum(len(one.frames) for one in server.sessions.values()) > 10
    assert all(server.whole(session) for session in server.sessions)
    assert server.duplicates > 0, "answers were lost, so frames must have come twice"
    for stored in server.sessions.values():
        assert [one["seq_no"] for one in stored.readings] == list(range(1, len(stored.readings) + 1))


def test_the_agent_runs_without_django(tmp_path):
    code = "import sys, devices.agent.__main__, devices.simulators; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_wrong_bench_file_is_refused_with_a_path(tmp_path, rigs):
    token, bench = tmp_path / "token", tmp_path / "bench.toml"
    token.write_text("secret")
    bench.write_text('schema = "bench/1"\nname = "b"\n[[ports]]\nname = "a"\ndevice = "/dev/x"\nprofile = "nothing"\n')
    found = subprocess.run(
        [sys.executable, "-m", "devices.agent", "--server", "http://127.0.0.1:9", "--token-file", str(token),
         "--bench", str(bench), "--data", str(tmp_path)],
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert found.returncode == 2
    assert "ports[0].profile" in found.stderr


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('schema = "bench/2"\nname = "b"', "schema"),
        ('schema = "bench/1"\nname = "b"\nprots = 1', "prots"),
        ('schema = "bench/1"\nname = "b"\n[[ports]]\nname = "a"\ndevice = "x"\nprofile = "evse-ac-modbus"\n'
         'set = { parity = "Q" }', "ports[0].set.parity"),
        ("schema = ", ""),
    ],
)  # fmt: skip
def test_mistakes_in_a_bench_file_are_named(tmp_path, text, path):
    bench = tmp_path / "bench.toml"
    bench.write_text(text)
    with pytest.raises(ProfileErrors) as caught:
        load_bench(bench)
    assert path in [one.path for one in caught.value.mistakes] or path == ""
    assert json.dumps([one.as_json() for one in caught.value.mistakes])
