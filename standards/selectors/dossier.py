"""The file set of a measurement standard over a validity period: what is there, what is missing, which days have gaps.

What an examiner of a re-examination asks for (JJF 1033): certificates, tests and people over the whole period without a
gap. Days on which the standard was not in use are not asked about.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from lims.core.text import Text
from lims.metrology.capability import months_later
from standards.models import (
    CapabilityTest,
    ChangeCase,
    DeviceCertificate,
    MeasurementStandard,
    Parameter,
    ProcedureVersion,
    StandardLicence,
    StandardPaper,
    StandardState,
    UpkeepPlan,
)
from standards.periods import ONE_DAY, Period, between, less, meet, month_end, where_at_least
from standards.selectors.capability import months_of, plan_of

LEAST_PEOPLE = 2
"""JJF 1033 asks for at least two competent persons for each standard."""

_ENTRY = StandardPaper.Entry
_LICENCE_OF = {_ENTRY.EXAMINATION: StandardLicence.Kind.EXAMINATION, _ENTRY.PUBLIC: StandardLicence.Kind.PUBLIC}
_TEST_OF = {_ENTRY.REPEATABILITY: CapabilityTest.Kind.REPEATABILITY, _ENTRY.STABILITY: CapabilityTest.Kind.STABILITY}
_TESTS = {
    CapabilityTest.Kind.REPEATABILITY: ("重复性试验", "repeatability test"),
    CapabilityTest.Kind.STABILITY: ("稳定性考核", "stability test"),
    CapabilityTest.Kind.CHECK: ("期间核查", "period check"),
}
_LICENCES = {
    StandardLicence.Kind.EXAMINATION: ("计量标准考核证书", "Examination certificate"),
    StandardLicence.Kind.PUBLIC: ("社会公用计量标准证书", "Public-standard certificate"),
}


@dataclass(frozen=True)
class Gap:
    """Something that is not there for some days. `code` names the kind of fault, `what` the object."""

    code: str
    what: str
    period: Period
    text: Text


@dataclass(frozen=True)
class Entry:
    """One of the eighteen: what the system holds for it as data, the papers filed, and whether something is missing."""

    number: int
    title: str
    data: tuple[Text, ...]
    papers: tuple[StandardPaper, ...]
    missing: Text | None


@dataclass(frozen=True)
class Dossier:
    """The file set of a standard over a period, as it was known when asked."""

    standard: MeasurementStandard
    period: Period
    plan: UpkeepPlan | None
    entries: tuple[Entry, ...]
    gaps: tuple[Gap, ...]
    apply_by: date | None

    @property
    def complete(self) -> bool:
        return not self.gaps and not any(one.missing for one in self.entries)


def validity(standard: MeasurementStandard, day: date) -> Period | None:
    """From the issue of the examination certificate in effect on the day up to the day; None without a certificate."""
    rows = standard.licences.filter(kind=StandardLicence.Kind.EXAMINATION, withdrawn_reason="", issued_on__lte=day)
    latest = rows.order_by("-issued_on", "-pk").first()
    return Period(latest.issued_on, day) if latest else None


def dossier(standard: MeasurementStandard, period: Period) -> Dossier:
    """Everything of the period, in a fixed number of queries."""
    used = _in_use(standard, period)
    licences = list(standard.licences.filter(withdrawn_reason="").order_by("issued_on", "pk"))
    parameters = list(standard.parameters.order_by("name", "point", "pk"))
    tests = list(
        CapabilityTest.objects.filter(parameter__in=parameters, withdrawn_reason="", on__lte=period.until)
        .select_related("parameter")
        .order_by("on", "pk")
    )
    plan, changes = plan_of(standard), list(standard.changes.filter(on__lte=period.until).order_by("on", "pk"))
    gaps = [
        *_licence_gaps(licences, used, period),
        *_device_gaps(standard, used, period),
        *_people_gaps(standard, used, period),
        *_test_gaps(plan, parameters, tests, used, period),
        *_open_changes(changes, period),
    ]
    gaps.sort(key=lambda one: (one.period.since, one.code, one.what))
    examination = [one for one in licences if one.kind == StandardLicence.Kind.EXAMINATION]
    apply_by = months_later(examination[-1].valid_until, -plan.lead_months) if plan and examination else None
    entries = _entries(standard, licences, tests, changes, period)
    return Dossier(standard, period, plan, tuple(entries), tuple(gaps), apply_by)


def _in_use(standard: MeasurementStandard, period: Period) -> list[Period]:
    rows = list(standard.states.filter(since__lte=period.until).order_by("since", "pk"))
    found = []
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        if row.state == StandardState.State.IN_USE and (following is None or following.since > row.since):
            until = following.since - ONE_DAY if following else None
            found.append(between(row.since, until, period.until))
    return meet([one for one in found if one], [period])


def _licence_gaps(licences: list[StandardLicence], used: list[Period], period: Period) -> Iterable[Gap]:
    for kind, (zh, en) in _LICENCES.items():
        covered = [Period(one.issued_on, one.valid_until) for one in licences if one.kind == kind]
        for gap in less(used, covered):
            yield Gap(
                "licence", kind, gap, Text(f"{_days(gap)} 没有有效的{zh}", f"{en}: none valid {_days(gap, 'en')}")
            )


def _device_gaps(standard: MeasurementStandard, used: list[Period], period: Period) -> Iterable[Gap]:
    members = list(standard.members.select_related("device").order_by("device__asset_number", "since"))
    certified = _certified({one.device_id for one in members})
    for member in members:
        belonged = between(member.since, member.until, period.until)
        for gap in less(meet([belonged] if belonged else [], used), certified.get(member.device_id, [])):
            yield Gap(
                "device_certificate",
                member.device.asset_number,
                gap,
                Text(
                    f"设备 {member.device} 在 {_days(gap)} 没有有效的检定/校准证书",
                    f"Device {member.device.asset_number} {member.device.title.en}: no valid certificate {_days(gap, 'en')}",
                ),
            )


def _certified(devices: set[int]) -> dict[int, list[Period]]:
    """Device's key -> the days its certificates cover; a newer certificate ends an older one, a failing one covers none."""
    rows = DeviceCertificate.objects.filter(device__in=devices, state=DeviceCertificate.State.CONFIRMED)
    of_device: dict[int, list[DeviceCertificate]] = {}
    for one in rows.order_by("calibrated_on", "pk"):
        of_device.setdefault(one.device_id, []).append(one)
    found: dict[int, list[Period]] = {}
    for key, certificates in of_device.items():
        for one, newer in zip(certificates, [*certificates[1:], None], strict=True):
            if one.outcome == DeviceCertificate.Outcome.FAIL or one.usable_until is None:
                continue
            until = min(one.usable_until, newer.calibrated_on - ONE_DAY) if newer else one.usable_until
            if one.calibrated_on <= until:
                found.setdefault(key, []).append(Period(one.calibrated_on, until))
    return found


