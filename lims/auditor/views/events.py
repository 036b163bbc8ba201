"""Searching the events, and taking what was found away."""

from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from lims.auditor import rules
from lims.auditor.forms import EventsForm
from lims.auditor.selectors import events
from lims.core.text import Refused


@require_GET
def event_list(request: HttpRequest) -> HttpResponseBase:
    """`?text=…&verb=…&who=…&about=…&since=…&until=…`; with `format=csv` as a file."""
    if rules.may_audit(request.user):
        raise Http404
    if why := rules.may_search_events(request.user):
        raise Refused(why)
    form = EventsForm(request.GET)
    asked = form.asked() if form.is_valid() else None
    rows = events.found(request.user, asked) if asked else None
    if rows is not None and request.GET.get("format") == "csv":
        return StreamingHttpResponse(
            events.as_csv(rows),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="events.csv"'},
        )
    shown, after = events.page(rows, request.GET.get("after", "")) if rows is not None else ([], "")
    more, csv = request.GET.copy(), request.GET.copy()
    more["after"], csv["format"] = after, "csv"
    context = {
        "form": form,
        "events": shown,
        "more_url": f"?{more.urlencode()}" if after else "",
        "csv_url": f"?{csv.urlencode()}",
    }
    return render(request, "auditor/events.html", context)
