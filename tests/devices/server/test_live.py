"""The live view: every viewer gets every reading, in its own language, and goes on where it broke off."""

import asyncio
import json
import time

import pytest
from django.db import connections
from django.urls import reverse

from devices import live, watching
from devices.models import CaptureSession, Reading
from devices.services import open_session
from lims.core import clock

from .conftest import person


@pytest.fixture(autouse=True)
def _queries_in_this_thread(monkeypatch):
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture
def session(line) -> CaptureSession:
    made = open_session(line.port, by=line.technician)
    CaptureSession.objects.filter(pk=made.pk).update(state="capturing")
    return made


def add(session, first, last):
    Reading.objects.bulk_create(
        Reading(session=session, seq_no=number, at=clock.now(), channel="UIP"[number % 3], quantity="voltage",
                value=f"{number}.0", unit="V", quality="ok")
        for number in range(first, last + 1)
    )  # fmt: skip


class Viewer:
    """One event stream, read by hand."""

    def __init__(self, hub, session, **options):
        self.stream = hub.watch(session.pk, **options)
        self.numbers, self.states, self.ids = [], [], []

    async def until(self, number, patience=20.0):
        end = time.monotonic() + patience
        while not self.numbers or self.numbers[-1] < number:
            assert time.monotonic() < end, self.numbers[-5:]
            self.take(await asyncio.wait_for(anext(self.stream), patience))

    def take(self, text):
        fields = dict(line.split(": ", 1) for line in text.strip().splitlines() if ": " in line)
        if fields.get("event") == "readings":
            data = json.loads(fields["data"])
            self.numbers += [one["number"] for one in data["channels"]]
            self.ids.append(int(fields["id"]))
        elif fields.get("event") == "state":
            self.states.append(json.loads(fields["data"]))


def run(work):
    """The work in an event loop, on this test's own connection."""
    mine = connections["default"]

    async def inside():
        connections["default"] = mine
        await work

    asyncio.run(inside())


def test_a_viewer_that_comes_back_misses_nothing(session, monkeypatch):
    """Reading by hand, with every query in this thread: what the hub sends, without its timing."""
    asked = []

    async def ask(self, question, *arguments):
        asked.append(question.__name__)
        return question(*arguments)

    monkeypatch.setattr(live.Hub, "_ask", ask)
    monkeypatch.setattr(live.Hub, "_read", lambda self, *_: asyncio.sleep(0))
    monkeypatch.setattr(live, "MOST", 7)
    add(session, 1, 30)

    async def work():
        fresh = Viewer(live.Hub(), session)
        await fresh.until(30)
        assert fresh.numbers == [28, 29, 30], "somebody new gets the newest of every channel"
        again = Viewer(live.Hub(), session, last=4, language="en")
        await again.until(30)
        assert again.numbers == list(range(5, 31)) and again.ids[-1] == 30
        assert again.states[0]["text"] == "Capturing" and fresh.states[0]["text"] == "采集中"
        for one in (fresh, again):
            await one.stream.aclose()

    run(work())


def batch(session, first, last):
    return live.Batch(session.pk, [{"number": number, "channel": "U"} for number in range(first, last + 1)], "now")


def test_a_viewer_that_fell_behind_reads_the_rest_from_the_database(session, monkeypatch):
    async def ask(self, question, *arguments):
        return question(*arguments)

    monkeypatch.setattr(live.Hub, "_ask", ask)
    monkeypatch.setattr(live.Hub, "_read", lambda self, *_: asyncio.sleep(0))
    monkeypatch.setattr(live, "WAITING", 3)

    async def work():
        hub = live.Hub()
        slow, quick = Viewer(hub, session), Viewer(hub, session)
        add(session, 1, 3)
        await slow.until(3)
        await quick.until(3)
        watched = hub._watched[session.pk]
        for number in range(4, 20):
            add(session, number, number)
            live._tell(watched, batch(session, number, number))
            await quick.until(number)
        assert quick.numbers == list(range(1, 20))
        await slow.until(19)
        assert slow.numbers == list(range(1, 20)), "none lost and none twice"
        await slow.stream.aclose()
        await quick.stream.aclose()
        assert not watched.viewers

    run(work())


def test_a_message_that_overlaps_what_was_seen_is_cut(session):
    cut = batch(session, 5, 9).after(7)
    assert [row["number"] for row in cut.rows] == [8, 9] and cut.last == 9


def test_the_bell_rings_across_threads():
    async def work():
        bell = watching.listen("session")
        await asyncio.to_thread(watching.ring, "session")
        await asyncio.wait_for(bell.wait(), 5)
        watching.leave("session", bell)
        watching.ring("session")

    run(work())


def test_the_stream_is_for_those_who_may_look(client, line):
    session = open_session(line.port, by=line.technician)
    client.force_login(person("nobody"))
    assert client.get(reverse("devices:stream", args=[session.pk])).status_code == 404
