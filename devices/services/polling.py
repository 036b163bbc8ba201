"""The conversation with a bench's agent: once a second it says what it did and how its ports are, and hears what is to be done."""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from devices.bodies import INT64, Part
from devices.models import Bench, CaptureSession, Command, Port
from devices.services.capturing import finish
from devices.services.ordering import try_again
from lims.audit.services import record
from lims.core import clock

MOST_PORTS, MOST_DONE, MOST_ORDERS, MOST_REFUSED = 64, 100, 50, 50
MOST_TRIED = 4096
"""Bytes that one try may give back."""
NTP = ("synchronised", "unsynchronised", "unknown")
TOLD = ("state", "serial_read", "text", "text_en", "waiting")

# An order to an instrument that could not be handed over in time is off: nobody expects it any more.
STALE = timedelta(seconds=20)
# A rig may take minutes to confirm (a pressure to be reached); after this nobody will answer.
ANSWERED = {Command.Do.DRIVE: timedelta(seconds=300), Command.Do.TRY: timedelta(seconds=60)}


@dataclass(frozen=True)
class _Done:
    id: Any
    ok: bool
    zh: str
    en: str
    frames: list[dict[str, Any]]


@dataclass(frozen=True)
class _Stated:
    name: str
    state: str
    serial_read: str
    text: str
    text_en: str
    waiting: int


