"""What customers see of their own instruments and certificates, and what anybody may ask about a certificate."""

import json

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from certificates import selectors
from certificates.models import Certificate
from instruments.selectors import ledger
from lims.core import search
from lims.core.paging import page
from lims.portal.forms import VerifyForm
from lims.portal.limits import allowed


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The customer's own instruments by due date, and own certificates, newest first."""
    query = request.GET.get("q", "").strip()
    instruments = ledger.instruments(request.user).order_by("due_on", "pk")
    certificates = selectors.certificates(request.user).prefetch_related("replaced_by", "replaces")
    if query:
        instruments, certificates = search.matching(instruments, query), search.matching(certificates, query)
    shown = page(certificates, order=("-taken_at", "-pk"), after=request.GET.get("after", ""), size=30)
    more = request.GET.copy()
    more["after"] = shown.after
    return render(
        request,
        "portal/home.html",
        {
            "instruments": instruments[:30],
            "rows": [(row, selectors.standing(row)) for row in shown.rows],
            "more_url": f"?{more.urlencode()}" if shown.after else "",
            "query": query,
        },
    )


@require_GET
def instrument(request: HttpRequest, pk: int) -> HttpResponse:
    """One own instrument with its certificates."""
    found = get_object_or_404(ledger.instruments(request.user), pk=pk)
    rows = selectors.certificates(request.user).prefetch_related("replaced_by", "replaces").filter(instrument=found)
    return render(
        request,
        "portal/instrument.html",
        {"instrument": found, "rows": [(row, selectors.standing(row)) for row in rows.order_by("-taken_at")]},
    )


@login_not_required
@require_http_methods(["GET", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """Asks for number and check value; a right pair leads to the public page, anything else to one and the same answer."""
    form = VerifyForm(request.POST or None)
    if request.method == "POST":
        if not allowed(request, "verify"):
            form.add_error(None, _("查询过于频繁，请一分钟后再试。"))
            return render(request, "portal/verify.html", {"form": form}, status=429)
        if form.is_valid():
            found = selectors.by_number(form.cleaned_data["number"], form.cleaned_data["check_value"])
            if found:
                return redirect("portal:certificate", token=found.token)
            form.add_error(None, _("没有编号与校验码同时相符的证书。请核对两处字符；仍查不到时，该证书可能是伪造的。"))
    return render(request, "portal/verify.html", {"form": form})


@login_not_required
@require_GET
def certificate(request: HttpRequest, token: str) -> HttpResponse:
    """The public page of one certificate: what it is, whether it stands, and the digest to compare a file with."""
    if not allowed(request, "look"):
        return render(request, "portal/verify.html", {"form": VerifyForm(), "busy": True}, status=429)
    found = selectors.by_token(token)
    if found is None:
        raise Http404
    return render(request, "portal/certificate.html", _public(found))


def _public(found: Certificate) -> dict[str, object]:
    return {
        "certificate": found,
        "facts": json.loads(found.facts),
        "standing": selectors.standing(found),
        "sealed": selectors.sealed(found),
        "changed_on": selectors.changed_on(found),
        "replaces": found.replaces.order_by("pk"),
    }
