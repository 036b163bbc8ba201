"""Pages of the rigs: what is installed, capture sessions with their frames, the live stream, and driving a rig."""

from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from devices import live, rules, selectors, services
from devices.models import CaptureSession, Command
from devices.replay import profile_of
from lims.core.paging import page
from lims.core.text import Refused
from standards.rules import may_enter_test

FRAMES = 100
REPLAYED = 2000
"""Readings recomputed on the page of a session; the command line does all of them."""
SLOW = 12
"""Seconds after which a waiting person is told what may be wrong."""


@require_GET
def installed(request: HttpRequest) -> HttpResponse:
    """Benches and ports with their rigs, and whether they answer."""
    ports = list(selectors.all_ports(request.user).filter(bench__active=True))
    using = selectors.open_sessions(ports)
    rows = [{"port": port, "silent": rules.bench_answers(port.bench), "using": using.get(port.pk)} for port in ports]
    recent = page(
        selectors.sessions(request.user), order=("-requested_at", "-pk"), after=request.GET.get("after", ""), size=20
    )
    benches = [
        {"bench": bench, "silent": rules.bench_answers(bench), "clock": rules.clock_is_right(bench)}
        for bench in selectors.benches(request.user)
    ]
    context = {
        "rows": rows,
        "sessions": recent,
        "benches": benches,
        "may_install": rules.may_install(request.user) is None,
        "may_draft": rules.may_draft(request.user) is None,
    }
    return render(request, "devices/installed.html", context)


