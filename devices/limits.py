"""Bounds on what a bench may send: how much at once, measured while it arrives, and how often."""

import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.core.cache import cache

LARGEST_BODY = 4 * 1024 * 1024
PATHS = "/devices/api/"

# A bench that has been away for days empties its outbox at this pace, which leaves the server to people.
PER_SECOND = {"ingest": 100.0, "poll": 10.0}
BURST = {"ingest": 500.0, "poll": 40.0}

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

_lock = threading.Lock()


def wait_for_turn(bench: int, door: str, now: float | None = None) -> int:
    """Takes one token of the bench's bucket for this door; 0 when there was one, else the seconds until there is one.

    The bucket lives in the cache. Two web processes without a shared cache have a bucket each; a lost entry is a full one.
    """
    key, now = f"bench:{door}:{bench}", time.time() if now is None else now
    with _lock:
        tokens, at = cache.get(key) or (BURST[door], now)
        tokens = min(BURST[door], tokens + max(0.0, now - at) * PER_SECOND[door])
        if tokens < 1:
            cache.set(key, (tokens, now), 3600)
            return max(1, round((1 - tokens) / PER_SECOND[door] + 0.5))
        cache.set(key, (tokens - 1, now), 3600)
        return 0


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
