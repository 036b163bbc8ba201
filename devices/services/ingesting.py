"""Taking in what an agent recorded: append only, each frame checked against the chain, the same batch twice does no harm."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db import transaction

from devices.agent import evidence
from devices.bodies import INT64, LATEST_NS, SEQ, Part
from devices.models import Bench, CaptureSession, Frame, Reading
from devices.protocols.exchange import Quality
from devices.services import rows
from devices.services.capturing import settle_orders
from devices.watching import ring
from lims.audit.services import record
from lims.core import canonical, clock
from lims.core.text import Conflict, DataError, Refused, reason

MOST_FRAMES = 1000
MOST_READINGS = 2000
MOST_RAW = 65_536
"""Bytes of one frame; the agent cuts its bursts far below."""
QUALITIES = tuple(one.value for one in Quality)


class _Frame(NamedTuple):
    """A row of Frame as it goes into the table: a model instance would cost more than everything else here."""

    seq: int
    mono_ns: int
    wall_ns: int
    direction: str
    raw: bytes
    hash: str


class _Reading(NamedTuple):
    """A row of Reading as it goes into the table."""

    seq_no: int
    at: datetime
    channel: str
    quantity: str
    value: str
    unit: str
    quality: str
    text: str
    tx_seq: int | None
    rx_seq: int | None


def _wrong(code: str, zh: str, en: str) -> Refused:
    return Conflict(
        reason(
            code, zh, en, "采集程序会保留数据；请管理员检查", "The agent keeps the data; have the administrator look"
        )
    )


@transaction.atomic
def ingest(bench: Bench, body: dict[str, Any]) -> dict[str, int]:
    """Appends a batch of one session and answers how far the server has committed.

    body: `session` uuid, optional `header`, `frames` [{seq, mono_ns, wall_ns, dir, raw hex, hash}], `readings`
    [{seq_no, at_ns, channel, quantity, value, unit, quality, tx, rx, text}], optional `close` {count, head}.
    Frames and readings already stored must be identical; new ones must continue without a gap.
    Raises DataError for a body of another shape, Conflict for a fork, a gap, a frame whose hash does not continue the
    chain, a session that is closed, or one of another bench. Nothing of a refused batch is kept.
    """
    said = Part(body)
    identifier = said.identifier("session")
    frames, readings = said.parts("frames", MOST_FRAMES), said.parts("readings", MOST_READINGS)
    made_frames, made_readings = [_frame(one) for one in frames], [_reading(one) for one in readings]
    header = said.part("header") if said.has("header") else None
    close = said.part("close") if said.has("close") else None
    end = (close.integer("count", 0, SEQ), close.digest("head")) if close else None
    session = CaptureSession.objects.select_for_update(of=("self",)).filter(pk=identifier, port__bench=bench).first()
    if session is None:
        raise _wrong("session_unknown", "该工位没有这个采集会话", "This bench has no such session")
    if header:
        _take_header(session, header)
    if made_frames:
        _append_frames(session, made_frames)
    if made_readings:
        _append_readings(session, made_readings)
    if end:
        _close(session, *end)
    session.save(
        update_fields=[
            *("header", "header_hash", "head", "frame_count", "reading_count"),
            *("state", "closed_at", "text", "parser"),
        ]
    )
    transaction.on_commit(lambda: ring(session.pk))
    return {"acked_frame": session.frame_count, "acked_reading": session.reading_count}


def _frame(one: Part) -> _Frame:
    return _Frame(
        seq=one.integer("seq", evidence.FIRST_SEQ, SEQ),
        mono_ns=one.integer("mono_ns", 0, INT64),
        wall_ns=one.integer("wall_ns", 0, INT64),
        direction=one.choice("dir", evidence.DIRECTIONS),
        raw=one.raw("raw", MOST_RAW),
        hash=one.digest("hash"),
    )


def _reading(one: Part) -> _Reading:
    return _Reading(
        seq_no=one.integer("seq_no", evidence.FIRST_SEQ, SEQ),
        at=datetime.fromtimestamp(one.integer("at_ns", 0, LATEST_NS) // 1000 / 1e6, UTC),
        channel=one.text("channel", 64),
        quantity=one.text("quantity", 40),
        value=one.text("value", 80, ""),
        unit=one.text("unit", 20),
        quality=one.choice("quality", QUALITIES),
        text=one.said("text", 200)[0],
        tx_seq=one.optional_integer("tx", evidence.FIRST_SEQ, SEQ),
        rx_seq=one.optional_integer("rx", evidence.FIRST_SEQ, SEQ),
    )


def _take_header(session: CaptureSession, header: Part) -> None:
    try:
        text = canonical.dumps(header.data)
    except (TypeError, ValueError) as error:
        raise DataError(
            "header", f"不能写成规范 JSON：{error}"[:200], f"Cannot be written as canonical JSON: {error}"[:200]
        ) from None
    if session.header and session.header != text:
        raise _wrong("header_changed", "会话头与已存的不一致", "The session header differs from the stored one")
    if not session.header:
        if header.data.get("session") not in (None, str(session.pk)):
            raise _wrong("header_foreign", "会话头属于另一个会话", "The header belongs to another session")
        session.header, session.header_hash = text, evidence.header_hash(header.data).hex()
        session.head = session.header_hash
        session.parser = str(header.data.get("parser") or header.data.get("agent") or "")[:20]
        if session.state == CaptureSession.State.REQUESTED:
            session.state = CaptureSession.State.CAPTURING
            record("session.began", by=None, obj=session, from_state="requested", to_state="capturing")


def _ended(session: CaptureSession) -> None:
    if session.state == CaptureSession.State.CLOSED:
        raise _wrong("session_closed", "会话已经结束，不再接受新的数据", "The session is closed and takes no more data")


def _append_frames(session: CaptureSession, frames: list[_Frame]) -> None:
    if not session.header_hash:
        raise _wrong("header_missing", "缺少会话头", "The session header has not arrived")
    first = evidence.FIRST_SEQ
    expected = session.frame_count + first
    again = [one.seq for one in frames if one.seq < expected]
    known = {}
    if again:
        stored_rows = Frame.objects.filter(session=session, seq__gte=min(again), seq__lte=max(again))
        known = {row.seq: row for row in stored_rows[: 2 * MOST_FRAMES]}
    previous, new = bytes.fromhex(session.head), []
    for one in frames:
        if one.seq < expected:
            stored = known.get(one.seq)
            if stored is None or _content(stored) != _content(one):
                raise _wrong("fork", f"第 {one.seq} 帧与已存的不同", f"Frame {one.seq} differs from the stored one")
            continue
        if one.seq > expected:
            raise _wrong("gap", f"缺少第 {expected} 帧", f"Frame {expected} is missing")
        computed = evidence.frame_hash(previous, one.seq, one.mono_ns, one.wall_ns, one.direction, one.raw)
        if computed.hex() != one.hash:
            raise _wrong("chain_broken", f"第 {one.seq} 帧的校验链不符", f"Frame {one.seq} does not continue the chain")
        new.append((session.pk, *one))
        previous, expected = computed, expected + 1
    if new:
        _ended(session)
        rows.insert(Frame, ("session", *_Frame._fields), new)
    session.head, session.frame_count = previous.hex(), expected - first


def _content(frame: Frame | _Frame) -> tuple[object, ...]:
    return frame.mono_ns, frame.wall_ns, frame.direction, bytes(frame.raw), frame.hash


def _append_readings(session: CaptureSession, readings: list[_Reading]) -> None:
    first = evidence.FIRST_SEQ
    expected, new = session.reading_count + first, []
    again = [one.seq_no for one in readings if one.seq_no < expected]
    known = {}
    if again:
        stored_rows = Reading.objects.filter(session=session, seq_no__gte=min(again), seq_no__lte=max(again))
        known = {row.seq_no: row for row in stored_rows[: 2 * MOST_READINGS]}
    for one in readings:
        if one.seq_no < expected:
            stored = known.get(one.seq_no)
            if stored is None or _said(stored) != _said(one):
                raise _wrong(
                    "fork", f"第 {one.seq_no} 个读数与已存的不同", f"Reading {one.seq_no} differs from the stored one"
                )
            continue
        if one.seq_no > expected:
            raise _wrong("gap", f"缺少第 {expected} 个读数", f"Reading {expected} is missing")
        if max(one.tx_seq or 0, one.rx_seq or 0) >= session.frame_count + first:
            raise _wrong(
                "frame_missing",
                f"第 {one.seq_no} 个读数所引用的帧尚未收到",
                f"Reading {one.seq_no} refers to a frame that has not arrived",
            )
        new.append((session.pk, *one))
        expected += 1
    if new:
        _ended(session)
        rows.insert(Reading, ("session", *_Reading._fields), new)
    session.reading_count = expected - first


def _said(one: Reading | _Reading) -> tuple[object, ...]:
    return one.at, one.channel, one.quantity, one.value, one.unit, one.quality, one.tx_seq, one.rx_seq


def _close(session: CaptureSession, count: int, head: str) -> None:
    if count != session.frame_count or head != session.head:
        raise _wrong(
            "close_differs", "结束时的帧数或链头与已存的不符", "The closing count or head differs from what is stored"
        )
    if session.state == CaptureSession.State.CLOSED:
        return
    before = session.state
    session.state, session.closed_at = CaptureSession.State.CLOSED, clock.now()
    record(
        "session.closed",
        by=None,
        obj=session,
        from_state=before,
        to_state="closed",
        payload={"frames": str(session.frame_count), "head": session.head},
    )
    settle_orders(session)
