"""Writing what shows a standard's capability: plan, parameters, tests. One verb each, one transaction, one event."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from lims.audit.services import record
from lims.core import clock
from lims.core.text import Conflict, reason
from lims.core.validation import checked
from lims.people.models import User
from standards import judging, rules
from standards.models import CapabilityTest, MeasurementStandard, Parameter, StandardState, UpkeepPlan
from standards.selectors.capability import group, standing_tests
from standards.selectors.standards import fitness
from standards.services.refusals import allow, reasoned


@transaction.atomic
def set_plan(*, by: User, standard: MeasurementStandard, **fields: Any) -> UpkeepPlan:
    """Says how often the standard's tests are due. The event keeps old and new."""
    allow(rules.may_plan(by))
    plan = UpkeepPlan.objects.filter(standard=standard).first() or UpkeepPlan(standard=standard)
    changed = {}
    for name, value in fields.items():
        before = getattr(plan, name)
        if before != value or plan.pk is None:
            changed[name] = ["" if plan.pk is None else str(before), str(value)]
            setattr(plan, name, value)
    if changed:
        checked(plan).save()
        record("standard.plan_set", by=by, obj=standard, payload={"changed": changed})
    return plan


@transaction.atomic
def add_parameter(*, by: User, standard: MeasurementStandard, **fields: Any) -> Parameter:
    """Names a parameter at a point whose capability is to be shown."""
    allow(rules.may_plan(by))
    parameter = checked(Parameter(standard=standard, **fields))
    parameter.save()
    record(
        "standard.parameter_added", by=by, obj=standard, payload={"parameter": str(parameter), "limit": parameter.limit}
    )
    return parameter


@transaction.atomic
def change_parameter(*, by: User, parameter: Parameter, **fields: Any) -> Parameter:
    """Changes a parameter's limit and wording; tests already judged keep the limit they were judged by."""
    allow(rules.may_plan(by))
    changed = {}
    for name, value in fields.items():
        if (before := getattr(parameter, name)) != value:
            changed[name] = [str(before), str(value)]
            setattr(parameter, name, value)
    if changed:
        checked(parameter).save()
        record(
            "standard.parameter_changed",
            by=by,
            obj=parameter.standard,
            payload={"parameter": str(parameter), "changed": changed},
        )
    return parameter


@transaction.atomic
def enter_test(
    *,
    by: User,
    parameter: Parameter,
    kind: str,
    on: date,
    readings: Sequence[str] = (),
    given: Mapping[str, str] | None = None,
    **fields: Any,
) -> CapabilityTest:
    """Enters one test and judges it at once against what was known before that day.

    readings: digits as read. given: for a verification of results the value, U, k, reference, U_reference and k_reference
    of a transfer comparison, or value, U and others of a comparison between laboratories; for a period check the reference
    and, where it is not the parameter's, the limit. Raises Refused for readings that are no numbers and for missing values.
    """
    allow(rules.may_enter_test(by), rules.not_in_the_future(on, clock.today()))
    parameter = Parameter.objects.select_for_update().select_related("standard").get(pk=parameter.pk)
    given = {name: value.strip() for name, value in (given or {}).items() if value.strip()}
    now = judging.Group(on, judging.numbers(readings)) if readings else None
    found = judging.judge(
        kind,
        now=now,
        given=given,
        limit=Decimal(parameter.limit) if parameter.limit else None,
        earlier=_earlier(parameter, kind, on),
    )
    fields.setdefault("performed_by", by)
    test = CapabilityTest(
        parameter=parameter,
        kind=kind,
        on=on,
        readings=list(readings),
        given=given,
        value=_digits(found.value),
        limit=_digits(found.limit) if found.limit is not None else "",
        verdict=found.verdict,
        said=found.zh,
        said_en=found.en,
        entered_by=by,
        **fields,
    )
    checked(test).save()
    payload = {"parameter": str(parameter), "kind": kind, "on": on.isoformat()}
    payload |= {"value": test.value, "limit": test.limit, "verdict": test.verdict}
    if test.session:
        payload["session"] = test.session
    record("standard.test_entered", by=by, obj=parameter.standard, payload=payload)
    return test


def _earlier(parameter: Parameter, kind: str, on: date) -> judging.Earlier:
    before = [one for one in standing_tests(parameter, kind) if one.on < on]
    state = fitness(parameter.standard, on).state
    return judging.Earlier(
        groups=tuple(group(one) for one in before if one.readings),
        baseline=Decimal(before[0].value) if before and kind == CapabilityTest.Kind.REPEATABILITY else None,
        establishing=state is not None and state.state == StandardState.State.ESTABLISHING,
    )


def _digits(number: Decimal) -> str:
    """Twelve significant digits, without an exponent: what a page shows and a later test compares with."""
    rounded = number.normalize() if not number else +number.quantize(Decimal(1).scaleb(number.adjusted() - 11))
    return f"{rounded.normalize():f}"


@transaction.atomic
def withdraw_test(*, by: User, test: CapabilityTest, why: str) -> None:
    """Takes back a test that was entered wrongly; it stays readable and counts for nothing."""
    allow(rules.may_enter_test(by), rules.still_stands(test))
    why = reasoned(why)
    if not CapabilityTest.objects.filter(pk=test.pk, withdrawn_reason="").update(withdrawn_reason=why):
        raise Conflict(
            reason("changed_meanwhile", "该试验刚刚被他人撤回", "Somebody else has just withdrawn this test")
        )
    payload = {"parameter": str(test.parameter), "kind": test.kind, "on": test.on.isoformat(), "reason": why}
    record("standard.test_withdrawn", by=by, obj=test.parameter.standard, payload=payload)
    test.refresh_from_db()
