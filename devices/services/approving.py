"""The life of a rig profile: registered as a draft, approved by the technical lead, withdrawn with a reason."""

from django.db import transaction

from devices import profiles, rules
from devices.models import RigProfile
from lims.audit.services import record
from lims.core import clock
from lims.core.text import Refused
from lims.people.models import User


@transaction.atomic
def register_profile(text: str, *, by: User | None) -> RigProfile:
    """Checks a profile and keeps this version of it as a draft; the same text again gives the same row.

    `by=None` is the installation itself. Raises ProfileErrors when the text is no profile.
    """
    if by is not None and (why := rules.may_draft(by)):
        raise Refused(why)
    text = text.replace("\r\n", "\n")  # a browser sends a text area with CR LF; the version is that of the file
    profile = profiles.load_profile(text)
    row, created = RigProfile.objects.get_or_create(
        sha256=profile.sha256,
        defaults={
            "identifier": profile.id[:60],
            "title": profile.title.zh[:120],
            "text": text,
            "registered_by": by,
        },
    )
    if created:
        record("profile.registered", by=by, obj=row, to_state=row.state, payload={"sha256": row.sha256})
    return row


@transaction.atomic
def approve_profile(profile: RigProfile, *, by: User | None) -> RigProfile:
    """Lets sessions be recorded with this version, anew after a withdrawal. Technical lead only."""
    if by is not None and (why := rules.may_approve(by)):
        raise Refused(why)
    before = RigProfile.objects.select_for_update().get(pk=profile.pk)
    if not before.usable:
        RigProfile.objects.filter(pk=profile.pk).update(
            approved_at=clock.now(), approved_by=by, withdrawn_at=None, withdrawn_by=None, withdrawn_why=""
        )
        record(
            "profile.approved",
            by=by,
            obj=profile,
            from_state=before.state,
            to_state="approved",
            payload={"sha256": profile.sha256},
        )
    profile.refresh_from_db()
    return profile


@transaction.atomic
def withdraw_profile(profile: RigProfile, *, by: User, why: str) -> RigProfile:
    """Stops new sessions with this version, with the reason. What was recorded with it stays as it is."""
    now = RigProfile.objects.select_for_update().get(pk=profile.pk)
    if reasons := rules.may_withdraw(now, by, why):
        raise Refused(*reasons)
    RigProfile.objects.filter(pk=profile.pk).update(
        withdrawn_at=clock.now(), withdrawn_by=by, withdrawn_why=why.strip()[:300]
    )
    record(
        "profile.withdrawn",
        by=by,
        obj=profile,
        from_state="approved",
        to_state="withdrawn",
        payload={"sha256": profile.sha256, "reason": why.strip()},
    )
    profile.refresh_from_db()
    return profile
