"""Serial rigs: polls per second beside bare pyserial and pymodbus, many rigs on one agent, frames made durable per second.

Every client has a wire of its own to an equal instrument in another process, and they take turns. "No pause" asks the
next question at once; "3.5 characters" keeps the silence that Modbus demands between frames, in the bare loop as well.
"""

import contextlib
import gc
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import serial
from pymodbus import __version__ as pymodbus_version
from pymodbus.client import ModbusSerialClient

from devices.agent.capture import Recording
from devices.agent.outbox import Outbox
from devices.agent.reader import Reader
from devices.profiles import load_profile
from devices.profiles.model import Profile
from devices.protocols.exchange import Quality
from tests.bench.far_end import REPLY, REQUEST, far_end
from tests.bench.measure import Figure, Span, spans, timed
from tests.devices.pure.fake_server import FakeServer

ROUNDS = 15
ROUND_S = 0.4
"""About how long one round of one client takes on a paced line: short, since they take turns on a shared machine."""
RIGS, PERIOD_MS, WATCHED_S = 32, 200, 20.0
DURABLE = 300

PROFILE = """
schema = "rig/1"
id = "bench"
revision = "1"
title = {{ zh = "台架", en = "Bench" }}
source = "bench"
[transport]
baud = {baud}
[timing]
reply_ms = 2000
gap_ms = {gap_ms}
[protocol]
kind = "modbus-rtu"
unit = 1
[[polls]]
id = "main"
fc = 3
address = 0
count = 6
""" + "".join(
    f'[[polls.channels]]\nid = "{name}"\nat = {at}\ntype = "f32"\nquantity = "{quantity}"\nunit = "{unit}"\n'
    f'resolution = "{resolution}"\n'
    for name, at, quantity, unit, resolution in (
        ("U", 0, "voltage", "V", "0.01"),
        ("f", 2, "frequency", "Hz", "0.01"),
        ("PF", 4, "power_factor", "1", "0.001"),
    )
)


def profile(baud: int, gap_ms: int) -> Profile:
    return load_profile(PROFILE.format(baud=baud or 115200, gap_ms=gap_ms))


def figures() -> list[Figure]:
    gc.collect()
    gc.freeze()  # the web framework that the bench has loaded is no part of an agent, and would be searched for garbage
    found = []
    for baud in (9600, 115200, 0):
        found += _polls(baud)
    return [*found, *_durable(), *_many()]


