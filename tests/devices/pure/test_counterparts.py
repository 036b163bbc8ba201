"""The same bytes with programs that were not written here."""

import asyncio
import shutil
import subprocess
import threading

import pytest
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from devices.agent.reader import Reader
from devices.profiles import load_profile
from devices.simulators import demo_rigs
from devices.simulators.wire import Wire

PROFILE = """
schema = "rig/1"
id = "counterpart"
revision = "1"
title = { zh = "对端", en = "Counterpart" }
source = "pymodbus server"
[transport]
baud = 19200
[timing]
reply_ms = 1500
[protocol]
kind = "modbus-rtu"
unit = 1
[[polls]]
id = "floats"
fc = 3
address = 0
count = 6
[[polls.channels]]
id = "U"
at = 0
type = "f32"
quantity = "voltage"
unit = "V"
resolution = "0.01"
[[polls.channels]]
id = "f"
at = 2
type = "f32"
quantity = "frequency"
unit = "Hz"
resolution = "0.01"
[[polls.channels]]
id = "PF"
at = 4
type = "f32"
quantity = "power_factor"
unit = "1"
resolution = "0.001"
[[polls]]
id = "missing"
fc = 3
address = 5000
count = 1
[[polls.channels]]
id = "x"
at = 0
type = "u16"
quantity = "count"
unit = "1"
"""


@pytest.fixture
def pymodbus_port():
    """The computer's end of a wire with a pymodbus server at the other."""
    with Wire(baud=19200) as wire:
        loop = asyncio.new_event_loop()
        servers = []

        async def serve():
            device = SimDevice(1, simdata=[SimData(0, values=[230.1, 50.02, 0.998], datatype=DataType.FLOAT32)])
            server = ModbusSerialServer(device, port=wire.device, baudrate=19200)
            servers.append(server)
            await server.serve_forever(background=True)
            ready.set()

        ready = threading.Event()
        starting = loop.create_task(serve())
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        assert ready.wait(30)
        assert starting.done()
        yield wire.computer
        asyncio.run_coroutine_threadsafe(servers[0].shutdown(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


def test_a_pymodbus_server_is_read(pymodbus_port):
    with Reader(load_profile(PROFILE), pymodbus_port) as reader:
        samples = {sample.channel: sample for sample in reader.read()}
    assert {name: samples[name].printed for name in ("U", "f", "PF")} == {"U": "230.10", "f": "50.02", "PF": "0.998"}
    assert samples["x"].quality.value == "device_error"
    assert "illegal data address" in samples["x"].text.en


@pytest.mark.skipif(shutil.which("mbpoll") is None, reason="mbpoll is not installed (apt package mbpoll)")
def test_mbpoll_reads_the_simulated_device(tmp_path):
    with demo_rigs(tmp_path) as rigs:
        shown = subprocess.run(
            ["mbpoll", "-m", "rtu", "-a", "1", "-b", "9600", "-P", "none", "-t", "4:float", "-B", "-0", "-r", "0",
             "-c", "1", "-1", rigs.evse.wire.computer],
            capture_output=True, text=True, timeout=10, check=False,
        ).stdout  # fmt: skip
    assert "[0]: \t221.4" in shown, shown
