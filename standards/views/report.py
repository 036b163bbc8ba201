"""The technical report of a standard: the page to read and print, and the parts that a person writes."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from lims.core import clock
from standards import rules, services
from standards.forms import ReportTextForm
from standards.models import CapabilityTest, ReportText
from standards.selectors import capability, report
from standards.selectors.standards import standards
from standards.views.chain_drawing import draw, walk
from standards.views.posting import deed_page, refuse

_KIND = CapabilityTest.Kind
_WRITTEN = {str(part) for part in ReportText.Part if part != ReportText.Part.BUDGET}


@require_GET
def report_page(request: HttpRequest, code: str) -> HttpResponse:
    """Twelve sections; what nobody has written or measured yet says so."""
    found = get_object_or_404(standards(request.user), code=code)
    made = report.report(found, clock.today())
    return render(
        request,
        "standards/report.html",
        {
            "standard": found,
            "report": made,
            "drawing": draw(made.chain),
            "links": list(walk(made.chain)),
            "stability": made.tests[_KIND.STABILITY],
            "repeatability": made.tests[_KIND.REPEATABILITY],
            "verification": made.tests[_KIND.VERIFICATION],
            "may_write": rules.may_keep_standards(request.user) is None,
        },
    )


@require_http_methods(["GET", "POST"])
def report_write(request: HttpRequest, code: str, part: str) -> HttpResponse:
    """Writes one part of the report of the whole standard."""
    refuse(rules.may_keep_standards(request.user))
    found = get_object_or_404(standards(request.user), code=code)
    if part not in _WRITTEN:
        raise Http404

    def write(**fields: Any) -> None:
        services.write_report_text(standard=found, part=part, **fields)

    form = ReportTextForm(request.POST or None, initial={"text": report.text_of(found, part)})
    back = reverse("standards:report", args=[found.code])
    return deed_page(request, form, write, title=ReportText.Part(part).label, back=back)


@require_http_methods(["GET", "POST"])
def budget_write(request: HttpRequest, pk: int) -> HttpResponse:
    """Writes the uncertainty budget of a parameter; it is evaluated before it is kept."""
    refuse(rules.may_keep_standards(request.user))
    found = get_object_or_404(capability.parameters(request.user), pk=pk)

    def write(**fields: Any) -> None:
        services.write_report_text(standard=found.standard, parameter=found, part=ReportText.Part.BUDGET, **fields)

    form = ReportTextForm(request.POST or None, initial={"text": report.budget_of(found)})
    title = _("不确定度预算：%(parameter)s") % {"parameter": found}
    intro = _("TOML 格式，与 manage.py uncertainty 相同；保存前先求值，有误时指出位置。")
    back = reverse("standards:report", args=[found.standard.code])
    return deed_page(request, form, write, title=title, back=back, intro=intro)
