"""What a person may do: the institute's authorisations, and the qualifications behind them."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import transaction

from lims.audit.services import record
from lims.core import clock
from lims.core.text import Refused
from lims.core.validation import checked
from lims.people import rules
from lims.people.models import Authorisation, Qualification, Registration, Supervision, User
from lims.people.rules import keeping
from lims.people.services.refusals import already, refuse


@transaction.atomic
def grant_authorisation(
    person: User,
    *,
    scope_kind: str,
    scope: str,
    act: str,
    valid_from: date,
    valid_until: date,
    by: User,
    supervisors: Iterable[User] = (),
) -> Authorisation:
    """Authorises the act from the first to the last day, both included. Raises Refused with every reason against it.

    supervisors: who answers for the person's work; for the act `train` alone, and there at least one.
    """
    answering = list(supervisors)
    refuse(rules.may_authorise(by, act=act), rules.not_oneself(person, by), rules.can_hold(person, act=act))
    refuse(
        keeping.supervisors_are_named(person, act, answering),
        *(rules.can_hold(one, act=Authorisation.Act.VERIFY) for one in answering),
    )
    granted = Authorisation(
        user=person,
        scope_kind=scope_kind,
        scope=" ".join(scope.split()),
        act=act,
        valid_from=valid_from,
        valid_until=valid_until,
        granted_by=by,
    )
    refuse(rules.scope_is_named(scope_kind, granted.scope), rules.period_is_a_period(valid_from, valid_until))
    checked(granted)
    granted.save()
    for one in answering:
        Supervision.objects.create(authorisation=granted, supervisor=one)
    record(
        "authorisation.granted",
        by=by,
        obj=granted,
        to_state="granted",
        payload={
            "person": person.display_name,
            "act": act,
            "scope": granted.scope,
            "valid_from": valid_from.isoformat(),
            "valid_until": valid_until.isoformat(),
            **({"supervisors": [str(one) for one in answering]} if answering else {}),
        },
    )
    return granted


@transaction.atomic
def revoke_authorisation(authorisation: Authorisation, *, by: User, why: str) -> Authorisation:
    """Ends it today: what was done until yesterday stays authorised. A second revocation is refused."""
    refuse(rules.may_authorise(by), rules.reason_given(why))
    if not Authorisation.objects.filter(pk=authorisation.pk, revoked_on=None).update(revoked_on=clock.today()):
        raise Refused(already(authorisation, "已撤销", "is revoked already"))
    authorisation.refresh_from_db()
    record(
        "authorisation.revoked",
        by=by,
        obj=authorisation,
        from_state="granted",
        to_state="revoked",
        payload={"reason": why.strip(), "on": clock.today().isoformat()},
    )
    return authorisation


@transaction.atomic
def register_qualification(
    person: User,
    *,
    level: str,
    certificate_number: str,
    issued_on: date,
    by: User,
    issuer: str = "",
    number: str = "",
    employer: str = "",
    scope: str = "",
    valid_from: date | None = None,
    valid_until: date | None = None,
    ends_on: date | None = None,
) -> Qualification:
    """A qualification with the dates printed on it, and its registration when a registration number is given.

    valid_from, valid_until: of the registration. ends_on: of the certificate itself, where it prints an end.
    """
    refuse(rules.may_authorise(by))
    qualification = Qualification(
        user=person,
        level=level,
        certificate_number=certificate_number,
        issued_on=issued_on,
        issuer=issuer,
        valid_until=ends_on,
    )
    checked(qualification)
    qualification.save()
    if number:
        _registration(
            qualification,
            number=number,
            employer=employer or str(person.organisation or ""),
            scope=scope,
            valid_from=valid_from,
            valid_until=valid_until,
        )
    record(
        "qualification.registered",
        by=by,
        obj=qualification,
        payload={"person": person.display_name, "certificate": certificate_number, "registration": number},
    )
    return qualification


@transaction.atomic
def renew_registration(
    qualification: Qualification,
    *,
    number: str,
    valid_from: date | None,
    valid_until: date | None,
    by: User,
    employer: str = "",
    scope: str = "",
) -> Registration:
    """A further registration of the same qualification, with the dates printed on it; the earlier ones stay."""
    refuse(rules.may_authorise(by))
    employer = employer or str(qualification.user.organisation or "")
    made = _registration(
        qualification, number=number, employer=employer, scope=scope, valid_from=valid_from, valid_until=valid_until
    )
    record(
        "registration.added",
        by=by,
        obj=qualification,
        payload={
            "person": qualification.user.display_name,
            "number": number,
            "valid_from": made.valid_from.isoformat(),
            "valid_until": made.valid_until.isoformat(),
        },
    )
    return made


def _registration(
    qualification: Qualification, *, valid_from: date | None, valid_until: date | None, **fields: str
) -> Registration:
    refuse(rules.period_is_a_period(valid_from, valid_until))
    made = Registration(qualification=qualification, valid_from=valid_from, valid_until=valid_until, **fields)
    checked(made).save()
    return made


@transaction.atomic
def correct_qualification(row: Qualification | Registration, *, by: User, why: str, **fields: Any) -> None:
    """Puts right what was entered wrongly from the document; history and event keep what stood there."""
    refuse(rules.may_authorise(by), rules.reason_given(why))
    changed = {}
    for name, value in fields.items():
        if (before := getattr(row, name)) != value:
            changed[name] = [str(before), str(value)]
            setattr(row, name, value)
    if isinstance(row, Registration):
        refuse(rules.period_is_a_period(row.valid_from, row.valid_until))
    checked(row).save()
    qualification = row.qualification if isinstance(row, Registration) else row
    record("qualification.corrected", by=by, obj=qualification, payload={"changed": changed, "reason": why.strip()})
