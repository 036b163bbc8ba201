"""Reads of recall cases. The institute's people and auditors see them; customers hear by notices about their own certificates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import CharField, Count, Q, QuerySet
from django.db.models.functions import Cast, Substr

from instruments.models import Record, RecordDevice
from lims.core import paging
from lims.core.text import Text
from lims.people.models import Organisation, Role
from lims.people.selectors import is_staff, roles_of
from lims.recall.judging import FLIPPED, UNKNOWN
from lims.recall.models import RecallCase, RecallDecision, RecallItem, RecallLine, RecallReach
from standards.models import CapabilityTest, Category, Device, DeviceCertificate, StandardDevice

PARTS = ("all", "flips", "unknown", "reprinted", "unsupported", "undecided", "decided", "waiting")
MOST_CUSTOMERS = 50


@dataclass(frozen=True)
class Chosen:
    """Which items of a case: one of `PARTS`, and what narrows it. `query`: the beginning of a certificate's number."""

    part: str = "all"
    organisation: int | None = None
    category: str = ""
    year: int | None = None
    query: str = ""


@dataclass(frozen=True)
class Totals:
    """Counts of a case. `years`, `categories`, `customers`: pairs of a name and how many; customers with the most first, at most
    `MOST_CUSTOMERS`, with `further_customers` beside them."""

    touched: int
    waiting: int
    flips: int
    unknown: int
    undecided: int
    years: list[tuple[int, int]]
    categories: list[tuple[str, int]]
    customers: list[tuple[Organisation, int]]
    further_customers: int

    @property
    def done(self) -> int:
        return self.touched - self.waiting


@dataclass(frozen=True)
class Evidence:
    """The last day on which the device was shown to be good, and by what."""

    day: date
    what: Text


@dataclass(frozen=True)
class Why:
    """One way by which a certificate is touched: the device of its record with its role, and the steps from the faulty one."""

    device: Device
    role: str
    source: Device
    via: list[dict[str, Any]]


def reads(viewer: object) -> bool:
    """Whether the viewer may see recall cases: the institute's people and auditors."""
    return is_staff(viewer) or Role.AUDITOR in roles_of(viewer)


def cases(viewer: object) -> QuerySet[RecallCase]:
    """Newest first."""
    rows = RecallCase.objects.select_related("opened_by", "supersedes", "superseded_by").order_by("-opened_at", "-pk")
    return rows if reads(viewer) else rows.none()


def lines(viewer: object, case: RecallCase) -> QuerySet[RecallLine]:
    rows = case.lines.select_related("device", "old_certificate", "new_certificate").order_by("pk")
    return rows if reads(viewer) else rows.none()


def reaches(viewer: object, case: RecallCase) -> QuerySet[RecallReach]:
    """The devices that the fault reached, those of the lines first."""
    rows = case.reaches.select_related("device", "line__device").order_by("pk")
    return rows if reads(viewer) else rows.none()


def items(viewer: object, case: RecallCase, chosen: Chosen | None = None) -> QuerySet[RecallItem]:
    """The certificates touched, without an order."""
    if not reads(viewer):
        return RecallItem.objects.none()
    return narrowed(case, chosen or Chosen())


def narrowed(case: RecallCase, chosen: Chosen) -> QuerySet[RecallItem]:
    rows = RecallItem.objects.filter(case=case)
    parts = {
        "flips": Q(rank__gte=FLIPPED),
        "unknown": Q(rank__gte=UNKNOWN, rank__lt=FLIPPED),
        "reprinted": Q(reprinted=True),
        "unsupported": Q(unsupported=True),
        "undecided": Q(decision=""),
        "decided": ~Q(decision=""),
        "waiting": Q(state=RecallItem.State.WAITING),
    }
    rows = rows.filter(parts[chosen.part]) if chosen.part in parts else rows
    if chosen.organisation is not None:
        rows = rows.filter(organisation_id=chosen.organisation)
    if chosen.category:
        rows = rows.filter(category=chosen.category)
    if chosen.year:
        rows = rows.filter(verified_on__year=chosen.year)
    if chosen.query.strip():
        rows = rows.filter(certificate__number__startswith=chosen.query.strip().upper())
    return rows