@transaction.atomic
def poll(bench: Bench, body: dict[str, Any]) -> dict[str, Any]:
    """One question of an agent: takes what it did and how its ports are, answers with what is to be done.

    body: `agent` version, `clock` {offset_ms, rtt_ms, ntp}, `ports` [{name, state, serial_read, text, waiting}],
    `refused` [{session, text}] that `ingest` did not take,
    `done` [{id, ok, text, result}].
    Answer: `commands`; under `profiles` the text of each profile that they need, by
    SHA-256; `now_ns`, the server's clock in the middle of its work. Raises DataError for a body of another shape.
    """
    begun = time.time_ns()
    said = Part(body)
    done = [_done(one) for one in said.parts("done", MOST_DONE)]
    stated = [_stated(one) for one in said.parts("ports", MOST_PORTS)]
    refused = [(one.identifier("session"), *one.said("text", 200)) for one in said.parts("refused", MOST_REFUSED)]
    Bench.objects.filter(pk=bench.pk).update(
        seen_at=clock.now(),
        agent_version=said.text("agent", 1000, "")[:20],
        refused=[{"session": str(one[0]), "text": one[1]} for one in refused],
        **_clock(said),
    )
    for one in done:
        _acknowledge(bench, one)
    for identifier, zh, en in refused:
        _refused(bench, identifier, zh, en)
    _ports(bench, stated)
    commands, texts = _orders(bench)
    return {"commands": commands, "profiles": texts, "now_ns": (begun + time.time_ns()) // 2}


def _clock(said: Part) -> dict[str, Any]:
    if not said.has("clock"):
        return {}
    told = said.part("clock")
    bound = 2**31 - 1
    offset = told.optional_integer("offset_ms", -INT64, INT64)
    trip = told.optional_integer("rtt_ms", 0, INT64)
    return {
        "clock_offset_ms": None if offset is None else max(-bound, min(bound, offset)),
        "clock_rtt_ms": None if trip is None else min(bound, trip),
        "ntp": told.choice("ntp", NTP) if told.has("ntp") else "",
    }


def _done(one: Part) -> _Done:
    zh, en = one.said("text", 300)
    frames, size = [], 0
    for frame in one.part("result").parts("frames", 500) if one.has("result") else []:
        raw = frame.raw("hex", MOST_TRIED)
        size += len(raw)
        if size > 2 * MOST_TRIED:
            break
        frames.append(
            {
                "dir": frame.choice("dir", ("t", "r", "l", "u", "e")),
                "hex": raw.hex(),
                "ms": frame.integer("ms", 0, 10**9),
            }
        )
    return _Done(one.identifier("id"), one.flag("ok"), zh, en, frames)


def _stated(one: Part) -> _Stated:
    zh, en = one.said("text", 300)
    waiting = one.optional_integer("waiting", 0, INT64) or 0
    return _Stated(
        one.text("name", 40), one.text("state", 20, ""), one.text("serial_read", 10_000, "")[:60], zh, en, waiting
    )


def _ports(bench: Bench, stated: list[_Stated]) -> None:
    """Notes how the ports are. One that nobody has registered appears as a bare port, to be bound by a person."""
    known = {port.name: port for port in bench.ports.all()}
    now = clock.now()
    for said in stated:
        port = known.get(said.name)
        told = {name: getattr(said, name) for name in TOLD}
        if port is None:
            if len(known) < MOST_PORTS and said.name.strip():
                known[said.name] = Port.objects.create(bench=bench, name=said.name, seen_at=now, **told)
            continue
        old = port.seen_at is None or now - port.seen_at > timedelta(seconds=10)
        if old or any(getattr(port, name) != value for name, value in told.items()):
            Port.objects.filter(pk=port.pk).update(seen_at=now, **told)
    # The agent knows nothing of a session we believe to be running: it was restarted or the line died.
    free = [said.name for said in stated if said.state in ("idle", "absent")]
    running = CaptureSession.objects.filter(
        port__bench=bench, port__name__in=free, state=CaptureSession.State.CAPTURING
    ).select_related("port__bench")
    for session in running:
        finish(
            session,
            CaptureSession.State.INTERRUPTED,
            "session.interrupted",
            zh="采集程序报告该端口没有在采集",
            en="The agent reports that the port is not being captured",
        )


def _refused(bench: Bench, identifier: UUID, zh: str, en: str) -> None:
    """The agent has stopped sending a session because its data were refused: nobody shall wait for it."""
    session = CaptureSession.objects.filter(pk=identifier, port__bench=bench).select_related("port__bench").first()
    if session is not None:
        finish(
            session,
            CaptureSession.State.INTERRUPTED,
            "session.interrupted",
            zh=f"服务器拒收其数据：{zh}",
            en=f"Its data were refused: {en}",
        )


def _orders(bench: Bench) -> tuple[list[dict[str, Any]], dict[str, str]]:
    waiting = Command.objects.filter(bench=bench, done_at=None).select_related(
        "port", "session__port", "session__profile", "session__equipment", "session__operator"
    )
    commands: list[dict[str, Any]] = []
    texts: dict[str, str] = {}
    now = clock.now()
    for command in waiting.order_by("made_at")[:MOST_ORDERS]:
        if command.do in (Command.Do.DRIVE, Command.Do.TRY) and not _fresh(command, now):
            continue
        if command.sent_at is None:
            Command.objects.filter(pk=command.pk).update(sent_at=now)
        commands.append(_order(command, texts))
    return commands, texts


def _fresh(command: Command, now: Any) -> bool:
    """Whether an order to an instrument goes out now. It goes out once: nobody knows what a second sending would do."""
    if command.sent_at is None and now - command.made_at <= STALE:
        return True
    if command.sent_at is None:
        _settle(command, False, "没有及时送达工位，未执行", "The bench did not take it in time; it was not carried out")
    elif now - command.sent_at > ANSWERED[Command.Do(command.do)]:
        ok = False if command.do == Command.Do.TRY else None
        _settle(command, ok, "工位没有给出结果", "The bench gave no result")
    return False


def _settle(command: Command, ok: bool | None, zh: str, en: str) -> None:
    Command.objects.filter(pk=command.pk).update(done_at=clock.now(), ok=ok, text=zh, text_en=en)
    if command.do == Command.Do.DRIVE:
        record("rig.driven", by=None, obj=command.session, payload=_drive_facts(command, ok, zh))


def _order(command: Command, texts: dict[str, str]) -> dict[str, Any]:
    order: dict[str, Any] = {"id": str(command.pk), "do": command.do}
    session = command.session
    if session is None:
        return {**order, "port": command.port.name if command.port else "", "try": command.payload["try"]}
    order |= {"session": str(session.pk), "port": session.port.name}
    if command.do == Command.Do.DRIVE:
        return {**order, "command": command.payload["command"], "value": command.payload["value"]}
    if command.do == Command.Do.OPEN:
        texts[session.profile.sha256] = session.profile.text
        order |= {
            "profile": session.profile.sha256,
            "operator": f"{session.operator}/{session.operator_id}",
            "equipment": session.equipment.asset_number,
            "equipment_serial": session.equipment.serial,
        }
    return order


def _acknowledge(bench: Bench, done: _Done) -> None:
    # What became of an order to a rig is taken even after it was given up as unknown.
    open_still = Q(done_at=None) | Q(do=Command.Do.DRIVE, ok=None)
    command = (
        Command.objects.select_related("session__port__bench", "port", "by")
        .filter(open_still, pk=done.id, bench=bench)
        .first()
    )
    if command is None:
        return
    Command.objects.filter(pk=command.pk).update(
        done_at=clock.now(), ok=done.ok, text=done.zh, text_en=done.en, result={"frames": done.frames}
    )
    session = command.session
    if command.do == Command.Do.TRY:
        try_again(command)
    elif session is None:
        return
    elif command.do == Command.Do.DRIVE:
        record("rig.driven", by=None, obj=session, payload=_drive_facts(command, done.ok, done.zh))
    elif command.do == Command.Do.OPEN and done.ok:
        if CaptureSession.objects.filter(pk=session.pk, state=CaptureSession.State.REQUESTED).update(
            state=CaptureSession.State.CAPTURING
        ):
            record("session.began", by=None, obj=session, from_state="requested", to_state="capturing")
    elif command.do == Command.Do.OPEN:
        finish(session, CaptureSession.State.FAILED, "session.failed", zh=done.zh, en=done.en)


def _drive_facts(command: Command, ok: bool | None, text: str) -> dict[str, str]:
    outcome = {True: "done", False: "failed", None: "unknown"}[ok]
    return {**command.payload, "order": str(command.pk), "outcome": outcome, "text": text}
