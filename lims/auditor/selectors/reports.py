"""What a report says about a sample, and the events that vouch for it."""

import json
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import translation

from lims.audit.models import Event
from lims.auditor.models import Report, Sample, Tick
from lims.auditor.selectors.samples import Line, lines
from lims.auditor.selectors.trace import Walk
from lims.core import clock
from lims.people.models import User

SCHEMA = "lims-audit-report/2"


def told(sample: Sample, *, by: User) -> dict[str, Any]:
    """Everything about a sample, as plain values: how it was drawn, and for each certificate what the system recomputed and
    what the auditor found. `by` asks for the report now."""
    certificates = [_certificate(line) for line in lines(sample)]
    return {
        "schema": SCHEMA,
        "made_at": clock.now().isoformat(),
        "made_by": {"id": str(by.pk), "name": str(by)},
        "sample": {
            "id": sample.pk,
            "seed": sample.seed,
            "wanted": sample.wanted,
            "issued_from": sample.issued_from.isoformat(),
            "issued_until": sample.issued_until.isoformat(),
            "population": sample.population,
            "population_sha256": sample.population_sha256,
            "drawn_by": str(sample.drawn_by),
            "drawn_at": sample.drawn_at.isoformat(),
        },
        "points": {code: {"zh": _label(code, "zh-hans"), "en": _label(code, "en")} for code in Tick.Point.values},
        "certificates": certificates,
    }


def _label(code: str, language: str) -> str:
    with translation.override(language):
        return str(Tick.Point(code).label)


def _certificate(line: Line) -> dict[str, Any]:
    certificate, walk = line.item.certificate, Walk(line.item.certificate)
    origins = [one["origin"] for one in walk.facts["values"]]
    return {
        "number": certificate.number,
        "position": line.item.position,
        "stratum": line.item.stratum,
        "instrument": str(certificate.instrument),
        "verified_on": walk.facts["dates"]["verified"],
        "procedure": walk.facts["procedure"]["label"],
        "facts_sha256": certificate.facts_sha256,
        "record_sha256": certificate.record.sha256,
        "facts_unaltered": walk.facts_unaltered(),
        "recomputes": walk.recomputes(),
        "read_by_rig": origins.count("rig"),
        "typed": origins.count("typed"),
        "ticks": [
            {
                "point": code, "result": tick.result, "comment": tick.comment, "by": str(tick.by),
                "at": tick.at.isoformat(),
            }
            for code in Tick.Point.values
            if (tick := line.ticks.get(code))
        ],
    }  # fmt: skip


def events(report: Report) -> list[Event]:
    """The draw of the sample, its ticks and the report itself, oldest first."""
    sample, stated = report.sample, json.loads(report.text)
    of_sample = Q(object_type=Sample._meta.label_lower, object_id=str(sample.pk), verb__startswith="audit.")
    keys = [str(one) for one in sample.items.values_list("certificate_id", flat=True)]
    ticked = Q(object_type="certificates.certificate", object_id__in=keys, verb="audit.ticked")
    found = Event.objects.filter(of_sample | ticked).order_by("pk")
    return [
        one
        for one in found
        if (one.verb in ("audit.sample_drawn", "audit.ticked") and _about(one, sample.pk, stated["made_at"]))
        or (one.verb == "audit.reported" and json.loads(one.public).get("report") == report.sha256)
    ]  # fmt: skip


def _about(event: Event, sample: int, until: str) -> bool:
    """Whether an event is one of this sample and not later than the report."""
    return event.at <= datetime.fromisoformat(until) and json.loads(event.payload).get("sample", sample) == sample


def of_sample(sample: Sample) -> list[Report]:
    """The reports asked for, newest first. The caller has established that the viewer may see the sample."""
    return list(sample.reports.select_related("by").defer("text"))


def readable(report: Report) -> dict[str, Any]:
    """The text of a report for a page: its points by name, and for each certificate every point with what was ticked."""
    stated: dict[str, Any] = json.loads(report.text)
    names = dict(Tick.Result.choices)
    # Canonical JSON has the points by their names; people read them in the order of the walk.
    order = sorted(stated["points"], key=lambda code: [*Tick.Point.values, code].index(code))
    for one in stated["certificates"]:
        ticked = {tick["point"]: {**tick, "said": names.get(tick["result"], tick["result"])} for tick in one["ticks"]}
        one["points"] = [(stated["points"][code], ticked.get(code)) for code in order]
        one["words"] = [(stated["points"][code], ticked[code]) for code in order if ticked.get(code, {}).get("comment")]
    results = [tick["result"] for one in stated["certificates"] for tick in one["ticks"]]
    asked = len(stated["points"]) * len(stated["certificates"])
    stated["counts"] = [(names[code], results.count(code)) for code in ("good", "finding", "remark")]
    stated["left"] = asked - len(results) + results.count("omitted")
    return stated