def case_items(
    viewer: object, case: RecallCase, chosen: Chosen | None = None, *, after: str = "", size: int = 50
) -> paging.Page:
    """One page of the certificates touched, what is most urgent first. Each has `why`: the ways by which it is touched."""
    rows = items(viewer, case, chosen).select_related(
        "certificate", "certificate__instrument", "certificate__task", "organisation"
    )
    slim = rows.defer("certificate__facts", "certificate__search")
    page = paging.page(slim, order=("-rank", "-pk"), after=after, size=size)
    _explain(case, page.rows)
    return page


def item(viewer: object, case: RecallCase, pk: int) -> RecallItem | None:
    rows = items(viewer, case).select_related("case", "certificate__instrument", "certificate__task", "organisation")
    found = rows.filter(pk=pk).first()
    if found is not None:
        _explain(case, [found])
    return found


def _explain(case: RecallCase, rows: Sequence[RecallItem]) -> None:
    """Puts `why` on each row, in two queries however many there are."""
    known = list(case.reaches.select_related("device", "line__device").order_by("pk"))
    records = {one.certificate.record_id: one for one in rows}
    for one in rows:
        one.why = []
    used = RecordDevice.objects.filter(record__in=records, device__in={one.device_id for one in known})
    for device in used.order_by("role", "pk"):
        row = records[device.record_id]
        row.why += [
            Why(reach.device, device.role, reach.line.device, reach.via)
            for reach in known
            if reach.device_id == device.device_id and reach.since <= row.verified_on <= reach.until
        ]


def counted(case: RecallCase) -> dict[str, Any]:
    """Counts of the certificates touched by year, category and customer: what `RecallCase.totals` keeps once they are listed."""
    # The first four characters, since the extraction of a year is a Python function called for each row on SQLite.
    year = Substr(Cast("verified_on", CharField()), 1, 4)
    groups = (
        RecallItem.objects.filter(case=case)
        .values_list(year, "category", "organisation_id")
        .annotate(count=Count("pk"))
    )
    years: dict[str, int] = {}
    categories: dict[str, int] = {}
    customers: dict[str, int] = {}
    for year, category, organisation, count in groups.order_by():
        for found, key in ((years, year), (categories, category), (customers, organisation)):
            found[str(key)] = found.get(str(key), 0) + count
    return {"years": years, "categories": categories, "customers": customers}


def totals(viewer: object, case: RecallCase) -> Totals:
    rows = items(viewer, case)
    kept = case.totals if reads(viewer) else {}
    most = sorted(kept.get("customers", {}).items(), key=lambda one: (-one[1], int(one[0])))
    names = Organisation.objects.in_bulk([int(key) for key, _ in most[:MOST_CUSTOMERS]])
    return Totals(
        touched=case.touched if kept else 0,
        waiting=rows.filter(rank=-1).count(),
        flips=rows.filter(rank__gte=FLIPPED).count(),
        unknown=rows.filter(rank__gte=UNKNOWN, rank__lt=FLIPPED).count(),
        undecided=rows.filter(decision="").count(),
        years=sorted((int(key), count) for key, count in kept.get("years", {}).items()),
        categories=[(str(Category(key).label), count) for key, count in sorted(kept.get("categories", {}).items())],
        customers=[(names[int(key)], count) for key, count in most[:MOST_CUSTOMERS]],
        further_customers=len(most[MOST_CUSTOMERS:]),
    )


def progress(viewer: object, case: RecallCase) -> tuple[int, int]:
    """How many of the certificates touched are computed, and how many there are."""
    if not reads(viewer):
        return 0, 0
    return case.touched - RecallItem.objects.filter(case=case, rank=-1).count(), case.touched


