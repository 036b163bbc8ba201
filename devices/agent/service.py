"""The agent of one bench: its port threads, its uploader, and the question to the server what is to be done."""

import contextlib
import logging
import shutil
import sqlite3
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from devices.agent import VERSION, clock, trying
from devices.agent.bench import Bench
from devices.agent.capture import Order, PortWorker
from devices.agent.outbox import Outbox
from devices.agent.upload import Link, Unreachable, Uploader, said
from devices.profiles import ProfileErrors, load_profile
from devices.profiles.model import Profile
from lims.core.text import DataError, Text

logger = logging.getLogger("devices.agent")

ASK_EVERY = 1.0
KEEP_NS = 90 * 24 * 3600 * 10**9
"""How long captured data stay here after the server has them."""
PRUNE_EVERY = 3600.0
LEAST_FREE = 500 * 1024 * 1024
"""Bytes of free disk below which the page warns: recording stops when there are none."""
REMEMBERED = 1000
"""Orders whose answer is kept, in case the server asks again."""
HARMLESS = Decimal(10) ** 12
"""No rig is given a greater number."""


NOTHING = Text("", "")


@dataclass(frozen=True)
class Contact:
    """Whether the server answered the last question, since when it is so, and what it said when it refused us."""

    reachable: bool
    since_ns: int
    text: Text


