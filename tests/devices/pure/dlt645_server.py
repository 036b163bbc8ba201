"""A DL/T 645 meter by the package `dlt645` of the index, as a program of its own: `python dlt645_server.py TERMINAL PORT`.

Run with the folder of `tests.devices.counterparts` on PYTHONPATH. It says "ready" and serves until standard input closes.
"""

import sys

from dlt645 import MeterServerService

ITEMS = {
    0x00010000: 712345.67,
    0x00000000: -50.50,
    0x02010100: 220.1,
    0x02020100: 10.001,
    0x02030000: 2.2011,
    0x02030100: -0.7337,
    0x02060000: 0.998,
    0x02800002: 49.98,
}
METER = "123456781012"

device, port = sys.argv[1:]
for service in (
    MeterServerService.new_rtu_server(device, 8, 1, 115200, "N", 1),
    MeterServerService.new_tcp_server("127.0.0.1", int(port), 30),
):
    service.set_address(bytes.fromhex(METER)[::-1].hex())  # it wants the digits as they go over the wire
    for identifier, value in ITEMS.items():
        if not (service.set_00 if identifier < 0x01000000 else service.set_02)(identifier, value):
            sys.exit(f"{identifier:08X} cannot be {value}")
    service.server.start()
print("ready", flush=True)
sys.stdin.read()
