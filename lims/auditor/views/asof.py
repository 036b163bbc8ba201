"""Any object as it stood on a day at an hour."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from lims.auditor import rules
from lims.auditor.forms import MomentForm
from lims.auditor.selectors import asof


@require_GET
def as_of(request: HttpRequest) -> HttpResponse:
    """`?kind=…&key=…&day=…&time=…`. A key that fits several objects offers them for choice."""
    if rules.may_audit(request.user):
        raise Http404
    now = timezone.localtime()
    form = MomentForm(request.GET or None, initial={"day": now.date(), "time": now.strftime("%H:%M")})
    context: dict[str, object] = {"form": form}
    if form.is_bound and form.is_valid():
        kind, key = form.cleaned_data["kind"], form.cleaned_data["key"].strip()
        found = asof.subjects(request.user, kind, key)
        exact = [one for one in found if getattr(one, asof.KINDS[kind].key) == key]
        context["found"] = [(one, _address(request, kind, one)) for one in found]
        if exact or len(found) == 1:
            view = asof.as_of(kind, (exact or found)[0], form.moment())
            context |= {"view": view, "kind": asof.KINDS[kind].label, "found": None}
    return render(request, "auditor/asof.html", context)


def _address(request: HttpRequest, kind: str, one: object) -> str:
    query = request.GET.copy()
    query["key"] = str(getattr(one, asof.KINDS[kind].key))
    return f"?{query.urlencode()}"