class Agent:
    """Start it with `start`, end it with `stop`; data are kept in `data`/outbox.sqlite3."""

    def __init__(self, bench: Bench, link: Link, data: Path, *, ask_every: float = ASK_EVERY) -> None:
        self._link, self._ask_every, self._data = link, ask_every, data
        self.name = bench.name
        self.server = str(getattr(link, "server", ""))
        self.outbox = Outbox(data / "outbox.sqlite3")
        self.outbox.end_all("the agent was restarted")
        self.outbox.try_refused_again()
        self.uploader = Uploader(self.outbox, link)
        self.contact = Contact(False, time.time_ns(), NOTHING)
        self._lock = threading.Lock()
        self._done: dict[str, dict[str, Any]] = {}
        self._taken: OrderedDict[str, dict[str, Any] | None] = OrderedDict()
        self._stop = threading.Event()
        self.workers = {
            port.name: PortWorker(port, self.outbox, captured=self.uploader.wake, done=self._finished)
            for port in bench.ports
        }
        self._asking = threading.Thread(target=self._ask_on, name="orders", daemon=True)

    def start(self) -> None:
        self.uploader.start()
        for worker in self.workers.values():
            worker.start()
        self._asking.start()

    def stop(self, patience: float = 3.0) -> None:
        """End every session properly and send what can still be sent within `patience` seconds."""
        self._stop.set()
        for worker in self.workers.values():
            worker.end()
        for worker in self.workers.values():
            worker.join(patience + 2)
        self._asking.join(patience + 2)
        self.uploader.finish(patience)
        if not self.uploader.is_alive():  # else it still waits for an answer and ends with the process
            with contextlib.suppress(sqlite3.Error):
                self.outbox.settle()
            self.outbox.close()

    @property
    def disk_is_low(self) -> bool:
        return shutil.disk_usage(self._data).free < LEAST_FREE

    def _finished(self, order: str, ok: bool, text: Text | str, **more: Any) -> None:
        words = text.as_json() if isinstance(text, Text) else text
        with self._lock:
            answer = {"id": order, "ok": ok, "text": words, **more}
            self._done[order] = self._taken[order] = answer
            while len(self._taken) > REMEMBERED:
                self._taken.popitem(last=False)

    def _ask_on(self) -> None:
        prune_at = 0.0
        while not self._stop.is_set():
            started = time.monotonic()
            try:
                self.ask()
                if started >= prune_at:
                    prune_at = started + PRUNE_EVERY
                    self.outbox.prune(time.time_ns() - KEEP_NS)
            except Exception:  # this thread is the only way orders come in
                logger.exception("asking the server failed")
            self._stop.wait(max(0.05, self._ask_every - (time.monotonic() - started)))

    def _report(self) -> dict[str, Any]:
        with self._lock:
            done = list(self._done.values())
        refused = self.outbox.refused()
        waiting = self.outbox.backlog()
        return {
            "agent": VERSION,
            "ports": [
                {
                    "name": name,
                    "profile": worker.port.profile.sha256 if worker.port.profile else "",
                    "profile_id": worker.port.profile.id if worker.port.profile else "",
                    "state": worker.state,
                    "serial_read": worker.serial_read,
                    "text": worker.trouble.as_json() if worker.trouble else None,
                    "waiting": waiting.get(name, 0),
                }
                for name, worker in self.workers.items()
            ],
            "clock": clock.state().as_json(),
            "refused": [{"session": one.session, "text": one.text.as_json()} for one in refused[:20]],
            "done": done,
        }

    def ask(self) -> None:
        """One question to the server: what was done, how the ports are; take what is to be done."""
        self._stop_refused()
        body = self._report()
        before = clock.read()
        try:
            status, answer = self._link.post("bench/poll", body)
        except Unreachable as error:
            logger.info("server not reachable: %s", error)
            self._reached(False, Text(str(error), str(error)))
            return
        if status != 200:
            text = said(status, answer)
            logger.warning("server answers: %s", text.en)
            self._reached(False, text)
            return
        self._reached(True, NOTHING)
        clock.heard(before, answer.get("now_ns"))
        with self._lock:
            for one in body["done"]:
                self._done.pop(one["id"], None)
        texts = answer.get("profiles")
        for command in answer.get("commands") or []:
            if isinstance(command, dict):
                self._take(command, texts if isinstance(texts, dict) else {})

    def _reached(self, reachable: bool, text: Text) -> None:
        changed = reachable != self.contact.reachable
        self.contact = Contact(reachable, time.time_ns() if changed else self.contact.since_ns, text)

    def _stop_refused(self) -> None:
        """A session the server does not take can never become a record: recording it on would only mislead."""
        for refusal in self.outbox.refused():
            worker = self.workers.get(refusal.port)
            if worker is not None and worker.session == refusal.session:
                worker.close()

    def _take(self, command: dict[str, Any], texts: dict[str, Any]) -> None:
        """Carry out a command once, however often the server repeats it; a repeated one gets the same answer."""
        identifier = str(command.get("id", ""))
        with self._lock:
            if identifier in self._taken:
                if (answer := self._taken[identifier]) is not None:
                    self._done[identifier] = answer
                return
            self._taken[identifier] = None
        match command.get("do"):
            case "open":
                self._open(identifier, command, texts)
            case "close":
                self._close(identifier, str(command.get("session", "")))
            case "drive":
                self._drive(identifier, command)
            case "try":
                self._try(identifier, command)
            case other:
                self._finished(identifier, False, Text(f"不认识的指令 {other}", f"Unknown order {other}"))

    def _open(self, identifier: str, command: dict[str, Any], texts: dict[str, Any]) -> None:
        worker = self.workers.get(str(command.get("port", "")))
        if worker is None:
            self._finished(identifier, False, _no_port(command))
            return
        if worker.session:
            self._finished(identifier, False, _busy(worker))
            return
        try:
            profile = self._profile(worker, str(command.get("profile", "")), texts)
            poll_ms = int(command.get("poll_ms") or profile.timing.poll_ms)
        except (ProfileErrors, LookupError, ValueError) as error:
            text = Text(f"装置配置不可用：{error}", f"The rig profile cannot be used: {error}")
            self._finished(identifier, False, text)
            return
        worker.open(
            Order(
                identifier,
                str(command.get("session", "")),
                str(command.get("operator", "")),
                str(command.get("equipment", "")),
                str(command.get("equipment_serial", "")),
                max(50, poll_ms),
                profile,
            )
        )

    def _profile(self, worker: PortWorker, sha256: str, texts: dict[str, Any]) -> Profile:
        """The version the server asks for: the port's own, or one that came along. Raises LookupError, ProfileErrors."""
        own = worker.port.profile
        if own is not None and sha256 in ("", own.sha256):
            return own
        if sha256 not in texts:
            raise LookupError(f"没有版本 {sha256[:8]}")
        profile = load_profile(str(texts[sha256]))
        if profile.sha256 != sha256:
            raise LookupError(f"版本 {sha256[:8]} 的内容与其摘要不符")
        return profile

    def _close(self, identifier: str, session: str) -> None:
        for worker in self.workers.values():
            if session and worker.session == session:
                worker.close()
                self._when_ended(worker, session, identifier)
                return
        self._finished(identifier, True, Text("采集已经结束", "The capture had ended before"))

    def _drive(self, identifier: str, command: dict[str, Any]) -> None:
        """Hand the order to the session it belongs to. After a restart there is none, so it is never sent a second time."""
        session = str(command.get("session", ""))
        worker = self.workers.get(str(command.get("port", "")))
        if worker is None or not session or worker.session != session:
            text = Text(
                "这个采集会话没有在进行，指令没有发给装置",
                "This capture is not running; nothing was sent to the rig",
            )
            self._finished(identifier, False, text)
            return
        entered = command.get("value")
        value: Decimal | None = None
        if entered not in (None, ""):
            try:
                value = Decimal(str(entered))
            except InvalidOperation:
                value = Decimal("NaN")
            if not value.is_finite() or abs(value) > HARMLESS:
                text = Text(
                    f"“{entered}”不是可用的数值，指令没有发给装置",
                    f"“{entered}” is no usable number; nothing was sent to the rig",
                )
                self._finished(identifier, False, text)
                return
        worker.drive(identifier, str(command.get("command", "")), value)

    def _try(self, identifier: str, command: dict[str, Any]) -> None:
        worker = self.workers.get(str(command.get("port", "")))
        nothing: dict[str, Any] = {"frames": []}
        if worker is None:
            self._finished(identifier, False, _no_port(command), result=nothing)
            return
        if worker.session:
            self._finished(identifier, False, _busy(worker), result=nothing)
            return
        try:
            trial = trying.read_trial(command.get("try"))
        except DataError as error:
            text = Text(f"{error.path} {error.text.zh}", f"{error.path} {error.text.en}")
            self._finished(identifier, False, text, result=nothing)
            return

        def job() -> None:
            try:
                tried = trying.attempt(worker.port.device, trial)
            except Exception as error:  # the port thread must go on
                logger.exception("trial on %s failed", worker.port.name)
                self._finished(
                    identifier, False, Text(f"采集程序出错：{error}", f"The agent failed: {error}"), result=nothing
                )
            else:
                self._finished(identifier, tried.ok, tried.text, result=tried.result())

        worker.when_idle(job)

    def _when_ended(self, worker: PortWorker, session: str, identifier: str) -> None:
        """Report a close as done only when the thread has let go of the port."""

        def wait() -> None:
            while worker.session == session and worker.is_alive():
                time.sleep(0.02)
            self._finished(identifier, True, Text("采集已结束", "The capture has ended"))

        threading.Thread(target=wait, daemon=True).start()


def _no_port(command: dict[str, Any]) -> Text:
    named = command.get("port")
    return Text(f"本工位没有端口“{named}”", f"This bench has no port “{named}”")


def _busy(worker: PortWorker) -> Text:
    return Text(f"端口“{worker.port.name}”正在采集", f"Port “{worker.port.name}” is recording")
