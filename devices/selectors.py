"""Reads about rigs and captures. Staff and auditors see them; customers reach frames only through their certificates."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db.models import Count, Max, QuerySet

from devices import exchangefile
from devices.agent import evidence
from devices.models import Bench, CaptureSession, Command, Frame, Port, Reading, RigProfile
from devices.profiles.model import Profile
from devices.replay import KEPT, Again, again, profile_of
from lims.core.text import Text
from lims.people.models import Role
from lims.people.selectors import is_staff, roles_of

CHUNK = 2000
GOOD = "ok"
"""The quality of a reading that carries the instrument's value."""


def may_look(viewer: object) -> bool:
    return is_staff(viewer) or Role.AUDITOR in roles_of(viewer)


def benches(viewer: object) -> QuerySet[Bench]:
    rows = Bench.objects.order_by("name")
    return rows if may_look(viewer) else rows.none()


def all_ports(viewer: object) -> QuerySet[Port]:
    """Every port a bench has reported or that was configured, bare ones included."""
    rows = Port.objects.select_related("bench", "profile", "equipment").order_by("bench__name", "name")
    return rows if may_look(viewer) else rows.none()


def ports(viewer: object) -> QuerySet[Port]:
    """Ports of active benches that can be recorded: with a profile and the device that is wired to them."""
    return all_ports(viewer).filter(bench__active=True, profile__isnull=False, equipment__isnull=False)


def open_sessions(of: Iterable[Port]) -> dict[int, CaptureSession]:
    """Who records on which port now, by the port's key."""
    running = CaptureSession.objects.filter(port__in=[port.pk for port in of], state__in=["requested", "capturing"])
    return {one.port_id: one for one in running.select_related("operator")}


def profiles(viewer: object) -> QuerySet[RigProfile]:
    """Every version of every profile, the newest version of each first."""
    rows = RigProfile.objects.select_related("approved_by", "registered_by", "withdrawn_by").order_by(
        "identifier", "-pk"
    )
    return rows if may_look(viewer) else rows.none()


def profile_uses(rows: Iterable[RigProfile]) -> dict[int, dict[str, Any]]:
    """For each version: how many sessions were recorded with it and when the last one began."""
    wanted = [one.pk for one in rows]
    counted = (
        CaptureSession.objects.filter(profile_id__in=wanted)
        .values("profile_id")
        .annotate(sessions=Count("pk"), last=Max("requested_at"))
    )
    return {row["profile_id"]: row for row in counted}


def sessions(viewer: object) -> QuerySet[CaptureSession]:
    rows = CaptureSession.objects.select_related("port__bench", "profile", "equipment", "operator")
    return rows if may_look(viewer) else rows.none()


def orders(viewer: object) -> QuerySet[Command]:
    """Orders to instruments, as their outcome is shown to the people who may look at rigs."""
    rows = Command.objects.filter(do__in=[Command.Do.DRIVE, Command.Do.TRY]).select_related(
        "port__bench", "session", "by"
    )
    return rows if may_look(viewer) else rows.none()


def outcome_of(order: Command) -> Text:
    """What the bench said about an order."""
    return Text(order.text, order.text_en or order.text)


def series(first: Command) -> list[Command]:
    """A try and those that followed it by themselves, in order."""
    rest = Command.objects.filter(bench_id=first.bench_id, do=Command.Do.TRY, payload__series=str(first.pk))
    return [first, *rest.order_by("made_at")[:10]]


def readings(viewer: object, session: CaptureSession) -> QuerySet[Reading]:
    rows = Reading.objects.filter(session=session).order_by("seq_no")
    return rows if may_look(viewer) else rows.none()


def valid_readings(session: CaptureSession, channel: str) -> QuerySet[Reading]:
    """The readings of one channel that carry a value, in the order in which they were read."""
    return Reading.objects.filter(session=session, channel=channel, quality=GOOD).order_by("seq_no")


def channels_read(session: CaptureSession) -> list[dict[str, Any]]:
    """The channels of a session with their unit and the number of readings that carry a value."""
    rows = Reading.objects.filter(session=session, quality=GOOD).values("channel", "unit")
    return list(rows.annotate(count=Count("pk")).order_by("channel", "unit"))


