"""Pages of a standard's capability: its plan, its parameters with their tests and charts."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from lims.core import clock
from standards import rules, services
from standards.forms import CapabilityTestForm, ParameterForm, PlanForm, WithdrawForm
from standards.models import CapabilityTest, MeasurementStandard, Parameter
from standards.selectors import capability as selectors
from standards.selectors.standards import standards
from standards.views.chart_plot import plot
from standards.views.posting import attempt, deed_page, done, form_page, refuse

_CHARTED = (CapabilityTest.Kind.CHECK, CapabilityTest.Kind.STABILITY)


def _address(standard: MeasurementStandard) -> str:
    return reverse("standards:capability", args=[standard.code])


def _standard(request: HttpRequest, code: str) -> MeasurementStandard:
    return get_object_or_404(standards(request.user), code=code)


def _parameter(request: HttpRequest, pk: int) -> Parameter:
    return get_object_or_404(selectors.parameters(request.user), pk=pk)


@require_GET
def capability(request: HttpRequest, code: str) -> HttpResponse:
    """What is late, and per parameter every test with its verdict and the control charts."""
    found = _standard(request, code)
    plan = selectors.plan_of(found)
    today = clock.today()
    tests: dict[int, list[CapabilityTest]] = {}
    for test in selectors.tests(request.user).filter(parameter__standard=found):
        tests.setdefault(test.parameter_id, []).append(test)
    rows = [
        {
            "parameter": one,
            "tests": tests.get(one.pk, []),
            "plots": [
                plot(chart)
                for kind in _CHARTED
                if (chart := selectors.control_chart(tests.get(one.pk, []), kind)) is not None
            ],
        }
        for one in selectors.parameters(request.user).filter(standard=found)
    ]
    return render(
        request,
        "standards/capability.html",
        {
            "standard": found,
            "plan": plan,
            "late": selectors.late_on([plan], today).get(found.pk, []) if plan else [],
            "rows": rows,
            "may_plan": rules.may_plan(request.user) is None,
            "may_enter": rules.may_enter_test(request.user) is None,
        },
    )


@require_http_methods(["GET", "POST"])
def plan_edit(request: HttpRequest, code: str) -> HttpResponse:
    refuse(rules.may_plan(request.user))
    found = _standard(request, code)

    def plan(**fields: Any) -> None:
        services.set_plan(standard=found, **fields)

    form = PlanForm(request.POST or None, instance=selectors.plan_of(found))
    intro = _("间隔按月计，到期月份的最后一天为限。")
    return deed_page(request, form, plan, title=_("考核计划"), back=_address(found), intro=intro)


@require_http_methods(["GET", "POST"])
def parameter_new(request: HttpRequest, code: str) -> HttpResponse:
    refuse(rules.may_plan(request.user))
    found = _standard(request, code)

    def add(**fields: Any) -> None:
        services.add_parameter(standard=found, **fields)

    intro = _("每个参数分别考核；测量范围宽的，可按段各取一点。")
    return deed_page(
        request, ParameterForm(request.POST or None), add, title=_("登记参数"), back=_address(found), intro=intro
    )


@require_http_methods(["GET", "POST"])
def parameter_edit(request: HttpRequest, pk: int) -> HttpResponse:
    refuse(rules.may_plan(request.user))
    found = _parameter(request, pk)

    def change(**fields: Any) -> None:
        # The form has already written into `found`; the service compares with what is stored.
        services.change_parameter(parameter=Parameter.objects.get(pk=found.pk), **fields)

    form = ParameterForm(request.POST or None, instance=found)
    return deed_page(request, form, change, title=_("修改参数"), back=_address(found.standard))


@require_http_methods(["GET", "POST"])
def test_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Enters a test; the verdict is on the page one comes back to."""
    refuse(rules.may_enter_test(request.user))
    found = _parameter(request, pk)
    initial = {"kind": request.GET.get("kind", ""), "performed_by": request.user.pk}
    form = CapabilityTestForm(request.POST or None, initial=initial)
    reasons = ()
    if form.is_bound and form.is_valid():
        deed = form.deed()
        if not (reasons := attempt(lambda: services.enter_test(by=request.user, parameter=found, **deed))):
            return done(request, _address(found.standard))
    title = _("录入试验：%(parameter)s") % {"parameter": found}
    intro = _("读数以 %(unit)s 计。录入后立即评定，不能修改；有误时撤回后重新录入。") % {"unit": found.unit}
    return form_page(request, form, title=title, back=_address(found.standard), reasons=reasons, intro=intro)


@require_http_methods(["GET", "POST"])
def test_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    refuse(rules.may_enter_test(request.user))
    found = get_object_or_404(selectors.tests(request.user), pk=pk)
    refuse(rules.still_stands(found))

    def withdraw(**fields: Any) -> None:
        services.withdraw_test(test=found, **fields)

    title = _("撤回试验 %(test)s") % {"test": found}
    return deed_page(
        request, WithdrawForm(request.POST or None), withdraw, title=title, back=_address(found.parameter.standard)
    )
