"""What several pages of a case share: the case itself, and which of its certificates are asked for."""

from django.http import Http404, HttpRequest, QueryDict
from django.shortcuts import get_object_or_404

from lims.recall import selectors
from lims.recall.forms import ChosenForm
from lims.recall.models import RecallCase
from lims.recall.selectors import Chosen, Totals


def found_case(request: HttpRequest, pk: int) -> RecallCase:
    case: RecallCase = get_object_or_404(selectors.cases(request.user), pk=pk)
    return case


def readers_only(request: HttpRequest) -> None:
    if not selectors.reads(request.user):
        raise Http404


def chosen_form(asked: QueryDict, totals: Totals) -> ChosenForm:
    customers = [(one.pk, f"{one} ({count})") for one, count in totals.customers]
    return ChosenForm(asked or None, customers=customers, years=[year for year, _count in totals.years])


def chosen(form: ChosenForm) -> Chosen:
    """What the form narrows to; everything where it is empty or asks for what there is not."""
    if not form.is_bound or not form.is_valid():
        return Chosen()
    wanted = form.cleaned_data
    return Chosen(wanted["part"] or "all", wanted["organisation"], wanted["category"], wanted["year"], wanted["query"])
