"""Checking and approving: what was recorded, what was corrected, with what, and the signature."""

import json
import time
from collections.abc import Iterable
from typing import Any

from allauth.account.authentication import get_authentication_records
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from instruments.forms.work import ApproveForm, PassphraseForm, ReasonForm, SignForm
from instruments.models import Entry, Record, Task
from instruments.rules import states
from instruments.rules.record import column_of
from instruments.rules.work import Deed
from instruments.selectors import places
from instruments.selectors.record import Sheet, entries_of, sheet
from instruments.services import work as services
from instruments.services.entries import is_corrected
from instruments.views.layout import Layout
from instruments.views.work import staff_task
from lims.core import canonical, clock
from lims.core.text import Refused, Text, reason
from lims.people.selectors import how_to_sign
from lims.people.views.posting import password_try_counts
from standards.procedures import result_tables
from standards.selectors.procedures import confirmed_paths

# A passkey shown this many seconds ago still counts for one approval.
PROOF_SECONDS = 120
WHY: dict[str, Text] = {
    Entry.Why.MISREAD: Text("读错示值", "misread"),
    Entry.Why.TYPING_SLIP: Text("录入笔误", "typing slip"),
    Entry.Why.REMEASURED: Text("重新测量", "measured again"),
    Entry.Why.WRONG_CELL: Text("填错位置", "wrong place"),
    Entry.Why.DISTURBED: Text("测量受到干扰", "measurement disturbed"),
    Entry.Why.OTHER: Text("其他", "other"),
}


@sensitive_post_parameters("passphrase")
@require_http_methods(["GET", "POST"])
def task_check(request: HttpRequest, number: str) -> HttpResponse:
    """The checker looks at everything and confirms, or returns it."""
    task = staff_task(request, number)
    if request.method == "GET":
        return _review(request, task, verb="check")
    form = PassphraseForm(request.POST)
    if not form.is_valid():
        return _review(request, task, verb="check")
    try:
        services.check(task, by=request.user, **form.cleaned_data)
    except Refused as refused:
        return _review(request, staff_task(request, number), verb="check", reasons=refused.reasons)
    messages.success(request, _("核验通过，等待批准"))
    return redirect("instruments:task_detail", number)


@require_safe
def task_approve(request: HttpRequest, number: str) -> HttpResponse:
    """The page to approve on. Signing it also issues the certificate, so the signature goes to the certificates app."""
    return approve_page(request, staff_task(request, number))


def approve_page(request: HttpRequest, task: Task, *, reasons: tuple[Any, ...] = ()) -> HttpResponse:
    """The page to approve on, with the reasons of a refusal; also for whoever approves and issues in one step."""
    return _review(request, task, verb="approve", reasons=reasons)


def signature(request: HttpRequest) -> dict[str, Any]:
    """What an approval page sent, as keyword arguments of `approve`. Raises Refused for too many wrong passwords."""
    keyed = how_to_sign(request.user) == "key"
    form = (PassphraseForm if keyed else ApproveForm)(request.POST)
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
    if keyed:
        return form.cleaned_data
    shown = passkey_just_shown(request)
    if shown:
        request.session["approval_proof_used"] = shown
    else:
        password_try_counts(request, form.cleaned_data["password"])
    return {**form.cleaned_data, "reauthenticated": bool(shown)}


def passkey_just_shown(request: HttpRequest) -> float:
    """When the person last proved himself by passkey for this purpose; 0 when not lately, or when it was used up."""
    used = float(request.session.get("approval_proof_used", 0))
    times = [
        float(one.get("at", 0))
        for one in get_authentication_records(request, request.user)
        if one.get("method") == "mfa" and one.get("type") == "webauthn" and one.get("reauthenticated")
    ]
    last = max(times, default=0.0)
    return last if last > used and time.time() - last < PROOF_SECONDS else 0.0


