"""Letting auditors in, and what an auditor was let in for."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from lims.auditor import rules, services
from lims.auditor.forms import GrantForm
from lims.auditor.models import Grant
from lims.auditor.selectors import grants
from lims.auditor.selectors.grants import bound
from lims.core.text import Refused


@require_http_methods(["GET", "HEAD", "POST"])
def grant_list(request: HttpRequest) -> HttpResponse:
    """All grants for the institute's people; an auditor sees the own ones."""
    if rules.may_audit(request.user):
        raise Http404
    form, reasons = GrantForm(request.POST or None), ()
    if request.method == "POST" and form.is_valid():
        try:
            services.grant(by=request.user, **form.cleaned_data)
            return redirect("auditor:grants")
        except Refused as refused:
            reasons = refused.reasons
    rows = grants.grants()
    context = {
        "grants": rows.filter(auditor=request.user) if bound(request.user) else rows,
        "form": form,
        "reasons": reasons,
        "may_grant": not rules.may_grant(request.user),
    }
    return render(request, "auditor/grants.html", context)


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    if rules.may_audit(request.user):
        raise Http404
    services.revoke(get_object_or_404(Grant, pk=pk), by=request.user, why=request.POST.get("why", "")[:300])
    return redirect("auditor:grants")
