"""Certificate pages for the people of the institute; customers use `lims.portal`."""

import json
from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from certificates import rules, selectors, services
from certificates.forms import CorrectForm, ReasonForm, ReplaceForm, SupplementForm, VoidForm
from certificates.models import Certificate
from certificates.services import correcting
from instruments.selectors.work import sees_everything
from instruments.views.review import approve_page, signature
from instruments.views.work import staff_task
from lims.audit.selectors import of_object
from lims.core import search
from lims.core.paging import page
from lims.core.text import Reason, Refused
from lims.people.models import Role
from lims.people.selectors import how_to_sign, roles_of


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """All certificates the viewer may see, newest first, with search and filters."""
    rows = selectors.certificates(request.user)
    query, state, kind = (request.GET.get(name, "").strip() for name in ("q", "state", "kind"))
    if query:
        rows = search.matching(rows, query)
    if state in Certificate.State.values:
        rows = rows.filter(state=state)
    if kind in Certificate.Kind.values:
        rows = rows.filter(kind=kind)
    shown = page(rows, order=("-taken_at", "-pk"), after=request.GET.get("after", ""))
    more = request.GET.copy()
    more["after"] = shown.after
    return render(
        request,
        "certificates/list.html",
        {
            "rows": [(row, selectors.standing(row)) for row in shown.rows],
            "more_url": f"?{more.urlencode()}" if shown.after else "",
            "query": query,
            "state": state,
            "kind": kind,
            "states": Certificate.State.choices,
            "kinds": Certificate.Kind.choices,
            "inside": sees_everything(request.user),
            "may_approve": Role.APPROVER in roles_of(request.user),
        },
    )


@require_GET
def detail(request: HttpRequest, number: str) -> HttpResponse:
    """One certificate: what it says, where it stands, its files and its history."""
    return detail_page(request, get_object_or_404(selectors.certificates(request.user), number=number))


def detail_page(
    request: HttpRequest,
    certificate: Certificate,
    *,
    withdraw_form: ReasonForm | None = None,
    replace_form: ReplaceForm | None = None,
    correct_form: CorrectForm | None = None,
    supplement_form: SupplementForm | None = None,
    void_form: VoidForm | None = None,
    reasons: Sequence[Reason] = (),
) -> HttpResponse:
    """The page of a certificate; a form that was refused comes back in it with the reasons."""
    successors = selectors.successors(request.user, certificate)
    wrong = bool(reasons) or any(form is not None and form.errors for form in (withdraw_form, replace_form))
    inside = sees_everything(request.user)
    correction = selectors.correction_of(certificate) if inside else None
    may_supplement = rules.may_supplement(certificate, request.user) is None
    return render(
        request,
        "certificates/detail.html",
        {
            "certificate": certificate,
            "facts": json.loads(certificate.facts),
            "standing": selectors.standing(certificate),
            "sealed": selectors.sealed(certificate),
            "events": of_object(certificate),
            "withdrawal": rules.may_withdraw(certificate, request.user),
            "form": withdraw_form or ReasonForm(),
            "replace_form": replace_form or ReplaceForm(successors=successors),
            "successors": successors,
            "correction": correction,
            "may_correct": correction is None and rules.may_correct(certificate, request.user) is None,
            "may_give_up": correction is not None and rules.may_give_up(correction, request.user) is None,
            "correct_form": correct_form or CorrectForm(),
            "supplements": selectors.supplements_of(request.user, certificate),
            "may_supplement": may_supplement,
            "supplement_form": supplement_form or SupplementForm(),
            "sign": how_to_sign(request.user) if may_supplement else "",
            "may_void": inside and rules.may_void(certificate, request.user) is None,
            "void_form": void_form or VoidForm(),
            "may_reissue": inside and rules.may_reissue(certificate, request.user) is None,
            "recall": selectors.recalls(request.user).filter(certificate=certificate).first(),
            "replaces": certificate.replaces.order_by("pk"),
            "changed_on": selectors.changed_on(certificate),
            "reasons": reasons,
            "may_trace": not roles_of(request.user) <= {Role.CUSTOMER},
        },
        status=422 if wrong else 200,
    )


@require_GET
def download(request: HttpRequest, number: str) -> HttpResponse:
    """The sealed PDF itself; every download is noted in the event log."""
    certificate = get_object_or_404(selectors.certificates(request.user), number=number)
    if selectors.sealed(certificate) is None:
        messages.info(request, _("证书正在签发，请稍候再下载。"))
        return redirect("certificates:detail", number=number)
    data = selectors.pdf(certificate)
    services.note_download(certificate, by=request.user)
    return HttpResponse(
        data, content_type="application/pdf", headers={"Content-Disposition": f'attachment; filename="{number}.pdf"'}
    )


