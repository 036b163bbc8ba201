"""Reads about what shows a standard's capability: its tests, its charts, and what is late on a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet

from lims.metrology import chart
from lims.metrology.capability import Group, months_later
from standards.models import CapabilityTest, ChangeCase, MeasurementStandard, Parameter, StandardPaper, UpkeepPlan
from standards.periods import month_end
from standards.selectors.devices import may_read

BASE_GROUPS = 20
"""The first so many groups of a series make the control limits; with fewer, all there are, and the chart says so."""

_KIND = CapabilityTest.Kind


def parameters(viewer: object) -> QuerySet[Parameter]:
    rows = Parameter.objects.select_related("standard").order_by("name", "point", "pk")
    return rows if may_read(viewer) else rows.none()


def tests(viewer: object) -> QuerySet[CapabilityTest]:
    rows = CapabilityTest.objects.select_related("parameter", "parameter__standard", "performed_by", "entered_by")
    return rows.order_by("-on", "-pk") if may_read(viewer) else rows.none()


def changes(viewer: object) -> QuerySet[ChangeCase]:
    rows = ChangeCase.objects.select_related("standard", "opened_by", "decided_by").order_by("-on", "-pk")
    return rows if may_read(viewer) else rows.none()


def papers(viewer: object) -> QuerySet[StandardPaper]:
    rows = StandardPaper.objects.select_related("standard", "file", "entered_by").order_by("entry", "-dated", "-pk")
    return rows if may_read(viewer) else rows.none()


def plan_of(standard: MeasurementStandard) -> UpkeepPlan | None:
    return UpkeepPlan.objects.filter(standard=standard).first()


def months_of(plan: UpkeepPlan, kind: str) -> int | None:
    """The interval the plan asks for; None where it asks for none. Verification of results has no interval."""
    return {
        _KIND.REPEATABILITY: plan.repeatability_months,
        _KIND.STABILITY: plan.stability_months,
        _KIND.CHECK: plan.check_months,
    }.get(_KIND(kind))


@dataclass(frozen=True)
class Due:
    """A planned test with the last day of the month in which it is due. `last` is None where there never was one."""

    parameter: Parameter
    kind: str
    last: date | None
    due: date

    @property
    def kind_label(self) -> str:
        return str(_KIND(self.kind).label)


def due_on(plans: Iterable[UpkeepPlan], day: date) -> dict[int, list[Due]]:
    """Standard's key -> its planned tests with the day by which each is next due, in two queries however many standards.

    What was done up to the day counts; plans that begin later ask for nothing yet.
    """
    by_standard = {plan.standard_id: plan for plan in plans if plan.since <= day}
    found: dict[int, list[Due]] = {}
    if not by_standard:
        return found
    last: dict[tuple[int, str], date] = {}
    done = CapabilityTest.objects.filter(
        parameter__standard__in=by_standard, on__lte=day, withdrawn_reason=""
    ).values_list("parameter", "kind", "on")
    for parameter, kind, on in done.order_by("on"):
        last[parameter, kind] = on
    for parameter in Parameter.objects.filter(standard__in=by_standard).order_by("name", "point", "pk"):
        plan = by_standard[parameter.standard_id]
        for kind in (_KIND.REPEATABILITY, _KIND.STABILITY, _KIND.CHECK):
            months = months_of(plan, kind)
            if months is None:
                continue
            latest = last.get((parameter.pk, kind))
            due = month_end(months_later(max(latest or plan.since, plan.since), months))
            found.setdefault(parameter.standard_id, []).append(Due(parameter, kind, latest, due))
    return found


def late_on(plans: Iterable[UpkeepPlan], day: date) -> dict[int, list[Due]]:
    """Standard's key -> its tests that are overdue on the day."""
    return {key: late for key, tests in due_on(plans, day).items() if (late := [one for one in tests if one.due < day])}


def standing_tests(parameter: Parameter, kind: str) -> list[CapabilityTest]:
    """The tests of one kind that count, oldest first."""
    return list(parameter.tests.filter(kind=kind, withdrawn_reason="").order_by("on", "pk"))


def group(test: CapabilityTest) -> Group:
    return Group(test.on, tuple(Decimal(one) for one in test.readings))


@dataclass(frozen=True)
class Chart:
    """A control chart of the groups of one parameter: the average chart with its limits and signals.

    `base` groups made the limits. `left_out` counts groups of another size than the first.
    """

    parameter: Parameter
    kind: str
    tests: tuple[CapabilityTest, ...]
    means: tuple[Decimal, ...]
    limits: chart.Limits
    signals: tuple[chart.Signal, ...]
    base: int
    left_out: int

    @property
    def kind_label(self) -> str:
        return str(_KIND(self.kind).label)


def control_chart(tests: Iterable[CapabilityTest], kind: str) -> Chart | None:
    """The chart of the groups of one kind among the tests of a parameter, in the order of their days.

    None below two groups of two readings, or where the readings have no spread.
    """
    rows = [one for one in tests if one.kind == kind and len(one.readings) > 1 and not one.withdrawn_reason]
    rows.sort(key=lambda one: (one.on, one.pk))
    same = [one for one in rows if len(one.readings) == len(rows[0].readings)]
    if len(same) < 2:
        return None
    groups = [group(one) for one in same]
    limits = chart.charts([one.readings for one in groups[:BASE_GROUPS]]).average
    if not limits.sigma:
        return None
    means = tuple(one.mean for one in groups)
    return Chart(
        same[0].parameter,
        kind,
        tuple(same),
        means,
        limits,
        tuple(chart.signals(means, limits)),
        min(len(same), BASE_GROUPS),
        len(rows) - len(same),
    )
