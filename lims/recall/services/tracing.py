"""Listing the certificates that a case touches: one statement for each stretch of days, however many they are."""

from django.db import connection, transaction
from django.db.models import OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, NullIf

from lims.audit.services import record
from lims.core import clock
from lims.core.text import Refused
from lims.people.models import User
from lims.recall import rules
from lims.recall.models import RecallCase, RecallItem, RecallReach
from lims.recall.reaches import reaches
from lims.recall.selectors import counted
from standards.selectors.network import network

# Everything but the numbers of the certificates stands in indexes: `certificate_of_record` holds what is asked of a certificate,
# whose row is long.
TOUCHED = """
INSERT INTO recall_recallitem (
    case_id, certificate_id, organisation_id, category, verified_on,
    state, effect, old_conclusion, new_conclusion, flip, reprinted, worst, rank, earlier, unsupported, decision, details
)
SELECT %s, c.id, c.organisation_id, i.category, c.verified_on,
    'waiting', '', '', '', FALSE, FALSE, '', -1, '', FALSE, '', ''
FROM instruments_recorddevice d
JOIN certificates_certificate c ON c.record_id = d.record_id
JOIN instruments_instrument i ON i.id = c.instrument_id
WHERE d.device_id = %s AND c.kind <> 'supplement' AND c.state <> 'void' AND c.verified_on BETWEEN %s AND %s
ON CONFLICT (certificate_id, case_id) DO NOTHING
"""


@transaction.atomic
def trace(case: RecallCase, *, by: User) -> RecallCase:
    """Lists every certificate that rests on a device of the case, at any depth, on the days stated."""
    now = RecallCase.objects.select_for_update().get(pk=case.pk)
    if why := rules.may_trace(now, by):
        raise Refused(why)
    known, today = network(), clock.today()
    rows = [
        RecallReach(case=now, line=line, device=one.device, since=one.since, until=one.until, via=one.via)
        for line in now.lines.select_related("device").order_by("pk")
        for one in reaches(known, line.device, line.since, now.until, today)
    ]
    RecallReach.objects.bulk_create(rows)
    touched = 0
    with connection.cursor() as cursor:
        for reach in rows:
            days = [connection.ops.adapt_datefield_value(day) for day in (reach.since, reach.until)]
            cursor.execute(TOUCHED, [now.pk, reach.device_id, *days])
            touched += cursor.rowcount
    _remember(now)
    RecallCase.objects.filter(pk=now.pk).update(
        state=RecallCase.State.TRACED, traced_at=clock.now(), touched=touched, totals=counted(now)
    )
    record(
        "recall.traced", by=by, obj=now, from_state=now.state, to_state=RecallCase.State.TRACED,
        payload={
            "touched": touched,
            "devices": [
                {"device": one.device.asset_number, "since": one.since.isoformat(), "until": one.until.isoformat()}
                for one in rows
            ],
        },
    )  # fmt: skip
    case.refresh_from_db()
    return case


def _remember(case: RecallCase) -> None:
    """Notes what was decided about the same certificates in the case that this one supersedes, or in those before it."""
    if case.supersedes_id is None:
        return
    before = RecallItem.objects.filter(case=case.supersedes_id).exclude(Q(decision="") & Q(earlier=""))
    latest = before.filter(certificate=OuterRef("certificate")).values(
        found=Coalesce(NullIf("decision", Value("")), "earlier")
    )
    RecallItem.objects.filter(case=case, certificate__in=before.values("certificate")).update(earlier=Subquery(latest))