@require_http_methods(["GET", "POST"])
def approve(request: HttpRequest, number: str) -> HttpResponse:
    """Approves a task and issues its certificate in one step; a refusal shows the approval page with its reasons."""
    task = staff_task(request, number)
    if request.method == "GET":
        return redirect("instruments:task_approve", number)
    try:
        certificate = services.approve_and_issue(task, by=request.user, **signature(request))
    except Refused as refused:
        return approve_page(request, staff_task(request, number), reasons=refused.reasons)
    messages.success(request, _("已批准。证书 %(number)s 正在盖章。") % {"number": certificate.number})
    return redirect("certificates:detail", number=certificate.number)


@require_POST
def correct(request: HttpRequest, number: str) -> HttpResponse:
    """Opens the task of a wrong certificate again, with the reason."""
    certificate = get_object_or_404(selectors.certificates(request.user), number=number)
    form = CorrectForm(request.POST)
    given = form.cleaned_data["reason"] if form.is_valid() else ""
    try:
        correcting.open_correction(certificate, by=request.user, reason=given)
    except Refused as refused:
        return detail_page(request, certificate, correct_form=form, reasons=refused.reasons)
    messages.success(request, _("任务已退回检定员更正；更正后的证书签发时自动替代此证书。"))
    return redirect("instruments:task_detail", certificate.task.number)


@require_POST
def keep(request: HttpRequest, number: str) -> HttpResponse:
    """Gives a correction up, with the reason."""
    certificate = get_object_or_404(selectors.certificates(request.user), number=number)
    form, correction = CorrectForm(request.POST), selectors.correction_of(certificate)
    if correction is None:
        return redirect("certificates:detail", number=number)
    try:
        correcting.give_up(correction, by=request.user, reason=form.data.get("reason", ""))
    except Refused as refused:
        return detail_page(request, certificate, correct_form=form, reasons=refused.reasons)
    messages.success(request, _("已放弃更正，证书保持不变。"))
    return redirect("certificates:detail", number=number)


@require_POST
def void(request: HttpRequest, number: str) -> HttpResponse:
    """Gives up a number whose document cannot be sealed, with the reason."""
    certificate = get_object_or_404(selectors.certificates(request.user), number=number)
    form = VoidForm(request.POST)
    try:
        services.void_number(certificate, by=request.user, reason=form.data.get("reason", ""))
    except Refused as refused:
        return detail_page(request, certificate, void_form=form, reasons=refused.reasons)
    messages.success(request, _("编号已作废，保留在序列中；批准人可在此页重新签发。"))
    return redirect("certificates:detail", number=number)


@require_POST
def reissue(request: HttpRequest, number: str) -> HttpResponse:
    """Issues what a voided number was to certify under the next number."""
    certificate = get_object_or_404(selectors.certificates(request.user), number=number)
    try:
        made = services.reissue(certificate, by=request.user)
    except Refused as refused:
        return detail_page(request, certificate, reasons=refused.reasons)
    messages.success(request, _("已重新签发。%(number)s 正在盖章。") % {"number": made.number})
    return redirect("certificates:detail", number=made.number)


@require_POST
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """Withdraws a certificate with a reason."""
    certificate = get_object_or_404(selectors.certificates(request.user), number=number)
    form = ReasonForm(request.POST)
    given = form.cleaned_data["reason"] if form.is_valid() else ""
    try:
        services.withdraw(certificate, by=request.user, reason=given)
    except Refused as refused:
        return detail_page(request, certificate, withdraw_form=form, reasons=refused.reasons)
    messages.success(request, _("证书已撤回，公开查询页面即时生效。"))
    return redirect("certificates:detail", number=number)


@require_POST
def replace(request: HttpRequest, number: str) -> HttpResponse:
    """Marks a certificate as replaced by a later one of the same instrument, with a reason."""
    certificate = get_object_or_404(selectors.certificates(request.user), number=number)
    form = ReplaceForm(request.POST, successors=selectors.successors(request.user, certificate))
    if why := rules.may_withdraw(certificate, request.user):
        return detail_page(request, certificate, reasons=[why])
    if not form.is_valid():
        return detail_page(request, certificate, replace_form=form)
    successor, given = form.cleaned_data["successor"], form.cleaned_data["reason"]
    try:
        services.replace_by(certificate, successor, by=request.user, reason=given)
    except Refused as refused:
        return detail_page(request, certificate, replace_form=form, reasons=refused.reasons)
    messages.success(request, _("已记录替代关系，公开查询页面即时生效。"))
    return redirect("certificates:detail", number=number)
