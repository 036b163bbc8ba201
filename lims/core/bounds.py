"""A bound on what may be sent to any page, measured while it arrives."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

# Above the largest single upload (a scanned certificate or a ledger) and its form fields.
LARGEST_REQUEST = 32 * 1024 * 1024

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


class BoundedRequests:
    """An ASGI application in front of another: a request that is too large is answered 413 and read no further.

    Django would first write the whole of it to a temporary file, before any page could ask how large it is.
    """

    def __init__(self, app: App, largest: int = LARGEST_REQUEST) -> None:
        self._app, self._largest = app, largest

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _announced(scope) > self._largest:
            await _too_large(send)
            return
        seen = 0
        cut = answered = False

        async def counted() -> Message:
            nonlocal seen, cut
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._largest:
                cut = True
                return {"type": "http.disconnect"}
            return message

        async def watched(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        await self._app(scope, counted, watched)
        if cut and not answered:
            await _too_large(send)


def _announced(scope: MutableMapping[str, Any]) -> int:
    """What the sender says the body's length is; 0 when he says nothing, for then it is counted."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() and len(value) < 20 else LARGEST_REQUEST + 1
    return 0


async def _too_large(send: Send) -> None:
    limit = LARGEST_REQUEST // 1024 // 1024
    body = f"上传的内容超过 {limit} MB。\nThe upload is larger than {limit} MB.\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
