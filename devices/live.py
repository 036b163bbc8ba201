"""Live values for browsers: one reader of the database per session, however many are watching.

Readings are committed before they are shown, so a value taken from the panel is a stored row. Every event carries the number
of its last reading; a viewer that reconnects (Last-Event-ID) or has fallen behind gets what it missed from the database,
so that nobody's slowness costs a reading or holds up the others.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from typing import Any, TypeVar
from uuid import UUID

from django.db import Error, connection

from devices import profiles, watching
from devices.models import CaptureSession, Reading
from lims.core.text import Text

logger = logging.getLogger(__name__)

INTERVAL = 0.25
"""Seconds between two looks at the database when nobody rings."""
PAUSE, PAUSE_PER_VIEWER = 0.03, 0.001
"""Seconds between two looks at least, however often somebody rings: the more are watching, the more readings go into one
event, so that a crowd costs the recording no more than a few."""
KEEP_ALIVE = 8.0
MOST = 500
"""Readings of one event."""
WAITING = 100
"""Events a viewer may be behind before it is sent to the database instead."""
OPEN_STATES = {"requested", "capturing"}
WORDS = {
    "requested": Text("等待工位响应…", "Waiting for the bench…"),
    "capturing": Text("采集中", "Capturing"),
    "closed": Text("采集已结束", "The capture has ended"),
    "failed": Text("采集未能开始", "The capture could not begin"),
    "interrupted": Text("采集中断", "The capture was interrupted"),
}
SHOWN = {"requested": "idle", "capturing": "capturing", "failed": "error", "interrupted": "error"}
T = TypeVar("T")


@lru_cache(maxsize=64)
def channel_roles(text: str) -> dict[str, str]:
    """Which role of a procedure each channel of a profile serves."""
    return {one.id: one.role for one in profiles.load_profile(text).channels}


@dataclass(frozen=True)
class State:
    """What is said of a session: its state and what the agent said last."""

    state: str
    text: Text

    def event(self, language: str) -> str:
        words = WORDS.get(self.state, Text(self.state, self.state))
        told = f"{words.get(language)} {self.text.get(language)}".strip()
        return _event("state", {"state": SHOWN.get(self.state, "absent"), "text": told})


@dataclass(frozen=True)
class Batch:
    """Readings that follow one another, and the event that tells them."""

    session: UUID
    rows: list[dict[str, Any]]
    at: str

    @property
    def first(self) -> int:
        return int(self.rows[0]["number"])

    @property
    def last(self) -> int:
        return int(self.rows[-1]["number"])

    @cached_property
    def event(self) -> str:
        data = {"session": str(self.session), "at": self.at, "channels": self.rows}
        return f"id: {self.last}\n" + _event("readings", data)

    def after(self, number: int) -> "Batch":
        """The part a viewer who knows the readings up to a number has not seen."""
        return (
            self
            if self.first > number
            else Batch(self.session, [r for r in self.rows if r["number"] > number], self.at)
        )


def state_of(session_id: UUID) -> tuple[State, str]:
    """How the session stands, and the text of its profile."""
    row = CaptureSession.objects.values_list("state", "text", "text_en", "profile__text").get(pk=session_id)
    return State(row[0], Text(row[1], row[2] or row[1])), row[3]


def batch_after(session_id: UUID, roles: dict[str, str], after: int) -> Batch | None:
    """The readings that follow a number, oldest first, at most MOST; None when there are none."""
    rows = Reading.objects.filter(session_id=session_id, seq_no__gt=after).order_by("seq_no")[:MOST]
    return _batch(session_id, roles, list(rows))


def newest(session_id: UUID, roles: dict[str, str]) -> Batch | None:
    """The last reading of every channel, for a viewer who has just come."""
    found: dict[str, Reading] = {}
    for row in Reading.objects.filter(session_id=session_id).order_by("-seq_no")[:200]:
        found.setdefault(row.channel, row)
    return _batch(session_id, roles, sorted(found.values(), key=lambda row: row.seq_no))


def _batch(session_id: UUID, roles: dict[str, str], rows: list[Reading]) -> Batch | None:
    if not rows:
        return None
    told = [
        {
            "number": row.seq_no,
            "channel": row.channel,
            "quantity": row.quantity,
            "role": roles.get(row.channel, ""),
            "value": row.value or None,
            "unit": row.unit,
            "quality": row.quality,
            "reading": row.pk,
        }
        for row in rows
    ]
    return Batch(session_id, told, max(row.at for row in rows).isoformat())


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


Message = Batch | State | None
"""What a viewer is told; None: you are behind, ask the database."""


@dataclass
class _Watched:
    """A session that somebody watches."""

    viewers: set[asyncio.Queue[Message]] = field(default_factory=set)
    task: asyncio.Task[None] | None = None


class Hub:
    """Fans the readings of each watched session out to its viewers."""

    def __init__(self) -> None:
        self._watched: dict[UUID, _Watched] = {}
        self._readers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="live")

    async def watch(self, session_id: UUID, *, language: str = "zh-hans", last: int = 0) -> AsyncIterator[str]:
        """Event-stream text for one viewer, until it goes away. `last`: the number of the reading it saw last, 0 for none."""
        queue: asyncio.Queue[Message] = asyncio.Queue(maxsize=WAITING)
        watched = self._watched.setdefault(session_id, _Watched())
        watched.viewers.add(queue)
        if watched.task is None or watched.task.done():
            watched.task = asyncio.create_task(self._read(session_id, watched))
        try:
            yield "retry: 2000\n\n"
            state, text = await self._ask(state_of, session_id)
            roles = channel_roles(text)
            yield state.event(language)
            if not last:
                begin = await self._ask(newest, session_id, roles)
                if begin:
                    last = begin.last
                    yield begin.event
            behind = last > 0
            while True:
                if behind:
                    batch = await self._ask(batch_after, session_id, roles, last)
                    behind = batch is not None and len(batch.rows) == MOST
                    if batch:
                        last = batch.last
                        yield batch.event
                    continue
                try:
                    message = await asyncio.wait_for(queue.get(), KEEP_ALIVE)
                except TimeoutError:
                    yield ":\n\n"
                    continue
                if message is None:
                    behind = True
                elif isinstance(message, State):
                    yield message.event(language)
                elif message.last > last:
                    new = message.after(last)
                    last = message.last
                    yield new.event
        finally:
            watched.viewers.discard(queue)

    async def _read(self, session_id: UUID, watched: _Watched) -> None:
        """Looks at the database for all viewers of a session, whenever somebody rings and now and then by itself.

        It has a thread and thereby a connection of its own, for as long as somebody watches.
        """
        bell = watching.listen(session_id)
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="live-session") as thread:
            ask = partial(asyncio.get_running_loop().run_in_executor, thread)
            state, roles, after = None, None, 0
            try:
                while watched.viewers:
                    bell.clear()
                    try:
                        now, text = await ask(state_of, session_id)
                        if roles is None:
                            roles = channel_roles(text)
                            begin = await ask(newest, session_id, roles)
                            state, after = now, begin.last if begin else 0
                        batch = await ask(batch_after, session_id, roles, after)
                    except Error:
                        logger.exception("the live view of %s cannot read the database", session_id)
                        await ask(connection.close)
                        await asyncio.sleep(1)
                        continue
                    if batch:
                        after = batch.last
                        _tell(watched, batch)
                    if now != state:
                        state = now
                        _tell(watched, now)
                    await asyncio.sleep(PAUSE + PAUSE_PER_VIEWER * len(watched.viewers))
                    if batch and len(batch.rows) == MOST:
                        continue
                    try:
                        await asyncio.wait_for(bell.wait(), INTERVAL if now.state in OPEN_STATES else 2.0)
                    except TimeoutError:
                        pass
            finally:
                watching.leave(session_id, bell)
                if not watched.viewers and self._watched.get(session_id) is watched:
                    del self._watched[session_id]
                thread.submit(connection.close)

    async def _ask(self, question: Callable[..., T], *arguments: Any) -> T:
        """Runs a query in a thread of the hub's own, so that viewers take none from the requests."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, partial(_once, question, *arguments))


def _once(question: Callable[..., T], *arguments: Any) -> T:
    try:
        return question(*arguments)
    finally:
        connection.close()


def _tell(watched: _Watched, message: Message) -> None:
    for queue in watched.viewers:
        if queue.full():
            while not queue.empty():
                queue.get_nowait()
            queue.put_nowait(None)
        else:
            queue.put_nowait(message)


hub = Hub()
