"""The list of cases, and one case: what was stated, what is touched, how far it is computed, what is decided."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from lims.audit.selectors import of_object
from lims.core.paging import page
from lims.core.text import Reason, Refused
from lims.recall import rules, selectors, services
from lims.recall.forms import CloseForm, DecideForm
from lims.recall.models import RecallCase, RecallItem
from lims.recall.views.finding import chosen, chosen_form, found_case, readers_only
from lims.recall.wording import of_line

FURTHER = 20
"""Decisions left behind, and certificates refused, that the page names."""
MOST_RECORDS = 200


@require_GET
def case_list(request: HttpRequest) -> HttpResponse:
    """Newest first."""
    readers_only(request)
    shown = page(selectors.cases(request.user), order=("-opened_at", "-pk"), after=request.GET.get("after", ""))
    context = {
        "rows": shown.rows,
        "more_url": f"?after={shown.after}" if shown.after else "",
        "may_open": rules.may_open(request.user) is None,
    }
    return render(request, "recall/list.html", context)


@require_GET
def case(request: HttpRequest, pk: int) -> HttpResponse:
    return _case_page(request, found_case(request, pk))


@require_GET
def case_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the computation is, asked for every other second; the whole page anew when it is done."""
    found = found_case(request, pk)
    done, touched = selectors.progress(request.user, found)
    answer = render(request, "recall/progress.html", {"case": found, "done": done, "touched": touched})
    if found.state != RecallCase.State.COMPUTING:
        answer.headers["HX-Refresh"] = "true"
    return answer


@require_GET
def uncertified(request: HttpRequest, pk: int) -> HttpResponse:
    """Records measured with a device concerned, of which no certificate was numbered. A page of its own: finding them takes a look
    at every record of the device."""
    found = found_case(request, pk)
    rows = list(selectors.uncertified(request.user, found).defer("facts", "parameters")[: MOST_RECORDS + 1])
    context = {"case": found, "rows": rows[:MOST_RECORDS], "more": len(rows) > MOST_RECORDS, "most": MOST_RECORDS}
    return render(request, "recall/uncertified.html", context)


def _case_page(
    request: HttpRequest,
    found: RecallCase,
    *,
    reasons: tuple[Reason, ...] = (),
    refused: tuple[tuple[RecallItem, tuple[Reason, ...]], ...] = (),
    decide_form: DecideForm | None = None,
    close_form: CloseForm | None = None,
) -> HttpResponse:
    viewer = request.user
    totals = selectors.totals(viewer, found)
    form = chosen_form(request.GET, totals)
    shown = selectors.case_items(viewer, found, chosen(form), after=request.GET.get("after", ""))
    more = request.GET.copy()
    more["after"] = shown.after
    kept = request.GET.copy()
    kept.pop("after", None)
    done, touched = selectors.progress(viewer, found)
    left = selectors.left_decisions(viewer, found) if found.supersedes_id and found.traced_at else ()
    context = {
        "case": found,
        "superseded_by": getattr(found, "superseded_by", None),
        "lines": [(one, of_line(one)) for one in selectors.lines(viewer, found)],
        "reaches": selectors.reaches(viewer, found),
        "totals": totals,
        "done": done,
        "touched": touched,
        "form": form,
        "rows": shown.rows,
        "filtered": kept.urlencode(),
        "more_url": f"?{more.urlencode()}" if shown.after else "",
        "left": left[:FURTHER],
        "may_edit": rules.may_restate(found, viewer) is None,
        "may_trace": rules.may_trace(found, viewer) is None,
        "may_compute": rules.may_compute(found, viewer) is None,
        "may_supersede": rules.may_supersede(found, viewer) is None,
        "may_decide": rules.may_decide_in(found, viewer) is None,
        "may_open": rules.may_open(viewer) is None,
        "why_not_close": rules.may_close(found, viewer, totals.undecided),
        "decide_form": decide_form or DecideForm(auto_id="id_decide_%s"),
        "close_form": close_form or CloseForm(auto_id="id_close_%s"),
        "reasons": reasons,
        "refused": refused[:FURTHER],
        "further_refused": len(refused[FURTHER:]),
        "events": of_object(found),
    }
    return render(request, "recall/case.html", context, status=422 if reasons else 200)


def _step(request: HttpRequest, pk: int, deed: Callable[[RecallCase], object]) -> HttpResponse:
    """Does the next step of a case; a refusal is shown on its page."""
    found = found_case(request, pk)
    try:
        deed(found)
    except Refused as refusal:
        found.refresh_from_db()
        return _case_page(request, found, reasons=refusal.reasons)
    return redirect("recall:case", pk)


@require_POST
def case_trace(request: HttpRequest, pk: int) -> HttpResponse:
    return _step(request, pk, lambda found: services.trace(found, by=request.user))


@require_POST
def case_compute(request: HttpRequest, pk: int) -> HttpResponse:
    return _step(request, pk, lambda found: services.compute(found, by=request.user))


@require_POST
def case_close(request: HttpRequest, pk: int) -> HttpResponse:
    found, form = found_case(request, pk), CloseForm(request.POST, auto_id="id_close_%s")
    if not form.is_valid():
        return _case_page(request, found, close_form=form)
    return _step(request, pk, lambda one: services.close(one, by=request.user, closing=form.cleaned_data["closing"]))


@require_POST
def decide_many(request: HttpRequest, pk: int) -> HttpResponse:
    """The ticked certificates, or with `which=all` every undecided one that the filter of the page shows."""
    found, form = found_case(request, pk), DecideForm(request.POST, auto_id="id_decide_%s")
    if not form.is_valid():
        return _case_page(request, found, decide_form=form)
    everything = request.POST.get("which") == "all"
    ticked = [int(one) for one in request.POST.getlist("item") if one.isascii() and one.isdecimal() and len(one) < 19]
    if not everything and not ticked:
        form.add_error(None, _("没有勾选证书"))
        return _case_page(request, found, decide_form=form)
    narrow = chosen(chosen_form(request.GET, selectors.totals(request.user, found)))
    try:
        outcome = services.decide_many(
            found, by=request.user, kind=form.cleaned_data["kind"], reason=form.cleaned_data["reason"],
            chosen=narrow, items=() if everything else ticked,
        )  # fmt: skip
    except Refused as refusal:
        return _case_page(request, found, reasons=refusal.reasons, decide_form=form)
    if outcome.refused:
        messages.warning(
            request,
            _("已决定 %(done)d 份，%(refused)d 份未能执行")
            % {"done": outcome.decided, "refused": len(outcome.refused)},
        )
        found.refresh_from_db()
        return _case_page(request, found, refused=outcome.refused, decide_form=form)
    messages.success(request, _("已决定 %(done)d 份") % {"done": outcome.decided})
    return redirect(f"{reverse('recall:case', args=[pk])}?{request.GET.urlencode()}")
