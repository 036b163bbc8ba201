"""The doorbell between the threads that take in readings and the event loop that shows them.

Only a hint that saves waiting for the next look at the database; without it (another process took the readings in) the
viewers see them a quarter of a second later.
"""

import asyncio
import threading
from uuid import UUID

_lock = threading.Lock()
_bells: dict[UUID, tuple[asyncio.AbstractEventLoop, asyncio.Event]] = {}


def listen(session: UUID) -> asyncio.Event:
    """An event that is set whenever something of the session was stored. Call it in the event loop that waits."""
    event = asyncio.Event()
    with _lock:
        _bells[session] = asyncio.get_running_loop(), event
    return event


def leave(session: UUID, event: asyncio.Event) -> None:
    """Takes the bell down, unless somebody else has hung up another one since."""
    with _lock:
        if session in _bells and _bells[session][1] is event:
            del _bells[session]


def ring(session: UUID) -> None:
    """Wakes the viewers of a session, from any thread."""
    with _lock:
        found = _bells.get(session)
    if found:
        loop, event = found
        if not loop.is_closed():
            loop.call_soon_threadsafe(event.set)
