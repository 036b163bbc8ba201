"""Pages of one original record: the sheet, its devices and captures, submitting, and the printed form."""

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from devices import selectors as device_selectors
from devices import services as device_services
from devices.models import CaptureSession, Port
from devices.profiles import Profile, load_profile
from instruments.models import Record
from instruments.rules import panel, preflight, supervision
from instruments.rules import record as rules
from instruments.selectors.record import Sheet, by_role, entries_of, records, sheet
from instruments.services import recording
from instruments.views.layout import Channels, Layout
from instruments.views.review import corrections, told_values
from lims.core import clock
from lims.core.text import Refused
from lims.people.selectors import how_to_sign
from standards.procedures import result_tables
from standards.rules import cautions_on, devices_for
from standards.selectors.devices import devices as standards_devices
from standards.selectors.devices import standings
from standards.selectors.procedures import confirmed_paths

RUNNING = (CaptureSession.State.REQUESTED, CaptureSession.State.CAPTURING)


def find_record(request: HttpRequest, pk: UUID) -> Record:
    return get_object_or_404(
        records(request.user).select_related(
            "task__application__organisation",
            "task__instrument__organisation",
            "task__instrument__site",
            "task__sub_unit",
            "task__technician",
        ),
        pk=pk,
    )


@require_GET
def record_sheet(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The sheet: writable for its technician while it is a draft, otherwise to be read."""
    return _sheet(request, find_record(request, pk))


def _sheet(request: HttpRequest, record: Record, *, reasons: tuple[Any, ...] = ()) -> HttpResponse:
    page = sheet(record)
    editable = rules.may_write(record, request.user) is None
    deed = panel.deed_before(record.task, "submit", page) if rules.is_open(record) else None
    answering = supervision.supervisors(deed) if deed else []
    confirms = request.user in answering
    sessions = _sessions(record) if editable else []
    layout = Layout(
        page, editable=editable, channels=_channels(sessions), confirmed=confirmed_paths(record.task.procedure)
    )
    day = record.verified_on or (page.days[-1] if page.days else clock.today())
    return render(
        request,
        "instruments/record_sheet.html",
        {
            "record": record,
            "task": record.task,
            "editable": editable,
            "parts": layout.parts(),
            "environment": layout.environment(),
            "parameters": layout.parameters(),
            "adjustment": layout.adjustment(),
            "result": layout.result,
            "devices": _device_roles(page, day) if editable else _device_list(page, day),
            "cautions": cautions_on(page.pack, day, by_role(page.devices), category=record.task.instrument.category),
            "live": [_live(session, page, request) for session in sessions],
            "sessions": sessions,
            "ports": _ports(request, page) if editable else [],
            "checks": preflight.checks(deed, "submit") if deed and (editable or confirms) else [],
            "answering": answering,
            "confirms": confirms,
            "alone": supervision.trainees(deed)[0].person if deed and supervision.trainees(deed) else None,
            "unconfirmed": layout.result["unconfirmed"],
            "reasons": reasons,
            "sign": how_to_sign(request.user) if editable or confirms else "",
        },
        status=422 if reasons else 200,
    )


def _sessions(record: Record) -> list[CaptureSession]:
    rows = record.sessions.filter(session__state__in=RUNNING).select_related(
        "session__port__bench", "session__profile", "session__equipment"
    )
    return [row.session for row in rows.order_by("pk")]


def _profile(session: CaptureSession) -> Profile:
    return load_profile(session.profile.text)


def _channels(sessions: list[CaptureSession]) -> Channels:
    """Channels by quantity and role; what two running captures both offer is left to the technician."""
    found: dict[tuple[str, str], list[str]] = {}
    for session in sessions:
        for channel in _profile(session).channels:
            found.setdefault((channel.quantity, channel.role), []).append(channel.id)
    return Channels({key: ids[0] for key, ids in found.items() if len(ids) == 1})


def _live(session: CaptureSession, page: Sheet, request: HttpRequest) -> dict[str, Any]:
    """One live panel: the channels that the procedure has a column for, or all when it has none of them."""
    wanted = {reading.quantity for item in page.pack.items for reading in item.readings if reading.source == "rig"}
    channels = [one for one in _profile(session).channels if one.quantity in wanted] or list(_profile(session).channels)
    standing = standings([session.equipment], clock.today())[0]
    until = standing.certificate.usable_until if standing.certificate else None
    return {
        "url": reverse("devices:stream", args=[session.pk]),
        "title": str(session.equipment),
        "port": str(session.port),
        "valid_until": until.isoformat() if until else "",
        "session": session.pk,
        "channels": [
            {
                "channel": one.id,
                "quantity": one.quantity,
                "role": one.role,
                "label": one.title,
                "unit": one.unit,
            }
            for one in channels
        ],
    }


def _ports(request: HttpRequest, page: Sheet) -> list[Port]:
    """Ports whose rig measures something that the procedure wants from a rig, those that measure most of it first.

    A thermometer in the room is no thermometer at the nozzle: where procedure and profile both name a role, it must be the same.
    """
    wanted = {
        (reading.quantity, reading.role)
        for item in page.pack.items
        for reading in item.readings
        if reading.source == "rig"
    }

    def serves(port: Port) -> int:
        channels = load_profile(port.profile.text).channels
        return sum(
            any(one.quantity == quantity and (one.role == role or not (one.role and role)) for one in channels)
            for quantity, role in wanted
        )

    ranked = [(serves(port), port) for port in device_selectors.ports(request.user)]
    return [port for served, port in sorted(ranked, key=lambda one: -one[0]) if served]


def _device_roles(page: Sheet, day: Any) -> list[dict[str, Any]]:
    """For each role what could play it today, what is chosen, and why the others cannot."""
    chosen = {role: {device.pk for device in devices} for role, devices in by_role(page.devices).items()}
    category = page.record.task.instrument.category
    granted = set(page.record.task.exceptions.values_list("code", "where"))
    return [
        {
            "role": required.role,
            "title": required.title,
            "accuracy": required.accuracy,
            "several": required.count > 1,
            "offers": [
                {
                    "offer": offer,
                    "chosen": offer.device.pk in chosen.get(required.role, set()),
                    # What the technical lead has let pass may be chosen although it is not usable.
                    "open": all((one.code, one.where) in granted for one in offer.reasons),
                }
                for offer in devices_for(required.role, day, pack=page.pack, category=category)
            ],
        }
        for required in page.pack.required_devices
    ]


def _device_list(page: Sheet, day: Any) -> list[dict[str, Any]]:
    titles = {required.role: required.title for required in page.pack.required_devices}
    known = {one.device.pk: one for one in standings([chosen.device for chosen in page.devices], day)}
    return [
        {
            "role": chosen.role,
            "title": titles.get(chosen.role, chosen.role),
            "device": chosen.device,
            "certificate": known[chosen.device_id].certificate,
        }
        for chosen in page.devices
    ]


@require_POST
def record_devices(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Chooses the devices of every role: fields `device:<role>` carry primary keys."""
    record = find_record(request, pk)
    roles = {
        key.removeprefix("device:"): request.POST.getlist(key) for key in request.POST if key.startswith("device:")
    }
    wanted = {int(pk) for chosen in roles.values() for pk in chosen if pk.isascii() and pk.isdigit()}
    known = standards_devices(request.user).in_bulk(wanted)
    chosen = {role: [known[int(pk)] for pk in pks if pk.isdigit() and int(pk) in known] for role, pks in roles.items()}
    recording.choose_devices(record, by=request.user, devices=chosen)
    messages.success(request, _("已保存所用设备"))
    return redirect("instruments:record_sheet", record.pk)


@require_POST
def record_capture(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Begins a capture on a port for this record (`port`), or ends one of its captures (`close`)."""
    record = find_record(request, pk)
    with transaction.atomic():
        if close := request.POST.get("close"):
            used = get_object_or_404(record.sessions.select_related("session__port__bench"), session_id=_uuid(close))
            device_services.close_session(used.session, by=request.user)
        else:
            given = request.POST.get("port", "")
            port = get_object_or_404(device_selectors.ports(request.user), pk=int(given) if given.isdigit() else 0)
            session = device_services.open_session(port, by=request.user)
            recording.use_session(record, by=request.user, session=session)
    return redirect("instruments:record_sheet", record.pk)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


@sensitive_post_parameters("passphrase")
@require_POST
def record_submit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Freezes the record; on refusal the sheet comes back with every reason."""
    record = find_record(request, pk)
    given = request.POST.get("version", "")
    try:
        recording.submit(
            record.task,
            by=request.user,
            version=int(given) if given.isdigit() else 0,
            passphrase=request.POST.get("passphrase", "")[:200],
        )
    except Refused as refused:
        return _sheet(request, find_record(request, pk), reasons=refused.reasons)
    messages.success(request, _("记录已提交，等待核验"))
    return redirect("instruments:task_detail", record.task.number)


@require_GET
def record_print(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The original record as a document: what was frozen, or the draft as it stands, marked as such."""
    record = find_record(request, pk)
    entries = list(entries_of(record).select_related("by", "replaces"))
    page = sheet(record, entries)
    facts = json.loads(record.facts) if record.facts else None
    return render(
        request,
        "instruments/record_print.html",
        {
            "record": record,
            "task": record.task,
            "facts": facts,
            "pack": page.pack,
            "tables": result_tables(page.pack, page.data, page.evaluation, audience="record"),
            "environment": Layout(page, editable=False).environment(),
            "result": page.evaluation.as_json(),
            "devices": _device_list(page, record.verified_on or clock.today()),
            "corrections": told_values(page, corrections(entries)),
            "exceptions": record.task.exceptions.select_related("granted_by").order_by("pk"),
            "language": get_language(),
        },
    )
