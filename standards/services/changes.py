"""Writing changes of a standard, the papers of its file set, and what happens to a device. One event each."""

from datetime import date
from typing import Any

from django.db import transaction

from lims.audit.services import record
from lims.core import clock
from lims.core.text import Conflict, Reason, Refused, Text, reason
from lims.core.validation import checked
from lims.metrology.budget import BudgetError, evaluate, load_budget
from lims.people.models import User
from standards import rules
from standards.models import (
    ChangeCase,
    Device,
    DeviceNote,
    MeasurementStandard,
    Parameter,
    ReportText,
    StandardPaper,
)
from standards.services.originals import store_original
from standards.services.refusals import allow, reasoned

# Of the four kinds, those that put the measured values themselves in question until somebody has looked.
BLOCKING = frozenset({ChangeCase.Kind.DEVICE, ChangeCase.Kind.METHOD})


@transaction.atomic
def open_change(
    *, by: User, standard: MeasurementStandard, kind: str, what: str, on: date, blocks: bool | None = None
) -> ChangeCase:
    """Notes a change. Unless said otherwise one of device or method blocks the standard until it is decided."""
    allow(rules.may_open_change(by))
    blocks = kind in BLOCKING if blocks is None else blocks
    change = checked(ChangeCase(standard=standard, kind=kind, what=what.strip(), on=on, blocks=blocks, opened_by=by))
    change.save()
    payload = {"change": change.pk, "kind": kind, "what": change.what, "on": on.isoformat(), "blocks": blocks}
    record("standard.change_opened", by=by, obj=standard, payload=payload)
    return change


@transaction.atomic
def decide_change(*, by: User, change: ChangeCase, consequence: str, decision: str) -> ChangeCase:
    """The technical lead says what the change entails, and on what ground."""
    allow(rules.may_decide_change(change, by))
    decision = reasoned(decision)
    today = clock.today()
    change.consequence, change.decision, change.decided_on, change.decided_by = consequence, decision, today, by
    checked(change)
    undecided = ChangeCase.objects.filter(pk=change.pk, decided_on=None)
    if not undecided.update(consequence=consequence, decision=decision, decided_on=today, decided_by=by):
        raise Conflict(
            reason("changed_meanwhile", "该变更刚刚由他人作出决定", "Somebody else has just decided this change")
        )
    payload = {"change": change.pk, "what": change.what, "consequence": consequence, "reason": decision}
    record("standard.change_decided", by=by, obj=change.standard, payload=payload)
    return change


@transaction.atomic
def file_paper(
    *, by: User, standard: MeasurementStandard, original: bytes | None = None, **fields: Any
) -> StandardPaper:
    """Enters a paper of the file set: the PDF itself, or where it is kept."""
    allow(rules.may_keep_papers(by))
    paper = StandardPaper(standard=standard, entered_by=by, **fields)
    if original is not None:
        paper.file = store_original(original)
    checked(paper).save()
    payload = {"entry": paper.entry, "title": paper.title, "file": paper.file_id or "", "kept_at": paper.kept_at}
    record("standard.paper_filed", by=by, obj=standard, payload=payload)
    return paper


@transaction.atomic
def withdraw_paper(*, by: User, paper: StandardPaper, why: str) -> None:
    """Takes a paper out of the file set; it stays readable in the standard's history."""
    allow(rules.may_keep_papers(by), rules.still_stands(paper))
    why = reasoned(why)
    if not StandardPaper.objects.filter(pk=paper.pk, withdrawn_reason="").update(withdrawn_reason=why):
        raise Conflict(
            reason("changed_meanwhile", "该文件刚刚被他人撤回", "Somebody else has just withdrawn this paper")
        )
    record("standard.paper_withdrawn", by=by, obj=paper.standard, payload={"title": paper.title, "reason": why})
    paper.refresh_from_db()


@transaction.atomic
def note_device(*, by: User, device: Device, kind: str, on: date, text: str) -> DeviceNote:
    """Maintenance, damage, repair, modification, whereabouts: an entry in the device's record."""
    allow(rules.may_note(by), rules.not_in_the_future(on, clock.today()))
    note = checked(DeviceNote(device=device, kind=kind, on=on, text=text.strip(), entered_by=by))
    note.save()
    record("device.noted", by=by, obj=device, payload={"kind": kind, "on": on.isoformat(), "text": note.text})
    return note


@transaction.atomic
def write_report_text(
    *, by: User, standard: MeasurementStandard, part: str, text: str, parameter: Parameter | None = None
) -> ReportText:
    """Writes a part of the technical report anew; the earlier wording stays readable.

    A budget is refused, with the path inside it, unless the engine can evaluate it.
    """
    allow(rules.may_keep_standards(by))
    text = text.strip().replace("\r\n", "\n")
    if part == ReportText.Part.BUDGET:
        try:
            evaluate(load_budget(text))
        except BudgetError as error:
            raise Refused(Reason("budget_wrong", Text(error.zh, error.en), where=error.path)) from error
    row = checked(ReportText(standard=standard, parameter=parameter, part=part, text=text, entered_by=by))
    row.save()
    payload = {"part": part, "parameter": str(parameter or ""), "text": row.pk}
    record("standard.report_written", by=by, obj=standard, payload=payload)
    return row
