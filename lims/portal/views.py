"""What customers see of their own instruments and certificates, and what anybody may ask about a certificate."""

import json

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from certificates import sealing, selectors
from certificates.models import Certificate
from instruments.selectors import ledger
from lims.core import search
from lims.core.paging import page
from lims.portal import authorities
from lims.portal import selectors as public
from lims.portal.answers import Answers, none_yet, of_file, of_paper
from lims.portal.forms import LARGEST_UPLOAD_MB, FileForm, VerifyForm
from lims.portal.limits import allowed
from lims.portal.sentences import ANSWERS, PROOFS, STATES, STEPS, VERDICTS


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
@never_cache
@require_http_methods(["GET", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """The page on which a file is dropped; also asks for number and check value: a right pair leads to the public page,
    anything else to one and the same answer."""
    form = VerifyForm(request.POST or None)
    if request.method == "POST":
        if not allowed(request, "verify"):
            form.add_error(None, _("查询过于频繁，请一分钟后再试。"))
            return _verify(request, form=form, status=429)
        if form.is_valid():
            found = selectors.by_number(form.cleaned_data["number"], form.cleaned_data["check_value"])
            if found:
                return redirect("portal:certificate", token=found.token)
            form.add_error(None, _("没有编号与校验码同时相符的证书。请核对两处字符；仍查不到时，该证书可能是伪造的。"))
    return _verify(request, form=form)


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def file(request: HttpRequest) -> HttpResponse:
    """Judges an uploaded file, for browsers that cannot do it themselves. The file is not kept."""
    if request.method == "GET":
        return redirect("portal:verify")
    form = FileForm(request.POST, request.FILES)
    if not allowed(request, "file"):
        form.add_error(None, _("查询过于频繁，请一分钟后再试。"))
        return _verify(request, file_form=form, status=429)
    if not form.is_valid():
        return _verify(request, file_form=form, status=422)
    given = form.cleaned_data["file"]
    report = sealing.verify(given.read(), authorities.roots())
    answers = of_file(report, public.by_digest(report.sha256))
    return _verify(request, answers=answers, file_name=given.name)


@login_not_required
@never_cache
@require_GET
def certificate(request: HttpRequest, token: str) -> HttpResponse:
    """The public page of one certificate: what it is, how it stands, and what a paper cannot tell."""
    if not allowed(request, "look"):
        return _verify(request, busy=True, status=429)
    found = selectors.by_token(token)
    if found is None:
        raise Http404
    return _unlisted(render(request, "portal/certificate.html", {**_dropping(), **_public(found)}))


@login_not_required
@never_cache
@require_GET
def status(request: HttpRequest) -> JsonResponse:
    """How a certificate stands, with the proof from the log, by `sha256` of a sealed file or by `number` and `check_value`.

    Whatever is asked for wrongly gets the one answer of what was never issued.
    """
    sha256, number = request.GET.get("sha256", ""), request.GET.get("number", "")
    if not allowed(request, "status" if sha256 else "verify"):
        return JsonResponse({**public.nothing_known(), "state": "busy"}, status=429, headers={"Retry-After": "60"})
    if sha256:
        found = public.by_digest(sha256)
    else:
        found = selectors.by_number(number, request.GET.get("check_value", ""))
    return JsonResponse(public.status(found) if found else public.nothing_known())


@login_not_required
@require_safe
def roots(request: HttpRequest) -> HttpResponse:
    """The root certificates by which seals are judged. Compare their fingerprints with those known from elsewhere."""
    headers = {"Cache-Control": "no-cache", "Content-Disposition": 'inline; filename="root-ca.pem"'}
    return HttpResponse(authorities.roots(), content_type="application/x-pem-file", headers=headers)


@login_not_required
@never_cache
@require_GET
def proof(request: HttpRequest, token: str) -> HttpResponse:
    """The proof, in a file of its own, that the issue of the certificate stands in the public log."""
    if not allowed(request, "look"):
        return _verify(request, busy=True, status=429)
    found = selectors.by_token(token)
    line = selectors.log_proof(found) if found else None
    if found is None or line is None:
        raise Http404
    name = f'attachment; filename="{found.number}.tlog-proof"'
    return HttpResponse(line.text(), content_type="text/plain; charset=utf-8", headers={"Content-Disposition": name})


def _verify(
    request: HttpRequest,
    *,
    form: VerifyForm | None = None,
    file_form: FileForm | None = None,
    answers: Answers | None = None,
    file_name: str = "",
    busy: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = {
        **_dropping(file_form),
        "form": form or VerifyForm(),
        "answers": answers,
        "file_name": file_name,
        "busy": busy,
    }
    return render(request, "portal/verify.html", context, status=status)


def _dropping(file_form: FileForm | None = None) -> dict[str, object]:
    """What every page with a place to drop a file on needs."""
    return {
        "file_form": file_form or FileForm(),
        "upload_limit": LARGEST_UPLOAD_MB,
        "blank": none_yet(),
        "sentences": {
            "states": STATES,
            "answers": ANSWERS,
            "proofs": PROOFS,
            "verdicts": VERDICTS,
            "steps": STEPS,
        },
        "roots": authorities.fingerprints(),
    }


def _unlisted(response: HttpResponse) -> HttpResponse:
    """Certificates are found by their code or number, not by a search engine."""
    response["X-Robots-Tag"] = "noindex"
    return response


def _public(found: Certificate) -> dict[str, object]:
    return {
        "certificate": found,
        "facts": json.loads(found.facts),
        "standing": selectors.standing(found),
        "answers": of_paper(found),
        "editions": found.sealed.order_by("edition"),
        "replaces": found.replaces.order_by("pk"),
        "supplemented_by": public.supplements_of(found),
    }
