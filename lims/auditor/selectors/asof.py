"""An object as it stood at a moment: its fields, its state, and what belonged to it, from events and kept versions.

Fields come from two sources that know nothing of each other: the versions that simple_history kept, where a model has
them, and the present row with every later change taken back, event by event. Where they differ the view says so.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from certificates.models import Certificate
from lims.audit.models import Event
from lims.audit.selectors import of_object
from lims.auditor.selectors.grants import scope
from lims.people.models import (
    Authorisation,
    Education,
    Qualification,
    Registration,
    Role,
    Supervision,
    User,
    UserRole,
    WitnessedTest,
)
from standards.models import Device, DeviceCertificate, MeasurementStandard, ProcedureVersion

EVENTS_SHOWN = 20
BEGINNINGS = (".added", ".loaded", ".numbered")
"""Verbs with which an object without kept versions begins."""


@dataclass(frozen=True)
class Fact:
    """One field at the moment. `doubt`: what the other source says, None where both agree or there is only one."""

    name: str
    label: Any
    value: Any
    doubt: Any = None


@dataclass(frozen=True)
class Part:
    """What belonged to the object at the moment, as lines of text."""

    title: Any
    lines: list[str]


@dataclass(frozen=True)
class View:
    """`existed` None: nothing tells since when the object exists. `state`: as the last event before the moment left it."""

    kind: str
    subject: models.Model
    at: datetime
    existed: bool | None
    state: str
    facts: list[Fact] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    later: int = 0


@dataclass(frozen=True)
class Kind:
    """What can be looked at: the model, the field people know its rows by, and the fields shown."""

    label: Any
    model: type[models.Model]
    key: str
    fields: tuple[str, ...]
    parts: Callable[[Any, datetime], list[Part]]
    states: dict[str, Any] = field(default_factory=dict)


def as_of(kind: str, subject: models.Model, at: datetime) -> View:
    """The object at a moment. It was not there yet, or no longer, where `existed` is False: nothing else is told then."""
    what = KINDS[kind]
    events = list(of_object(subject))
    before = [one for one in events if one.at <= at]
    after = events[len(before) :]
    version = _version(subject, at)
    if hasattr(subject, "history"):
        existed: bool | None = version is not None
    else:
        existed = bool(before) if events and events[0].verb.endswith(BEGINNINGS) else None
    if existed is False:
        return View(kind, subject, at, False, "", later=len(after))
    rewound = rewind({name: plain(getattr(subject, name)) for name in what.fields}, after)
    facts = []
    for name in what.fields:
        label = what.model._meta.get_field(name).verbose_name
        if version is None:
            facts.append(Fact(name, label, rewound[name]))
        else:
            kept = plain(getattr(version, name))
            facts.append(Fact(name, label, kept, None if _same(kept, rewound[name]) else rewound[name]))
    state = state_after(before)
    return View(
        kind, subject, at, existed, str(what.states.get(state, state)), facts,
        [part for part in what.parts(subject, at) if part.lines], before[-EVENTS_SHOWN:], len(after),
    )  # fmt: skip


def rewind(values: dict[str, Any], later: list[Event]) -> dict[str, Any]:
    """The values with the changes of these events (oldest first) taken back. An event of a change names for each field the
    value before and after."""
    found = dict(values)
    for event in reversed(later):
        for name, (before, _after) in json.loads(event.payload).get("changed", {}).items():
            if name in found:
                found[name] = before
    return found


def state_after(events: list[Event]) -> str:
    """The state that the last of these events left; empty when none names one."""
    return next((one.to_state for one in reversed(events) if one.to_state), "")


def plain(value: Any) -> Any:
    """A value of a field as the payload of an event has it."""
    return value if isinstance(value, (str, list, dict)) or value is None else str(value)


def _same(one: Any, other: Any) -> bool:
    return (one or None) == (other or None)


def _version(subject: Any, at: datetime) -> Any:
    """The version of a row that stood at the moment, None when it was not there or its model keeps none."""
    if not hasattr(subject, "history"):
        return None
    newest = subject.history.filter(history_date__lte=at).order_by("-history_date", "-history_id").first()
    return newest if newest and newest.history_type != "-" else None


def versions(model: Any, at: datetime, **about: Any) -> list[Any]:
    """Of each row that these fields pick the version that stood at the moment."""
    rows = model.history.filter(history_date__lte=at, **about).order_by("history_date", "history_id")
    newest = {row.id: row for row in rows}
    return [row for row in newest.values() if row.history_type != "-"]


def _on_day(rows: QuerySet[Any], at: datetime) -> QuerySet[Any]:
    day = timezone.localdate(at)
    return rows.filter(Q(until=None) | Q(until__gte=day), since__lte=day)


def _standard_parts(standard: MeasurementStandard, at: datetime) -> list[Part]:
    licences = standard.licences.filter(entered_at__lte=at).order_by("kind", "issued_on")
    day = timezone.localdate(at)
    states = standard.states.filter(entered_at__lte=at, since__lte=day).order_by("-since", "-pk")[:1]
    devices = _on_day(standard.members.select_related("device"), at)
    persons = _on_day(standard.people.select_related("user"), at)
    return [
        Part(_("状态"), [f"{one.get_state_display()} · {one.since} · {one.reason}".rstrip(" ·") for one in states]),
        Part(_("证书"), [f"{one} · {one.issued_on} – {one.valid_until}" for one in licences]),
        Part(_("设备"), [f"{one.get_part_display()} · {one.device}" for one in devices]),
        Part(_("人员"), [f"{one.get_duty_display()} · {one.user}" for one in persons]),
    ]


def _device_parts(device: Device, at: datetime) -> list[Part]:
    day = timezone.localdate(at)
    certificates = DeviceCertificate.objects.filter(device=device, confirmed_at__lte=at).order_by("calibrated_on", "pk")
    lines = [f"{one.number} · {one.issuer} · {one.calibrated_on} – {one.valid_until or '—'}" for one in certificates]
    states = device.states.filter(entered_at__lte=at, since__lte=day).order_by("-since", "-pk")[:1]
    standards = _on_day(device.memberships.select_related("standard"), at)
    return [
        Part(_("状态"), [f"{one.get_state_display()} · {one.since} · {one.reason}".rstrip(" ·") for one in states]),
        Part(_("已确认的证书"), lines),
        Part(_("所属计量标准"), [f"{one.standard} · {one.get_part_display()}" for one in standards]),
    ]


def _person_parts(person: User, at: datetime) -> list[Part]:
    held = set(UserRole.objects.filter(user=person).values_list("role", flat=True))
    for event in of_object(person).filter(at__gt=at, verb__in=("role.given", "role.taken")).order_by("-pk"):
        (held.discard if event.verb == "role.given" else held.add)(json.loads(event.payload)["role"])
    registered = versions(Qualification, at, user_id=person.pk)
    numbers = [one for each in registered for one in versions(Registration, at, qualification_id=each.id)]
    granted = versions(Authorisation, at, user_id=person.pk)
    named = versions(Supervision, at, authorisation__in=[one.id for one in granted if one.act == "train"])
    learned = sorted(versions(Education, at, person_id=person.pk), key=lambda one: one.held_on)
    watched = sorted(versions(WitnessedTest, at, person_id=person.pk), key=lambda one: one.held_on)
    day = timezone.localdate(at)
    return [
        Part(_("角色"), [str(Role(one).label) for one in sorted(held)]),
        Part(_("职业资格"), [f"{one.get_level_display()} {one.certificate_number}" for one in registered]),
        Part(_("注册"), [f"{one.number} · {one.valid_from} – {one.valid_until}" for one in numbers]),
        Part(
            _("当日有效的授权"),
            [
                f"{one.get_act_display()} · {one.scope} · {one.valid_from} – {one.valid_until}"
                for one in granted
                if one.valid_from <= day <= one.valid_until and not (one.revoked_on and one.revoked_on <= day)
            ],
        ),
        Part(_("指导人员"), sorted({str(one.supervisor) for one in named})),
        Part(_("继续教育"), [f"{one.held_on} · {one.subject} · {one.organiser} · {one.hours}" for one in learned]),
        Part(
            _("现场见证"),
            [
                f"{one.held_on} · {one.procedure} · {one.witness} · {one.get_verdict_display()} – {one.due_on or '—'}"
                for one in watched
            ],
        ),
    ]


def _pack_parts(version: ProcedureVersion, at: datetime) -> list[Part]:
    confirmed = version.confirmations.filter(confirmed_at__lte=at).select_related("confirmed_by").order_by("path")
    return [Part(_("已确认的值"), [f"{one.path} = {one.value} · {one.confirmed_by}" for one in confirmed])]


def _certificate_parts(certificate: Certificate, at: datetime) -> list[Part]:
    sealed = certificate.sealed.filter(sealed_at__lte=at).select_related("file").order_by("edition")
    return [Part(_("已签章文件"), [f"{one.edition} · {one.level} · {one.file_id}" for one in sealed])]


KINDS: dict[str, Kind] = {
    "certificate": Kind(
        _("证书"), Certificate, "number",
        ("number", "kind", "verified_on", "issued_on", "valid_until", "check_value", "facts_sha256"),
        _certificate_parts, dict(Certificate.State.choices),
    ),
    "standard": Kind(
        _("计量标准"), MeasurementStandard, "code",
        ("name", "name_en", "code", "measuring_range", "accuracy", "categories", "procedure_codes", "environment", "location"),
        _standard_parts,
    ),
    "device": Kind(
        _("计量设备"), Device, "asset_number",
        ("asset_number", "name", "name_en", "model", "serial", "manufacturer", "firmware", "roles", "measuring_range",
         "accuracy", "accuracy_class", "mpe", "mpe_unit", "location"),
        _device_parts,
    ),
    "person": Kind(
        _("人员"), User, "username", ("username", "display_name", "display_name_en", "department", "title", "title_en"),
        _person_parts,
    ),
    "pack": Kind(
        _("规程数据"), ProcedureVersion, "sha256", ("code", "edition", "title", "title_en", "categories", "sha256"),
        _pack_parts, dict(ProcedureVersion.State.choices),
    ),
}  # fmt: skip


def subjects(viewer: object, kind: str, query: str) -> list[models.Model]:
    """The objects of a kind, within the viewer's scope, whose key is the query, or whose name contains it; at most twenty.

    People are in every scope: anybody may have worked on anything.
    """
    what = KINDS[kind]
    names = {"person": "display_name", "standard": "name", "device": "name", "pack": "code"}
    found = Q(**{what.key: query})
    if kind in names:
        found |= Q(**{f"{names[kind]}__icontains": query})
    rows = what.model._default_manager.filter(found).order_by("pk")
    categories = scope(viewer)
    if categories is None or kind == "person":
        return list(rows[:20])
    return [one for one in rows[:200] if categories & _categories_of(one)][:20]


def _categories_of(one: Any) -> set[str]:
    """The categories of instruments an object has to do with. A standard names them, or the procedures it serves for."""
    if isinstance(one, Certificate):
        return {one.instrument.category}
    if isinstance(one, ProcedureVersion):
        return set(one.categories)
    if isinstance(one, Device):
        standards = [member.standard for member in one.memberships.select_related("standard")]
    else:
        standards = [one]
    codes = {code for standard in standards for code in standard.procedure_codes}
    served = ProcedureVersion.objects.filter(code__in=codes).values_list("categories", flat=True)
    return {name for names in (*served, *(standard.categories for standard in standards)) for name in names}
