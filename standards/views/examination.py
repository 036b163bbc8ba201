"""The guided page of establishment and re-examination, its deeds, and the application form to be printed."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from lims.core import clock
from standards import rules, services
from standards.forms import ExaminationForm, ResultForm, SubmissionForm, WithdrawForm
from standards.models import ExaminationCase, MeasurementStandard
from standards.selectors.application import application
from standards.selectors.examinations import current_case, examinations
from standards.selectors.standards import standards
from standards.views.posting import deed_page, refuse


def _standard(request: HttpRequest, code: str) -> MeasurementStandard:
    return get_object_or_404(standards(request.user), code=code)


def _case(request: HttpRequest, pk: int) -> ExaminationCase:
    return get_object_or_404(examinations(request.user), pk=pk)


def _address(standard: MeasurementStandard) -> str:
    return reverse("standards:examination", args=[standard.code])


def _chosen(request: HttpRequest, standard: MeasurementStandard) -> ExaminationCase | None:
    """The case asked for by ?case=, of this standard; else the one under way."""
    if (asked := request.GET.get("case", "")).isdecimal() and len(asked) < 19:
        return get_object_or_404(examinations(request.user), pk=asked, standard=standard)
    return current_case(standard)


@require_GET
def examination(request: HttpRequest, code: str) -> HttpResponse:
    """Every step to the licences or to their renewal, what is there and what is missing, each leading to its page."""
    found = _standard(request, code)
    case, today = _chosen(request, found), clock.today()
    keeps = rules.may_keep_standards(request.user) is None
    return render(
        request,
        "standards/examination.html",
        {
            "standard": found,
            "case": case,
            "guide": rules.guide(found, case, today),
            "plan": getattr(found, "plan", None),
            "today": today,
            "past": examinations(request.user).filter(standard=found),
            "chosen": "case" in request.GET,
            "may_begin": keeps and rules.no_open_case(found) is None,
            "may_submit": keeps and case is not None and case.open and case.submitted_on is None,
            "may_enter": keeps and case is not None and case.open and case.submitted_on is not None,
            "may_abandon": keeps and case is not None and case.open,
            "may_keep": keeps,
        },
    )


@require_http_methods(["GET", "POST"])
def examination_new(request: HttpRequest, code: str) -> HttpResponse:
    refuse(rules.may_keep_standards(request.user))
    found = _standard(request, code)

    def begin(**fields: Any) -> None:
        services.open_examination(standard=found, **fields)

    usual = rules.guide(found, None, clock.today()).kind
    form = ExaminationForm(request.POST or None, initial={"kind": usual})
    intro = _("开始之后，页面按步骤列出已有的和缺少的材料。")
    return deed_page(request, form, begin, title=_("开始准备考核"), back=_address(found), intro=intro)


@require_http_methods(["GET", "POST"])
def examination_submit(request: HttpRequest, pk: int) -> HttpResponse:
    refuse(rules.may_keep_standards(request.user))
    found = _case(request, pk)

    def submit(**fields: Any) -> None:
        services.submit_examination(case=found, **fields)

    form = SubmissionForm(request.POST or None, initial={"contact": str(request.user)})
    return deed_page(request, form, submit, title=_("登记提交申请"), back=_address(found.standard))


@require_http_methods(["GET", "POST"])
def examination_result(request: HttpRequest, pk: int) -> HttpResponse:
    refuse(rules.may_keep_standards(request.user))
    found = _case(request, pk)

    def enter(**fields: Any) -> None:
        services.record_examination(case=found, **fields)

    intro = _("需要整改的，整改后再次登记结果；以前的结果留在经历中。")
    form = ResultForm(request.POST or None)
    return deed_page(request, form, enter, title=_("登记考核结果"), back=_address(found.standard), intro=intro)


@require_http_methods(["GET", "POST"])
def examination_abandon(request: HttpRequest, pk: int) -> HttpResponse:
    refuse(rules.may_keep_standards(request.user))
    found = _case(request, pk)

    def abandon(**fields: Any) -> None:
        services.abandon_examination(case=found, **fields)

    form = WithdrawForm(request.POST or None)
    return deed_page(request, form, abandon, title=_("终止申请"), back=_address(found.standard))


@require_GET
def application_page(request: HttpRequest, code: str) -> HttpResponse:
    """The application form (计量标准考核（复查）申请书) filled from the data, to be printed, signed and sealed."""
    found = _standard(request, code)
    case, today = _chosen(request, found), clock.today()
    day = case.submitted_on if case and case.submitted_on else None
    return render(
        request,
        "standards/application.html",
        {
            "standard": found,
            "case": case,
            "form": application(found, day or today),
            "guide": rules.guide(found, case, today),
            "day": day,
        },
    )
