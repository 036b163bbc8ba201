"""Letting an auditor in for a period and a scope, and ending that early."""

from collections.abc import Sequence
from datetime import date

from django.db import transaction

from lims.audit.services import record
from lims.auditor import rules
from lims.auditor.models import Grant
from lims.core import clock
from lims.core.text import Refused
from lims.people.models import User


@transaction.atomic
def grant(
    auditor: User, *, by: User, purpose: str, categories: Sequence[str], valid_from: date, valid_until: date
) -> Grant:
    """Lets an auditor look at these categories (none: everything) in these days, both included. Raises Refused."""
    found = [rules.may_grant(by), rules.grant_makes_sense(auditor, purpose, categories, valid_from, valid_until)]
    if reasons := [one for one in found if one]:
        raise Refused(*reasons)
    made = Grant.objects.create(
        auditor=auditor, purpose=purpose.strip(), categories=sorted(set(categories)), valid_from=valid_from,
        valid_until=valid_until, granted_by=by, granted_at=clock.now(),
    )  # fmt: skip
    record(
        "audit.granted", by=by, obj=made, to_state="granted",
        payload={
            "auditor": auditor.username, "purpose": made.purpose, "categories": made.categories,
            "from": valid_from.isoformat(), "until": valid_until.isoformat(),
        },
    )  # fmt: skip
    return made


@transaction.atomic
def revoke(given: Grant, *, by: User, why: str) -> Grant:
    """Ends a grant at once. Raises Refused."""
    given = Grant.objects.select_for_update().get(pk=given.pk)
    found = [rules.may_grant(by), rules.may_be_revoked(given, why)]
    if reasons := [one for one in found if one]:
        raise Refused(*reasons)
    given.revoked_at, given.revoked_by, given.revoked_reason = clock.now(), by, why.strip()
    given.save(update_fields=["revoked_at", "revoked_by", "revoked_reason"])
    record(
        "audit.grant_revoked", by=by, obj=given, from_state="granted", to_state="revoked",
        payload={"auditor": given.auditor.username, "reason": given.revoked_reason},
    )  # fmt: skip
    return given
