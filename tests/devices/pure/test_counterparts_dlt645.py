"""The meter of a package that was not written here, over a pseudo-terminal and over TCP."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from devices.agent.reader import Reader
from devices.profiles import load_profile
from devices.simulators.wire import Wire
from tests.devices import counterparts

SERVER = Path(__file__).with_name("dlt645_server.py")
METER = "123456781012"
EXPECTED = {
    "00010000": ("XXXXXX.XX", False, "712345.67"),
    "00000000": ("XXXXXX.XX", True, "-50.50"),
    "02010100": ("XXX.X", False, "220.1"),
    "02020100": ("XXX.XXX", True, "10.001"),
    "02030000": ("XX.XXXX", True, "2.2011"),
    "02030100": ("XX.XXXX", True, "-0.7337"),
    "02060000": ("X.XXX", True, "0.998"),
    "02800002": ("XX.XX", False, "49.98"),
}
HEAD = """
schema = "rig/1"
id = "counterpart"
revision = "1"
title = { zh = "对端电能表", en = "Counterpart meter" }
source = "dlt645 3.2.0"
[transport]
baud = 115200
[timing]
reply_ms = 2000
grace_ms = 100
retries = 2
"""


def profile():
    text = HEAD + f'[protocol]\nkind = "dlt645-2007"\naddress = "{METER}"\n'
    for di, (pattern, signed, _) in EXPECTED.items():
        text += (
            f'[[polls]]\nid = "p{di}"\ndi = "{di}"\n[[polls.channels]]\nid = "v{di}"\nformat = "{pattern}"\n'
            f'signed = {str(signed).lower()}\nquantity = "count"\nunit = "1"\n'
        )
    return load_profile(text)


@pytest.fixture(scope="module")
def meter():
    """The terminal and the TCP port of one meter."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        number = one.getsockname()[1]
    with Wire(baud=115200) as wire:
        process = subprocess.Popen(
            [sys.executable, str(SERVER), wire.device, str(number)],
            env=counterparts.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            said = process.stdout.readline()
            assert said == "ready\n", said + process.stderr.read()
            yield wire.computer, number
        finally:
            process.kill()
            process.communicate(timeout=20)


def values(reader):
    return {sample.channel.removeprefix("v"): (sample.printed, sample.quality.value) for sample in reader.read()}


RIGHT = {di: (value, "ok") for di, (_, _, value) in EXPECTED.items()}


def test_on_a_serial_line_it_is_read_digit_by_digit(meter):
    with Reader(profile(), meter[0]) as reader:
        assert values(reader) == RIGHT


def test_over_tcp_it_is_read_digit_by_digit(meter):
    with Reader(profile(), f"socket://127.0.0.1:{meter[1]}") as reader:
        assert values(reader) == RIGHT


def test_the_package_never_reaches_our_own_environment():
    with pytest.raises(ModuleNotFoundError):
        __import__("dlt645")
