"""A process that has imported everything and forks the programs that are to be killed.

Importing takes seconds, and a kill while importing can lose nothing. Forked, a program is at work a moment after it was started,
so a thousand deaths fit into the time of a few hundred. The children are processes of their own in every other respect.
"""

import contextlib
import faulthandler
import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lims.core.supervisor import tie_to

ROOT = Path(__file__).resolve().parents[2]
# What the programs load when they start, and with the first work they do.
LOADED = (
    "lims.asgi",
    "lims.urls",
    "lims.celery",
    "celery.__main__",
    "celery.apps.worker",
    "celery.apps.beat",
    "celery.bin.celery",
    "celery.concurrency.thread",
    "celery.worker",
    "certificates.sealing.pades",
    "fontTools.ttLib",
    "kombu.transport.filesystem",
    "pikepdf.pdfa",
    "uvicorn.__main__",
    "uvicorn.lifespan.off",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
)


class Nursery:
    """Starts programs by forking; one thread asks at a time."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            cwd=ROOT, env=dict(env), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip

    def close(self) -> None:
        """Ends the process that forks, and with it whatever it started."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)

    def start(self, argv: Sequence[str], more: Mapping[str, str], log: Path) -> "Child":
        """Runs `python … -m MODULE ARGUMENT…`, of which only the module and its arguments count."""
        place = list(argv).index("-m")
        return Child(self, self.ask(start=list(argv[place + 1 :]), more=dict(more), log=str(log)))

    def ask(self, **wanted: Any) -> Any:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(wanted) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


class Child:
    """A forked program. Only its parent may wait for it, so that is asked."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self._nursery, self.pid = nursery, pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        if self.returncode is None:
            self.returncode = self._nursery.ask(ended=self.pid)
        return self.returncode

    def wait(self, timeout: float = 60.0) -> int:
        """The exit status, once there is one. Raises subprocess.TimeoutExpired after `timeout` seconds."""
        if self.returncode is None:
            self.returncode = self._nursery.ask(ended=self.pid, within=timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return self.returncode

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def main() -> None:
    """Answers one line for each line asked, until its standard input ends."""
    faulthandler.enable()
    for name in LOADED:
        importlib.import_module(name)
    _warm()
    for line in sys.stdin:
        asked = json.loads(line)
        told = _fork(asked) if "start" in asked else _ended(asked["ended"], asked.get("within", 0.0))
        print(json.dumps(told), flush=True)


def _warm() -> None:
    """Does once what a worker does with its first document: fonts are cut, and the schema of the twin is read."""
    from django.conf import settings
    from django.db import connections
    from django.urls import get_resolver

    from certificates import dcc, documents
    from tests.certificates import specimen

    documents.check_pdfa(documents.render(specimen.verification()))
    dcc.check(b"<none/>", settings.DCC_SCHEMAS)
    _ = get_resolver().reverse_dict
    connections.close_all()


def _fork(asked: Mapping[str, Any]) -> int:
    parent = os.getpid()
    if pid := os.fork():
        return pid
    status = 1
    try:
        os.setsid()
        tie_to(parent)
        nothing = os.open(os.devnull, os.O_RDONLY)
        log = os.open(asked["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        for old, new in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(old, new)
        os.environ.update(asked["more"])
        sys.argv = list(asked["start"])
        runpy.run_module(asked["start"][0], run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(Exception):
            sys.stderr.flush()
        os._exit(status)


def _ended(pid: int, within: float) -> int | None:
    until = time.monotonic() + within
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= until:
            return None
        time.sleep(0.002)


if __name__ == "__main__":
    main()
