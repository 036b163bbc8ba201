"""Bounds on what a bench may send: how much at once, measured while it arrives, and how often."""

import fcntl
import os
import struct
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

LARGEST_BODY = 4 * 1024 * 1024
PATHS = "/devices/api/"

# A bench that has been away for days empties its outbox at this pace, which leaves the server to people.
PER_SECOND = {"ingest": 100.0, "poll": 10.0}
BURST = {"ingest": 500.0, "poll": 40.0}

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

_BUCKET = struct.Struct("<dd")  # tokens, and when they were counted; zeros are a bucket nobody has used
_DOORS = tuple(PER_SECOND)
_lock = threading.Lock()  # a lock on a part of a file holds between processes, not between threads


def wait_for_turn(bench: int, door: str, now: float | None = None) -> int:
    """Takes one token of the bench's bucket for this door; 0 when there was one, else the seconds until there is one.

    The buckets are places in one file of the data directory, so every web process of this computer counts together. The
    file is never synchronised to the disk and may be deleted: a lost bucket is a full one.
    """
    now = time.time() if now is None else now
    file = _file(str(settings.DATA_DIR))
    place = _BUCKET.size * (len(_DOORS) * bench + _DOORS.index(door))
    with _lock:
        fcntl.lockf(file, fcntl.LOCK_EX, _BUCKET.size, place)
        try:
            tokens, wait = _taken(os.pread(file, _BUCKET.size, place), door, now)
            os.pwrite(file, _BUCKET.pack(tokens, now), place)
        finally:
            fcntl.lockf(file, fcntl.LOCK_UN, _BUCKET.size, place)
    return wait


def _taken(bucket: bytes, door: str, now: float) -> tuple[float, int]:
    """What is left in a bucket after one token was taken from it, and the seconds to wait when there was none."""
    tokens, at = _BUCKET.unpack(bucket) if len(bucket) == _BUCKET.size else (0.0, 0.0)
    tokens = min(BURST[door], tokens + max(0.0, now - at) * PER_SECOND[door]) if at else BURST[door]
    return (tokens - 1, 0) if tokens >= 1 else (tokens, max(1, round((1 - tokens) / PER_SECOND[door] + 0.5)))


@cache
def _file(folder: str) -> int:
    """The descriptor of the file with the buckets, open as long as this process lives."""
    return os.open(Path(folder) / "bench-pace", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


class Bounded:
    """An ASGI application in front of another: a body for the benches' doors is cut off as soon as it is too large.

    Django would first write the whole of it to a temporary file, whatever Content-Length says or does not say.
    """

    def __init__(self, app: App, largest: int = LARGEST_BODY) -> None:
        self._app, self._largest = app, largest

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PATHS):
            await self._app(scope, receive, send)
            return
        seen, chunks, more = 0, [], True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return  # gone before the body was here
            seen += len(message.get("body", b""))
            if seen > self._largest:
                await _too_large(send)
                return
            chunks.append(message.get("body", b""))
            more = message.get("more_body", False)
        whole: list[Message] = [{"type": "http.request", "body": b"".join(chunks), "more_body": False}]

        async def replay() -> Message:
            return whole.pop() if whole else await receive()

        await self._app(scope, replay, send)


async def _too_large(send: Send) -> None:
    body = '{"error": {"zh": "数据过大", "en": "The body is too large"}, "code": "body_too_large"}'.encode()
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
