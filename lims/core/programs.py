"""What `manage.py serve` runs, as data. Each is a program of its own; none imports another's memory."""

import sys
from importlib.util import find_spec

from django.conf import settings

from lims.core.supervisor import Program

# Seconds an ending web server waits for open event streams before it closes them.
STREAM_PATIENCE = 5


def programs(*, host: str, port: int, threads: int) -> list[Program]:
    """Web server, worker, timer and rig agent; outside production also the simulated rigs.

    host, port: where the web server listens. threads: how many jobs the worker does at once.
    """
    python = (sys.executable, "-X", "faulthandler", "-m")
    celery = (*python, "celery", "--quiet", "-A", "lims.celery")
    found = [
        Program(
            "web",
            (
                *(*python, "uvicorn", "lims.asgi:application", "--host", host, "--port", str(port)),
                *("--lifespan", "off", "--log-level", "warning", "--no-server-header"),
                *("--timeout-graceful-shutdown", str(STREAM_PATIENCE)),
                *(("--proxy-headers", "--forwarded-allow-ips", "127.0.0.1") if settings.PRODUCTION else ()),
            ),
        ),
        Program(
            "worker",
            (
                *(*celery, "worker", "--pool", "threads", "--concurrency", str(threads), "--loglevel", "WARNING"),
                *("--without-gossip", "--without-mingle", "--without-heartbeat"),
            ),
            # Messages are JSON and only ring, so root (in a container) is no danger here.
            {"PYTHONWARNINGS": "ignore:You're running the worker with superuser"},
        ),
        # Not `worker --beat`: there the timer is a grandchild that would outlive a killed worker.
        # Its schedule is kept in memory: every entry repeats within seconds, and a file could be broken by a kill.
        Program(
            "beat", (*celery, "beat", "--loglevel", "WARNING", "--pidfile=", "--scheduler", "celery.beat:Scheduler")
        ),
    ]
    if _runnable("devices.agent") and (settings.AGENT_BENCH.exists() or not settings.PRODUCTION):
        found.append(Program("agent", (*python, "devices.agent", *agent_arguments(port))))
    if not settings.PRODUCTION and _runnable("devices.simulators"):
        simulators = ("devices.simulators", "--dir", str(settings.SIMULATORS_DIR), "--speed", settings.SIMULATORS_SPEED)
        found.append(Program("simulators", (*python, *simulators)))
    return found


def agent_arguments(port: int) -> list[str]:
    """The agent talks to this machine's own server unless LIMS_AGENT_SERVER names another address.

    In production that is the public address: plain HTTP would only be redirected to it.
    """
    server = settings.AGENT_SERVER or (settings.BASE_URL if settings.PRODUCTION else f"http://127.0.0.1:{port}")
    return [
        *("--server", server, "--token-file", str(settings.AGENT_TOKEN_FILE)),
        *("--bench", str(settings.AGENT_BENCH), "--data", str(settings.AGENT_DATA_DIR)),
        *("--page-port", settings.AGENT_PAGE_PORT, "--with-parent"),
    ]


def _runnable(package: str) -> bool:
    """Whether `python -m package` would find something to run."""
    return find_spec(package) is not None and find_spec(f"{package}.__main__") is not None
