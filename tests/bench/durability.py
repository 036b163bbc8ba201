"""Capturing while agent and server are killed: nothing missing, nothing extra, no break, and one altered byte is found.

Real processes and real HTTP: the web server of `manage.py serve`, and an agent that is the product's but for its
instruments (`tests.bench.synthetic`). Between them a proxy refuses one post in ten and loses the answer to one in five
after it was committed. Who dies is drawn from the seed; when, from what has been stored, so that the deaths are spread over the
whole run however fast the machine is.
"""

import http.client
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from lims.core.programs import programs
from lims.core.supervisor import tie_to
from tests.bench.measure import Figure, Span
from tests.kill.run import ROOT, environment

FRAMES, KILLS, SEED = 1_000_000, 60, 20261122
PORTS = 4
REFUSED, LOST = 0.1, 0.2
PATIENCE = 3 * 3600
ANSWER_S = 20.0


def figures(folder: Path, url: str) -> list[Figure]:
    """Works on an installation of its own in `folder`; `url`: an empty database where it is not SQLite.

    Raises ValueError when any promise was broken. LIMS_FRAMES makes the run shorter.
    """
    frames = int(os.environ.get("LIMS_FRAMES", FRAMES))
    kills = max(2, round(KILLS * frames / FRAMES))
    env = environment(folder, **({"DATABASE_URL": url} if url else {}))
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, env=env, check=True)
    run = DurabilityRun(folder, env, frames=frames, kills=kills, seed=SEED, patience=PATIENCE)
    outcome = run.run()
    if outcome.broken:
        raise ValueError(json.dumps(outcome.judged | {"altered": outcome.altered}, ensure_ascii=False, indent=1))
    found = outcome.judged
    remark = (
        f"{found['readings']} readings, {found['sessions']} sessions; kills: {outcome.kills['agent']} agent, "
        f"{outcome.kills['web']} server; posts: {outcome.posts['passed']} passed, {outcome.posts['refused']} refused, "
        f"{outcome.posts['lost']} answers lost, {outcome.posts['down']} met no server; 0 missing, 0 extra, 0 breaks; "
        "the altered byte was located"
    )
    rate = Span((found["frames"] / outcome.seconds,))
    return [
        Figure("durability", f"{found['frames']} frames captured to server", "s", Span((outcome.seconds,))),
        Figure("durability", "frames through kills and faults", "frames/s", rate, remark=remark),
    ]


@dataclass
class Outcome:
    """What happened. kills: per program. posts: what became of uploads. judged, altered: see `tests.bench.clerk`."""

    kills: Counter[str] = field(default_factory=Counter)
    posts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    judged: dict[str, Any] = field(default_factory=dict)
    altered: dict[str, Any] = field(default_factory=dict)

    @property
    def broken(self) -> bool:
        wrong = any(self.judged[name] for name in ("missing", "extra", "wrong", "breaks", "faults"))
        return wrong or self.altered["altered"] != self.altered["found"]


