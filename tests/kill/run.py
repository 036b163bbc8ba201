"""Certificates are issued through the real programs while these are killed at random moments.

The programs are those of `manage.py serve`: web server, worker, timer. Persons who approve are HTTP clients that do what
a person does: when no answer comes they send again. A program dies at a moment drawn from the seed, mostly soon after it
was seen at work (an approval sent, a job claimed), sometimes while it starts. Work is handed out in step with the kills.
"""

import json
import os
import queue
import random
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from lims.core.programs import programs
from lims.core.supervisor import Program
from tests.kill.nursery import ROOT, Child, Nursery

PEOPLE = 3
# Latest moment after it was seen at work at which a program is killed, as a multiple of the time that starting takes: on a
# busy machine everything takes longer, and a worker that never came to its second job would show little.
WINDOW = {"web": 1.0, "worker": 2.5}
# Starting counts for at least so many seconds: on an idle machine it takes less than the first job.
LEAST = 0.5
# The share of lives that end while the program starts.
AT_START = 0.15
# Latest moment, in seconds after its start, of the kills that are left when everything is issued.
IDLE = 10.0
# Mean life of the timer, in seconds.
BEAT_LIFE = 20.0
QUERY = """
    SELECT (SELECT count(*) FROM certificates_certificate WHERE state = 'issued'),
           (SELECT count(*) FROM core_job WHERE done_at IS NULL),
           (SELECT coalesce(sum(attempts), 0) FROM core_job),
           (SELECT count(*) FROM core_job)
"""


@dataclass
class Outcome:
    """What happened.

    kills: per program. unanswered: approvals that a kill left without an answer. torn: jobs that a kill interrupted and a
    later worker began again. odd: answers nobody expected. fell: programs that ended by themselves.
    unreferenced: sealed bytes that no certificate names, since their worker died before it could say so.
    """

    kills: Counter[str] = field(default_factory=Counter)
    unanswered: int = 0
    torn: int = 0
    odd: list[str] = field(default_factory=list)
    fell: list[str] = field(default_factory=list)
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)
    unreferenced: int = 0

    def as_json(self) -> dict[str, Any]:
        return {**self.__dict__, "kills": dict(self.kills)}


@dataclass
class _Running:
    program: Program
    process: Child | None = None
    started: float = 0.0
    answers: bool = False
    claimed: int = 0
    kill_at: float = 0.0
    start_at: float = 0.0


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The environment of an installation in `folder`. DATABASE_URL comes in `more` where it is not SQLite."""
    scratch = folder / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LIMS_", "DATABASE_"))}
    return {
        **kept,
        "LIMS_MODE": "test",
        "LIMS_DATA_DIR": str(folder),
        "LIMS_JOB_LEASE": "4",
        "DJANGO_SETTINGS_MODULE": "tests.kill.settings",
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(scratch),
        **more,
    }


def ask(env: Mapping[str, str], module: str, *arguments: object) -> Any:
    """What `python -m module` prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)], cwd=ROOT, env=dict(env), capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{module} failed:\n{done.stderr[-4000:]}")
    return json.loads(done.stdout)