@require_POST
def task_return(request: HttpRequest, number: str) -> HttpResponse:
    """Back to the technician, with a reason."""
    task = staff_task(request, number)
    verb = "approve" if task.state == Task.State.CHECKED else "check"
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _review(request, task, verb=verb, return_form=form)
    data = form.cleaned_data
    try:
        services.return_(task, by=request.user, version=data["version"], reason=data["reason"])
    except Refused as refused:
        return _review(request, staff_task(request, number), verb=verb, reasons=refused.reasons, return_form=form)
    messages.success(request, _("已退回检定员"))
    return redirect("instruments:task_detail", number)


def _review(
    request: HttpRequest,
    task: Task,
    *,
    verb: str,
    reasons: tuple[Any, ...] = (),
    return_form: ReasonForm | None = None,
) -> HttpResponse:
    record = task.records.filter(state=Record.State.FROZEN).order_by("-attempt").first()
    if record is None:
        raise Http404(_("任务还没有提交的记录"))
    record.task = task
    entries = list(entries_of(record).select_related("by", "replaces"))
    page = sheet(record, entries)
    facts = json.loads(record.facts)
    refusals = refusals_for(task, verb, request.user)
    initial = {"version": task.version, "record_sha256": record.sha256}
    sign = how_to_sign(request.user)
    by_password = verb == "approve" and sign == "unsigned"
    passkey = passkey_just_shown(request) if by_password else 0.0
    return render(
        request,
        "instruments/review.html",
        {
            "verb": verb,
            "task": task,
            "record": record,
            "facts": facts,
            "intact": canonical.sha256(facts) == record.sha256,
            "tables": result_tables(page.pack, page.data, page.evaluation, audience="record"),
            "result": page.evaluation.as_json(),
            "environment": Layout(page, editable=False, confirmed=confirmed_paths(task.procedure)).environment(),
            "corrections": told_values(page, corrections(entries)),
            "typed": told_values(page, _typed_instead_of_read(page)),
            "values": told_values(page, page.entries.values()),
            "changes": told_values(page, [one for one in entries if one.record_id == record.pk and record.attempt > 1]),
            "refusals": refusals,
            "reasons": reasons,
            "form": (ApproveForm if by_password else SignForm)(initial=initial),
            "sign": sign,
            "by_password": by_password,
            "passkey": passkey,
            "action": action(task, verb),
            "return_form": return_form or ReasonForm(initial={"version": task.version}),
            "may_return": not refusals_for(task, "return", request.user, reason_text="…………"),
        },
        status=422 if reasons else 200,
    )


def refusals_for(task: Task, verb: str, by: Any, *, reason_text: str = "") -> list[Any]:
    """Why this person could not do the verb now: greys the button with the very rules that would refuse the POST."""
    people = {"technician": task.technician, "checker": task.checker, "approver": task.approver}
    acts_as = states.MOVES[verb].acts_as
    if acts_as and people[acts_as] is None:
        people[acts_as] = by
    return states.refusals(Deed(task=task, verb=verb, by=by, day=clock.today(), reason=reason_text, **people))


def action(task: Task, verb: str) -> str:
    """Where the signature of a page goes."""
    address = "certificates:approve" if verb == "approve" else f"instruments:task_{verb}"
    return reverse(address, args=[task.number])


def _typed_instead_of_read(page: Sheet) -> list[Entry]:
    """Values that a person typed although the procedure expects them from a rig."""
    found = []
    for path, entry in page.entries.items():
        column = column_of(page, path) if path.startswith("items.") else None
        if column is not None and column.source == "rig" and entry.origin == Entry.Origin.TYPED and entry.value:
            found.append(entry)
    return found


def corrections(entries: Iterable[Entry]) -> list[Entry]:
    """The entries that took the place of another value."""
    return [one for one in entries if is_corrected(one)]


def told_values(page: Sheet, entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Entries as a reader wants them: what place, which value, how it came, by whom and when, and why it changed."""
    return [
        {
            "place": places.label(page.pack, entry.path),
            "path": entry.path,
            "value": entry.value,
            "old": entry.replaces.value if entry.replaces else "",
            "origin": entry.origin,
            "origin_text": Text("装置", "rig") if entry.origin == Entry.Origin.RIG else Text("手工", "typed"),
            "by": entry.by,
            "at": entry.at,
            "why": WHY.get(entry.why_code),
            "why_text": entry.why,
        }
        for entry in entries
    ]