def decisions(viewer: object, item: RecallItem) -> QuerySet[RecallDecision]:
    """What was decided in this case, the newest first."""
    rows = item.decisions.select_related("by").order_by("-pk")
    return rows if reads(viewer) else rows.none()


def earlier_decisions(viewer: object, item: RecallItem) -> list[RecallDecision]:
    """What was decided about this certificate in the cases that this one supersedes, the newest first."""
    rows = RecallDecision.objects.select_related("by", "item__case")
    found = rows.filter(item__certificate_id=item.certificate_id, item__case__in=_before(item.case))
    return list(found.order_by("-pk")) if reads(viewer) else []


def left_decisions(viewer: object, case: RecallCase) -> QuerySet[RecallDecision]:
    """Decisions of superseded cases about certificates that this case does not touch: nothing supports them any more."""
    rows = RecallDecision.objects.select_related("by", "item__case", "item__certificate")
    touched = RecallItem.objects.filter(case=case).values("certificate_id")
    found = rows.filter(item__case__in=_before(case)).exclude(item__certificate_id__in=touched).order_by("-pk")
    return found if reads(viewer) else rows.none()


def _before(case: RecallCase) -> list[RecallCase]:
    """The cases that this one supersedes, the nearest first."""
    found: list[RecallCase] = []
    now = case.supersedes
    while now is not None:
        found.append(now)
        now = now.supersedes
    return found


def uncertified(viewer: object, case: RecallCase) -> QuerySet[Record]:
    """Records measured with a device on days that are touched, of which no certificate was issued yet, drafts among them.

    A draft has no day yet; it is named when the device is wrong to the end of the case.
    """
    touched = Q(pk__in=[])
    for reach in case.reaches.all():
        open_end = Q(verified_on=None) if reach.until >= case.until else Q(pk__in=[])
        touched |= Q(devices__device=reach.device_id) & (
            Q(verified_on__gte=reach.since, verified_on__lte=reach.until) | open_end
        )
    rows = Record.objects.select_related("task__instrument").filter(touched, certificates=None).order_by("number")
    waiting = rows.exclude(task__state__in=["cancelled", "void", "issued"]).distinct()
    return waiting if reads(viewer) else waiting.none()


def last_good_evidence(device: Device, before: date) -> Evidence | None:
    """The newest confirmed certificate that is no failure, or passed period check of a standard with the device as its master,
    dated up to the day; None when there is neither."""
    certificate = (
        DeviceCertificate.objects.filter(
            device=device, state=DeviceCertificate.State.CONFIRMED, calibrated_on__lte=before
        )
        .exclude(outcome=DeviceCertificate.Outcome.FAIL)
        .order_by("-calibrated_on", "-pk")
        .first()
    )
    check = _last_check(device, before)
    if certificate is None or (check is not None and check.on > certificate.calibrated_on):
        if check is None:
            return None
        return Evidence(check.on, Text(f"期间核查 {check.parameter}", f"period check {check.parameter.title.en}"))
    number = certificate.number
    return Evidence(certificate.calibrated_on, Text(f"证书 {number}", f"certificate {number}"))


def _last_check(device: Device, before: date) -> CapabilityTest | None:
    found: list[CapabilityTest] = []
    for member in StandardDevice.objects.filter(device=device, part=StandardDevice.Part.MASTER, since__lte=before):
        tests = CapabilityTest.objects.filter(
            parameter__standard=member.standard_id, kind=CapabilityTest.Kind.CHECK, verdict=CapabilityTest.Verdict.PASS,
            withdrawn_reason="", on__gte=member.since, on__lte=min(before, member.until or before),
        )  # fmt: skip
        found += tests.select_related("parameter").order_by("-on", "-pk")[:1]
    return max(found, key=lambda one: (one.on, one.pk), default=None)
