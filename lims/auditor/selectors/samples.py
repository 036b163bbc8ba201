"""Samples: from what they are drawn, what was found, and the report."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import Prefetch, QuerySet

from certificates.models import Certificate
from lims.auditor import drawing
from lims.auditor.models import Sample, SampleItem, Tick
from lims.auditor.selectors.grants import bound
from lims.auditor.selectors.trace import looks_inside, traceable
from lims.core import files


def samples(viewer: object) -> QuerySet[Sample]:
    """The samples a viewer may see, newest first: an auditor under a grant the own ones, others who look inside all."""
    rows = Sample.objects.select_related("drawn_by").order_by("-pk")
    if not looks_inside(viewer):
        return rows.none()
    return rows.filter(drawn_by=viewer) if bound(viewer) else rows


def strata(viewer: object, since: date, until: date) -> dict[str, str]:
    """The stratum of each certificate issued in these days, by its number: category and technician. Numbers that were
    voided name no document and are left out."""
    rows = (
        traceable(viewer)
        .filter(issued_on__gte=since, issued_on__lte=until)
        .exclude(state__in=(Certificate.State.VOID, Certificate.State.SEALING))
        .order_by()  # the rule of the draw brings its own order; by number every row would be fetched from another place
        .values_list("number", "instrument__category", "task__technician__username")
    )
    return {number: f"{category}|{technician or ''}" for number, category, technician in rows}


def digest(found: Mapping[str, str]) -> str:
    """What fixes a population: hex SHA-256 of its listing."""
    return hashlib.sha256(drawing.listing(found).encode()).hexdigest()


def population(sample: Sample) -> str:
    """The listing that a sample was drawn from; empty when it was not kept, as for samples of an earlier release."""
    try:
        return files.read(sample.population_sha256).decode()
    except FileNotFoundError:
        return ""


@dataclass(frozen=True)
class Line:
    """A drawn certificate with the newest tick of each point, and how many points are still open."""

    item: SampleItem
    ticks: dict[str, Tick]

    @property
    def open(self) -> int:
        return len(Tick.Point) - len(self.ticks)

    @property
    def findings(self) -> int:
        return sum(one.result == Tick.Result.FINDING for one in self.ticks.values())


def lines(sample: Sample) -> list[Line]:
    """The certificates of a sample with what was ticked."""
    ticks = Tick.objects.select_related("by").order_by("pk")
    items = sample.items.select_related(
        "certificate__record", "certificate__task__procedure", "certificate__instrument", "certificate__organisation"
    )
    found = items.prefetch_related(Prefetch("ticks", ticks))
    return [Line(item, {tick.point: tick for tick in item.ticks.all()}) for item in found]
