"""Recalls in the customer's own pages: what may no longer be used, and the confirmation that it is known."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from certificates import rules, selectors
from certificates.services import notices as services
from lims.core.paging import page
from lims.core.text import Refused
from lims.people import rules as people_rules
from lims.people.models import Role


@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    """The recalls of the viewer's organisation, newest first."""
    if refusal := people_rules.has_role(request.user, Role.CUSTOMER):
        raise Refused(refusal)
    shown = page(
        selectors.recalls(request.user), order=("-made_at", "-pk"), after=request.GET.get("after", ""), size=30
    )
    rows = [(row, rules.may_confirm_recall(row, request.user) is None) for row in shown.rows]
    return render(
        request, "portal/notices.html", {"rows": rows, "more_url": f"?after={shown.after}" if shown.after else ""}
    )


@require_POST
def seen(request: HttpRequest, pk: int) -> HttpResponse:
    """The customer confirms having seen a recall."""
    recall = get_object_or_404(selectors.recalls(request.user), pk=pk)
    services.confirm_seen(recall, by=request.user)
    messages.success(request, _("已确认。谢谢您停止使用证书 %(number)s。") % {"number": recall.certificate.number})
    return redirect("portal:notices")
