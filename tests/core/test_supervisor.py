"""One supervisor for all processes: they start together, come back when they fall, and never outlive it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from lims.core.supervisor import Program, Supervisor

ROOT = Path(__file__).resolve().parents[2]
SLEEP = (sys.executable, "-c", "import time; time.sleep(600)")


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _children(pid: int) -> set[int]:
    return {int(word) for path in Path(f"/proc/{pid}/task").glob("*/children") for word in path.read_text().split()}


def _until(condition, seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def _run(programs: str, code: str = "") -> subprocess.Popen:
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import sys\nfrom lims.core.supervisor import *\nSLEEP = {SLEEP!r}\n{code}\n"
            f"Supervisor([{programs}], say=lambda line: print(line, flush=True), backoff=(0.1, 0.2), patience=2).run()",
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def running():
    started: list[subprocess.Popen] = []

    def run(*arguments: str) -> subprocess.Popen:
        started.append(_run(*arguments))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


def test_children_die_with_a_killed_supervisor(running):
    supervisor = running("Program('a', SLEEP), Program('b', SLEEP)")
    assert _until(lambda: len(_children(supervisor.pid)) == 2)
    children = _children(supervisor.pid)
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()
    assert _until(lambda: not any(_alive(pid) for pid in children), 10)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_orderly_end_ends_every_child(running, number):
    supervisor = running("Program('a', SLEEP), Program('b', SLEEP)")
    assert _until(lambda: len(_children(supervisor.pid)) == 2)
    children = _children(supervisor.pid)
    time.sleep(0.3)
    supervisor.send_signal(number)
    assert supervisor.wait(20) == 0
    assert not any(_alive(pid) for pid in children)


def test_a_child_that_does_not_listen_is_killed_after_patience(running):
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    supervisor = running(f"Program('deaf', (sys.executable, '-c', {deaf!r}))")
    assert supervisor.stdout.readline() == "deaf\n"
    (child,) = _children(supervisor.pid)
    supervisor.terminate()
    out, _err = supervisor.communicate(timeout=30)
    assert "did not end in 2 s and is killed" in out
    assert not _alive(child)


def test_a_fallen_child_comes_back_and_the_other_is_left_alone(running):
    supervisor = running("Program('a', SLEEP), Program('b', SLEEP)")
    assert _until(lambda: len(_children(supervisor.pid)) == 2)
    before = _children(supervisor.pid)
    os.kill(min(before), signal.SIGKILL)
    assert _until(lambda: len(_children(supervisor.pid) - before) == 1)
    assert max(before) in _children(supervisor.pid)
    supervisor.terminate()
    assert "ended with status -9; starting it again" in supervisor.communicate(timeout=30)[0]


def test_a_program_that_always_falls_is_started_less_and_less_often():
    said: list[str] = []
    supervisor = Supervisor(
        [Program("broken", (sys.executable, "-S", "-c", "raise SystemExit(3)"))],
        say=said.append,
        backoff=(0.05, 0.3, 0.6),
    )

    def enough() -> None:
        if len(said) == 4:
            supervisor._stopping = True

    supervisor.run(enough)
    assert [line.rpartition(" in ")[2] for line in said] == ["0.05 s", "0.3 s", "0.6 s", "0.6 s"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_serve_answers_refuses_a_second_and_takes_all_children_along_when_killed(new_site):
    site = new_site(LIMS_MODE="demo")
    port = _free_port()
    serve = site.start("manage.py", "serve", "--demo", "--port", str(port))
    try:
        assert serve.stdout.readline().startswith("演示账号")
        told = next(line for line in iter(serve.stdout.readline, "") if not line.startswith("  "))
        assert told.startswith("starting web, worker, beat")

        def answers() -> bool:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/accounts/login/", timeout=5) as answer:
                    return answer.status == 200
            except (urllib.error.URLError, OSError):
                return False

        assert _until(answers, 120)
        children = _children(serve.pid)
        assert len(children) >= 3
        second = site.manage("serve", "--port", str(port))
        assert second.returncode != 0
        assert "another `serve` is running" in second.stderr
        assert "end it first" in site.manage("restore", str(site.folder)).stderr
    finally:
        serve.kill()
        serve.communicate()
    assert _until(lambda: not any(_alive(pid) for pid in children), 15)


def test_a_taken_port_is_named(new_site):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = new_site().manage("serve", "--port", str(port))
    assert result.returncode != 0
    assert f"cannot listen on 127.0.0.1:{port}" in result.stderr