def _people_gaps(standard: MeasurementStandard, used: list[Period], period: Period) -> Iterable[Gap]:
    by_person: dict[int, list[Period]] = {}
    for one in standard.people.all():
        if named := between(one.since, one.until, period.until):
            by_person.setdefault(one.user_id, []).append(named)
    whole = Period(date.min, period.until)
    # Two duties of one person are one person: the days of each are merged before they are counted.
    days = [one for periods in by_person.values() for one in less([whole], less([whole], periods))]
    for gap in less(used, where_at_least(days, LEAST_PEOPLE)):
        yield Gap(
            "people",
            standard.code,
            gap,
            Text(f"{_days(gap)} 登记的人员不足两名", f"Fewer than two people {_days(gap, 'en')}"),
        )


def _test_gaps(
    plan: UpkeepPlan | None,
    parameters: list[Parameter],
    tests: list[CapabilityTest],
    used: list[Period],
    period: Period,
) -> Iterable[Gap]:
    if plan is None:
        return
    for parameter in parameters:
        for kind, (zh, en) in _TESTS.items():
            if (months := months_of(plan, kind)) is None:
                continue
            done = [one.on for one in tests if one.parameter_id == parameter.pk and one.kind == kind]
            for missed in missed_months(done, start=max(plan.since, period.since), months=months, end=period.until):
                if not meet([missed], used):
                    continue
                yield Gap(
                    kind,
                    str(parameter),
                    missed,
                    Text(
                        f"“{parameter}”应在 {missed.since:%Y-%m} 完成{zh}，未见记录",
                        f"{parameter.title.en}: the {en} due in {missed.since:%Y-%m} is missing",
                    ),
                )


