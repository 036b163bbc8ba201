"""Which customers were told of a recall, and who has not confirmed it."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from certificates import selectors
from instruments.selectors.work import sees_everything
from lims.core.paging import page


@require_GET
def recalls(request: HttpRequest) -> HttpResponse:
    """Recalls, newest first; `?open=1` shows those that nobody confirmed."""
    if not sees_everything(request.user):
        raise Http404  # a customer has a page of his own
    rows, unconfirmed = selectors.recalls(request.user), request.GET.get("open") == "1"
    if unconfirmed:
        rows = rows.filter(seen_at=None)
    shown = page(rows, order=("-made_at", "-pk"), after=request.GET.get("after", ""))
    more = request.GET.copy()
    more["after"] = shown.after
    return render(
        request,
        "certificates/recalls.html",
        {"rows": shown.rows, "open": unconfirmed, "more_url": f"?{more.urlencode()}" if shown.after else ""},
    )
