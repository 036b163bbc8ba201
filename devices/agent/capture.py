"""One thread per port: waits for orders, checks that the right instrument is there, records until told to stop."""

import contextlib
import logging
import platform
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from devices.agent import VERSION, clock
from devices.agent.bench import BenchPort
from devices.agent.cable import PortLost, adapter_serial, is_network, is_there
from devices.agent.evidence import FIRST_SEQ, Frame, frame_hash, header_hash
from devices.agent.outbox import Outbox
from devices.agent.reader import Reader, Sample, Unidentified
from devices.profiles.model import Profile
from devices.protocols import PARSER
from devices.protocols.exchange import Quality
from lims.core import canonical
from lims.core.text import Text

logger = logging.getLogger("devices.agent")

LOOK_EVERY = 2.0
"""Seconds between two looks whether an idle port is there."""
RETRY_EVERY = 0.5
"""Seconds between two attempts to open a port that was pulled out."""
NETWORK_EVERY = 10.0
"""Seconds between two looks at a port behind a device server, which admits one program at a time."""
LISTEN_S = 0.25
"""Longest wait for an unasked line before looking whether there is something else to do."""
MOST_RAW = 4096
"""Bytes of one frame; a longer burst becomes several."""


@dataclass(frozen=True)
class Order:
    """Record on this port. `profile` is the version to read with."""

    id: str
    session: str
    operator: str
    equipment: str
    equipment_serial: str
    poll_ms: int
    profile: Profile


@dataclass(frozen=True)
class Drive:
    """Carry out a command of the profile on the port of a session."""

    id: str
    command: str
    value: Decimal | None


class Recording:
    """The evidence of one session in memory until its next commit. Frames may come before the header is known."""

    def __init__(self) -> None:
        self._next = FIRST_SEQ
        self._readings = FIRST_SEQ
        self._fresh: list[tuple[int, int, int, str, bytes]] = []
        self._head = b""
        self._steps = clock.Steps()

    def record(self, direction: str, raw: bytes) -> int:
        """Keep bytes with the present time; the number of their (last) frame.

        When the wall clock was set since the frame before, an event that says by how much comes first.
        """
        mono, wall = time.monotonic_ns(), time.time_ns()
        if moved := self._steps.step(mono, wall):
            self._keep(mono, wall, "e", _event("clock_step", step_ms=round(moved / 1e6)))
        for start in range(0, len(raw), MOST_RAW):
            self._keep(mono, wall, direction, raw[start : start + MOST_RAW])
        return self._next - 1

    def note(self, event: str, **facts: str) -> None:
        """Something that happened and is no traffic."""
        self.record("e", _event(event, **facts))

    @property
    def fresh(self) -> bool:
        """Whether there are frames since the last call of `frames`."""
        return bool(self._fresh)

    def _keep(self, mono: int, wall: int, direction: str, raw: bytes) -> None:
        self._fresh.append((self._next, mono, wall, direction, raw))
        self._next += 1

    def begin(self, header: Mapping[str, Any]) -> None:
        self._head = header_hash(header)

    def frames(self) -> list[Frame]:
        """The frames since the last call, chained."""
        chained = []
        for seq, mono, wall, direction, raw in self._fresh:
            self._head = frame_hash(self._head, seq, mono, wall, direction, raw)
            chained.append(Frame(seq, mono, wall, direction, raw, self._head))
        self._fresh.clear()
        return chained

    def readings(self, samples: list[Sample]) -> list[dict[str, Any]]:
        """The samples as they go to the server, numbered."""
        rows = []
        for one in samples:
            rows.append(
                {
                    "seq_no": self._readings,
                    "at_ns": one.at_ns,
                    "channel": one.channel,
                    "quantity": one.quantity,
                    "value": one.printed,
                    "unit": one.unit,
                    "quality": one.quality.value,
                    "tx": one.tx,
                    "rx": one.rx,
                    "text": one.text.zh,
                }
            )
            self._readings += 1
        return rows


