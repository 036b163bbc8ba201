"""Pages of a standard's file set: the dossier of a period, its papers, the changes."""

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from lims.core import clock
from standards import rules, services
from standards.forms import ChangeForm, DecisionForm, PaperForm, WithdrawForm
from standards.models import MeasurementStandard
from standards.periods import Period
from standards.selectors import capability as selectors
from standards.selectors.dossier import dossier, validity
from standards.selectors.standards import standards
from standards.views.posting import deed_page, original, refuse


def _standard(request: HttpRequest, code: str) -> MeasurementStandard:
    return get_object_or_404(standards(request.user), code=code)


def _address(standard: MeasurementStandard) -> str:
    return reverse("standards:dossier", args=[standard.code])


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@require_GET
def dossier_page(request: HttpRequest, code: str) -> HttpResponse:
    """The file set over the validity period up to today, or over the days asked for; every gap by name."""
    found = _standard(request, code)
    today = clock.today()
    asked = _day(request.GET.get("since", "")), _day(request.GET.get("until", ""))
    until = min(asked[1] or today, today)
    usual = validity(found, until)
    since = asked[0] or (usual.since if usual else None)
    period = Period(since, until) if since and since <= until else None
    return render(
        request,
        "standards/dossier.html",
        {
            "standard": found,
            "dossier": dossier(found, period) if period else None,
            "since": since,
            "until": until,
            "changes": selectors.changes(request.user).filter(standard=found),
            "may_keep": rules.may_keep_papers(request.user) is None,
            "may_open": rules.may_open_change(request.user) is None,
            "may_decide": rules.may_plan(request.user) is None,
            "today": today,
        },
    )


@require_http_methods(["GET", "POST"])
def paper_new(request: HttpRequest, code: str) -> HttpResponse:
    refuse(rules.may_keep_papers(request.user))
    found = _standard(request, code)

    def file(**fields: Any) -> None:
        services.file_paper(standard=found, **fields)

    form = PaperForm(request.POST or None, request.FILES or None, initial={"entry": request.GET.get("entry", "")})
    intro = _("上传文件，或写明文件在哪里、怎样保存。")
    return deed_page(request, form, file, title=_("归入文件"), back=_address(found), intro=intro)


@require_http_methods(["GET", "POST"])
def paper_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    refuse(rules.may_keep_papers(request.user))
    found = get_object_or_404(selectors.papers(request.user), pk=pk)
    refuse(rules.still_stands(found))

    def withdraw(**fields: Any) -> None:
        services.withdraw_paper(paper=found, **fields)

    title = _("撤回文件 %(paper)s") % {"paper": found}
    return deed_page(request, WithdrawForm(request.POST or None), withdraw, title=title, back=_address(found.standard))


@require_GET
def paper_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The paper as it was handed in, for those who may read standards."""
    found = get_object_or_404(selectors.papers(request.user), pk=pk)
    if found.file is None:
        raise Http404
    return original(found.file, f"{found.standard.code}-{found.entry:02d}-{found.title}")


@require_http_methods(["GET", "POST"])
def change_new(request: HttpRequest, code: str) -> HttpResponse:
    refuse(rules.may_open_change(request.user))
    found = _standard(request, code)

    def open_change(**fields: Any) -> None:
        services.open_change(standard=found, **fields)

    intro = _("设备或方法的变更在技术负责人作出决定之前，该计量标准不得使用。")
    return deed_page(
        request, ChangeForm(request.POST or None), open_change, title=_("登记变更"), back=_address(found), intro=intro
    )


@require_http_methods(["GET", "POST"])
def change_decide(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(selectors.changes(request.user), pk=pk)
    refuse(rules.may_decide_change(found, request.user))

    def decide(**fields: Any) -> None:
        services.decide_change(change=found, **fields)

    title = _("对变更作出决定：%(what)s") % {"what": found.what}
    intro = _(
        "测量不确定度、准确度等级或最大允许误差、量程、开展项目有变化的，应申请复查；处理方式以现行 JJF 1033 原文为准。"
    )
    return deed_page(
        request, DecisionForm(request.POST or None), decide, title=title, back=_address(found.standard), intro=intro
    )
