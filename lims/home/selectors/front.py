"""What the first page and the search box show; each list comes through the selectors of the app that owns the rows."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, F, Q

from certificates.models import Certificate
from certificates.selectors import certificates
from instruments.models import Instrument, Task
from instruments.selectors.work import OPEN, sees_everything, tasks, waiting_for
from lims.core import search
from lims.people.models import Role, User
from lims.people.selectors import is_staff, roles_of
from standards.models import DeviceCertificate
from standards.selectors.devices import devices, standings

SHOWN = 30
SOON = timedelta(days=30)
SEARCH_LIMIT = 15


@dataclass(frozen=True)
class Figure:
    """A number on the first page; `states` are the task states its list shows; hot = should be nought."""

    key: str
    value: int
    states: tuple[str, ...] = ()
    hot: bool = False


@dataclass(frozen=True)
class Expiring:
    """A device in use whose newest certificate ends soon, has ended, or is missing (then `valid_until` is None)."""

    device: Any
    valid_until: date | None
    expired: bool


def waiting(viewer: object) -> list[Task]:
    """The tasks whose next step is the viewer's: the most urgent first, those without a promised day last."""
    return list(waiting_for(viewer).order_by(F("due_on").asc(nulls_last=True), "pk")[:SHOWN])


def figures(viewer: object, today: date) -> list[Figure]:
    """The state of the house in numbers, for the institute's own people and auditors; empty for everybody else."""
    if not sees_everything(viewer):
        return []
    S = Task.State
    counts = (
        tasks(viewer)
        .filter(state__in=OPEN)
        .aggregate(
            accepted=Count("pk", filter=Q(state=S.ACCEPTED)),
            recording=Count("pk", filter=Q(state__in=[S.ASSIGNED, S.RECORDING, S.RETURNED])),
            submitted=Count("pk", filter=Q(state=S.SUBMITTED)),
            checked=Count("pk", filter=Q(state=S.CHECKED)),
            overdue=Count("pk", filter=Q(due_on__lt=today)),
        )
    )
    sealing = certificates(viewer).filter(state=Certificate.State.SEALING).count()
    return [
        Figure("accepted", counts["accepted"], (S.ACCEPTED,)),
        Figure("recording", counts["recording"], (S.ASSIGNED, S.RECORDING, S.RETURNED)),
        Figure("submitted", counts["submitted"], (S.SUBMITTED,)),
        Figure("checked", counts["checked"], (S.CHECKED,)),
        Figure("sealing", sealing),
        Figure("overdue", counts["overdue"], tuple(OPEN), hot=bool(counts["overdue"])),
    ]


def expiring(viewer: object, today: date) -> list[Expiring]:
    """Devices in use that cannot measure soon, or already cannot, for want of a valid certificate; soonest first."""
    found = []
    for one in standings(devices(viewer), today):
        if one.state is None or one.state.state != "in_use":
            continue
        until = _until(one.certificate)
        if until is None or until <= today + SOON:
            found.append(Expiring(one.device, until, until is None or until < today))
    return sorted(found, key=lambda one: (one.valid_until or date.min, one.device.asset_number))[:SHOWN]


def _until(certificate: DeviceCertificate | None) -> date | None:
    if certificate is None:
        return None
    ends = [day for day in (certificate.valid_until, certificate.use_until) if day]
    return min(ends, default=None)


def latest_certificates(viewer: object) -> list[Certificate]:
    return list(certificates(viewer).order_by("-taken_at", "-pk")[:6])


def found_by(viewer: object, query: str) -> dict[str, list[Any]]:
    """Tasks, instruments and certificates whose words contain all of the query's; nothing for an empty query."""
    if not search.query_tokens(query):
        return {"tasks": [], "instruments": [], "certificates": []}
    return {
        "tasks": list(search.matching(tasks(viewer), query).order_by("-created_at", "-pk")[:SEARCH_LIMIT]),
        "instruments": list(search.matching(_instruments(viewer), query).order_by("ledger_number")[:SEARCH_LIMIT]),
        "certificates": list(search.matching(certificates(viewer), query).order_by("-taken_at", "-pk")[:SEARCH_LIMIT]),
    }


def _instruments(viewer: object) -> Any:
    rows = Instrument.objects.select_related("organisation")
    if is_staff(viewer) or Role.AUDITOR in roles_of(viewer):
        return rows
    if isinstance(viewer, User) and Role.CUSTOMER in roles_of(viewer) and viewer.organisation_id:
        return rows.filter(organisation_id=viewer.organisation_id)
    return rows.none()
