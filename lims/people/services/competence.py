"""What keeps people competent: what the institute asks for, continuing education, and tests that somebody watched."""

from datetime import date
from typing import Any

from django.db import models, transaction

from lims.audit.services import record
from lims.core import clock, files, pdf
from lims.core.validation import checked
from lims.people import rules
from lims.people.models import Education, Requirement, User, WitnessedTest
from lims.people.rules import keeping
from lims.people.services.refusals import refuse


@transaction.atomic
def set_requirement(*, key: str, value: str, source: str, confirmed: bool, valid_from: date, by: User) -> Requirement:
    """What is asked from that day on, with where it is written. The earlier ones stay and count for earlier days.

    value: a code of Requirement.Registered, or hours as decimal text; empty hours take back what was entered.
    confirmed: somebody has read the source itself.
    """
    refuse(keeping.may_set_requirements(by))
    refuse(keeping.requirement_is_written(key, value), keeping.source_is_named(source))
    made = Requirement(
        key=key,
        value=value,
        source=source.strip(),
        confirmed=confirmed,
        valid_from=valid_from,
        entered_by=by,
        entered_at=clock.now(),
    )
    checked(made, exclude=("value",)).save()
    record(
        "requirement.set",
        by=by,
        obj=made,
        payload={
            "key": key,
            "value": value,
            "source": made.source,
            "confirmed": confirmed,
            "valid_from": valid_from.isoformat(),
        },
    )
    return made


@transaction.atomic
def enter_education(
    person: User,
    *,
    held_on: date,
    hours: str,
    subject: str,
    organiser: str,
    by: User,
    original: bytes | None = None,
) -> Education:
    """Continuing education with the hours written on its proof (`original`, a PDF)."""
    refuse(keeping.may_keep_competence(by))
    refuse(keeping.hours_are_a_number(hours), keeping.not_ahead(held_on))
    made = Education(person=person, held_on=held_on, hours=hours, subject=subject, organiser=organiser)
    if original is not None:
        made.proof = files.store(pdf.judged(original), pdf.MEDIA_TYPE)
    checked(made).save()
    record(
        "education.entered",
        by=by,
        obj=made,
        payload={
            "person": str(person),
            "held_on": held_on.isoformat(),
            "hours": hours,
            "subject": subject,
            "organiser": organiser,
            **({"proof": made.proof.sha256} if made.proof else {}),
        },
    )
    return made


@transaction.atomic
def correct_education(row: Education, *, by: User, why: str, original: bytes | None = None, **fields: Any) -> None:
    """Puts right what was entered wrongly; history and event keep what stood there. A new proof takes the place of the old."""
    refuse(keeping.may_keep_competence(by), rules.reason_given(why))
    refuse(keeping.hours_are_a_number(fields.get("hours", row.hours)))
    refuse(keeping.not_ahead(fields.get("held_on", row.held_on)))
    if original is not None:
        fields["proof"] = files.store(pdf.judged(original), pdf.MEDIA_TYPE)
    _correct(row, "education.corrected", by=by, why=why, fields=fields)


@transaction.atomic
def enter_witnessed_test(
    person: User,
    *,
    witness: User,
    held_on: date,
    procedure: str,
    findings: str,
    verdict: str,
    by: User,
    task: str = "",
    due_on: date | None = None,
) -> WitnessedTest:
    """Who watched whom at which procedure, what was seen and judged, and when it is due again, if the witness said so."""
    refuse(keeping.may_keep_competence(by), keeping.witness_is_another(person, witness))
    refuse(
        keeping.procedure_is_written(procedure),
        keeping.not_ahead(held_on),
        keeping.due_after(held_on, due_on),
    )
    made = WitnessedTest(
        person=person,
        witness=witness,
        held_on=held_on,
        procedure=procedure,
        task=task.strip(),
        findings=findings,
        verdict=verdict,
        due_on=due_on,
    )
    checked(made).save()
    record(
        "witnessed.entered",
        by=by,
        obj=made,
        payload={
            "person": str(person),
            "witness": str(witness),
            "held_on": held_on.isoformat(),
            "procedure": procedure,
            "task": made.task,
            "verdict": verdict,
            "due_on": due_on.isoformat() if due_on else "",
        },
    )
    return made


@transaction.atomic
def correct_witnessed_test(row: WitnessedTest, *, by: User, why: str, **fields: Any) -> None:
    """Puts right what was entered wrongly; history and event keep what stood there."""
    refuse(keeping.may_keep_competence(by), rules.reason_given(why))
    refuse(
        keeping.witness_is_another(row.person, fields.get("witness", row.witness)),
        keeping.procedure_is_written(fields.get("procedure", row.procedure)),
        keeping.not_ahead(fields.get("held_on", row.held_on)),
        keeping.due_after(fields.get("held_on", row.held_on), fields.get("due_on", row.due_on)),
    )
    _correct(row, "witnessed.corrected", by=by, why=why, fields=fields)


def _correct(row: models.Model, verb: str, *, by: User, why: str, fields: dict[str, Any]) -> None:
    changed = {}
    for name, value in fields.items():
        if (before := getattr(row, name)) != value:
            changed[name] = ["" if before is None else str(before), "" if value is None else str(value)]
            setattr(row, name, value)
    checked(row).save()
    record(verb, by=by, obj=row, payload={"changed": changed, "reason": why.strip()})