def silence_ms(baud: int) -> int:
    """3.5 characters of 11 bits, at least 1.75 ms, as whole milliseconds (MODBUS over Serial Line V1.02, 2.5.1.1)."""
    return max(2, -(-38500 // baud))


def _polls(baud: int) -> list[Figure]:
    bound = baud / 10 / (len(REQUEST) + len(REPLY)) if baud else 1000
    count = int(ROUND_S * bound)
    label = f"{baud} paced" if baud else "bare pseudo-terminal"
    pause = silence_ms(baud) if baud else 0
    with contextlib.ExitStack() as stack:
        ports = stack.enter_context(far_end(5, baud))
        raw = stack.enter_context(serial.Serial(ports[0], baud or 115200, timeout=2, exclusive=True))
        raw_paused = stack.enter_context(serial.Serial(ports[1], baud or 115200, timeout=2, exclusive=True))
        ours = stack.enter_context(Reader(profile(baud, 0), ports[2]))
        ours_paused = stack.enter_context(Reader(profile(baud, pause), ports[3]))
        theirs = ModbusSerialClient(ports[4], baudrate=baud or 115200, timeout=2)
        stack.callback(theirs.close)
        if not theirs.connect():
            raise ValueError("pymodbus cannot open its port")
        acts: list[Callable[[], object]] = [
            partial(_ours, ours, count),
            partial(_raw, raw, count, 0.0),
            partial(_ours, ours_paused, count),
            partial(_raw, raw_paused, count, pause / 1000),
            partial(_pymodbus, theirs, count),
        ]
        mine, floor, mine_paused, floor_paused, library = _turns(acts, count)
    lines = [("no pause", mine, floor)]
    if baud:
        lines.append((f"pause of 3.5 characters ({pause} ms)", mine_paused, floor_paused))
    beside = f"pymodbus {pymodbus_version} sync {library.rate}, {library.cpu_us.median:.0f} µs; load {os.getloadavg()[0]:.1f}"
    return [
        Figure(
            "rigs", f"polls, {label}, {name}", "1/s", us.rate, bare.rate, "raw pyserial",
            f"{_share(us.rate, bare.rate)} of raw; processor time per poll {us.cpu_us.median:.0f} µs beside "
            f"{bare.cpu_us.median:.0f} µs; {beside}",
        )
        for name, us, bare in lines
    ]  # fmt: skip


class Polls(NamedTuple):
    """Polls of one client: how many per second, and the processor time of each in µs."""

    rate: Span
    cpu_us: Span


def _turns(acts: Sequence[Callable[[], object]], count: int) -> list[Polls]:
    """The clients in turn, each asking so many times, by the wall and by the processor; the first turn is not measured."""
    taken: list[list[tuple[float, float]]] = [[] for _ in acts]
    for turn in range(ROUNDS + 1):
        for act, values in zip(acts, taken, strict=True):
            cpu = time.process_time()
            wall = timed(act)
            if turn:
                values.append((1000 * count / wall, 1e6 * (time.process_time() - cpu) / count))
    return [Polls(*(Span(column) for column in zip(*values, strict=True))) for values in taken]


def _rate(span: Span, count: int) -> Span:
    return Span(tuple(1000 * count / value for value in span.values))


def _share(ours: Span, floor: Span) -> str:
    return f"{100 * ours.median / floor.median:.1f} %"


def _raw(port: serial.Serial, count: int, pause: float) -> None:
    """The least that can be done: write, read so many bytes. Nothing is checked but their number."""
    for _ in range(count):
        if pause:
            time.sleep(pause)
        port.write(REQUEST)
        if len(port.read(len(REPLY))) != len(REPLY):
            raise ValueError("a reply is missing")


def _ours(reader: Reader, count: int) -> None:
    """Checked, decoded to Decimal, judged, every byte kept."""
    for _ in range(count):
        if any(one.quality is not Quality.OK for one in reader.read()):
            raise ValueError("a reading is missing")
    reader.frames.rows.clear()


def _pymodbus(client: ModbusSerialClient, count: int) -> None:
    for _ in range(count):
        if client.read_holding_registers(0, count=6, device_id=1).isError():
            raise ValueError("a reply is missing")


def _durable() -> list[Figure]:
    """One rig flat out on a bare pseudo-terminal: poll, decode, chain, commit to disk; beside the same rows inserted bare."""
    with tempfile.TemporaryDirectory() as folder, far_end(1, 0) as ports:
        outbox = Outbox(Path(folder) / "outbox.sqlite3")
        recording = Recording()
        header = {"session": "bench"}
        recording.begin(header)
        outbox.begin("bench", "bench", header)
        floor = sqlite3.connect(Path(folder) / "floor.sqlite3", isolation_level=None)
        floor.execute("PRAGMA journal_mode=WAL")
        floor.execute("PRAGMA synchronous=FULL")
        floor.execute("CREATE TABLE frame (seq INTEGER PRIMARY KEY, raw BLOB, hash BLOB)")
        with Reader(profile(0, 0), ports[0], recording.record) as reader:

            def ours() -> None:
                for _ in range(DURABLE):
                    samples = reader.read()
                    outbox.append("bench", recording.frames(), recording.readings(samples))

            def bare() -> None:
                for _ in range(DURABLE):
                    floor.execute("BEGIN IMMEDIATE")
                    for raw in (REQUEST, REPLY):
                        floor.execute("INSERT INTO frame (raw, hash) VALUES (?, ?)", (raw, bytes(32)))
                    floor.execute("COMMIT")

            mine, least = (_rate(span, 2 * DURABLE) for span in spans([ours, bare], rounds=ROUNDS))
        outbox.close()
        floor.close()
    return [
        Figure(
            "rigs",
            "durable frames, one rig flat out",
            "1/s",
            mine,
            least,
            "two bare INSERTs per commit",
            "polled, decoded, chained, committed (synchronous=FULL) before the next poll",
        )
    ]


def _many() -> list[Figure]:
    """The agent as a process with many rigs at 9600: its processor time and how late its polls are."""
    with tempfile.TemporaryDirectory() as name, far_end(RIGS, 9600) as ports:
        folder = Path(name)
        _bench_file(folder, ports)
        with _agent(folder) as (process, server):
            opened = [_order(f"rig-{number}") for number in range(RIGS)]
            server.orders += opened
            _until(lambda: len(server.sessions) == RIGS and all(one["id"] in server.done for one in opened))
            time.sleep(2)
            spent, begun = _cpu(process.pid), time.monotonic_ns()
            time.sleep(WATCHED_S)
            spent, ended = _cpu(process.pid) - spent, time.monotonic_ns()
        late, polls = _lateness(folder / "data" / "outbox.sqlite3", begun, ended)
    seconds = (ended - begun) / 1e9
    cuts = statistics.quantiles(late, n=100)
    rate = polls / seconds
    asked = RIGS * 1000 / PERIOD_MS
    return [
        Figure("rigs", f"{RIGS} rigs every {PERIOD_MS} ms: CPU of the agent", "%", Span((100 * spent / seconds,)),
               remark=f"{rate:.0f} of {asked:.0f} polls/s asked for; recording, chaining and uploading over HTTP"),
        Figure("rigs", f"{RIGS} rigs every {PERIOD_MS} ms: lateness p50", "ms", Span((cuts[49],))),
        Figure("rigs", f"{RIGS} rigs every {PERIOD_MS} ms: lateness p99", "ms", Span((cuts[98],)),
               remark=f"longest {max(late):.1f} ms of {polls} polls"),
    ]  # fmt: skip


def _bench_file(folder: Path, ports: list[str]) -> None:
    (folder / "rig.toml").write_text(PROFILE.format(baud=9600, gap_ms=silence_ms(9600)), "utf-8")
    lines = ['schema = "bench/1"', 'name = "bench"']
    for number, port in enumerate(ports):
        lines += ["[[ports]]", f'name = "rig-{number}"', f'device = "{port}"', 'profile = "rig.toml"']
    (folder / "bench.toml").write_text("\n".join(lines), "utf-8")
    (folder / "token").write_text("secret\n")


@contextlib.contextmanager
def _agent(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], FakeServer]]:
    server = FakeServer()
    address, stop = server.listen()
    process = subprocess.Popen(
        [sys.executable, "-m", "devices.agent", "--server", address, "--token-file", str(folder / "token"),
         "--bench", str(folder / "bench.toml"), "--data", str(folder / "data")],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process, server
    finally:
        process.terminate()
        process.wait(60)
        stop()


def _order(port: str) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "do": "open",
        "port": port,
        "session": str(uuid.uuid4()),
        "operator": "bench",
        "equipment": "bench",
        "equipment_serial": "",
        "poll_ms": PERIOD_MS,
    }