def _event(name: str, **facts: str | int) -> bytes:
    return canonical.dumps({"event": name, **facts}).encode()


class PortWorker(threading.Thread):
    """Owns one port. `done` is called with (order id, ok, text) when an order was carried out or refused."""

    def __init__(
        self,
        port: BenchPort,
        outbox: Outbox,
        *,
        captured: Callable[[], None],
        done: Callable[[str, bool, str], None],
    ) -> None:
        super().__init__(name=f"port-{port.name}", daemon=True)
        self.port = port
        self.serial_read = ""
        self.session = ""
        self._present = False
        self._adapter = ""
        self._outbox, self._captured, self._done = outbox, captured, done
        self.latest: dict[str, Sample] = {}
        self.trouble: Text | None = None
        self._orders: queue.Queue[Order | Callable[[], None] | None] = queue.Queue()
        self._drives: queue.Queue[Drive] = queue.Queue()
        self._stop_capture = threading.Event()
        self._stop_thread = threading.Event()
        self._nudge = threading.Event()  # something other than the next poll is to be done

    @property
    def state(self) -> str:
        """idle, capturing or absent; capturing until the server knows that the session has ended."""
        if self.session or self._outbox.unfinished(self.port.name):
            return "capturing"
        return "idle" if self._present else "absent"

    def open(self, order: Order) -> None:
        """Take an order at once, so that the port counts as capturing from now on."""
        self.session = order.session
        self.trouble = None
        self.latest = {}
        self._stop_capture.clear()
        self._orders.put(order)

    def when_idle(self, job: Callable[[], None]) -> None:
        """Run a short job in the thread that owns the port, after what it is doing now."""
        self._orders.put(job)

    def drive(self, order_id: str, command: str, value: Decimal | None) -> None:
        """Carry out a command of the profile between two polls of the session; `done` tells what became of it."""
        if not self.session:
            self._done(order_id, False, f"端口“{self.port.name}”没有在采集，不能操作装置")
            return
        self._drives.put(Drive(order_id, command, value))
        self._nudge.set()

    def close(self) -> None:
        self._stop_capture.set()
        self._nudge.set()

    def end(self) -> None:
        """Close the session and end the thread."""
        self._stop_thread.set()
        self.close()
        self._orders.put(None)

    def run(self) -> None:
        while not self._stop_thread.is_set():
            try:
                order = self._orders.get(timeout=self._patience())
            except queue.Empty:
                self._look()
                continue
            if order is None:
                return
            if not isinstance(order, Order):
                order()
                continue
            try:
                self._capture(order)
            except Exception as error:  # whatever happens, the port must stay usable
                logger.exception("capture on %s failed", self.port.name)
                self.trouble = _sentence(error)
                self._done(order.id, False, self.trouble.zh)
                with contextlib.suppress(sqlite3.Error):
                    self._outbox.end(order.session, f"agent error: {error}")
            finally:
                self.session = ""
                self._refuse_drives()
                self._captured()

    def _patience(self) -> float:
        if is_network(self.port.device):
            return NETWORK_EVERY
        return LOOK_EVERY if self._present else RETRY_EVERY

    def _look(self) -> None:
        """Whether the port is there; when it has just appeared, which instrument answers on it."""
        with contextlib.suppress(sqlite3.Error):
            self._outbox.settle()
        if self._present or self.port.profile is None:
            there = is_there(self.port.device)
        else:
            there = self._met(self.port.profile.with_overrides(self.port.settings))
        if not there:
            self.serial_read = ""
        self._present = there

    def _met(self, profile: Profile) -> bool:
        """Whether the port can be opened; if so, ask which instrument is on it."""
        if not is_network(self.port.device) and not is_there(self.port.device):
            return False
        try:
            with Reader(profile, self.port.device) as reader:
                self.serial_read = reader.identify()
        except Unidentified as error:
            logger.info("port %s: %s", self.port.name, error)
        except PortLost as error:
            if self.trouble is None or self.trouble.zh != error.zh:
                logger.warning("port %s: %s", self.port.name, error)
            self.trouble = Text(error.zh, error.en)
            return False
        self.trouble = None
        return True

    def _capture(self, order: Order) -> None:
        if self._outbox.knows(order.session):
            # The order was carried out before this process began, which ended that session.
            self._done(order.id, False, "采集程序已重新启动，请重新开始采集")
            return
        recording = Recording()
        profile = order.profile.with_overrides(self.port.settings)
        try:
            reader = Reader(profile, self.port.device, recording.record)
        except PortLost as error:
            self._done(order.id, False, error.zh)
            return
        try:
            self.serial_read = self._right_instrument(reader, order)
        except _Refused as error:
            reader.close()
            self._done(order.id, False, error.zh)
            return
        self._present = True
        self._adapter = adapter_serial(self.port.device)
        header = self._header(order, reader)
        recording.begin(header)
        self._outbox.begin(order.session, self.port.name, header)
        self._outbox.append(order.session, recording.frames(), [])
        self._captured()
        self._done(order.id, True, f"已识别仪器 {self.serial_read}" if self.serial_read else "已开始采集")
        reason = ""
        try:
            reason = self._record(order, reader, recording)
            reader.finish()
            self._commit(order, recording, [])
        except Exception as error:
            reason = f"agent error: {error}"
            raise
        finally:
            reader.close()
            self._outbox.end(order.session, reason)

    def _right_instrument(self, reader: Reader, order: Order) -> str:
        """The serial number read. Raises _Refused when it is not the one of the equipment register."""
        try:
            found = reader.identify()
        except Unidentified as error:
            raise _Refused(f"读不到仪器的出厂编号：{error.text.zh}") from error
        except PortLost as error:
            raise _Refused(error.zh) from error
        if reader.profile.identity is not None and found != order.equipment_serial.strip():
            self.serial_read = found
            raise _Refused(
                f"接在“{self.port.name}”上的仪器编号是 {found}，台账中为 {order.equipment_serial or '空'}，拒绝采集"
            )
        return found

    def _header(self, order: Order, reader: Reader) -> dict[str, Any]:
        previous_session, previous_head = self._outbox.previous(self.port.name)
        time_known = clock.state()
        return {
            "schema": "session/1",
            "session": order.session,
            "port": self.port.name,
            "device": self.port.device,
            "adapter": self._adapter,
            "settings": dict(self.port.settings),
            "profile_id": reader.profile.id,
            "profile": reader.profile.sha256,
            "equipment": order.equipment,
            "equipment_serial": order.equipment_serial,
            "serial_read": reader.serial,
            "operator": order.operator,
            "agent": VERSION,
            "parser": PARSER,
            "computer": platform.node(),
            "opened_wall_ns": str(time.time_ns()),
            "opened_mono_ns": str(time.monotonic_ns()),
            "clock_offset_ms": time_known.offset_ms,
            "ntp": time_known.ntp,
            "previous_session": previous_session,
            "previous_head": previous_head,
        }

    def _record(self, order: Order, reader: Reader, recording: Recording) -> str:
        """Poll, listen and drive until stopped; the reason of the end."""
        period = order.poll_ms / 1000
        due = time.monotonic()
        while not self._stop_capture.is_set():
            try:
                self._carry_out(order, reader, recording)
                if reader.asks and time.monotonic() >= due:
                    due = max(due + period, time.monotonic())
                    samples = reader.ask_all()
                else:
                    samples = self._between(reader, due - time.monotonic() if reader.asks else LISTEN_S)
            except PortLost as error:
                recording.note("port_lost", text=error.en)
                self._commit(order, recording, self._gone(reader.profile, error))
                if not self._reconnected(reader, recording, order):
                    return "stopped while the port was gone"
                recording.note("port_returned", serial=reader.serial)
                self._commit(order, recording, [])
                if reader.serial != self.serial_read:
                    return f"another instrument was plugged in: {reader.serial}"
                continue
            if samples or recording.fresh:
                self._commit(order, recording, samples)
        return "stopped"

    def _between(self, reader: Reader, left: float) -> list[Sample]:
        """What an instrument says unasked until the next poll is due, or just the wait for it."""
        if reader.listens:
            return reader.listen(max(0.0, min(left, LISTEN_S)))
        self._nudge.wait(max(0.0, left))
        self._nudge.clear()
        return []

    def _carry_out(self, order: Order, reader: Reader, recording: Recording) -> None:
        """The commands that have come since the last poll. What is read meanwhile is recorded like any other poll."""
        while not self._drives.empty() and not self._stop_capture.is_set():
            drive = self._drives.get()
            recording.note("drive", order=drive.id, command=drive.command, value=f"{drive.value or ''}")
            try:
                driven = reader.drive(
                    drive.command, drive.value, lambda samples: self._commit(order, recording, samples)
                )
            except PortLost as error:
                self._done(drive.id, False, f"{error.zh}；命令可能已经执行，请查看装置")
                raise
            recording.note("driven", order=drive.id, ok="yes" if driven.ok else "no", text=driven.text.en)
            self._commit(order, recording, [])
            self._done(drive.id, driven.ok, driven.text.zh)

    def _refuse_drives(self) -> None:
        while not self._drives.empty():
            self._done(self._drives.get().id, False, "采集已经结束，命令没有执行")

    def _commit(self, order: Order, recording: Recording, samples: list[Sample]) -> None:
        self._outbox.append(order.session, recording.frames(), recording.readings(samples))
        self.latest = self.latest | {one.channel: one for one in samples}
        self._captured()

    def _gone(self, profile: Profile, error: PortLost) -> list[Sample]:
        """One event that says what happened to every channel."""
        logger.warning("port %s: %s", self.port.name, error)
        self._present = False
        now = time.time_ns()
        return [
            Sample(
                one.id,
                one.quantity,
                one.role,
                None,
                one.unit,
                Quality.TIMEOUT,
                Text(error.zh, error.en),
                now,
                None,
                None,
            )
            for one in profile.channels
        ]

    def _reconnected(self, reader: Reader, recording: Recording, order: Order) -> bool:
        """Wait for the port to return and the instrument to say who it is; False when told to stop before."""
        while not self._stop_capture.wait(RETRY_EVERY):
            if (adapter := adapter_serial(self.port.device)) != self._adapter:
                self.trouble = Text(
                    f"等待 USB 串口 {self._adapter or '（无序列号）'} 插回，现为 {adapter or '无'}",
                    f"Waiting for USB adapter {self._adapter or '(no serial number)'}; there is {adapter or 'none'}",
                )
                continue
            try:
                reader.reopen()
                reader.identify()
            except (PortLost, Unidentified) as error:
                logger.debug("port %s: %s", self.port.name, error)
                self._commit(order, recording, [])
                continue
            self._present = True
            self.trouble = None
            return True
        return False


def _sentence(error: Exception) -> Text:
    if isinstance(error, sqlite3.Error):
        return Text(
            f"写不进本机存储（磁盘已满或损坏）：{error}。采集已停止，已采到的数据仍在，腾出空间后自动写入",
            f"The disk of this computer takes no more (full or damaged): {error}. Recording has stopped; what was captured "
            "is kept and written as soon as there is room",
        )
    return Text(f"采集程序出错：{error}", f"The agent failed: {error}")


class _Refused(Exception):
    """The instrument on the port is not the one to be recorded."""

    def __init__(self, zh: str) -> None:
        self.zh = zh
        super().__init__(zh)
