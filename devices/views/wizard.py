"""The wizard: ask an unknown instrument, click the number in its answer, name it, try it, save it as a draft profile."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from devices import captured, drafting, rules, selectors, services
from devices.forms import CapturedForm, TryForm, unit_choices
from devices.models import Command
from devices.profiles import ProfileErrors, load_profile
from devices.profiles.decode import checked, exchange, readings
from devices.profiles.model import Profile
from devices.protocols.line import printable
from devices.wizard import State, draft_of, state_of
from lims.core.text import DataError, Refused
from standards.views.posting import refuse

SLOW = 6
"""Seconds of waiting after which it is said what may be wrong; the agent asks once a second."""
GIVE_UP = 40
TESTS = 3
SHOWN = 100
"""Answers of a capture on the page."""


@require_GET
def wizard(request: HttpRequest) -> HttpResponse:
    """The page: choose a port, then everything happens in parts of it."""
    refuse(rules.may_draft(request.user))
    ports = list(selectors.all_ports(request.user).filter(bench__active=True))
    using = selectors.open_sessions(ports)
    offers = []
    for port in ports:
        busy = rules.port_taken_meanwhile(port) if port.pk in using else None
        why = rules.bench_answers(port.bench) or busy or rules.port_is_there(port)
        offers.append({"port": port, "why": why})
    offers.sort(key=lambda one: (one["why"] is not None, one["port"].profile is not None))
    chosen = request.GET.get("port", "")
    return render(request, "devices/wizard.html", {"offers": offers, "chosen": chosen})


@require_POST
def wizard_try(request: HttpRequest) -> HttpResponse:
    """Sends the question; answers the part that waits for what comes back."""
    form = TryForm(request.POST)
    if not form.is_valid():
        return render(request, "devices/wizard/mistakes.html", {"errors": _errors(form)}, status=422)
    data = form.cleaned_data
    port = get_object_or_404(selectors.all_ports(request.user), pk=data["port"])
    about = {"kind": data["kind"]}
    if data["kind"] == "modbus-rtu":
        about |= {name: data[name] or default for name, default in MODBUS}
    elif data["kind"] == "dlt645-2007":
        about |= {"meter": data["meter"] or "A" * 12, "di": data["di"].upper()}
    try:
        order = services.try_port(
            port,
            by=request.user,
            settings={name: data[name] for name in ("baud", "bits", "parity", "stop")},
            send=data["raw"],
            listen_ms=data["listen_ms"],
            about=about,
        )
    except Refused as refused:
        return render(request, "components/reasons.html", {"reasons": refused.reasons}, status=422)
    return _answer(request, order)


MODBUS = (("unit_address", 1), ("function", 3), ("address", 0), ("count", 1))


def _errors(form: Any) -> list[str]:
    return [
        f"{'' if name == '__all__' else name + '：'}{text}" for name, texts in form.errors.items() for text in texts
    ]


@require_GET
def wizard_answer(request: HttpRequest, pk: Any) -> HttpResponse:
    """What came back; asks again by itself until it is here."""
    refuse(rules.may_draft(request.user))
    return _answer(request, _order(request, pk))


def _order(request: HttpRequest, pk: Any) -> Command:
    try:
        pk = UUID(str(pk))
    except ValueError:
        raise Http404 from None
    return get_object_or_404(selectors.orders(request.user).filter(do=Command.Do.TRY), pk=pk)


def _answer(request: HttpRequest, order: Command) -> HttpResponse:
    if waiting := _waiting(order):
        return render(request, "devices/wizard/waiting.html", {"again": "devices:wizard_answer", **waiting})
    frames = [
        {**one, "bytes": bytes.fromhex(one["hex"]).hex(" ").upper(), "text": printable(bytes.fromhex(one["hex"]))}
        for one in order.result.get("frames", [])
    ]
    context = {"order": order, "frames": frames, "text": selectors.outcome_of(order), **_proposal(state_of(order))}
    return render(request, "devices/wizard/answer.html", context)


def _waiting(order: Command, since: Any = None) -> dict[str, Any] | None:
    """How long the person has waited and for what; None when there is nothing to wait for any more."""
    seconds = int((timezone.now() - (since or order.made_at)).total_seconds())
    if order.done_at or seconds > GIVE_UP:
        return None
    silent = rules.bench_answers(order.bench)
    return {"order": order, "seconds": seconds, "slow": seconds >= SLOW, "sent": order.sent_at, "silent": silent}


def _proposal(state: State) -> dict[str, Any]:
    suggested = f"rig-{timezone.localtime():%Y%m%d-%H%M}"
    return {"state": state, "units": unit_choices(), "suggested_id": suggested, "captured_forms": CapturedForm.FORMS}


@require_POST
def wizard_propose(request: HttpRequest) -> HttpResponse:
    """After a click in the answer: what is marked now, and the fields that name it."""
    refuse(rules.may_draft(request.user))
    order = _order(request, request.POST.get("order"))
    context = {**_proposal(state_of(order, request.POST.dict())), "post": request.POST}
    return render(request, "devices/wizard/proposal.html", context)


def _text(request: HttpRequest, order: Command) -> tuple[str, list[str]]:
    """The draft as the text of a profile, or what keeps it from being one."""
    source = _("由向导从仪器的回答得出：%(port)s，%(day)s，%(who)s") % {
        "port": order.port,
        "day": f"{timezone.localtime():%Y-%m-%d}",
        "who": request.user,
    }
    post = request.POST.dict()
    mistakes: tuple[DataError, ...]
    try:
        text = drafting.toml(draft_of(state_of(order, post), post, source))
        load_profile(text)
        return text, []
    except DataError as error:
        mistakes = (error,)
    except ProfileErrors as errors:
        mistakes = errors.mistakes
    language = getattr(request, "LANGUAGE_CODE", "zh-hans")
    return "", [f"{_named(one.path)} {one.text.get(language)}".strip() for one in mistakes]


def _named(path: str) -> str:
    """The field of the page that a path of the profile stands for."""
    last = path.rpartition(".")[2]
    names = {
        "id": _("标识："),
        "zh": _("名称："),
        "en": _("英文名称："),
        "unit": _("单位："),
        "quantity": _("单位："),
        "resolution": _("分辨力："),
        "range": _("量程："),
        "scale": _("换算系数："),
        "role": _("用途："),
    }
    return names.get(last, f"{path}：" if path else "")


@require_POST
def wizard_test(request: HttpRequest) -> HttpResponse:
    """Asks three times with the draft; answers the part that waits for the values."""
    order = _order(request, request.POST.get("order"))
    text, mistakes = _text(request, order)
    if mistakes:
        return render(request, "devices/wizard/mistakes.html", {"errors": mistakes}, status=422)
    asked = order.payload["try"]
    try:
        first = services.try_port(
            order.port,
            by=request.user,
            settings={name: asked[name] for name in ("baud", "bits", "parity", "stop")},
            send=bytes.fromhex(asked["send"]),
            listen_ms=asked["listen_ms"],
            again=TESTS - 1,
            about={"draft": text},
        )
    except Refused as refused:
        return render(request, "components/reasons.html", {"reasons": refused.reasons}, status=422)
    return _tested(request, first)


@require_GET
def wizard_tested(request: HttpRequest, pk: Any) -> HttpResponse:
    """The values of a test as far as they have come."""
    refuse(rules.may_draft(request.user))
    return _tested(request, _order(request, pk))


def _tested(request: HttpRequest, first: Command) -> HttpResponse:
    if "draft" not in first.payload.get("about", {}):
        raise Http404
    series = selectors.series(first)
    profile = load_profile(first.payload["about"]["draft"])
    rounds = [_round(profile, one) for one in series if one.done_at]
    complete = len(rounds) == TESTS or any(one.ok is False for one in series)
    waiting = None if complete else _waiting(series[-1])
    good = len(rounds) == TESTS and all(one["good"] for one in rounds)
    context = {"first": first, "rounds": rounds, "good": good, "again": "devices:wizard_tested", "of": TESTS}
    return render(request, "devices/wizard/tested.html", {**context, "waiting": waiting})


def _round(profile: Profile, order: Command) -> dict[str, Any]:
    """One test: the values that the draft reads from the answer."""
    raw = drafting.received(order.result.get("frames", []))
    poll = profile.polls[0]
    asking = exchange(profile, poll.question)
    values = readings(poll, checked(poll, (asking.feed(raw) if raw else None) or asking.expire()))
    return {"values": values, "good": all(one.quality.value == "ok" for one in values), "text": order.text}


@require_POST
def wizard_replay(request: HttpRequest) -> HttpResponse:
    """Reads a captured file through the draft; answers a part with what it makes of every answer in it."""
    refuse(rules.may_draft(request.user))
    order = _order(request, request.POST.get("order"))
    text, mistakes = _text(request, order)
    form = CapturedForm(request.POST, request.FILES)
    if mistakes or not form.is_valid():
        mistakes = mistakes or _errors(form)
        return render(request, "devices/wizard/mistakes.html", {"errors": mistakes}, status=422)
    file = form.cleaned_data["file"]
    try:
        report = replayed(load_profile(text), file, form.cleaned_data["form"])
    except DataError as error:
        said = f"{file.name[:100]}：{error.path} {error.text.get(getattr(request, 'LANGUAGE_CODE', 'zh-hans'))}"
        return render(request, "devices/wizard/mistakes.html", {"errors": [said]}, status=422)
    return render(request, "devices/wizard/replayed.html", report)


def replayed(profile: Profile, file: Any, form: str) -> dict[str, Any]:
    """What a profile makes of an uploaded capture, for the part that shows it. Raises DataError."""
    found = captured.read(file.read(captured.LARGEST + 1), form)
    rows = captured.through(profile, found)
    return {
        "name": str(file.name)[:100],
        "form": dict(CapturedForm.FORMS)[found.form],
        "broken": found.broken_at,
        "rows": rows[:SHOWN],
        "count": len(rows),
        "read": sum(1 for one in rows if one.readings),
        "good": sum(1 for one in rows if one.good),
        "unsure": any(one.unsure for one in rows),
        "full": len(rows) == captured.MOST_ROWS,
    }


@require_POST
def wizard_save(request: HttpRequest) -> HttpResponse:
    """Keeps the draft as a version to be approved, and leads to its page."""
    refuse(rules.may_draft(request.user))
    order = _order(request, request.POST.get("order"))
    text, mistakes = _text(request, order)
    if mistakes:
        return render(request, "devices/wizard/mistakes.html", {"errors": mistakes}, status=422)
    row = services.register_profile(text, by=request.user)
    answer = HttpResponse(status=204)
    answer["HX-Redirect"] = reverse("devices:profile", args=[row.sha256])
    return answer
