"""Pages of the auditor: find a certificate, walk from its digits back to the bytes and the standards."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from certificates.selectors import pdf
from lims.auditor.selectors import Walk, traceable
from lims.auditor.selectors.grants import bound
from lims.core import search
from lims.core.paging import page
from standards.selectors.procedures import pack_of


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Where a walk begins: certificates, newest first."""
    rows, query = traceable(request.user), request.GET.get("q", "").strip()
    if query:
        rows = search.matching(rows, query)
    shown = page(rows, order=("-taken_at", "-pk"), after=request.GET.get("after", ""))
    more = request.GET.copy()
    more["after"] = shown.after
    context = {
        "held": bound(request.user),
        "rows": shown.rows,
        "query": query,
        "more_url": f"?{more.urlencode()}" if shown.after else "",
    }
    return render(request, "auditor/index.html", context)


@require_GET
def trace(request: HttpRequest, number: str) -> HttpResponse:
    """The walk through one certificate; `?at=path` opens one stop of it."""
    certificate = get_object_or_404(traceable(request.user).select_related("record", "task__procedure"), number=number)
    walk = Walk(certificate)
    step, at = None, request.GET.get("at", "")
    if at:
        try:
            step = walk.step(at)
        except (KeyError, IndexError, StopIteration) as error:
            raise Http404 from error
    context = {
        "certificate": certificate,
        "facts": walk.facts,
        "step": step,
        "outline": walk.outline(),
        "recomputes": walk.recomputes(),
        "unaltered": walk.facts_unaltered(),
        "pack": pack_of(certificate.task.procedure),
    }
    return render(request, "auditor/trace.html", context)


@require_GET
def document(request: HttpRequest, number: str) -> HttpResponse:
    """The sealed document of a certificate in the viewer's scope, to be looked at; 404 while it is being sealed."""
    certificate = get_object_or_404(traceable(request.user), number=number)
    try:
        data = pdf(certificate)
    except FileNotFoundError as error:
        raise Http404 from error
    return HttpResponse(
        data, "application/pdf", headers={"Content-Disposition": f'inline; filename="{certificate.number}.pdf"'}
    )
