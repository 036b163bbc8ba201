"""Reads about examinations: the case of a standard, and when re-examination is to be applied for."""

from collections.abc import Iterable
from datetime import date

from django.db.models import QuerySet

from lims.metrology.capability import months_later
from standards.models import ExaminationCase, MeasurementStandard, StandardLicence, StandardState, UpkeepPlan
from standards.selectors.devices import may_read


def examinations(viewer: object) -> QuerySet[ExaminationCase]:
    rows = ExaminationCase.objects.select_related("standard", "opened_by").order_by("-pk")
    return rows if may_read(viewer) else rows.none()


def current_case(standard: MeasurementStandard) -> ExaminationCase | None:
    """The case that is under way: begun and not given up or failed, and its licences not yet entered or not yet used.

    None where the next examination has not been begun.
    """
    case = standard.examinations.filter(abandoned_reason="").order_by("-pk").first()
    if case is None or case.open:
        return case
    if case.result == ExaminationCase.Result.FAIL:
        return None
    brought = standard.licences.filter(withdrawn_reason="", issued_on__gte=case.opened_on)
    kinds = set(brought.values_list("kind", flat=True))
    state = standard.states.order_by("since", "pk").last()
    used = state is not None and state.state == StandardState.State.IN_USE
    return None if used and kinds == set(StandardLicence.Kind.values) else case


def apply_by(examination: StandardLicence, plan: UpkeepPlan | None) -> date:
    """The day by which re-examination is to be applied for: the lead of the standard's plan, or its default, before the end."""
    months = (plan or UpkeepPlan()).lead_months
    return months_later(examination.valid_until, -months)


def waiting_for_examiner(standards: Iterable[int]) -> set[int]:
    """Of these standards' keys, those whose application for re-examination lies with the authority."""
    rows = ExaminationCase.objects.filter(
        standard__in=list(standards),
        kind=ExaminationCase.Kind.REEXAMINATION,
        abandoned_reason="",
        submitted_on__isnull=False,
    ).exclude(result__in=(ExaminationCase.Result.PASS, ExaminationCase.Result.FAIL))
    return set(rows.values_list("standard", flat=True))
