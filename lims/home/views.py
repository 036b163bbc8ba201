"""The first page after signing in, and the search box of every page."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

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
# Days: what ends sooner is shown on the first page itself, at most so many things of it.
NEAR, SHOWN = 30, 8
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
    reminded = bool(roles & INSIDE) and selectors.is_reminded(request.user, today)
    endings = selectors.endings(request.user, today) if reminded else []
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
            "reminded": reminded,
            "endings": [one for one in endings if one.left <= NEAR][:SHOWN],
            "endings_count": len(endings),
            # Whoever is reminded finds the devices among everything else that ends.
            "expiring": [] if reminded else selectors.expiring(request.user, today),
            "latest": selectors.latest_certificates(request.user) if roles & INSIDE else [],
            "today": today,
        },
    )


@require_GET
def reminders(request: HttpRequest) -> HttpResponse:
    """Everything that ends within half a year or has ended, for those who have to see to it; how the last letter went."""
    today = clock.today()
    if not roles_of(request.user) & INSIDE or not selectors.is_reminded(request.user, today):
        raise Http404
    return render(
        request,
        "home/reminders.html",
        {
            "groups": selectors.grouped(selectors.endings(request.user, today)),
            "today": today,
            "run": selectors.newest_run(),
            "mail": selectors.newest_mail(request.user),
            "hour": settings.REMINDER_TIME,
        },
    )


def search(request: HttpRequest) -> HttpResponse:
    """Tasks, instruments and certificates with all the words of ?q=."""
    query = request.GET.get("q", "").strip()[:100]
    return render(request, "home/search.html", {"query": query, "found": selectors.found_by(request.user, query)})