class KillRun:
    """One run over an installation with a migrated, empty database."""

    window = WINDOW

    def __init__(
        self, folder: Path, env: Mapping[str, str], *, count: int, kills: int, seed: int, patience: float
    ) -> None:
        self.folder, self.env, self.count, self.kills, self.patience = folder, dict(env), count, kills, patience
        self.chance = random.Random(seed)
        self.outcome = Outcome()
        self.port = _free_port()
        wanted = programs(host="127.0.0.1", port=self.port, threads=2)
        self.running = {one.name: _Running(one) for one in wanted if one.name in ("web", "worker", "beat")}
        self.work: queue.Queue[list[dict[str, Any]]] = queue.Queue()
        self.sent = self.answered = 0
        self.last_sent = 0.0
        self.start_takes = LEAST
        self.issued = self.open = self.claims = self.jobs = 0
        self.ended = threading.Event()
        self.lock = threading.Lock()

    def run(self) -> Outcome:
        """Prepares, issues under kills, waits until nothing is open, and judges. Raises TimeoutError after `patience` s."""
        prepared = ask(self.env, "tests.kill.prepare", self.count)
        self._lay_out(prepared["tasks"])
        people = [
            threading.Thread(target=self._person, args=(prepared["session"], prepared["password"]), daemon=True)
            for _ in range(PEOPLE)
        ]
        self.nursery = Nursery(self.env)
        begun = time.monotonic()
        try:
            for person in people:
                person.start()
            look = _lookout(self.folder, self.env.get("DATABASE_URL", ""))
            while not (self.issued == self.count and self.open == 0 and self._kills_left() == 0):
                now = time.monotonic()
                if now - begun > self.patience:
                    raise TimeoutError(f"{self.answered} of {self.count} approved, {self.outcome}; {self._told()}")
                self.issued, self.open, self.claims, self.jobs = look()
                for one in self.running.values():
                    self._tend(one, now)
                time.sleep(0.02)
        finally:
            self.ended.set()
            for person in people:
                person.join(10)
            self._end()
            self.nursery.close()
        self.outcome.seconds = time.monotonic() - begun
        self.outcome.torn = self.claims - self.jobs
        judged = ask(self.env, "tests.kill.judge", self.count)
        self.outcome.faults, self.outcome.unreferenced = judged["faults"], judged["unreferenced"]
        return self.outcome

    def _lay_out(self, tasks: list[dict[str, Any]]) -> None:
        """Each task is a piece of work of its own."""
        for task in tasks:
            self.work.put([task])

    def _kills_left(self) -> int:
        return sum(map(self._left_for, ("web", "worker")))

    def _left_for(self, name: str) -> int:
        """Half of the kills are for the web server, half for the worker, whichever of them starts quicker."""
        if name == "beat":
            return self._kills_left()
        return (self.kills + (name == "web")) // 2 - self.outcome.kills[name]

    def _allowed(self) -> int:
        """How many approvals may have been sent by now: in step with the kills, yet never so few that nothing is to do."""
        done = self.kills - self._kills_left()
        return min(self.count, max(self.count * (done + 1) // (self.kills + 1), self.issued + 2))

    # The programs

    def _tend(self, one: _Running, now: float) -> None:
        if one.process is None:
            if now >= one.start_at:
                self._start(one, now)
            return
        if one.process.poll() is not None:
            self.outcome.fell.append(f"{one.program.name} ended by itself with status {one.process.returncode}")
            one.process, one.start_at = None, now + 0.5
            return
        if not one.kill_at:
            self._arm(one, now)
        elif now >= one.kill_at and self._left_for(one.program.name):
            one.process.send_signal(signal.SIGKILL)
            one.process.wait()
            self.outcome.kills[one.program.name] += 1
            one.process, one.start_at = None, now + self.chance.uniform(0, 0.3)

    def _arm(self, one: _Running, now: float) -> None:
        """Draws the moment of death once the program was seen at work."""
        if one.program.name == "web":
            if not one.answers and self._web_answers():
                one.answers, self.start_takes = True, max(LEAST, now - one.started)
            at_work = one.answers and self.last_sent > one.started + self.start_takes
        else:
            at_work = self.claims > one.claimed
        if at_work:
            one.kill_at = now + self.chance.uniform(0, self.window[one.program.name] * self.start_takes)
        elif self.issued == self.count:
            one.kill_at = now + self.chance.uniform(0, IDLE)

    def _web_answers(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(0.2)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _start(self, one: _Running, now: float) -> None:
        one.started, one.answers, one.claimed, one.kill_at = now, False, self.claims, 0.0
        if one.program.name == "beat":
            one.kill_at = now + self.chance.expovariate(1 / BEAT_LIFE)
        elif self.chance.random() < AT_START:
            one.kill_at = now + self.chance.uniform(0, self.start_takes)
        log = self.folder / f"{one.program.name}.log"
        one.process = self.nursery.start(one.program.argv, one.program.environment, log)

    def _end(self) -> None:
        for one in self.running.values():
            if one.process is not None:
                one.process.terminate()
        for one in self.running.values():
            if one.process is not None:
                try:
                    one.process.wait(10)
                except subprocess.TimeoutExpired:
                    one.process.send_signal(signal.SIGKILL)
                    one.process.wait()

    def _told(self) -> str:
        return "\n".join(
            f"{name}: {path.read_text(errors='replace')[-3000:]}"
            for name in self.running
            if (path := self.folder / f"{name}.log").exists()
        )

    # The people who approve

    def _person(self, session: str, password: str) -> None:
        token = "k" * 32
        address = f"http://127.0.0.1:{self.port}"
        with httpx.Client(base_url=address, cookies={"sessionid": session, "csrftoken": token}, timeout=30) as client:
            while not self.ended.is_set():
                with self.lock:
                    may = self.sent < self._allowed() and not self.work.empty()
                    if may:
                        tasks = self.work.get_nowait()
                        self.sent += len(tasks)
                if may:
                    self._approve(client, tasks, {"csrfmiddlewaretoken": token, "password": password})
                else:
                    time.sleep(0.02)

    def _approve(self, client: httpx.Client, tasks: list[dict[str, Any]], signed: dict[str, str]) -> None:
        """Approves one task on its own page."""
        (task,) = tasks
        form = {**signed, "version": task["version"], "record_sha256": task["record_sha256"]}
        self._send(client, f"/certificates/approve/{task['number']}/", form)
        with self.lock:
            self.answered += 1

    def _send(self, client: httpx.Client, address: str, form: dict[str, Any]) -> httpx.Response | None:
        """Sends a form until an answer comes; whoever sent it twice may be told that it is done already."""
        unanswered, answer = 0, None
        while not self.ended.is_set():
            self.last_sent = time.monotonic()
            try:
                answer = client.post(address, data=form)
            except httpx.ConnectError:
                time.sleep(0.1)
                continue
            except httpx.TransportError:
                unanswered += 1
                time.sleep(0.1)
                continue
            if answer.status_code >= 500:
                self._wonder(f"{address}: {answer.status_code}")
                unanswered += 1
                time.sleep(0.1)
                continue
            # A repeated one is refused when the first had arrived after all: the judge sees whether that is so.
            if answer.status_code != 302 and not unanswered:
                self._wonder(f"{address}: {answer.status_code} {_plain(answer.text)[:300]}")
            break
        with self.lock:
            self.outcome.unanswered += unanswered
        return answer

    def _wonder(self, told: str) -> None:
        with self.lock:
            self.outcome.odd.append(told)


def _lookout(folder: Path, url: str) -> Callable[[], tuple[int, int, int, int]]:
    """Asks the database from outside: certificates issued, jobs open, claims of jobs altogether, jobs."""
    if url:
        import psycopg

        server = psycopg.connect(url, autocommit=True)
        return lambda: server.execute(QUERY).fetchone()
    file = sqlite3.connect(folder / "lims.sqlite3", timeout=20, isolation_level=None)
    return lambda: file.execute(QUERY).fetchone()


def _plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page.partition("<main")[2]).split())


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
