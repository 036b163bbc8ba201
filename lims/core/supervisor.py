"""Runs several programs as one: started together, restarted when they fall, ended together.

The children die with the supervisor however it dies: on Linux the kernel kills a child whose parent is gone
(prctl PR_SET_PDEATHSIG), so that a `kill -9` leaves neither a second timer nor an agent that still owns the ports.
Killing is safe because nothing the children do depends on an orderly end: jobs have leases, readings an outbox.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Program:
    """One child: its name in messages, its command line and what its environment has beyond ours."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass
class _Child:
    program: Program
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0
    failures: int = 0


def tie_to(parent: int) -> None:
    """Called in a fresh child: the kernel is to kill it when its parent dies. Does nothing where there is no prctl."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died between the fork and the call above
        os.kill(os.getpid(), signal.SIGKILL)


class Supervisor:
    """Keeps the programs running until SIGTERM or SIGINT.

    say: takes one line for the person at the terminal. backoff: seconds before the n-th restart in a row; the last one
    repeats. healthy: seconds after which a program counts as started well. patience: seconds between asking to end and killing.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        say: Callable[[str], None],
        backoff: Sequence[float] = (1, 2, 5, 10, 30),
        healthy: float = 60,
        patience: float = 15,
    ) -> None:
        self._children = [_Child(program) for program in programs]
        self._say = say
        self._backoff = backoff
        self._healthy = healthy
        self._patience = patience
        self._stopping = False

    def run(self, while_running: Callable[[], None] = lambda: None) -> None:
        """Starts everything and returns after everything has ended. `while_running` is called about five times a second."""
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            while not self._stopping:
                for child in self._children:
                    self._tend(child)
                while_running()
                time.sleep(POLL_SECONDS)
        finally:
            self._end()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _tend(self, child: _Child) -> None:
        now = time.monotonic()
        if child.process is not None:
            status = child.process.poll()
            if status is None:
                if child.failures and now - child.started > self._healthy:
                    child.failures = 0
                return
            wait = self._backoff[min(child.failures, len(self._backoff) - 1)]
            child.failures += 1
            child.process, child.due = None, now + wait
            self._say(f"{child.program.name} ended with status {status}; starting it again in {wait:g} s")
        if now >= child.due:
            self._start(child)

    def _start(self, child: _Child) -> None:
        parent = os.getpid()
        child.started = time.monotonic()
        # A session of its own, so that Ctrl-C reaches the supervisor alone and the end is orderly.
        child.process = subprocess.Popen(  # noqa: S603  (the command lines are our own)
            child.program.argv,
            env={**os.environ, **child.program.environment},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=lambda: tie_to(parent),
        )

    def _end(self) -> None:
        """Asks every child to end, waits, then kills whole sessions: a grandchild does not outlive us either."""
        running = [child.process for child in self._children if child.process and child.process.poll() is None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + self._patience
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._say(f"process {process.pid} did not end in {self._patience:g} s and is killed")
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
