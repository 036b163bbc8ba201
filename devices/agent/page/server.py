"""The small web server of the agent's page: this computer only, reading only.

It listens on 127.0.0.1. A page of another site cannot read it: no CORS header is ever sent, and the Host header must name
this computer, so that a name that was made to resolve to 127.0.0.1 (DNS rebinding) is turned away.
"""

import json
import logging
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from devices.agent.page import render
from devices.agent.page.words import Speech

if TYPE_CHECKING:
    from devices.agent.service import Agent

logger = logging.getLogger("devices.agent")

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
STATIC = {"/page.css": "text/css; charset=utf-8", "/page.js": "text/javascript; charset=utf-8"}
PATIENCE_S = 10
"""Longest time a browser may take to say what it wants."""


class PageServer:
    """Serves the page of one agent until `close`. `port` 0 takes a free one. Raises OSError when the port is taken."""

    def __init__(self, agent: "Agent", port: int) -> None:
        self._server = _Server(("127.0.0.1", port), _Handler)
        self.port = self._server.server_port
        self.address = f"http://127.0.0.1:{self.port}/"
        self._server.agent = agent
        self._server.hosts = {f"{name}:{self.port}" for name in ("127.0.0.1", "localhost")}
        if self.port == 80:
            self._server.hosts |= {"127.0.0.1", "localhost"}
        self._thread = threading.Thread(target=self._server.serve_forever, name="page", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    agent: "Agent"
    hosts: set[str]

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.debug("the page's reader went away", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.0"  # no connection outlives its answer, nor the agent
    timeout = PATIENCE_S
    server_version, sys_version = "lims-agent", ""

    def do_GET(self) -> None:
        if self.headers.get("Host", "").lower() not in self.server.hosts:
            self._answer(HTTPStatus.MISDIRECTED_REQUEST, "text/plain", b"This page answers to 127.0.0.1 only.\n")
            return
        asked = urlsplit(self.path)
        if asked.path in STATIC:
            data = files("devices.agent.page").joinpath(asked.path.lstrip("/")).read_bytes()
            self._answer(HTTPStatus.OK, STATIC[asked.path], data)
            return
        if asked.path not in ("/", "/live", "/state.json"):
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"Not found.\n")
            return
        from devices.agent.page.state import state

        try:
            found = state(self.server.agent)
        except Exception:  # the outbox is closed or locked: the page says so by not answering
            logger.exception("the page cannot be shown")
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", b"The agent is ending or its disk fails.\n")
            return
        if asked.path == "/state.json":
            self._answer(HTTPStatus.OK, "application/json", json.dumps(found, ensure_ascii=False).encode())
            return
        say = Speech(english=self._wants_english(parse_qs(asked.query)))
        text = render.live(found, say) if asked.path == "/live" else render.page(found, say)
        self._answer(HTTPStatus.OK, "text/html; charset=utf-8", text.encode())

    do_HEAD = do_GET

    def _wants_english(self, query: dict[str, list[str]]) -> bool:
        """Chinese, unless the address says English or the browser speaks no Chinese but English."""
        if "lang" in query:
            return query["lang"][-1].startswith("en")
        languages = self.headers.get("Accept-Language", "").lower()
        return "zh" not in languages and "en" in languages

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        logger.debug("page: " + format, *arguments)