def frames_of(reading: Reading) -> list[Frame]:
    """The frames a reading was decoded from: the request, what was received in between, and the answer, in order."""
    first, last = reading.tx_seq or reading.rx_seq, reading.rx_seq or reading.tx_seq
    if first is None or last is None:
        return []
    return list(Frame.objects.filter(session_id=reading.session_id, seq__gte=first, seq__lte=last).order_by("seq")[:64])


def header_of(session: CaptureSession) -> dict[str, Any]:
    """The session header as the agent wrote it, empty before it has arrived."""
    found: dict[str, Any] = json.loads(session.header or "{}")
    return found


# Reading again


def _frames(session: CaptureSession, after: int = 0) -> Iterator[Frame]:
    return Frame.objects.filter(session=session, seq__gt=after).order_by("seq").iterator(CHUNK)


def again_session(
    session: CaptureSession, profile: Profile | None = None, *, after: int = 0, derived: bool = True
) -> Iterator[Again]:
    """Every reading of a session beside what its bytes say now, with its own profile or another.

    after: readings with a greater number only. Derived readings need the start of their run, so with `after` they are
    computed from the first reading on all the same, unless nobody asks for them (`derived`).
    """
    profile = profile or profile_of(session.profile.text)
    rows = Reading.objects.filter(session=session).order_by("seq_no")
    start = 0
    if after and not (derived and profile.derived):
        rows = rows.filter(seq_no__gt=after)
        first = next((row for row in rows[:50] if row.rx_seq or row.tx_seq), None)
        start = max(0, (first.tx_seq or first.rx_seq or 0) - KEPT) if first else 0
    found = again(profile, header_of(session), _frames(session, start), rows.iterator(CHUNK))
    return (one for one in found if one.stored.seq_no > after)


def again_reading(reading: Reading) -> Again:
    """One reading beside what its bytes say now."""
    runs = {one.channel.id for one in profile_of(reading.session.profile.text).derived}
    found = again_session(reading.session, after=max(0, reading.seq_no - 64), derived=reading.channel in runs)
    return next(one for one in found if one.stored.seq_no == reading.seq_no)


@dataclass(frozen=True)
class Reread:
    """Part of a session read again: how many readings, which differ, and the number to go on from (0: at the end)."""

    session: CaptureSession
    count: int
    different: list[Again]
    next: int


def reread(session: CaptureSession, profile: Profile | None = None, *, after: int = 0, most: int = 5000) -> Reread:
    """Reads a stretch of a session again; nothing is changed by it."""
    rows = list(islice(again_session(session, profile, after=after), most))
    more = rows[-1].stored.seq_no if rows and rows[-1].stored.seq_no < session.reading_count else 0
    return Reread(session, len(rows), [one for one in rows if not one.agrees], more)


def export(session: CaptureSession) -> Iterator[str]:
    """The session as the lines of a file that can be replayed anywhere."""
    head = {
        "session": str(session.pk),
        "header": header_of(session),
        "profile": session.profile.text,
        "profile_sha256": session.profile.sha256,
        "parser": session.parser,
    }
    end = {"frames": session.frame_count, "readings": session.reading_count, "head": session.head or "0" * 64}
    rows = Reading.objects.filter(session=session).order_by("seq_no").iterator(CHUNK)
    return exchangefile.lines(head, _frames(session), rows, end)


# The chain


def first_broken_frame(session: CaptureSession) -> int | None:
    """Recomputes the whole chain of a session; the number of the first frame that does not fit, or None."""
    return _walk(session.header_hash, Frame.objects.filter(session=session).order_by("seq").iterator(2000), session)


def _walk(start: str, frames: Iterable[Any], session: CaptureSession) -> int | None:
    previous, expected = bytes.fromhex(start) if start else b"", None
    for frame in frames:
        if expected is not None and frame.seq != expected:
            return int(frame.seq)
        computed = evidence.frame_hash(
            previous, frame.seq, frame.mono_ns, frame.wall_ns, frame.direction, bytes(frame.raw)
        )
        if computed.hex() != frame.hash:
            return int(frame.seq)
        previous, expected = computed, frame.seq + 1
    if session.frame_count and previous.hex() != session.head:
        return int(session.frame_count)
    return None
