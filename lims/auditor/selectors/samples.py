"""Samples: from what they are drawn, what was found, and the report."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Prefetch, QuerySet

from certificates.models import Certificate
from lims.auditor.models import Sample, SampleItem, Tick
from lims.auditor.selectors.grants import bound
from lims.auditor.selectors.trace import Walk, looks_inside, traceable

SCHEMA = "lims-audit-report/1"


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
        .order_by("number")
        .values_list("number", "instrument__category", "task__technician__username")
    )
    return {number: f"{category}|{technician or ''}" for number, category, technician in rows}


def digest(found: Mapping[str, str]) -> str:
    """What fixes a population: hex SHA-256 over `number<TAB>stratum`, one a line, sorted."""
    return hashlib.sha256("".join(f"{one}\t{found[one]}\n" for one in sorted(found)).encode()).hexdigest()


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


def report(sample: Sample) -> dict[str, Any]:
    """Everything about a sample, as plain values: how it was drawn, and for each certificate what the system recomputed and
    what the auditor found."""
    certificates = []
    for line in lines(sample):
        walk = Walk(line.item.certificate)
        certificates.append(
            {
                "number": line.item.certificate.number,
                "position": line.item.position,
                "stratum": line.item.stratum,
                "facts_unaltered": walk.facts_unaltered(),
                "recomputes": walk.recomputes(),
                "ticks": [
                    {
                        "point": code, "result": tick.result, "comment": tick.comment, "by": str(tick.by),
                        "at": tick.at.isoformat(),
                    }
                    for code in Tick.Point.values
                    if (tick := line.ticks.get(code))
                ],
            }
        )  # fmt: skip
    return {
        "schema": SCHEMA,
        "sample": {
            "seed": sample.seed,
            "wanted": sample.wanted,
            "issued_from": sample.issued_from.isoformat(),
            "issued_until": sample.issued_until.isoformat(),
            "population": sample.population,
            "population_sha256": sample.population_sha256,
            "drawn_by": str(sample.drawn_by),
            "drawn_at": sample.drawn_at.isoformat(),
        },
        "points": {code: str(label) for code, label in Tick.Point.choices},
        "certificates": json.loads(json.dumps(certificates)),
    }
