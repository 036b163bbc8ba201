"""Writing the papers of a standard's file set and the words of its technical report. One event each."""

from typing import Any

from django.db import transaction

from lims.audit.services import record
from lims.core.text import Conflict, Reason, Refused, Text, reason
from lims.core.validation import checked
from lims.metrology.budget import BudgetError, evaluate, load_budget
from lims.people.models import User
from standards import rules
from standards.models import MeasurementStandard, Parameter, ReportText, StandardPaper
from standards.services.originals import store_original
from standards.services.refusals import allow, reasoned


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
