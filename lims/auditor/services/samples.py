"""Drawing a sample, ticking and commenting, exporting the report. Each is an event."""

import hashlib
import zipfile
from datetime import date
from typing import IO

from django.db import transaction

from certificates import bundle
from certificates.models import Certificate
from lims.audit.services import record
from lims.auditor import drawing, rules
from lims.auditor.models import Sample, SampleItem, Tick
from lims.auditor.selectors import samples
from lims.core import canonical, clock
from lims.core.text import Refused
from lims.people.models import User

_WHEN = (1980, 1, 1, 0, 0, 0)


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
    sample = Sample.objects.create(
        seed=seed, wanted=wanted, issued_from=since, issued_until=until, population=len(found),
        population_sha256=samples.digest(found), drawn_by=by, drawn_at=clock.now(),
    )  # fmt: skip
    numbers = drawing.draw(found, seed=seed, wanted=wanted)
    keys = dict(Certificate.objects.filter(number__in=numbers).values_list("number", "pk"))
    SampleItem.objects.bulk_create(
        SampleItem(sample=sample, position=at, certificate_id=keys[number], stratum=found[number])
        for at, number in enumerate(numbers, 1)
    )
    record(
        "audit.sample_drawn", by=by, obj=sample,
        payload={"seed": seed, "population": sample.population_sha256, "numbers": numbers},
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


def write_report(sample: Sample, target: IO[bytes], *, by: User) -> str:
    """Writes the report with the evidence bundle of each certificate as one archive; the hex SHA-256 of the report.

    That digest is entered into the log in plain words: the log's signature and its proofs then vouch for the report, and
    nobody can show another one for it. Raises FileNotFoundError while a certificate is not sealed, Refused.
    """
    _allow(rules.may_audit(by))
    text = canonical.dumps(samples.report(sample)).encode()
    digest = hashlib.sha256(text).hexdigest()
    with transaction.atomic():
        record("audit.reported", by=by, obj=sample, payload={"sample": sample.pk}, public={"report": digest})
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("report.json", _WHEN), text)
        for item in sample.items.select_related("certificate"):
            name = zipfile.ZipInfo(f"{item.certificate.number}.evidence.zip", _WHEN)
            with archive.open(name, "w", force_zip64=True) as out:
                bundle.write(item.certificate, out)
    return digest
