"""`python -m tests.bench.far_end COUNT BAUD`: Modbus rigs at the far end of their wires, in a process of their own.

The processor time of simulated instruments must not count as that of the program that reads them. Prints the paths to
read from as one line of JSON and goes on until its standard input closes. BAUD 0: bare pseudo-terminals without pacing.
"""

import contextlib
import json
import os
import select
import struct
import subprocess
import sys
import threading
import tty
from collections.abc import Iterator

from devices.protocols import modbus_rtu
from devices.simulators.instruments import Attached, ModbusSlave
from devices.simulators.wire import Wire

VALUES = (230.1, 50.02, 0.998)
"""In registers 0 to 5 as 32-bit floats, high word first."""
REQUEST = modbus_rtu.sealed(struct.pack(">BBHH", 1, 3, 0, 6))
REPLY = modbus_rtu.sealed(struct.pack(">BBB3f", 1, 3, 12, *VALUES))


def registers() -> dict[int, int]:
    return dict(enumerate(struct.unpack(">6H", struct.pack(">3f", *VALUES))))


@contextlib.contextmanager
def far_end(count: int, baud: int) -> Iterator[list[str]]:
    """The paths of so many rigs as long as the block runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.far_end", str(count), str(baud)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.communicate(timeout=20)


def _bare(count: int) -> list[str]:
    """Pseudo-terminals whose masters are served by one thread: as little as there can be between question and answer."""
    slaves = {}
    paths = []
    for _ in range(count):
        master, slave = os.openpty()
        tty.setraw(master)
        tty.setraw(slave)
        slaves[master] = (slave, ModbusSlave(1, registers))
        paths.append(os.ttyname(slave))

    def serve() -> None:
        while True:
            for master in select.select(list(slaves), [], [])[0]:
                if reply := slaves[master][1].receive(os.read(master, 4096)):
                    os.write(master, reply)

    threading.Thread(target=serve, daemon=True).start()
    return paths


def main() -> None:
    count, baud = map(int, sys.argv[1:])
    with contextlib.ExitStack() as stack:
        if baud:
            paths = []
            for _ in range(count):
                wire = stack.enter_context(Wire(baud=baud))
                stack.callback(Attached(wire.device, ModbusSlave(1, registers)).close)
                paths.append(wire.computer)
        else:
            paths = _bare(count)
        print(json.dumps(paths), flush=True)
        sys.stdin.read()
        if not baud:
            os._exit(0)  # the serving thread waits for ever


if __name__ == "__main__":
    main()
