"""The public check: how many requests a second one server process answers, and how long the slowest wait.

A real uvicorn on a free port, clients that keep their connections. Each client has an address of its own of the loopback
network, for one address may ask sixty times a minute. Beside it the least such a request can cost: the root certificates, a
page of the same server without any query.
"""

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.bench.live import _wait_for as wait_for
from tests.bench.measure import Figure, Span, spans
from tests.bench.pages import _repeat as repeat

ROUNDS, CLIENTS, EACH = 3, 4, 50
ROOT = Path(__file__).resolve().parents[2]


def figures(lab: SimpleNamespace) -> list[Figure]:
    """The database is migrated and holds a laboratory; its certificate is made here."""
    from certificates import selectors
    from lims.audit.services import integrate
    from tests.certificates.issued import certificate

    made = certificate(lab)
    head = integrate()
    digest = sha256(selectors.pdf(made)).hexdigest()
    remark = f"log of {head.size} entries, {CLIENTS} clients, 1 process"
    addresses = {
        "page of a certificate": reverse("portal:certificate", args=[made.token]),
        "status by digest, with proof": f"{reverse('portal:status')}?sha256={digest}",
        "floor": reverse("portal:roots"),
    }
    found = {name: _served(address, first) for first, (name, address) in enumerate(addresses.items(), 1)}
    floor_rate, floor_slow = found.pop("floor")
    rows = []
    for name, (rate, slow) in found.items():
        rows.append(Figure("verify", name, "/s", rate, floor_rate, "a page without a query", remark))
        rows.append(Figure("verify", f"{name}, p99", "ms", slow, floor_slow, "a page without a query"))
        remark = ""
    for name in found:
        address = addresses[name]
        asked = _statements(address)
        ours, bare = spans([partial(_ask, address), partial(repeat, asked)], rounds=9, clock=time.process_time)
        rows.append(Figure("verify", f"{name}, CPU", "ms", ours, bare, f"its {len(asked)} SQL statements alone"))
    return rows


def _statements(address: str) -> list[tuple[str, Any]]:
    """What the page asks of the database, with its parameters."""
    with CaptureQueriesContext(connection) as seen:
        _ask(address)
    return [(one["sql"], None) for one in seen.captured_queries if one["sql"].startswith("SELECT")]


def _ask(address: str) -> None:
    cache.clear()
    answer = Client().get(address)
    if answer.status_code != 200:
        raise ValueError(f"{address}: {answer.status_code}")


def _served(address: str, network: int) -> tuple[Span, Span]:
    """Requests a second, and milliseconds that 99 of 100 stay below: one value for each round."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "lims.asgi:application", "--port", str(port), "--lifespan", "off",
         "--log-level", "warning", "--timeout-graceful-shutdown", "1"],
        cwd=ROOT, env={**os.environ},
    )  # fmt: skip
    try:
        wait_for(port)
        rates, slows = [], []
        for turn in range(ROUNDS + 1):
            taken: list[float] = []
            begun = time.perf_counter()
            clients = [
                threading.Thread(target=_client, args=(port, address, f"127.{network}.{turn}.{one + 1}", taken))
                for one in range(CLIENTS)
            ]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
            if len(taken) != CLIENTS * EACH:
                raise RuntimeError(f"{address}: {CLIENTS * EACH - len(taken)} requests were not answered")
            if turn:  # the first round fills caches
                rates.append(len(taken) / (time.perf_counter() - begun))
                slows.append(statistics.quantiles(taken, n=100)[98])
    finally:
        server.terminate()
        server.wait(timeout=30)
    return Span(tuple(rates)), Span(tuple(slows))


def _client(port: int, address: str, own: str, taken: list[float]) -> None:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=60, source_address=(own, 0))
    for _ in range(EACH):
        begun = time.perf_counter()
        link.request("GET", address)
        answer = link.getresponse()
        said = answer.read()
        if answer.status != 200 or (said[:1] == b"{" and json.loads(said)["state"] != "valid"):
            raise RuntimeError(f"{address}: {answer.status} {said[:200]!r}")
        taken.append(1000 * (time.perf_counter() - begun))
    link.close()
