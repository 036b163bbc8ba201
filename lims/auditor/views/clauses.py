"""Clauses of the standards beside what the system shows about them."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from lims.auditor import rules
from lims.auditor.selectors import clauses
from lims.core.text import Refused


@require_GET
def clause_map(request: HttpRequest) -> HttpResponse:
    if rules.may_audit(request.user):
        raise Http404
    if why := rules.may_search_events(request.user):
        raise Refused(why)
    figures = clauses.figures()
    rows = [(one, reverse(one.where), figures.get(one.evidence)) for one in clauses.clauses()]
    return render(request, "auditor/clauses.html", {"rows": rows})