def _until(done: Callable[[], bool], timeout: float = 60.0) -> None:
    end = time.monotonic() + timeout
    while not done():
        if time.monotonic() > end:
            raise TimeoutError("the agent did not open its sessions in time")
        time.sleep(0.05)


def _cpu(pid: int) -> float:
    """Seconds of processor time of a process (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _lateness(base: Path, begun: int, ended: int) -> tuple[list[float], int]:
    """How much later than its place in the rhythm each question was sent, in ms, from the evidence itself.

    The rhythm of a rig is taken from its earliest question; a rig that falls behind by whole periods shows as late.
    """
    late: list[float] = []
    with contextlib.closing(sqlite3.connect(base)) as database:
        sent: dict[str, list[int]] = {}
        for session, mono in database.execute(
            "SELECT session, mono_ns FROM frame WHERE dir = 't' AND mono_ns BETWEEN ? AND ? ORDER BY session, seq",
            (begun, ended),
        ):
            sent.setdefault(session, []).append(mono)
    for times in sent.values():
        offsets = [mono / 1e6 - index * PERIOD_MS for index, mono in enumerate(times)]
        late += [one - min(offsets) for one in offsets]
    if not late:
        raise ValueError("no poll was recorded")
    return late, len(late)


if __name__ == "__main__":
    print(json.dumps([one.as_json() for one in figures()], ensure_ascii=False, indent=1))
