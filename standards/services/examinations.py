"""Writing about examinations by the authority: begun, applied for, examined, given up. One verb each, one event."""

from datetime import date

from django.db import transaction

from lims.audit.services import record
from lims.core import clock
from lims.core.text import Conflict, Reason, Refused, Text, reason
from lims.core.validation import checked
from lims.people.models import User
from standards import rules
from standards.models import ExaminationCase, MeasurementStandard
from standards.services.refusals import allow, reasoned


@transaction.atomic
def open_examination(*, by: User, standard: MeasurementStandard, kind: str, on: date) -> ExaminationCase:
    """Begins to prepare an examination; the guide then says what is there and what is missing."""
    allow(
        rules.may_keep_standards(by),
        rules.not_in_the_future(on, clock.today()),
        rules.no_open_case(standard),
        rules.kind_fits(standard, kind, on),
    )
    case = checked(ExaminationCase(standard=standard, kind=kind, opened_on=on, opened_by=by))
    case.save()
    record("standard.examination_opened", by=by, obj=standard, payload={"kind": kind, "on": on.isoformat()})
    return case


@transaction.atomic
def submit_examination(
    *, by: User, case: ExaminationCase, on: date, authority: str, contact: str = "", why: str = ""
) -> ExaminationCase:
    """Notes when and where the application was handed in.

    What the guide still misses on that day refuses it, unless `why` says why it was handed in all the same; the event
    keeps both.
    """
    allow(
        rules.may_keep_standards(by),
        rules.case_is_open(case),
        rules.not_submitted(case),
        rules.not_in_the_future(on, clock.today()),
    )
    missing = rules.guide(case.standard, case, on).missing
    if missing and not why.strip():
        raise Refused(_incomplete(len(missing)), *missing)
    case.submitted_on, case.authority, case.contact = on, authority.strip(), contact.strip()
    checked(case)
    fields = {"submitted_on": on, "authority": case.authority, "contact": case.contact}
    if not ExaminationCase.objects.filter(pk=case.pk, submitted_on=None, abandoned_reason="").update(**fields):
        raise Conflict(_meanwhile())
    payload = {"kind": case.kind, "on": on.isoformat(), "authority": case.authority, "contact": case.contact}
    if missing:
        payload |= {"missing": [one.code for one in missing], "reason": why.strip()}
    record("standard.examination_submitted", by=by, obj=case.standard, payload=payload)
    return case


@transaction.atomic
def record_examination(*, by: User, case: ExaminationCase, on: date, result: str, findings: str) -> ExaminationCase:
    """Notes what the authority found. After a rectification the next result takes the place of this one; the event stays."""
    allow(
        rules.may_keep_standards(by),
        rules.case_is_open(case),
        rules.is_submitted(case),
        rules.not_in_the_future(on, clock.today()),
    )
    before = case.result
    case.examined_on, case.result, case.findings = on, result, findings.strip()
    checked(case)
    fields = {"examined_on": on, "result": result, "findings": case.findings}
    if not ExaminationCase.objects.filter(pk=case.pk, result=before, abandoned_reason="").update(**fields):
        raise Conflict(_meanwhile())
    payload = {"kind": case.kind, "on": on.isoformat(), "value": result, "reason": case.findings}
    record("standard.examination_examined", by=by, obj=case.standard, payload=payload)
    return case


@transaction.atomic
def abandon_examination(*, by: User, case: ExaminationCase, why: str) -> None:
    """Gives an application up; it stays readable."""
    allow(rules.may_keep_standards(by), rules.case_is_open(case))
    why = reasoned(why)
    if not ExaminationCase.objects.filter(pk=case.pk, abandoned_reason="").update(abandoned_reason=why):
        raise Conflict(_meanwhile())
    record("standard.examination_abandoned", by=by, obj=case.standard, payload={"kind": case.kind, "reason": why})
    case.refresh_from_db()


def _incomplete(count: int) -> Reason:
    return Reason(
        "application_incomplete",
        Text(f"申请材料还缺 {count} 项", f"{count} things are missing for the application"),
        Text("请补齐；确已先行提交的，请写明理由", "Complete them; if it was handed in all the same, say why"),
        where="why",
    )


def _meanwhile() -> Reason:
    return reason("changed_meanwhile", "该项考核刚刚被他人更改", "Somebody else has just changed this examination")