def missed_months(done: list[date], *, start: date, months: int, end: date) -> list[Period]:
    """The calendar months in which a test was due and had not been done by their last day, up to `end`.

    done: days of tests, in order. The first is due `months` after the last test before `start`, or after `start` itself.
    Each due month that passes is one gap; the next one is due so many months later, until a test sets the count anew.
    """
    found: list[Period] = []
    if start > end:  # a plan that begins later, in whatever year
        return found
    before = [day for day in done if day <= start]
    since = max(before) if before and months_later(max(before), months) >= start else start
    while True:
        due = months_later(since, months)
        if month_end(due) > end:
            return found
        in_time = [day for day in done if since < day <= month_end(due)]
        if in_time:
            since = max(in_time)
        else:
            found.append(Period(due.replace(day=1), month_end(due)))
            since = due


def _open_changes(changes: list[ChangeCase], period: Period) -> Iterable[Gap]:
    for one in changes:
        if one.decided_on is None or one.decided_on > period.until:
            yield Gap(
                "change",
                one.what,
                Period(one.on, period.until),
                Text(f"变更“{one.what}”尚未作出决定", f"The change “{one.what}” is not decided"),
            )


def _entries(
    standard: MeasurementStandard,
    licences: list[StandardLicence],
    tests: list[CapabilityTest],
    changes: list[ChangeCase],
    period: Period,
) -> Iterable[Entry]:
    filed: dict[int, list[StandardPaper]] = {}
    for paper in standard.papers.filter(withdrawn_reason="").select_related("file").order_by("-dated", "-pk"):
        filed.setdefault(paper.entry, []).append(paper)
    data = _held(standard, licences, tests, period)
    needed = set(_ENTRY) - {_ENTRY.OTHER, _ENTRY.REPLACEMENT, _ENTRY.SEALING}
    if any(one.consequence == ChangeCase.Consequence.DECLARATION for one in changes):
        needed.add(_ENTRY.REPLACEMENT)
    if standard.states.filter(state__in=(StandardState.State.SUSPENDED, StandardState.State.WITHDRAWN)).exists():
        needed.add(_ENTRY.SEALING)
    for entry in _ENTRY:
        held, papers = tuple(data.get(entry, ())), tuple(filed.get(entry, ()))
        missing = Text("缺少", "missing") if entry in needed and not held and not papers else None
        yield Entry(entry.value, str(entry.label), held, papers, missing)


def _held(
    standard: MeasurementStandard, licences: list[StandardLicence], tests: list[CapabilityTest], period: Period
) -> dict[int, list[Text]]:
    """What the system keeps as data for an entry, in words."""
    found: dict[int, list[Text]] = {}
    for entry, kind in _LICENCE_OF.items():
        found[entry] = [
            Text(
                f"{one.number}，{one.issued_on:%Y-%m-%d} 至 {one.valid_until:%Y-%m-%d}",
                f"{one.number}, {one.issued_on:%Y-%m-%d} to {one.valid_until:%Y-%m-%d}",
            )
            for one in licences
            if one.kind == kind and one.valid_until >= period.since
        ]
    for entry, kind in _TEST_OF.items():
        count = sum(one.kind == kind and one.on >= period.since for one in tests)
        found[entry] = [Text(f"{count} 次试验", f"{count} tests")] if count else []
    found[_ENTRY.LIFE_BOOK] = [Text("由事件生成，见“履历书”", "made from the events, see the life book")]
    versions = ProcedureVersion.objects.filter(code__in=standard.procedure_codes, state=ProcedureVersion.State.APPROVED)
    found[_ENTRY.PROCEDURE] = [Text(one.label, one.label) for one in versions.order_by("code", "edition", "pk")]
    certificates = DeviceCertificate.objects.filter(
        device__memberships__standard=standard, state=DeviceCertificate.State.CONFIRMED
    )
    count = certificates.distinct().count()
    found[_ENTRY.CERTIFICATES] = [Text(f"{count} 份证书", f"{count} certificates")] if count else []
    names = dict.fromkeys(str(one.user) for one in standard.people.select_related("user").order_by("since", "pk"))
    found[_ENTRY.COMPETENCE] = [Text("、".join(names), ", ".join(names))] if names else []
    found[_ENTRY.RECORDS] = [Text("原始记录与证书存于本系统", "records and certificates are in this system")]
    return found


def _days(period: Period, language: str = "zh") -> str:
    word = " 至 " if language == "zh" else " to "
    return f"{period.since:%Y-%m-%d}{word}{period.until:%Y-%m-%d}"
