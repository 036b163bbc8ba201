"""Pages of tasks: the list, acceptance, one task with its next steps."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from instruments.forms.work import (
    ApplicationForm,
    ExceptionForm,
    PeopleForm,
    ReasonForm,
    StartForm,
    TaskFilterForm,
    WantedForm,
)
from instruments.models import Task
from instruments.rules import panel, states
from instruments.selectors import work as selectors
from instruments.services import recording
from instruments.services import work as services
from instruments.views.steps import steps, timeline
from lims.core import clock
from lims.core.paging import page
from lims.core.text import Refused
from lims.people import rules as people_rules
from lims.people.models import Role


def find_task(request: HttpRequest, number: str) -> Task:
    """The task if the viewer may see it; otherwise there is no such page."""
    try:
        return selectors.task(request.user, number)
    except Task.DoesNotExist:
        raise Http404(_("没有这个任务，或您无权查看")) from None


def staff_task(request: HttpRequest, number: str) -> Task:
    """The task for people who may see everything about it; a customer is told that there is no such page."""
    if not selectors.sees_everything(request.user):
        raise Http404(_("没有这个任务，或您无权查看"))
    return find_task(request, number)


@require_GET
def task_list(request: HttpRequest) -> HttpResponse:
    """Tasks, newest first, with filters; `?whose=mine` shows what waits for the viewer."""
    form = TaskFilterForm(request.GET or None)
    whose = form.whose_chosen
    rows = selectors.waiting_for(request.user) if whose == "mine" else selectors.tasks(request.user)
    if whose == "open":
        rows = rows.filter(state__in=selectors.OPEN)
    rows = selectors.filtered(rows, **form.narrowing())
    found = page(rows, order=("-created_at", "-pk"), after=request.GET.get("after", ""), size=50)
    query = request.GET.copy()
    query["after"] = found.after
    return render(
        request,
        "instruments/task_list.html",
        {
            "form": form,
            "tasks": found.rows,
            "more": f"?{query.urlencode()}" if found.after else "",
            "whose": whose,
            "may_accept": people_rules.has_role(request.user, Role.RECEPTIONIST, Role.TECHNICAL_LEAD) is None,
            "everything": selectors.sees_everything(request.user),
        },
    )


@require_http_methods(["GET", "POST"])
def task_new(request: HttpRequest) -> HttpResponse:
    """Acceptance: instruments of one customer (`?instrument=…`, found by `?q=`), what to do to each, and the rest."""
    if refusal := people_rules.has_role(request.user, Role.RECEPTIONIST, Role.TECHNICAL_LEAD):
        raise Refused(refusal)
    given = request.POST if request.method == "POST" else request.GET
    chosen = selectors.instruments_to_accept(request.user, pks=given.getlist("instrument"))
    day, data = clock.today(), request.POST if request.method == "POST" else None
    sites = {one.site for one in chosen}
    place = next(iter(sites)) if len(sites) == 1 else None
    form = ApplicationForm(data, initial={"received_on": day, "place": place.name if place else ""})
    wanted_forms = [WantedForm(data, instrument=one, day=day) for one in chosen]
    reasons: tuple[Any, ...] = ()
    if request.method == "POST" and all([form.is_valid(), *(one.is_valid() for one in wanted_forms)]) and chosen:
        try:
            made = services.accept(
                by=request.user,
                organisation=chosen[0].organisation,
                wanted=[wanted for one in wanted_forms for wanted in one.wanted()],
                **form.cleaned_data,
            )
        except Refused as refused:
            reasons = refused.reasons
        else:
            messages.success(request, _("已受理 %(count)d 项任务") % {"count": len(made)})
            return (
                redirect("instruments:task_detail", made[0].number)
                if len(made) == 1
                else redirect("instruments:task_list")
            )
    query = request.GET.get("q", "").strip()
    return render(
        request,
        "instruments/task_new.html",
        {
            "form": form,
            "wanted_forms": wanted_forms,
            "chosen": chosen,
            "reasons": reasons,
            "query": query,
            "found": selectors.instruments_to_accept(request.user, query=query, like=chosen) if query else [],
        },
        status=422 if reasons else 200,
    )


@require_GET
def task_detail(request: HttpRequest, number: str) -> HttpResponse:
    """Staff see everything about the task; its customer sees where it stands."""
    task = find_task(request, number)
    if not selectors.sees_everything(request.user):
        return render(request, "instruments/task_status.html", {"task": task, "steps": steps(task, [])})
    return _detail(request, task)


def _detail(
    request: HttpRequest, task: Task, *, reasons: tuple[Any, ...] = (), forms: dict[str, Any] | None = None
) -> HttpResponse:
    events = list(selectors.history(task))
    verbs = {move.verb for move in states.offered(task, request.user)}
    checks = panel.panel(task)
    forms = {
        "people": PeopleForm(task=task, day=clock.today()) if verbs & {"assign", "reassign"} else None,
        "start": StartForm(initial={"version": task.version}) if "start" in verbs else None,
        "reason": ReasonForm(initial={"version": task.version}) if verbs & {"cancel", "void"} else None,
        **(forms or {}),
    }
    return render(
        request,
        "instruments/task_detail.html",
        {
            "task": task,
            "steps": steps(task, events),
            "events": timeline(events),
            "verbs": verbs,
            "checks": checks,
            "blocked": any(not check.passed for check in checks),
            "records": list(task.records.select_related("started_by").order_by("-attempt")),
            "exceptions": list(task.exceptions.select_related("granted_by").order_by("pk")),
            "may_except": people_rules.has_role(request.user, Role.TECHNICAL_LEAD) is None,
            "mine": task.technician == request.user,
            "reasons": reasons,
            "forms": forms,
        },
        status=422 if reasons else 200,
    )


@require_POST
def task_assign(request: HttpRequest, number: str) -> HttpResponse:
    """Assigns before the work begins, reassigns while it is under way."""
    task = staff_task(request, number)
    form = PeopleForm(request.POST, task=task, day=clock.today())
    if not form.is_valid():
        return _detail(request, task, forms={"people": form})
    people = {title: form.cleaned_data[title] for title in ("technician", "checker", "approver")}
    deed = services.assign if task.state in states.MOVES["assign"].sources else services.reassign
    try:
        deed(task, by=request.user, version=form.cleaned_data["version"], **people)
    except Refused as refused:
        return _detail(request, find_task(request, number), reasons=refused.reasons, forms={"people": form})
    messages.success(request, _("已派工"))
    return redirect("instruments:task_detail", number)


@require_POST
def task_start(request: HttpRequest, number: str) -> HttpResponse:
    """Begins the record and goes to its sheet."""
    task = staff_task(request, number)
    form = StartForm(request.POST)
    if not form.is_valid():
        return _detail(request, task, forms={"start": form})
    data = form.cleaned_data
    try:
        record = recording.start(
            task, by=request.user, version=data["version"], serial=data["serial"], seen=data["seen"]
        )
    except Refused as refused:
        return _detail(request, find_task(request, number), reasons=refused.reasons)
    return redirect("instruments:record_sheet", record.pk)


@require_POST
def task_exception(request: HttpRequest, number: str) -> HttpResponse:
    task = staff_task(request, number)
    form = ExceptionForm(request.POST)
    if form.is_valid():
        try:
            services.grant_exception(task, by=request.user, **form.cleaned_data)
        except Refused as refused:
            return _detail(request, find_task(request, number), reasons=refused.reasons)
        messages.success(request, _("已批准例外，理由会打印在原始记录中"))
    else:
        messages.error(request, _("请写明放行理由"))
    return redirect("instruments:task_detail", number)


@require_POST
def task_cancel(request: HttpRequest, number: str) -> HttpResponse:
    return _end(request, number, services.cancel, _("任务已取消"))


@require_POST
def task_void(request: HttpRequest, number: str) -> HttpResponse:
    return _end(request, number, services.void, _("任务已作废"))


def _end(request: HttpRequest, number: str, deed: Any, done: str) -> HttpResponse:
    task = staff_task(request, number)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _detail(request, task, forms={"reason": form})
    try:
        deed(task, by=request.user, version=form.cleaned_data["version"], reason=form.cleaned_data["reason"])
    except Refused as refused:
        return _detail(request, find_task(request, number), reasons=refused.reasons)
    messages.success(request, done)
    return redirect("instruments:task_detail", number)
