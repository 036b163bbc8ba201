"""Issuing many certificates at once: choose and sign, watch, stop."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from certificates import rules, selectors
from certificates.forms import BulkFilterForm, BulkForm
from certificates.models import BulkItem
from certificates.services import bulk as services
from certificates.views.proof import proof
from instruments.selectors.work import tasks
from instruments.services.signing import Seen
from instruments.views.pile import ticked
from instruments.views.review import passkey_just_shown
from lims.core.paging import page
from lims.core.text import Refused, reason
from lims.people import rules as people_rules
from lims.people.models import Role
from lims.people.selectors import how_to_sign


@require_http_methods(["GET", "POST"])
def choose(request: HttpRequest) -> HttpResponse:
    """The checked tasks that wait for this approver, all ticked; signing begins the run."""
    if refusal := people_rules.has_role(request.user, Role.APPROVER):
        raise Refused(refusal)
    if request.method == "GET":
        return _choose(request)
    form = BulkForm(request.POST)
    try:
        if not form.is_valid():
            raise Refused(
                reason(
                    "form_invalid",
                    "页面数据不完整",
                    "The page's data is incomplete",
                    "请刷新页面后重试",
                    "Reload the page and try again",
                )
            )
        run = services.begin(
            _chosen(request, form), by=request.user, key=form.cleaned_data["key"], **proof(request, form)
        )
    except Refused as refused:
        return _choose(request, reasons=refused.reasons)
    return redirect("certificates:bulk_run", run.pk)


@require_POST
def approve_many(request: HttpRequest) -> HttpResponse:
    """Issues what was ticked on the page that shows each record in full."""
    try:
        seen, passphrase = ticked(request)
        run = services.begin(seen, by=request.user, key=uuid.uuid4(), passphrase=passphrase)
    except Refused as refused:
        return _choose(request, reasons=refused.reasons)
    return redirect("certificates:bulk_run", run.pk)


def _chosen(request: HttpRequest, form: BulkForm) -> list[Seen]:
    shown = form.chosen()[: rules.MOST_AT_ONCE + 1]
    found = tasks(request.user).in_bulk([task for task, _version, _sha256 in shown])
    return [Seen(found[task], version, sha256) for task, version, sha256 in shown if task in found]


def _choose(request: HttpRequest, *, reasons: tuple[Any, ...] = ()) -> HttpResponse:
    form = BulkFilterForm(request.GET or None)
    rows = selectors.approvable(request.user, **(form.cleaned_data if form.is_bound and form.is_valid() else {}))
    found = list(rows[: rules.MOST_AT_ONCE + 1])
    return render(
        request,
        "certificates/bulk_choose.html",
        {
            "filter_form": form,
            "tasks": found[: rules.MOST_AT_ONCE],
            "most": rules.MOST_AT_ONCE,
            "more": len(found) > rules.MOST_AT_ONCE,
            "form": BulkForm(initial={"key": uuid.uuid4()}),
            "sign": how_to_sign(request.user),
            "passkey": passkey_just_shown(request),
            "runs": selectors.bulk_runs(request.user).filter(by=request.user).order_by("-pk")[:10],
            "reasons": reasons,
        },
        status=422 if reasons else 200,
    )


@require_GET
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a run has come, renewed every two seconds until it has ended; what was refused stands first, with its reasons."""
    row = get_object_or_404(selectors.bulk_runs(request.user), pk=pk)
    items = row.items.select_related("task__instrument", "certificate").order_by("position")
    shown = page(items, order=("position", "pk"), after=request.GET.get("after", ""), size=100)
    more = f"?after={shown.after}" if shown.after else ""
    refused = items.filter(state=BulkItem.State.REFUSED)[: rules.MOST_AT_ONCE]
    return render(
        request,
        "certificates/bulk_run.html",
        {
            "run": row,
            "done": row.total - row.waiting,
            "refused": refused,
            "items": shown.rows,
            "more_url": more,
            "may_cancel": row.waiting and rules.may_cancel_bulk(row, request.user) is None,
        },
    )


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stops what has not begun."""
    row = get_object_or_404(selectors.bulk_runs(request.user), pk=pk)
    stopped = services.cancel(row, by=request.user)
    messages.info(request, _("已停止 %(count)d 项尚未开始的任务。") % {"count": stopped})
    return redirect("certificates:bulk_run", pk)
