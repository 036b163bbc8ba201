"""The first page after signing in, and the search box of every page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from instruments.models import Task
from lims.core import clock
from lims.home import selectors
from lims.home.navigation import INSIDE, address
from lims.people.models import Role
from lims.people.selectors import roles_of

FIGURES = {
    "accepted": (_("待派工"), "inbox"),
    "recording": (_("检定中"), "edit"),
    "submitted": (_("待核验"), "task"),
    "checked": (_("待批准"), "shield"),
    "sealing": (_("签发中"), "seal"),
    "overdue": (_("超过承诺日期"), "clock"),
}
# What the person is expected to do next with a task in this state.
NEXT = {
    Task.State.ACCEPTED: _("派工"),
    Task.State.ASSIGNED: _("开始检定"),
    Task.State.RECORDING: _("继续检定"),
    Task.State.RETURNED: _("修改后重新提交"),
    Task.State.SUBMITTED: _("核验"),
    Task.State.CHECKED: _("批准"),
}


def home(request: HttpRequest) -> HttpResponse:
    """What waits for the person who looks, and the state of the house. Customers are led to their own pages."""
    roles = roles_of(request.user)
    if Role.CUSTOMER in roles and not roles & INSIDE and (portal := address("portal:home")):
        return redirect(portal)
    today = clock.today()
    task_list = address("instruments:task_list")
    return render(
        request,
        "home/home.html",
        {
            "waiting": [
                {"task": task, "next": NEXT.get(task.state, ""), "late": bool(task.due_on and task.due_on < today)}
                for task in selectors.waiting(request.user)
            ],
            "figures": [
                {
                    "label": FIGURES[figure.key][0],
                    "icon": FIGURES[figure.key][1],
                    "value": figure.value,
                    "hot": figure.hot,
                    "url": f"{task_list}?" + "&".join(f"state={state}" for state in figure.states)
                    if task_list and figure.states
                    else "",
                }
                for figure in selectors.figures(request.user, today)
            ],
            "expiring": selectors.expiring(request.user, today),
            "latest": selectors.latest_certificates(request.user) if roles & INSIDE else [],
            "today": today,
        },
    )


def search(request: HttpRequest) -> HttpResponse:
    """Tasks, instruments and certificates with all the words of ?q=."""
    query = request.GET.get("q", "").strip()[:100]
    return render(request, "home/search.html", {"query": query, "found": selectors.found_by(request.user, query)})
