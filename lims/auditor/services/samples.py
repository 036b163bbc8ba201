"""Drawing a sample, ticking and commenting. Each is an event."""

from datetime import date

from django.db import transaction

from certificates.models import Certificate
from lims.audit.services import record
from lims.auditor import drawing, rules
from lims.auditor.models import Sample, SampleItem, Tick
from lims.auditor.selectors import samples
from lims.core import clock, files
from lims.core.text import Refused
from lims.people.models import User


def _allow(*reasons: object) -> None:
    found = [one for one in reasons if one]
    if found:
        raise Refused(*found)  # type: ignore[arg-type]


@transaction.atomic
def draw(*, by: User, seed: str, wanted: int, since: date, until: date) -> Sample:
    """Draws so many certificates issued in these days, by the rule of `drawing`. Raises Refused."""
    _allow(rules.may_draw(by))
    seed = seed.strip()
    found = samples.strata(by, since, until)
    _allow(rules.sample_is_possible(seed, wanted, len(found)))
    listed = files.store(drawing.listing(found).encode(), "text/tab-separated-values")
    sample = Sample.objects.create(
        seed=seed, wanted=wanted, issued_from=since, issued_until=until, population=len(found),
        population_sha256=listed.sha256, drawn_by=by, drawn_at=clock.now(),
    )  # fmt: skip
    numbers = drawing.draw(found, seed=seed, wanted=wanted)
    keys = dict(Certificate.objects.filter(number__in=numbers).values_list("number", "pk"))
    SampleItem.objects.bulk_create(
        SampleItem(sample=sample, position=at, certificate_id=keys[number], stratum=found[number])
        for at, number in enumerate(numbers, 1)
    )
    record(
        "audit.sample_drawn", by=by, obj=sample,
        payload={
            "sample": sample.pk, "seed": seed, "wanted": wanted, "from": since.isoformat(), "until": until.isoformat(),
            "population": sample.population_sha256, "numbers": numbers,
        },
    )  # fmt: skip
    return sample


@transaction.atomic
def tick(item: SampleItem, *, by: User, point: str, result: str, comment: str = "") -> Tick:
    """Says what was found about one point. An earlier opinion stays; the newest counts. Raises Refused."""
    _allow(rules.may_tick(by, item.sample), rules.tick_is_complete(point, result, comment))
    made = Tick.objects.create(item=item, point=point, result=result, comment=comment.strip(), by=by, at=clock.now())
    record(
        "audit.ticked", by=by, obj=item.certificate,
        payload={"sample": item.sample_id, "point": point, "result": result, "comment": made.comment},
    )  # fmt: skip
    return made
