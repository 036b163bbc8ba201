"""Reads about measurement standards: who they consist of and what licences they hold on a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet

from lims.people.models import Qualification, Registration
from standards.models import (
    ChangeCase,
    MeasurementStandard,
    StandardDevice,
    StandardLicence,
    StandardPerson,
    StandardState,
    UpkeepPlan,
)
from standards.selectors.capability import Due, late_on
from standards.selectors.devices import may_read


@dataclass(frozen=True)
class Fitness:
    """What counts for a standard on a day. `licences` holds, per kind, the latest one issued up to that day.

    open_changes: those that block it and were not decided on that day. late: its overdue tests, where being late blocks.
    """

    standard: MeasurementStandard
    day: date
    state: StandardState | None
    licences: dict[str, StandardLicence]
    members: tuple[StandardDevice, ...]
    open_changes: tuple[ChangeCase, ...] = ()
    late: tuple[Due, ...] = ()

    def licence(self, kind: str) -> StandardLicence | None:
        return self.licences.get(kind)

    @property
    def masters(self) -> tuple[StandardDevice, ...]:
        return tuple(one for one in self.members if one.part == StandardDevice.Part.MASTER)


def standards(viewer: object) -> QuerySet[MeasurementStandard]:
    rows = MeasurementStandard.objects.order_by("name", "pk")
    return rows if may_read(viewer) else rows.none()


def on_day(day: date) -> Q:
    """For rows with `since` and `until`, both included."""
    return Q(since__lte=day) & (Q(until=None) | Q(until__gte=day))


def fitnesses(found: Iterable[MeasurementStandard], day: date) -> list[Fitness]:
    """What counts for each standard on the day, in as many queries however many there are."""
    wanted = list(found)
    keys = [standard.pk for standard in wanted]
    states: dict[int, StandardState] = {}
    for state in StandardState.objects.filter(standard__in=keys, since__lte=day).order_by("since", "pk"):
        states[state.standard_id] = state
    licences: dict[int, dict[str, StandardLicence]] = {}
    issued = StandardLicence.objects.filter(standard__in=keys, issued_on__lte=day, withdrawn_reason="")
    for licence in issued.order_by("issued_on", "pk"):
        licences.setdefault(licence.standard_id, {})[licence.kind] = licence
    members: dict[int, list[StandardDevice]] = {}
    rows = StandardDevice.objects.filter(on_day(day), standard__in=keys).select_related("device")
    for member in rows.order_by("-part", "device__asset_number"):
        members.setdefault(member.standard_id, []).append(member)
    changes: dict[int, list[ChangeCase]] = {}
    undecided = Q(decided_on=None) | Q(decided_on__gt=day)
    for change in ChangeCase.objects.filter(undecided, standard__in=keys, on__lte=day, blocks=True).order_by(
        "on", "pk"
    ):
        changes.setdefault(change.standard_id, []).append(change)
    late = late_on(UpkeepPlan.objects.filter(standard__in=keys, late_blocks=True), day)
    return [
        Fitness(
            one,
            day,
            states.get(one.pk),
            licences.get(one.pk, {}),
            tuple(members.get(one.pk, ())),
            tuple(changes.get(one.pk, ())),
            tuple(late.get(one.pk, ())),
        )
        for one in wanted
    ]


def fitness(standard: MeasurementStandard, day: date) -> Fitness:
    return fitnesses([standard], day)[0]


def in_scope(standard: MeasurementStandard, *, procedure_code: str, category: str) -> bool:
    """Whether the standard is licensed for the procedure or, where its scope names no procedure, for the category."""
    if procedure_code and standard.procedure_codes:
        return procedure_code in standard.procedure_codes
    return bool(category) and category in standard.categories


def for_procedure(*, procedure_code: str, category: str = "") -> list[MeasurementStandard]:
    """Every standard in whose scope the procedure lies, whatever its state."""
    return [
        one
        for one in MeasurementStandard.objects.order_by("name", "pk")
        if in_scope(one, procedure_code=procedure_code, category=category)
    ]


def licences(viewer: object) -> QuerySet[StandardLicence]:
    rows = StandardLicence.objects.select_related("standard", "file", "replaced_by", "entered_by")
    return rows if may_read(viewer) else rows.none()


def members(viewer: object) -> QuerySet[StandardDevice]:
    rows = StandardDevice.objects.select_related("standard", "device")
    return rows if may_read(viewer) else rows.none()


def persons(viewer: object) -> QuerySet[StandardPerson]:
    rows = StandardPerson.objects.select_related("standard", "user")
    return rows if may_read(viewer) else rows.none()


@dataclass(frozen=True)
class Competence:
    """A person of a standard with the last qualification and registration begun by the day; None where there is none."""

    person: StandardPerson
    qualification: Qualification | None
    registration: Registration | None


def competence_on(standard: MeasurementStandard, day: date) -> list[Competence]:
    """Who answers for the standard or works with it on the day, with what each is qualified by."""
    people = people_on(standard, day)
    keys = [person.user_id for person in people]
    qualifications = {
        one.user_id: one
        for one in Qualification.objects.filter(user__in=keys, issued_on__lte=day).order_by("issued_on", "pk")
    }
    registrations = {
        one.qualification.user_id: one
        for one in Registration.objects.filter(qualification__user__in=keys, valid_from__lte=day)
        .select_related("qualification")
        .order_by("valid_until", "pk")
    }
    return [Competence(one, qualifications.get(one.user_id), registrations.get(one.user_id)) for one in people]


def former(standard: MeasurementStandard, day: date) -> list[StandardDevice | StandardPerson]:
    """Devices and people that belonged to the standard before the day, the last to go first."""
    devices = standard.members.filter(until__lt=day).select_related("device")
    people = standard.people.filter(until__lt=day).select_related("user")
    return sorted([*devices, *people], key=lambda one: (one.until or day, one.pk), reverse=True)


def people_on(standard: MeasurementStandard, day: date) -> list[StandardPerson]:
    return list(standard.people.filter(on_day(day)).select_related("user").order_by("-duty", "pk"))