@require_GET
def session(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One capture session: header, chain check, replay, frames in hex and the readings decoded from them.

    `?at=N` begins at frame N, `?check` recomputes the chain, `?replay` the readings.
    """
    found = get_object_or_404(selectors.sessions(request.user), pk=pk)
    rows = found.frames.all()
    at = request.GET.get("at", "")
    if at.isascii() and at.isdecimal() and len(at) < 11:
        rows = rows.filter(seq__gte=int(at))
    frames = page(rows, order=("seq", "pk"), after=request.GET.get("after", ""), size=FRAMES)
    decoded: dict[int, list[object]] = {}
    for reading in selectors.readings(request.user, found).filter(rx_seq__in=[frame.seq for frame in frames.rows]):
        decoded.setdefault(reading.rx_seq or 0, []).append(reading)
    lines = [
        {"frame": frame, "hex": bytes(frame.raw).hex(" ").upper(), "readings": decoded.get(frame.seq, [])}
        for frame in frames.rows
    ]
    replayed = selectors.reread(found, most=REPLAYED) if "replay" in request.GET else None
    context = {
        "session": found,
        "header": selectors.header_of(found),
        "lines": lines,
        "after": frames.after,
        "at": at,
        "checked": "check" in request.GET,
        "broken": selectors.first_broken_frame(found) if "check" in request.GET else None,
        "replayed": replayed,
        "clock": rules.clock_is_right(found.port.bench),
        "may_test": not (may_enter_test(request.user) or rules.session_is_over(found)),
        **_running(request, found),
    }
    return render(request, "devices/session.html", context)


def _running(request: HttpRequest, found: CaptureSession) -> dict[str, Any]:
    """The live panel and what the rig can be told, while it is captured."""
    if found.state not in rules.OPEN:
        return {}
    profile = profile_of(found.profile.text)
    channels = [
        {"channel": one.id, "quantity": one.quantity, "role": one.role, "label": one.title, "unit": one.unit}
        for one in profile.channels
    ]
    panel = {
        "url": reverse("devices:stream", args=[found.pk]),
        "title": str(found.equipment),
        "port": str(found.port),
        "channels": channels,
    }
    return {"live": panel, "may_close": rules.may_record(request.user) is None, **_driving(request, found)}


def _driving(request: HttpRequest, found: CaptureSession) -> dict[str, Any]:
    """What the rig can be told now, why not, and what became of the latest orders."""
    profile = profile_of(found.profile.text)
    orders = selectors.orders(request.user).filter(session=found).order_by("-made_at")[:10] if profile.commands else []
    return {
        "session": found,
        "commands": profile.commands,
        "beginning": found.state == CaptureSession.State.REQUESTED,
        "refusals": rules.may_drive(found, request.user),
        "orders": [
            {"order": one, "command": _command(profile, one), "text": selectors.outcome_of(one), **_waiting(one)}
            for one in orders
        ],
    }


@require_GET
def drive_panel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The part with which a rig is driven, for pages of other rooms; empty when the rig takes no commands or is not recorded."""
    found = get_object_or_404(selectors.sessions(request.user), pk=pk)
    if found.state not in rules.OPEN or not profile_of(found.profile.text).commands:
        return HttpResponse("")
    return render(request, "devices/drive.html", _driving(request, found))


def _command(profile: Any, order: Command) -> object:
    return next((one for one in profile.commands if one.id == order.payload.get("command")), None)


def _waiting(order: Command) -> dict[str, Any]:
    seconds = int((timezone.now() - order.made_at).total_seconds())
    return {"waiting": order.done_at is None, "seconds": seconds, "slow": seconds > SLOW}


@require_GET
def export(request: HttpRequest, pk: UUID) -> StreamingHttpResponse:
    """The whole session as one file."""
    found = get_object_or_404(selectors.sessions(request.user), pk=pk)
    return StreamingHttpResponse(
        selectors.export(found),
        content_type="application/jsonl",
        headers={"Content-Disposition": f'attachment; filename="session-{found.pk}.jsonl"'},
    )


async def stream(request: HttpRequest, pk: UUID) -> StreamingHttpResponse:
    """Server-sent events of one session, for people who may see it; after a break it goes on where it broke off."""
    viewer = await request.auser()
    if not await sync_to_async(_may_watch)(viewer, pk):
        raise Http404
    seen = request.headers.get("Last-Event-ID") or request.GET.get("last", "")
    last = int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 16 else 0
    return StreamingHttpResponse(
        live.hub.watch(pk, language=getattr(request, "LANGUAGE_CODE", "zh-hans"), last=last),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _may_watch(viewer: object, pk: UUID) -> bool:
    return selectors.sessions(viewer).filter(pk=pk).exists()


@require_POST
def open_session(request: HttpRequest, port: int) -> HttpResponse:
    """Begins recording on a port; answers the session as JSON, or goes on to its page."""
    chosen = get_object_or_404(selectors.all_ports(request.user), pk=port)
    begun = services.open_session(chosen, by=request.user)
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"session": str(begun.pk)})
    return redirect("devices:session", pk=begun.pk)


@require_POST
def close_session(request: HttpRequest, pk: UUID) -> HttpResponse:
    found: CaptureSession = get_object_or_404(selectors.sessions(request.user), pk=pk)
    services.close_session(found, by=request.user)
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"session": str(found.pk)})
    return redirect("devices:session", pk=found.pk)


@require_POST
def drive(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Orders one command of the rig, which the person has confirmed in a dialog; answers the part that waits for its outcome."""
    found: CaptureSession = get_object_or_404(selectors.sessions(request.user), pk=pk)
    try:
        order = services.drive(
            found, by=request.user, command=request.POST.get("command", ""), value=request.POST.get("value", "")
        )
    except Refused as refused:
        return render(request, "components/reasons.html", {"reasons": refused.reasons}, status=422)
    return _order(request, order)


@require_GET
def order(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What became of an order; asks again by itself while nobody knows."""
    return _order(request, get_object_or_404(selectors.orders(request.user).filter(do=Command.Do.DRIVE), pk=pk))


def _order(request: HttpRequest, found: Command) -> HttpResponse:
    profile = profile_of(found.session.profile.text) if found.session else None
    context = {
        "order": found,
        "command": _command(profile, found),
        "text": selectors.outcome_of(found),
        **_waiting(found),
    }
    return render(request, "devices/order.html", context)
