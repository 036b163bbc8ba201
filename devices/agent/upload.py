"""Talking to the server, and carrying the outbox there: again and again until the server says it has it."""

import http.client
import json
import logging
import random
import ssl
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from devices.agent.outbox import Outbox
from lims.core.text import Text

logger = logging.getLogger("devices.agent")

FIRST_WAIT, LONGEST_WAIT = 0.05, 5.0
"""Seconds between two attempts: doubled after each failure, up to the second figure."""
SPREAD = 0.5
"""The share of a wait that is left to chance, so that benches do not all come back in the same moment."""
LARGEST_ANSWER = 4 * 1024 * 1024
TOO_LARGE = 413
LACKING = ("gap", "header_missing", "frame_missing", "close_differs")
"""Refusals that a server gives which has lost what it had acknowledged: it was restored from an older copy."""


class Unreachable(Exception):
    """No usable answer came: server down, network gone, or something that is not our server."""


class Link(Protocol):
    """A way to the server. `post` returns the status and the JSON object answered. Raises Unreachable."""

    def post(self, path: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]: ...


class HttpLink:
    """The server at a URL, with this bench's token. One connection per thread is kept open.

    Proxies of the environment are ignored: the server is on the LAN. `ca`: file with the certificate of the institute's
    own authority; else those of the operating system are trusted. Raises ValueError for an address that is none, OSError
    for a file that cannot be read.
    """

    def __init__(self, server: str, token: str, timeout: float = 10.0, *, ca: Path | None = None) -> None:
        parts = urlsplit(server)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{server} is no http or https address")
        if not token.isascii() or not token.isprintable() or not token:
            raise ValueError("the token is empty or holds characters that no token has")
        self.server = server
        self._host, self._port = parts.hostname, parts.port
        self._base = parts.path.rstrip("/") + "/devices/api/"
        self._token, self._timeout = token, timeout
        self._tls = ssl.create_default_context(cafile=ca) if parts.scheme == "https" else None
        self._kept = threading.local()

    def post(self, path: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        data = json.dumps(body, ensure_ascii=False).encode()
        reused = getattr(self._kept, "connection", None) is not None
        try:
            try:
                status, raw = self._once(path, data)
            except (http.client.RemoteDisconnected, ConnectionError):
                if not reused:
                    raise
                # The server closed a connection that was idle. Every post may be sent twice: the server knows it again.
                status, raw = self._once(path, data)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Unreachable(str(error) or repr(error)) from error
        try:
            answer = json.loads(raw)
        except ValueError:
            answer = {}
        return status, answer if isinstance(answer, dict) else {}

    def _once(self, path: str, data: bytes) -> tuple[int, bytes]:
        connection = getattr(self._kept, "connection", None) or self._connect()
        self._kept.connection = None  # kept again only after a whole answer
        try:
            connection.request(
                "POST",
                self._base + path,
                data,
                {"Authorization": f"Bench {self._token}", "Content-Type": "application/json"},
            )
            response = connection.getresponse()
            raw = response.read(LARGEST_ANSWER)
        except BaseException:
            connection.close()
            raise
        if response.will_close or not response.isclosed():
            connection.close()
        else:
            self._kept.connection = connection
        return response.status, raw

    def _connect(self) -> http.client.HTTPConnection:
        if self._tls is not None:
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=self._tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)


