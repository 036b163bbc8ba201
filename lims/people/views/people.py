"""Pages of people to read: who works here, and what each may do today."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from lims.audit.models import Event
from lims.audit.registry import wording
from lims.core import clock
from lims.core.text import Text
from lims.people import rules, selectors
from lims.people.forms import QuestionForm
from lims.people.models import Authorisation, Qualification, Registration, Role, User
from lims.people.rules import keeping
from lims.people.rules import keys as key_rules
from lims.people.selectors import competence
from lims.people.views.posting import refuse, the_person


def standing(authorisation: Authorisation, day: date) -> str:
    """What the badge says of an authorisation on a day: revoked, expired, scheduled or valid."""
    if authorisation.revoked_on and authorisation.revoked_on <= day:
        return "withdrawn"
    return standing_of(authorisation.valid_from, authorisation.valid_until, day)


def standing_of(valid_from: date, valid_until: date | None, day: date) -> str:
    """Of printed dates: expired, scheduled or valid; without an end nothing expires."""
    if valid_until is not None and valid_until < day:
        return "expired"
    return "scheduled" if valid_from > day else "valid"


STANDINGS: dict[str, Callable[[], str]] = {
    "withdrawn": lambda: _("已撤销"),
    "expired": lambda: _("已过期"),
    "scheduled": lambda: _("未生效"),
    "valid": lambda: _("有效"),
}


@require_GET
def people_list(request: HttpRequest) -> HttpResponse:
    """Everybody the viewer may see, with roles; colleagues first."""
    refuse(rules.may_see_people(request.user))
    query = request.GET.get("q", "").strip()[:100]
    found = selectors.find(request.user, query).order_by("organisation__kind", "display_name")
    groups = {
        _("本机构"): [person for person in found if not _is_customer(person)],
        _("客户"): [person for person in found if _is_customer(person)],
    }
    may_manage = rules.may_manage_people(request.user) is None
    context = {"groups": groups, "query": query, "found": bool(found), "may_manage": may_manage}
    return render(request, "people/list.html", context)


def _is_customer(person: User) -> bool:
    return bool(person.organisation and person.organisation.kind == "customer")


@require_GET
def person(request: HttpRequest, username: str) -> HttpResponse:
    """One person: roles, qualifications with their printed dates, authorisations, education and witnessed tests, history.

    `?on=…` shows how it stands on that day by the dates entered; without it, today.
    """
    shown = the_person(request, username)
    form = QuestionForm(request.GET)
    form.full_clean()
    day = form.cleaned_data.get("on") or clock.today()
    qualifications = list(shown.qualifications.prefetch_related("registrations").order_by("-issued_on"))
    entries = list(competence.education_of(shown))
    periods = competence.learned(shown, qualifications, entries)
    return render(
        request,
        "people/person.html",
        {
            "person": shown,
            "day": day,
            "today": clock.today(),
            "on": QuestionForm(initial={"on": day})["on"],
            "rows": _authorisations(shown, day),
            "qualifications": [(one, _document(one, day), _registrations(one, day)) for one in qualifications],
            "periods": periods,
            "elsewhere": competence.outside(entries, periods),
            "witnessed": competence.witnessed_of(shown, day),
            "facts": [
                (_("用户名"), shown.username),
                (_("所属机构"), shown.organisation.title if shown.organisation else ""),
                (_("部门"), shown.department.title if shown.department else ""),
                (_("职务"), Text(shown.title, shown.title_en or shown.title)),
                (_("角色"), "、".join(str(one.get_role_display()) for one in shown.held_roles.order_by("role"))),
                (_("状态"), _("在岗") if shown.is_active else _("已离岗")),
            ],
            "history": [
                {"at": event.at, "who": event.actor_name, "text": wording(event.verb), "detail": _detail(event)}
                for event in selectors.history(shown)
            ],
            "keys": selectors.keys_of(shown),
            "may_revoke_key": key_rules.may_revoke_key(shown, request.user) is None,
            "may_authorise": rules.may_authorise(request.user) is None and shown.pk != request.user.pk,
            "may_register": rules.may_authorise(request.user) is None,
            "may_keep": keeping.may_keep_competence(request.user) is None,
            "may_manage": rules.may_manage_people(request.user) is None,
            "oneself": shown.pk == request.user.pk,
        },
    )


def _authorisations(shown: User, day: date) -> list[dict[str, Any]]:
    """What holds on the day first, then the rest; with a trainee's supervisors."""
    rows = shown.authorisations.select_related("granted_by").order_by("-valid_until", "act", "scope")
    found = [
        {"authorisation": one, "standing": standing(one, day), "label": STANDINGS[standing(one, day)]()}
        for one in rows.prefetch_related("supervisions__supervisor")
    ]
    return sorted(found, key=lambda row: row["standing"] != "valid")


def _document(one: Qualification, day: date) -> tuple[str, str]:
    """The badge of a certificate that prints an end; none where it prints none."""
    if one.valid_until is None:
        return "", ""
    found = standing_of(one.issued_on, one.valid_until, day)
    return found, STANDINGS[found]()


def _registrations(one: Qualification, day: date) -> list[tuple[Registration, str, str]]:
    found = [(held, standing_of(held.valid_from, held.valid_until, day)) for held in one.registrations.all()]
    return [(held, state, STANDINGS[state]()) for held, state in found]


def _detail(event: Event) -> str:
    """Which role, what changed and why, where the event says so; else the name of its object."""
    payload = json.loads(event.payload)
    pieces = [f"{name}: {old or '—'} → {new or '—'}" for name, (old, new) in payload.get("changed", {}).items()]
    if payload.get("role") in Role.values:
        pieces.append(str(Role(payload["role"]).label))
    if isinstance(payload.get("reason"), str):
        pieces.append(payload["reason"])
    return "；".join(pieces) or event.object_label
