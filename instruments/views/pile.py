"""Checking or approving several records with one passphrase: each is on the page in full, each is ticked by itself."""

import json
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from instruments.forms.work import PileForm
from instruments.models import Record, Task
from instruments.rules import approval
from instruments.selectors import work as selectors
from instruments.services import signing
from instruments.services.signing import Outcome, Seen
from instruments.views.review import refusals_for
from instruments.views.work import find_task
from lims.core.text import Reason, Refused
from lims.people import rules as people_rules
from lims.people.models import Role
from lims.people.selectors import how_to_sign

# Results of every one are on the page; more than this nobody looks at in one sitting.
SHOWN = 20


@sensitive_post_parameters("passphrase")
@require_http_methods(["GET", "POST"])
def check_pile(request: HttpRequest) -> HttpResponse:
    """What waits for the checker. Each record ticked is checked by itself; one that is refused is named, the others go on."""
    if why := people_rules.has_role(request.user, Role.CHECKER):
        raise Refused(why)
    if request.method == "GET":
        return pile_page(request, "check")
    try:
        seen, passphrase = ticked(request)
        outcomes = signing.check_many(seen, by=request.user, passphrase=passphrase)
    except Refused as refused:
        return pile_page(request, "check", reasons=refused.reasons)
    return told(request, "check", outcomes)


@require_safe
def approve_pile(request: HttpRequest) -> HttpResponse:
    """What waits for the approver. Approving issues the certificates, so the pile goes to the certificates app."""
    if why := people_rules.has_role(request.user, Role.APPROVER):
        raise Refused(why)
    return pile_page(request, "approve")


def ticked(request: HttpRequest) -> tuple[list[Seen], str]:
    """The records ticked on a page of a pile, and the passphrase. Raises Refused when none is ticked."""
    form = PileForm(request.POST)
    if not form.is_valid() or not form.chosen():
        raise Refused(approval.nothing_ticked())
    return [
        Seen(find_task(request, number), version, digest) for number, version, digest in form.chosen()
    ], form.cleaned_data["passphrase"]


def told(request: HttpRequest, verb: str, outcomes: Sequence[Outcome]) -> HttpResponse:
    """After signing: how many are done, and by name what was refused and why."""
    done = sum(not one.reasons for one in outcomes)
    if done:
        messages.success(request, ngettext("已签名 %(n)d 份记录", "已签名 %(n)d 份记录", done) % {"n": done})
    refused = [one for one in outcomes if one.reasons]
    if not refused:
        return redirect(f"instruments:{verb}_pile")
    return pile_page(request, verb, refused=refused)


def pile_page(
    request: HttpRequest, verb: str, *, reasons: Sequence[Reason] = (), refused: Sequence[Outcome] = ()
) -> HttpResponse:
    """The pile as it stands now. `refused`: what the person just tried to sign in vain."""
    found = selectors.pile_for(request.user, verb, most=SHOWN)
    sign = how_to_sign(request.user)
    return render(
        request,
        "instruments/pile.html",
        {
            "verb": verb,
            "rows": [_row(request, verb, task, record) for task, record in found],
            "full": len(found) == SHOWN,
            "most": SHOWN,
            "sign": sign,
            # Without keys each approval needs the password anew.
            "action": "" if verb == "approve" and sign == "unsigned" else _action(verb),
            "reasons": reasons,
            "refused": refused,
        },
        status=422 if reasons or refused else 200,
    )


def _row(request: HttpRequest, verb: str, task: Task, record: Record) -> dict[str, Any]:
    facts = json.loads(record.facts)
    broken = approval.is_intact(record)
    return {
        "task": task,
        "record": record,
        "facts": facts,
        "tables": [
            {**one, "parts": [{"columns": one["columns"], "rows": one["rows"], "named": False}]}
            for one in facts["results"]
        ],
        "shown": f"{task.number} {task.version} {record.sha256}",
        "corrected": sum(1 for one in facts["values"] if one.get("replaces")),
        "refusals": [broken] if broken else refusals_for(task, verb, request.user),
    }


def _action(verb: str) -> str:
    """Where the pile goes; empty when nothing issues certificates."""
    try:
        return reverse("certificates:approve_many" if verb == "approve" else "instruments:check_pile")
    except NoReverseMatch:
        return ""