class Uploader(threading.Thread):
    """Empties the outbox, one batch of each session in turn, so that a long backlog holds up nothing that is live.

    `wake` may be called whenever something was captured. Order is kept inside each session: its next batch goes out only
    after the server has answered the one before.
    """

    def __init__(self, outbox: Outbox, link: Link) -> None:
        super().__init__(name="uploader", daemon=True)
        self._outbox, self._link = outbox, link
        self._something = threading.Event()
        self._ending = threading.Event()
        self._wait = FIRST_WAIT
        self._smaller: dict[str, int] = {}
        self._rewound: set[str] = set()
        self.trouble: Text | None = None

    def wake(self) -> None:
        self._something.set()

    def finish(self, patience: float) -> None:
        """Send what can still be sent within `patience` seconds, then end."""
        self._ending.set()
        self.wake()
        self.join(patience)

    def run(self) -> None:
        while True:
            self._something.clear()
            try:
                went_well = self.send_all()
            except Exception as error:  # the outbox cannot be read or written now; what it holds stays
                logger.exception("uploading failed")
                self.trouble, went_well = Text(str(error), str(error)), False
            if self._ending.is_set():
                return
            if went_well:
                self._wait = FIRST_WAIT
                self._something.wait(1.0)
            else:
                self._ending.wait(self.pause())

    def pause(self) -> float:
        """Seconds to wait after a failure; longer after each."""
        now, self._wait = self._wait, min(LONGEST_WAIT, 2 * self._wait)
        return now * (1 - SPREAD * random.random())  # noqa: S311 - spreads the load, guards nothing

    def send_all(self) -> bool:
        """One attempt at everything unsent; False when the server failed to take something.

        A session that fails does not hold up the others; only a server that cannot be reached ends the attempt.
        """
        failed: set[str] = set()
        try:
            while waiting := [one for one in self._outbox.unsent() if one not in failed]:
                moved = False
                for session in waiting:
                    went_well, sent = self._send(session)
                    moved |= sent
                    if not went_well:
                        failed.add(session)
                if not moved:
                    break
        except Unreachable as error:
            logger.info("server not reachable: %s", error)
            self.trouble = Text(f"连不上：{error}", f"not reachable: {error}")
            return False
        if not failed:
            self.trouble = None
        return not failed

    def _send(self, session: str) -> tuple[bool, bool]:
        """One batch of a session: whether it went well, and whether there was anything to send. Raises Unreachable."""
        shrunk = self._smaller.get(session, 0)
        body = self._outbox.batch(session, shrunk=shrunk)
        if not (body.get("header") or body["frames"] or body["readings"] or body.get("close")):
            return True, False
        status, answer = self._link.post("ingest", body)
        if status == 200:
            return self._advance(session, body, answer), True
        text = said(status, answer)
        if status == 409 and answer.get("code") in LACKING and self._rewind(session):
            logger.warning("the server has less of session %s than it had acknowledged: %s", session, text.en)
            return True, True
        if status in (400, 409):
            logger.error("server refuses session %s: %s", session, text.en)
            self._outbox.refuse(session, text)
            return True, True
        if status == TOO_LARGE and len(body["frames"]) + len(body["readings"]) > 1:
            # A proxy may admit less than the server does; it will not change its mind for the rest of this session.
            self._smaller[session] = shrunk + 1
        logger.warning("server answers %s to session %s", status, session)
        self.trouble = text
        return False, True

    def _rewind(self, session: str) -> bool:
        """Go back to the beginning of a session, once: a server that lacks the same again has another reason."""
        if session in self._rewound or not self._outbox.rewind(session):
            return False
        self._rewound.add(session)
        return True

    def _advance(self, session: str, body: Mapping[str, Any], answer: Mapping[str, Any]) -> bool:
        frame, reading = answer.get("acked_frame"), answer.get("acked_reading")
        if not isinstance(frame, int) or not isinstance(reading, int):
            logger.warning("the answer for session %s carries no acknowledgement", session)
            self.trouble = Text("服务器的应答没有确认", "The server's answer carries no acknowledgement")
            return False
        if (more := self._outbox.beyond(session, frame, reading)) is not None:
            self._outbox.refuse(session, more)
            return True
        stuck = bool(
            (body["frames"] and frame < body["frames"][-1]["seq"])
            or (body["readings"] and reading < body["readings"][-1]["seq_no"])
        )
        whole = bool(body.get("close")) and frame >= body["close"]["count"] and not stuck
        self._outbox.acknowledge(session, frame, reading, closed=whole)
        return not stuck


def said(status: int, answer: Mapping[str, Any]) -> Text:
    """The server's own sentence with the status, or the status alone."""
    error = answer.get("error")
    if not isinstance(error, dict):
        error = {"zh": error or "", "en": error or ""}
    zh, en = (f"HTTP {status} {str(error.get(language) or '')[:500]}".strip() for language in ("zh", "en"))
    return Text(zh, en)
