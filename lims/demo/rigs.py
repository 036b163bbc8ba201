"""The simulated rigs and a real agent in this process, for runs that no person attends.

The agent is the one that runs on a bench; only the way to the server is shorter: it calls the services that the HTTP
doors call. Frames cross real pseudo-terminals.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import connection

from devices.agent.bench import load_bench
from devices.agent.service import Agent
from devices.agent.upload import Unreachable
from devices.models import Bench, CaptureSession, Reading
from devices.services import ingest, poll
from devices.simulators import DemoRigs, demo_rigs
from lims.core import clock
from lims.core.text import Refused

PATIENCE = 30.0
# A reading stamped this much later was asked for after the call: a reply at 9600 bit/s takes some 50 ms.
SETTLE = timedelta(seconds=0.3)


class ServiceLink:
    """What `HttpLink` is over the network: the agent's two doors, called directly. Each call ends its connection."""

    DOORS: Mapping[str, Callable[[Bench, dict[str, Any]], dict[str, Any]]] = {"bench/poll": poll, "ingest": ingest}

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def post(self, path: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        try:
            return 200, self.DOORS[path](self.bench, dict(body))
        except Refused as refused:
            return 409, {"error": refused.reasons[0].text.as_json()}
        except Exception as error:
            raise Unreachable(str(error)) from error
        finally:
            connection.close()


@dataclass
class Running:
    """Rigs to act on, and the bench whose agent reads them."""

    rigs: DemoRigs
    bench: Bench


@contextmanager
def running(bench: Bench, folder: Path, *, seed: int, speed: float) -> Iterator[Running]:
    """Rigs and agent for as long as the block runs; everything captured is on the server when it ends."""
    with demo_rigs(folder / "rigs", seed=seed, speed=speed) as rigs:
        agent = Agent(load_bench(folder / "rigs" / "bench.toml"), ServiceLink(bench), folder / "agent", ask_every=0.2)
        agent.start()
        try:
            yield Running(rigs, bench)
        finally:
            agent.stop()


def wait_for(found: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """The first true answer of `found`, asked ten times a second. Raises TimeoutError naming what did not come."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if answer := found():
            return answer
        time.sleep(0.1)
    raise TimeoutError(f"nothing came within {patience:.0f} s: {what}")


def capturing(session: CaptureSession) -> CaptureSession:
    """Waits until the agent records. Raises TimeoutError, with the agent's words when it refused."""

    def begun() -> bool:
        session.refresh_from_db()
        if session.state in (CaptureSession.State.FAILED, CaptureSession.State.INTERRUPTED):
            raise TimeoutError(f"{session}: {session.text}")
        return session.state == CaptureSession.State.CAPTURING

    wait_for(begun, f"session {session} to begin")
    return session


def fresh(session: CaptureSession, channel: str) -> Reading:
    """A good reading of the channel that was taken after this call.

    Judged by the time it was taken, not by when it arrived: an upload that lags brings readings from before.
    """
    since = clock.now() + SETTLE
    rows = Reading.objects.filter(session=session, channel=channel, quality="ok", at__gt=since).order_by("seq_no")
    return wait_for(rows.first, f"a reading of {channel}")


def closed(session: CaptureSession) -> CaptureSession:
    def ended() -> bool:
        session.refresh_from_db()
        return session.closed_at is not None

    wait_for(ended, f"session {session} to end")
    return session
