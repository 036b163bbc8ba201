"""The graph of one object: what it is traced to, and what rests on it down to counts of records and certificates.

What is counted below an object is exactly what names it above: a record counts for a device on the days on which the
device, its certificate then, and every link between rested on the object.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Exists, FilteredRelation, OuterRef, Q, QuerySet

from certificates.models import Certificate
from instruments.models import Record, RecordDevice
from lims.auditor.selectors import looks_inside, traceable
from lims.auditor.selectors.grants import scope
from lims.core import clock
from lims.core.text import Text
from standards.models import Device, DeviceCertificate, MeasurementStandard, ProcedureVersion
from standards.selectors import chain
from standards.selectors.chain import Link
from standards.selectors.network import Days, Network, holds, network, united
from standards.selectors.procedures import pack_of

KINDS = ("standard", "device", "paper", "issued")


class Missing(LookupError):
    """There is no such object, or the viewer may not look at it."""


@dataclass(frozen=True)
class Tally:
    """How many records were measured with a device in a role in a year, and how many certificates were numbered from them
    (void numbers and supplements left out). `procedures`: the labels of those that ask for a device in this role."""

    device: Device
    role: str
    year: int
    records: int
    certificates: int
    procedures: tuple[str, ...]


@dataclass(frozen=True)
class Graph:
    """`uses`: for each device below, the days on which what was measured with it rests on the object."""

    kind: str
    subject: Any
    day: date
    root: Link
    uses: dict[int, Days]
    tallies: tuple[Tally, ...]


def graph(viewer: object, kind: str, key: str, day: date | None = None) -> Graph:
    """The graph as of a day. Without one: today; for a certificate of a device that was followed by another, its last day;
    for an issued certificate the day of measurement. Raises Missing."""
    found = _found(viewer, kind, key)
    known = network()
    seen = _within(viewer, known)
    day = day or _usual_day(known, found)
    root = _root(known, found, day)
    if seen is not None:
        if not isinstance(found, Certificate) and not _standards_of(known, found) & seen:
            raise Missing(key)
        root = replace(root, below=tuple(_kept(one, known, seen) for one in root.below))
    uses = _uses(root.below)
    tallies, totals = _counted(viewer, known, uses, day)
    root = replace(root, below=tuple(_told(one, tallies, totals) for one in root.below))
    return Graph(kind, found, day, root, uses, tallies)


def measured(
    viewer: object, shown: Graph, device: Device, *, certified: bool, year: int | None = None
) -> QuerySet[RecordDevice]:
    """What the tallies of a device count, one row for each record and role, in no order: the records from which a certificate
    was numbered, or the others."""
    inside, name = Q(pk__in=[]), "numbered__verified_on" if certified else "record__verified_on"
    for first, last in shown.uses.get(device.pk, ()):
        inside |= Q(**{f"{name}__range": (first, last)})
    if year:
        inside &= Q(**{f"{name}__range": (date(year, 1, 1), date(year, 12, 31))})
    if certified:
        return _certified(_uses_of(viewer, [device.pk])).filter(inside)
    return _uncertified(_uses_of(viewer, [device.pk])).filter(inside)


def with_certificates(rows: Iterable[RecordDevice]) -> list[tuple[RecordDevice, Certificate | None]]:
    """Each row with the certificate numbered from its record."""
    shown = list(rows)
    numbered = {
        one.record_id: one
        for one in Certificate.objects.filter(record__in={row.record_id for row in shown}, supplements=None)
        .exclude(state=Certificate.State.VOID)
        .only("number", "kind", "state", "record_id")
    }
    return [(row, numbered.get(row.record_id)) for row in shown]


def _found(viewer: object, kind: str, key: str) -> Any:
    if not looks_inside(viewer):
        raise Missing(key)
    rows: dict[str, tuple[QuerySet[Any], str]] = {
        "standard": (MeasurementStandard.objects.all(), "code"),
        "device": (Device.objects.all(), "asset_number"),
        "paper": (DeviceCertificate.objects.select_related("device"), "pk"),
        "issued": (traceable(viewer).select_related("record", "instrument"), "number"),
    }
    if kind not in rows or (kind == "paper" and not (key.isascii() and key.isdigit() and len(key) < 19)):
        raise Missing(key)
    found = rows[kind][0].filter(**{rows[kind][1]: key}).first()
    if found is None:
        raise Missing(key)
    return found


def _usual_day(known: Network, found: Any) -> date:
    if isinstance(found, Certificate):
        return found.verified_on
    if isinstance(found, DeviceCertificate) and (nxt := known.follows(found)):
        return min(clock.today(), max(found.calibrated_on, nxt.calibrated_on - timedelta(days=1)))
    return clock.today()


def _root(known: Network, found: Any, day: date) -> Link:
    if isinstance(found, MeasurementStandard):
        return replace(chain.chain(found, day, known), below=chain.below_standard(known, found, day))
    if isinstance(found, Device):
        return replace(chain.above_device(known, found, day), below=chain.below_device(known, found, day))
    if isinstance(found, DeviceCertificate):
        return replace(chain.above_certificate(known, found, day), below=chain.below_certificate(known, found, day))
    return _issued(known, found, day)


def _issued(known: Network, certificate: Certificate, day: date) -> Link:
    """An issued certificate: on the day of measurement with the certificates that its record rests on, on any other day with
    those in effect then."""
    facts = json.loads(certificate.record.facts)
    numbers = {one["asset_number"]: one["certificate_sha256"] for one in facts["devices"]}
    devices = [one for one in known.devices.values() if one.asset_number in numbers]
    held: dict[int, DeviceCertificate | None] = {one.pk: known.in_effect(one.pk, day) for one in devices}
    if day == certificate.verified_on:
        digests = [one for one in numbers.values() if one]
        rested_on = {
            one.device_id: one
            for one in DeviceCertificate.objects.filter(content_sha256__in=digests, device__in=held)
            .select_related("device")
            .order_by("pk")
        }
        held |= rested_on
    codes = {one["code"] for one in facts["standards"]}
    standards = sorted((one for one in known.standards.values() if one.code in codes), key=lambda one: one.code)
    instrument = certificate.instrument
    named = f"{instrument.model} {instrument.serial}"
    return Link(
        "issued",
        Text(certificate.number, certificate.number),
        (
            Text(f"{instrument.name} {named}", f"{instrument.title.en} {named}"),
            Text(f"{certificate.verified_on:%Y-%m-%d} 检定/校准", f"measured {certificate.verified_on:%Y-%m-%d}"),
        ),
        above=chain.above_used(known, standards, held, day),
        about=("issued", certificate.number),
    )


def _within(viewer: object, known: Network) -> frozenset[int] | None:
    """The standards that have to do with the categories an auditor was granted; None where everything may be seen."""
    categories = scope(viewer)
    if categories is None:
        return None
    served: dict[str, set[str]] = defaultdict(set)
    for code, names in ProcedureVersion.objects.values_list("code", "categories"):
        served[code] |= set(names)
    return frozenset(
        one.pk
        for one in known.standards.values()
        if categories & {*one.categories, *(name for code in one.procedure_codes for name in served[code])}
    )


def _standards_of(known: Network, found: Any) -> set[int]:
    if isinstance(found, MeasurementStandard):
        return {found.pk}
    device = found.pk if isinstance(found, Device) else found.device_id
    return {one.standard_id for one in known.memberships.get(device, ())}


def _kept(link: Link, known: Network, seen: frozenset[int]) -> Link:
    """The link without what lies below standards outside the scope."""
    if link.kind == "standard" and not any(known.standards[pk].code == link.about[1] for pk in seen):
        return Link("hidden", Text("审核范围之外", "outside the scope of the audit"))
    return replace(link, below=tuple(_kept(one, known, seen) for one in link.below))


def _uses(links: Iterable[Link]) -> dict[int, Days]:
    stretches: dict[int, list[tuple[date, date]]] = defaultdict(list)

    def walk(link: Link) -> Iterator[Link]:
        yield link
        for one in link.below:
            yield from walk(one)

    for root in links:
        for link in walk(root):
            if link.kind == "use":
                stretches[link.device] += link.days
    return {device: united(days) for device, days in stretches.items()}


def _uses_of(viewer: object, devices: Iterable[int]) -> QuerySet[RecordDevice]:
    rows = RecordDevice.objects.filter(device__in=list(devices))
    categories = scope(viewer)
    return rows if categories is None else rows.filter(record__task__instrument__category__in=categories)


# A record has at most one certificate that is neither void nor a supplement. Which one, and of what day, stands in an index,
# so that a hundred thousand are counted without reading the long rows of records and certificates.
_COUNTS = ~Q(record__certificates__state=Certificate.State.VOID) & ~Q(
    record__certificates__kind=Certificate.Kind.SUPPLEMENT
)


def _certified(rows: QuerySet[RecordDevice]) -> QuerySet[RecordDevice]:
    return rows.annotate(numbered=FilteredRelation("record__certificates", condition=_COUNTS)).filter(
        numbered__isnull=False
    )


def _uncertified(rows: QuerySet[RecordDevice]) -> QuerySet[RecordDevice]:
    """Submitted records that were returned, or whose certificate is still to come. They are few: found first, read then."""
    numbered = (
        Certificate.objects.filter(record=OuterRef("record"))
        .exclude(state=Certificate.State.VOID)
        .exclude(kind=Certificate.Kind.SUPPLEMENT)
    )
    few = list(rows.filter(~Exists(numbered)).values_list("pk", flat=True))
    return RecordDevice.objects.filter(pk__in=few, record__state=Record.State.FROZEN)


def _counted(
    viewer: object, known: Network, uses: dict[int, Days], day: date
) -> tuple[tuple[Tally, ...], dict[int, tuple[int, int]]]:
    """Tallies by device, role and year, and for each device how many records and certificates in all.

    The database counts by day: an institute works on some hundred days a year, however many certificates it issues.
    """
    if not uses:
        return (), {}
    rows = _uses_of(viewer, uses)
    certified, others = _certified(rows), _uncertified(rows)
    found: dict[tuple[int, str, int], list[int]] = defaultdict(lambda: [0, 0])
    for grouped, name, places in ((certified, "numbered__verified_on", (0, 1)), (others, "record__verified_on", (0,))):
        for device, role, on, number in grouped.values_list("device", "role", name).annotate(Count("pk")):
            if on <= day and holds(uses[device], on):
                for place in places:
                    found[device, role, on.year][place] += number
    totals: dict[int, tuple[int, int]] = {}
    for (device, _role, _year), (records, certificates) in found.items():
        before = totals.get(device, (0, 0))
        totals[device] = before[0] + records, before[1] + certificates
    roles: dict[int, set[str]] = defaultdict(set)
    for device, role, _year in found:
        roles[device].add(role)
    if several := [device for device, names in roles.items() if len(names) > 1]:
        totals |= _distinct(certified.filter(device__in=several), others.filter(device__in=several), uses)
    packs = _procedures_by_role() if found else {}
    tallies = [
        Tally(known.devices[device], role, year, *numbers, packs.get(role, ()))
        for (device, role, year), numbers in found.items()
    ]
    return tuple(sorted(tallies, key=lambda one: (one.device.asset_number, one.role, -one.year))), totals


def _distinct(
    certified: QuerySet[RecordDevice], others: QuerySet[RecordDevice], uses: dict[int, Days]
) -> dict[int, tuple[int, int]]:
    """For devices that serve several roles, in one record perhaps: each record counted once."""
    found: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for grouped, name, places in ((certified, "numbered__verified_on", (0, 1)), (others, "record__verified_on", (0,))):
        for device, on, number in grouped.values_list("device", name).annotate(Count("record", distinct=True)):
            if holds(uses[device], on):
                for place in places:
                    found[device][place] += number
    return {device: (numbers[0], numbers[1]) for device, numbers in found.items()}


def _procedures_by_role() -> dict[str, tuple[str, ...]]:
    """Which approved procedures ask for a device in a role."""
    found: dict[str, set[str]] = defaultdict(set)
    for version in ProcedureVersion.objects.filter(state=ProcedureVersion.State.APPROVED).defer("source"):
        for wanted in pack_of(version).required_devices:
            found[wanted.role].add(version.label)
    return {role: tuple(sorted(labels)) for role, labels in found.items()}


def _told(link: Link, tallies: tuple[Tally, ...], totals: dict[int, tuple[int, int]]) -> Link:
    """The link with the numbers in the boxes of what was measured."""
    if link.kind != "use":
        return replace(link, below=tuple(_told(one, tallies, totals) for one in link.below))
    records, certificates = totals.get(link.device, (0, 0))
    of_device = [one for one in tallies if one.device.pk == link.device]
    words = ", ".join(sorted({one.role for one in of_device}))
    years = sorted({one.year for one in of_device})
    span = f"{years[0]}–{years[-1]}" if len(years) > 1 else str(years[0]) if years else ""
    counted = Text(f"记录 {records} · 证书 {certificates}", f"records {records} · certificates {certificates}")
    return replace(link, lines=(*link.lines, counted, *(Text(one, one) for one in (words, span) if one)))
