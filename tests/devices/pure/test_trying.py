"""Trying a bare port: bytes out, bytes back, nothing else; and never on a port that records."""

from contextlib import contextmanager

import pytest

from devices.agent import trying
from devices.agent.bench import load_bench, starter
from devices.agent.cable import found_ports
from devices.agent.service import Agent
from devices.simulators.instruments import Attached, LineInstrument
from devices.simulators.wire import Wire
from lims.core.text import DataError
from tests.devices.pure.fake_server import FakeServer
from tests.devices.pure.test_agent import until

ANSWERS = {"R": "WT:+  1.2340 kg ST"}
SETTINGS = {"baud": 9600, "bits": 8, "parity": "N", "stop": 1}


def wanted(send=b"R\r\n", **more):
    return {**SETTINGS, "send": send.hex(), "listen_ms": 300, **more}


@contextmanager
def balance(answers=ANSWERS):
    with Wire(baud=9600) as wire:
        attached = Attached(wire.device, LineInstrument(answers.get))
        try:
            yield wire
        finally:
            wire.close()
            attached.close()


def test_what_was_sent_and_what_came_back_with_their_times():
    with balance() as wire:
        tried = trying.attempt(wire.computer, trying.read_trial(wanted()))
    assert tried.ok
    sent, *received = tried.result()["frames"]  # a slow machine may take the answer in parts
    assert sent == {"dir": "t", "hex": "520d0a", "ms": 0}
    assert bytes.fromhex("".join(one["hex"] for one in received)) == b"WT:+  1.2340 kg ST\r\n"
    assert all(one["dir"] == "r" and one["ms"] > 0 for one in received)


def test_silence_is_an_answer_too():
    with balance() as wire:
        tried = trying.attempt(wire.computer, trying.read_trial(wanted(b"X\r\n", listen_ms=100)))
    assert tried.ok and len(tried.frames) == 1
    assert "没有收到" in tried.text.zh and tried.text.en


def test_an_endless_talker_is_cut_at_the_bound():
    with balance({"R": "x" * 9000}) as wire:
        wire._byte_time = 1e-6
        tried = trying.attempt(wire.computer, trying.read_trial(wanted(listen_ms=5000)))
    assert sum(len(raw) for way, raw, _ in tried.frames if way == "r") == trying.MOST_BYTES


def test_listening_only_sends_nothing():
    with balance() as wire:
        tried = trying.attempt(wire.computer, trying.read_trial(wanted(b"", listen_ms=60)))
    assert tried.ok and tried.frames == ()


def test_a_port_that_is_not_there_is_named(tmp_path):
    tried = trying.attempt(str(tmp_path / "none"), trying.read_trial(wanted()))
    assert not tried.ok and "none" in tried.text.zh and tried.result() == {"frames": []}


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"baud": 1}, "try.baud"),
        ({"baud": "9600"}, "try.baud"),
        ({"baud": True}, "try.baud"),
        ({"parity": "M"}, "try.parity"),
        ({"send": "zz"}, "try.send"),
        ({"send": "00" * 5000}, "try.send"),
        ({"listen_ms": 10**6}, "try.listen_ms"),
    ],
)
def test_a_trial_that_is_none_is_refused_by_its_path(more, path):
    with pytest.raises(DataError) as caught:
        trying.read_trial({**wanted(), **more})
    assert caught.value.path == path
    with pytest.raises(DataError):
        trying.read_trial("R")


