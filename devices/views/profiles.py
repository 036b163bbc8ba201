"""Pages of the rig profiles: every version, readable; approving and withdrawing; what stored bytes say under a version."""

import io
from itertools import islice
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from devices import exchangefile, rules, selectors, services
from devices.forms import ProfileForm, RereadForm, WhyForm
from devices.models import CaptureSession, RigProfile
from devices.profiles import ProfileErrors
from devices.protocols import PARSER
from devices.replay import Again, again, profile_of
from lims.audit import selectors as audit
from lims.core.text import DataError
from standards.views.history import told
from standards.views.posting import attempt, done, form_page, refuse

REREAD = 5000
"""Readings read again at once; the page leads on to the next stretch, the command line does all."""
LARGEST_FILE = 4 * 1024 * 1024
SHOWN = 200


def _profile(request: HttpRequest, sha: str) -> RigProfile:
    return get_object_or_404(selectors.profiles(request.user), sha256=sha)


def _address(profile: RigProfile) -> str:
    return reverse("devices:profile", args=[profile.sha256])


@require_GET
def profile_list(request: HttpRequest) -> HttpResponse:
    """Every version, grouped by identifier."""
    if not selectors.may_look(request.user):
        raise Http404
    rows = list(selectors.profiles(request.user)[:500])
    uses = selectors.profile_uses(rows)
    context = {
        "rows": [{"profile": one, "uses": uses.get(one.pk)} for one in rows],
        "may_draft": rules.may_draft(request.user) is None,
    }
    return render(request, "devices/profile_list.html", context)


@require_http_methods(["GET", "POST"])
def profile_new(request: HttpRequest) -> HttpResponse:
    """Registers a version from a file or from text; every mistake is named with its path."""
    refuse(rules.may_draft(request.user))
    form = ProfileForm(request.POST or None, request.FILES or None)
    mistakes: tuple[DataError, ...] = ()
    if form.is_bound and form.is_valid():
        try:
            row = services.register_profile(form.cleaned_data["text"], by=request.user)
            return redirect(_address(row))
        except ProfileErrors as error:
            mistakes = error.mistakes
    context = {"form": form, "mistakes": mistakes[:50]}
    return render(request, "devices/profile_new.html", context, status=422 if mistakes else 200)


@require_GET
def profile(request: HttpRequest, sha: str) -> HttpResponse:
    """One version: what it asks and understands, who approved it, and what happened to it."""
    found = _profile(request, sha)
    rule = profile_of(found.text)
    context = {
        "row": found,
        "profile": rule,
        "uses": selectors.profile_uses([found]).get(found.pk),
        "others": selectors.profiles(request.user).filter(identifier=found.identifier).exclude(pk=found.pk),
        "ports": selectors.all_ports(request.user).filter(profile=found),
        "history": told(audit.of_object(found)),
        "approve": rules.may_approve(request.user),
        "withdraw": rules.may_withdraw(found, request.user),
    }
    return render(request, "devices/profile.html", context)


@require_POST
def profile_approve(request: HttpRequest, sha: str) -> HttpResponse:
    found = _profile(request, sha)
    services.approve_profile(found, by=request.user)
    return done(request, _address(found))


@require_http_methods(["GET", "POST"])
def profile_withdraw(request: HttpRequest, sha: str) -> HttpResponse:
    found = _profile(request, sha)
    refuse(*rules.may_withdraw(found, request.user))
    form = WhyForm(request.POST or None)
    reasons = ()
    if form.is_bound and form.is_valid():
        deed = {"by": request.user, "why": form.cleaned_data["why"]}
        if not (reasons := attempt(lambda: services.withdraw_profile(found, **deed))):
            return done(request, _address(found))
    intro = _("撤回后不能再用此版本开始采集；已采集的数据不受影响。")
    title = _("撤回装置配置 %(name)s") % {"name": found}
    return form_page(request, form, title=title, back=_address(found), reasons=reasons, intro=intro)


@require_http_methods(["GET", "POST"])
def profile_reread(request: HttpRequest, sha: str) -> HttpResponse:
    """What stored bytes would say under this version and the present parser. Nothing is changed by it.

    GET `?session=…&after=N` reads a stretch of a stored session; POST reads an exported file.
    """
    found = _profile(request, sha)
    offered = selectors.sessions(request.user).filter(
        profile__identifier=found.identifier, reading_count__gt=0
    ) | selectors.sessions(request.user).filter(port__profile=found, reading_count__gt=0)
    # A session of any profile may be read: the person who asks knows what was on the wire.
    anything = selectors.sessions(request.user).filter(reading_count__gt=0)
    chosen = request.GET if request.method == "GET" else request.POST
    form = RereadForm(chosen if chosen else None, request.FILES or None, sessions=anything)
    form.fields["session"].choices = [
        ("", "—"),
        *((one.pk, _named(one)) for one in offered.distinct().order_by("-requested_at")[:50]),
    ]  # type: ignore[attr-defined]
    context: dict[str, Any] = {"row": found, "form": form, "parser": PARSER}
    status = 200
    try:
        if form.is_bound and form.is_valid():
            if file := form.cleaned_data["file"]:
                context["report"] = _of_file(found, file)
            elif session := form.cleaned_data["session"]:
                context["report"] = _of_session(found, session, request.GET.get("after", ""))
    except DataError as error:
        context["mistake"], status = error, 422
    return render(request, "devices/reread.html", context, status=status)


def _named(session: CaptureSession) -> str:
    return f"{session.requested_at:%Y-%m-%d %H:%M} · {session} · {session.profile.sha256[:8]} · {session.reading_count}"


def _of_session(found: RigProfile, session: CaptureSession, after: str) -> dict[str, Any]:
    start = int(after) if after.isascii() and after.isdecimal() and len(after) < 11 else 0
    part = selectors.reread(session, profile_of(found.text), after=start, most=REREAD)
    return {
        "session": session,
        "parser": session.parser,
        "count": part.count,
        "rows": part.different[:SHOWN],
        "different": len(part.different),
        "next": part.next,
        "start": start,
    }


def _of_file(found: RigProfile, file: Any) -> dict[str, Any]:
    if file.size > LARGEST_FILE:
        raise DataError(
            str(file.name)[:100],
            "文件超过 4 MB，请用命令行 rig replay",
            "The file is larger than 4 MB; use the command line, rig replay",
        )
    try:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="\n")
        session = exchangefile.load(text)
    except UnicodeDecodeError:
        raise DataError(str(file.name)[:100], "不是 UTF-8 文本", "This is not UTF-8 text") from None
    rows: list[Again] = list(
        islice(again(profile_of(found.text), session.header, session.frames, session.readings), 100_000)
    )
    different = [one for one in rows if not one.agrees]
    return {
        "name": str(file.name)[:100],
        "parser": session.parser,
        "count": len(rows),
        "rows": different[:SHOWN],
        "different": len(different),
        "broken": session.broken_at,
        "all": rows[:50],
    }
