"""The page on which readings of a capture session become those of a standard's capability test."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from devices import rules, selectors, services
from devices.forms import SessionTestForm
from standards.rules import may_enter_test
from standards.selectors.capability import parameters
from standards.views.posting import attempt, done, form_page, refuse


@require_http_methods(["GET", "POST"])
def session_test(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Enters the test; the verdict is on the page of the standard one comes to."""
    found = get_object_or_404(selectors.sessions(request.user), pk=pk)
    refuse(may_enter_test(request.user), rules.session_is_over(found))
    form = SessionTestForm(
        request.POST or None, parameters=parameters(request.user), channels=selectors.channels_read(found)
    )
    reasons = ()
    if form.is_bound and form.is_valid():
        deed = form.deed()
        reasons = attempt(lambda: services.enter_test_from_session(found, by=request.user, **deed))
        if not reasons:
            code = form.cleaned_data["parameter"].standard.code
            return done(request, reverse("standards:capability", args=[code]))
    return form_page(
        request,
        form,
        title=_("从采集会话录入试验"),
        back=reverse("devices:session", args=[found.pk]),
        reasons=reasons,
        intro=_("读数逐位取自会话，并由原始帧重新译出核对；日期和试验人员取自会话。"),
    )