def test_the_agent_tries_a_bare_port_and_records_on_it_once_it_is_bound(tmp_path):
    server = FakeServer()
    with balance() as wire:
        bench = tmp_path / "bench.toml"
        bench.write_text(f'schema = "bench/1"\nname = "b"\n[[ports]]\nname = "spare"\ndevice = "{wire.computer}"\n')
        agent = Agent(load_bench(bench), server, tmp_path / "data", ask_every=0.05)
        agent.start()
        try:
            until(lambda: server.polls and server.polls[-1]["ports"][0]["state"] == "idle")
            assert (server.polls[-1]["ports"][0]["profile"], server.polls[-1]["ports"][0]["profile_id"]) == ("", "")
            tries = [{"id": f"t{number}", "do": "try", "port": "spare", "try": wanted()} for number in range(2)]
            wrong = [
                {"id": "w1", "do": "try", "port": "nowhere", "try": wanted()},
                {"id": "w2", "do": "try", "port": "spare", "try": wanted(baud=1)},
                {"id": "w3", "do": "open", "port": "spare", "session": "s", "equipment_serial": ""},
                {"id": "w4", "do": "drive", "port": "spare", "session": "s", "command": "on", "value": "1"},
            ]
            server.orders += tries + wrong
            until(lambda: all(one["id"] in server.done for one in tries + wrong))
        finally:
            agent.stop()
    for one in tries:
        frames = server.done[one["id"]]["result"]["frames"]
        assert [frame["dir"] for frame in frames] == ["t", "r"]
        assert bytes.fromhex(frames[1]["hex"]).startswith(b"WT:+")
    assert not any(server.done[one["id"]]["ok"] for one in wrong)
    assert "w2" in server.done and "try.baud" in server.done["w2"]["text"]["en"]
    assert "没有发给装置" in server.done["w4"]["text"]["zh"]


def test_a_port_that_records_is_not_tried(tmp_path):
    server = FakeServer()
    bench = tmp_path / "bench.toml"
    bench.write_text('schema = "bench/1"\nname = "b"\n[[ports]]\nname = "spare"\ndevice = "/dev/null"\n')
    agent = Agent(load_bench(bench), server, tmp_path / "data")
    agent.workers["spare"].session = "s"
    server.orders.append({"id": "t", "do": "try", "port": "spare", "try": wanted()})
    agent.ask()
    agent.ask()
    agent.outbox.close()
    assert not server.done["t"]["ok"] and "正在采集" in server.done["t"]["text"]["zh"]


@pytest.mark.parametrize("value", ["x", "NaN", "1e99", "Infinity"])
def test_a_value_that_is_no_number_never_reaches_the_rig(tmp_path, value):
    server = FakeServer()
    bench = tmp_path / "bench.toml"
    bench.write_text('schema = "bench/1"\nname = "b"\n[[ports]]\nname = "p"\ndevice = "/dev/null"\n')
    agent = Agent(load_bench(bench), server, tmp_path / "data")
    worker = agent.workers["p"]
    worker.session, worker.drive = "s", lambda *arguments: pytest.fail("sent")
    server.orders.append({"id": "d", "do": "drive", "port": "p", "session": "s", "command": "set", "value": value})
    agent.ask()
    agent.ask()
    agent.outbox.close()
    assert not server.done["d"]["ok"]


def test_an_order_that_the_server_repeats_is_answered_again_and_carried_out_once(tmp_path):
    server = FakeServer()
    bench = tmp_path / "bench.toml"
    bench.write_text('schema = "bench/1"\nname = "b"\n[[ports]]\nname = "p"\ndevice = "/dev/null"\n')
    agent = Agent(load_bench(bench), server, tmp_path / "data")
    sent = []
    worker = agent.workers["p"]
    worker.session, worker.drive = "s", lambda *arguments: sent.append(arguments) or agent._finished("d", True, "ok")
    command = {"id": "d", "do": "drive", "port": "p", "session": "s", "command": "set", "value": "1.50"}
    server.orders.append(command)
    agent.ask()
    agent.ask()
    server.done.clear()  # the server was restored and asks once more
    agent.ask()
    agent.ask()
    agent.outbox.close()
    assert server.done["d"]["ok"]
    ((identifier, name, value),) = sent
    assert (identifier, name, str(value)) == ("d", "set", "1.50")


def test_a_first_bench_file_names_the_ports_that_are_there(tmp_path):
    bench = tmp_path / "bench.toml"
    bench.write_text(starter('工位"一', [("usb:A1", 'COM3 "x"\n[[evil]]'), ("/dev/ttyS0", "n/a")]), "utf-8")
    loaded = load_bench(bench)
    assert loaded.name == '工位"一'
    assert [(one.name, one.device, one.profile) for one in loaded.ports] == [
        ("port-1", "usb:A1", None),
        ("port-2", "/dev/ttyS0", None),
    ]
    assert all(len(one) == 2 for one in found_ports())
