"""One certificate of a case: what changes, why it is touched, what was decided, and the letter that tells the customer."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from lims.core.text import Reason, Refused
from lims.recall import letters, rules, selectors, services
from lims.recall.forms import DecideForm
from lims.recall.models import RecallItem
from lims.recall.views.finding import found_case


@require_http_methods(["GET", "POST"])
def item(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    case = found_case(request, pk)
    found = selectors.item(request.user, case, item)
    if found is None:
        raise Http404
    reasons: tuple[Reason, ...] = ()
    form = DecideForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            services.decide(found, by=request.user, seen=request.POST.get("seen", ""), **form.cleaned_data)
        except Refused as refusal:
            reasons = refusal.reasons
            found.refresh_from_db()
        else:
            messages.success(request, _("已决定"))
            return redirect("recall:item", pk, item)
    kinds = [kind for kind in RecallItem.Kind if kind != RecallItem.Kind.STAND or found.decision == kind]
    context = {
        "case": case,
        "item": found,
        "decisions": selectors.decisions(request.user, found),
        "earlier": selectors.earlier_decisions(request.user, found),
        "letters": [(kind, letters.notice(found, kind)) for kind in kinds],
        "form": form,
        "reasons": reasons,
        "may_decide": rules.may_decide_in(case, request.user) is None,
        "refusals": [
            (kind, why) for kind in RecallItem.Kind if (why := rules.may_decide(found, kind, request.user)) is not None
        ],
    }
    return render(request, "recall/item.html", context, status=422 if reasons else 200)