class FaultyWay:
    """The way from agent to server: passes polls, and ingests with faults. `seen` counts posts of the living agent."""

    def __init__(self, port: int, posts: Counter[str], seed: int) -> None:
        self.seen = 0
        draw, lock, outer = random.Random(seed), threading.Lock(), self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                ingest = self.path.endswith("/ingest")
                with lock:
                    chance = draw.random() if ingest else 1.0
                    outer.seen += ingest
                if chance < REFUSED:
                    posts["refused"] += 1
                    return self.answer(503, b"{}")
                try:
                    status, answer = self.forward(body)
                except (OSError, http.client.HTTPException):
                    posts["down"] += ingest
                    self.close_connection = True
                    return None
                if chance < REFUSED + LOST:
                    posts["lost"] += 1
                    self.close_connection = True
                    return None
                posts["passed"] += ingest
                return self.answer(status, answer)

            def forward(self, body: bytes) -> tuple[int, bytes]:
                server = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_S)
                try:
                    wanted = ("Authorization", "Content-Type")
                    server.request("POST", self.path, body, {name: self.headers[name] for name in wanted})
                    response = server.getresponse()
                    return response.status, response.read()
                finally:
                    server.close()

            def answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                """An agent that was killed does not wait for its answer."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class DurabilityRun:
    """One run over an installation with a migrated, empty database. `frames`: as many as the agent shall capture."""

    def __init__(
        self, folder: Path, env: Mapping[str, str], *, frames: int, kills: int, seed: int, patience: float
    ) -> None:
        self.folder, self.env, self.patience = folder, dict(env), patience
        self.frames, self.kills = frames, kills
        self.draw = random.Random(seed)
        self.outcome = Outcome()
        self.port = _free_port()
        self.way = FaultyWay(self.port, self.outcome.posts, seed)
        self.data = folder / "bench"
        self.data.mkdir()
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.clerk = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.clerk"],
            cwd=ROOT, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        victims = ["agent" if number % 2 else "web" for number in range(kills)]
        self.draw.shuffle(victims)
        spread = (self.draw.uniform(number + 0.2, number + 0.8) / kills for number in range(kills))
        self.deaths = [(share * frames * 0.95, name) for share, name in zip(spread, victims, strict=True)]

    def ask(self, do: str, **more: object) -> dict[str, Any]:
        assert self.clerk.stdin and self.clerk.stdout
        self.clerk.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self.clerk.stdin.flush()
        answer = self.clerk.stdout.readline()
        if not answer:
            raise RuntimeError("the clerk fell")
        found: dict[str, Any] = json.loads(answer)
        return found

    def run(self) -> Outcome:
        """Captures under kills, waits until the server has everything, and judges. Raises TimeoutError."""
        try:
            token = self.ask("prepare", ports=PORTS)["token"]
            begun = time.monotonic()
            self._capture(token, begun)
            self.outcome.seconds = time.monotonic() - begun
            self.running["agent"].terminate()
            self.running["agent"].wait(60)
            self.outcome.judged = self.ask("judge", data=str(self.data))
            self.outcome.altered = self.ask("alter", seed=self.draw.randrange(10**6))
        finally:
            for process in [*self.running.values(), self.clerk]:
                process.kill()
                process.wait()
            self.way.close()
        return self.outcome

    def _capture(self, token: str, begun: float) -> None:
        captured = 0
        while True:
            for name in ("web", "agent"):
                self._start(name, token)
            state = self.ask("tend", opening=captured < self.frames)
            captured, waiting = self._outbox()
            self._kill(state["frames"])
            if captured >= self.frames and not waiting and not state["running"]:
                return
            if time.monotonic() - begun > self.patience:
                told = "\n".join(
                    (self.folder / f"{name}.log").read_text(errors="replace")[-3000:] for name in self.running
                )
                raise TimeoutError(f"{captured} captured, {waiting} sessions wait, {state}, {self.outcome}\n{told}")
            time.sleep(0.1)

    def _outbox(self) -> tuple[int, int]:
        """Frames captured so far, and sessions that the server does not have whole."""
        path = self.data / "outbox.sqlite3"
        try:
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5) as outbox:
                row = outbox.execute(
                    "SELECT coalesce(sum(frames), 0), coalesce(sum(acked_close = 0), 0) FROM session"
                ).fetchone()
            outbox.close()
        except sqlite3.OperationalError:  # the agent has not made it yet
            return 0, 0
        return int(row[0]), int(row[1])

    def _start(self, name: str, token: str) -> None:
        if (process := self.running.get(name)) is not None and process.poll() is None:
            return
        if process is not None and process.returncode != -signal.SIGKILL:
            raise RuntimeError(f"{name} ended by itself: {(self.folder / f'{name}.log').read_text(errors='replace')}")
        if name == "web":
            program = next(one for one in programs(host="127.0.0.1", port=self.port, threads=1) if one.name == "web")
            arguments, env = list(program.argv), {**self.env, **program.environment}
        else:
            arguments = [
                *(sys.executable, "-m", "tests.bench.synthetic", "--server", self.way.address, "--token", token),
                *("--data", str(self.data), "--ports", str(PORTS), "--target", str(self.frames)),
            ]
            env = self.env
            self.way.seen = 0
        parent = os.getpid()
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                arguments, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=lambda: tie_to(parent),
            )  # fmt: skip

    def _kill(self, stored: int) -> None:
        """The next death, when its time has come and its victim is at work."""
        if not self.deaths or stored < self.deaths[0][0]:
            return
        name = self.deaths[0][1]
        if not (self.way.seen if name == "agent" else self._answers()):
            return
        time.sleep(self.draw.uniform(0, 0.3))
        self.running[name].send_signal(signal.SIGKILL)
        self.running[name].wait()
        self.outcome.kills[name] += 1
        self.deaths.pop(0)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(0.2)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
