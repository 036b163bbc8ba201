"""Ports behind a device server: RFC 2217 through ser2net, bare TCP, and every way in which they fail."""

import contextlib
import shutil
import socket
import subprocess
import threading
import time

import pytest

from devices.agent.cable import PortLost, is_network, is_there
from devices.agent.reader import Reader
from devices.simulators.instruments import Attached
from devices.simulators.wire import Wire
from tests.devices.pure.conftest import modbus_profile, modbus_slave

SER2NET = shutil.which("ser2net") or shutil.which("ser2net", path="/usr/sbin")
needs_ser2net = pytest.mark.skipif(SER2NET is None, reason="ser2net is not installed (apt package ser2net)")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextlib.contextmanager
def ser2net(tmp_path, device, accepter):
    """A ser2net of one port; the number it listens on and the process."""
    number = free_port()
    config = tmp_path / "ser2net.yaml"
    config.write_text(
        f"connection: &rig\n  accepter: {accepter},127.0.0.1,{number}\n  connector: serialdev,{device},115200n81,local\n"
    )
    process = subprocess.Popen([SER2NET, "-n", "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 20
        while time.monotonic() < end and process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", number), 1):
                break
            time.sleep(0.02)
        time.sleep(0.2)  # it lets the trying connection go
        yield number, process
    finally:
        process.kill()
        process.wait(10)


@contextlib.contextmanager
def rig():
    with Wire(baud=115200) as wire:
        attached = Attached(wire.device, modbus_slave())
        try:
            yield wire
        finally:
            wire.close()
            attached.close()


@needs_ser2net
def test_rfc_2217_through_ser2net(tmp_path):
    with rig() as wire, ser2net(tmp_path, wire.computer, "telnet(rfc2217),tcp") as (number, process):
        port = f"rfc2217://127.0.0.1:{number}?ign_set_control"
        with Reader(modbus_profile(reply_ms=3000), port) as reader:
            for _ in range(3):
                assert [int(sample.value) for sample in reader.read()] == [10, 20, 30, 40]
            sent = [raw for _, direction, raw in reader.frames.rows if direction == "t"]
            assert len(sent) == 12
            process.kill()
            process.wait(10)
            with pytest.raises(PortLost, match=r"Network port .* is gone"):
                reader.read()
            with pytest.raises(PortLost, match="cannot be reached"):
                reader.reopen()


@needs_ser2net
def test_a_rig_unplugged_at_the_device_server_is_silent_not_wrong(tmp_path):
    with rig() as wire, ser2net(tmp_path, wire.computer, "telnet(rfc2217),tcp") as (number, _):
        port = f"rfc2217://127.0.0.1:{number}?ign_set_control"
        with Reader(modbus_profile(reply_ms=500), port) as reader:
            reader.read()
            wire.unplug()
            with contextlib.suppress(PortLost):  # ser2net may close the connection, or keep it and say nothing
                assert {sample.quality.value for sample in reader.read()} == {"timeout"}


@needs_ser2net
def test_bare_tcp_through_ser2net(tmp_path):
    with rig() as wire, ser2net(tmp_path, wire.computer, "tcp") as (number, process):
        port = f"socket://127.0.0.1:{number}"
        assert is_network(port)
        with Reader(modbus_profile(reply_ms=3000), port) as reader:
            assert [int(sample.value) for sample in reader.read()] == [10, 20, 30, 40]
            assert reader.port._cable._line._socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            process.kill()
            process.wait(10)
            with pytest.raises(PortLost, match="is gone"):
                reader.read()
        assert not is_there(port)


@contextlib.contextmanager
def server(serve):
    """A TCP server that does `serve` with each connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(20)

        def run():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection:
                        serve(connection)

        threading.Thread(target=run, daemon=True).start()
        yield listening.getsockname()[1]


def test_a_device_server_that_hangs_up_before_during_and_after_the_question():
    def at_once(connection):
        pass

    def after_the_question(connection):
        connection.recv(100)

    def reset(connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        connection.recv(100)

    for serve in (at_once, after_the_question, reset):
        with server(serve) as number, Reader(modbus_profile(reply_ms=30_000), f"socket://127.0.0.1:{number}") as reader:
            started = time.monotonic()
            with pytest.raises(PortLost, match="is gone"):
                reader.read()
            assert time.monotonic() - started < 15


def test_half_a_reply_before_the_connection_breaks_is_kept():
    def half(connection):
        connection.recv(100)
        connection.sendall(b"\x01\x03\x04")
        time.sleep(0.2)

    with server(half) as number, Reader(modbus_profile(reply_ms=3000), f"socket://127.0.0.1:{number}") as reader:
        with pytest.raises(PortLost):
            reader.read()
        assert [(way, raw.hex()) for _, way, raw in reader.frames.rows][1:] == [("r", "010304")]


def test_a_server_that_does_not_speak_rfc_2217_is_refused():
    with (
        server(lambda connection: time.sleep(1)) as number,
        pytest.raises(PortLost, match="does not seem to support RFC2217"),
    ):
        Reader(modbus_profile(), f"rfc2217://127.0.0.1:{number}?ign_set_control&timeout=0.3")


@pytest.mark.parametrize(
    ("port", "says"),
    [
        ("rfc2217://127.0.0.1:1?ign_set_control", "cannot be reached"),
        ("socket://127.0.0.1:1", "cannot be reached"),
        ("socket://127.0.0.1", "lacks a host or a port number"),
        ("rfc2217://:4000", "lacks a host or a port number"),
        ("socket://127.0.0.1:99999", "refuses its settings"),
        ("rfc2217://127.0.0.1:1?fast", "cannot be reached"),
        ("socket://no-such-host.invalid:4000", "cannot be reached"),
        ("loop://", "not supported"),
        ("spy:///dev/null", "not supported"),
    ],
)
def test_an_address_that_leads_nowhere_is_one_sentence(port, says):
    with pytest.raises(PortLost, match=says) as caught:
        Reader(modbus_profile(), port)
    assert caught.value.zh
    assert not is_there(port)
