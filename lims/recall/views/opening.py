"""Stating what was found: a new case, a draft changed, a case in the place of another."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from lims.core import clock
from lims.core.text import Reason, Refused, Text
from lims.recall import rules, selectors, services
from lims.recall.forms import LINES, CaseForm, LineForm, LineFormSet
from lims.recall.models import RecallCase
from lims.recall.views.finding import found_case, readers_only
from lims.recall.wording import said
from standards.models import Device
from standards.views.posting import refuse


@require_http_methods(["GET", "POST"])
def case_new(request: HttpRequest) -> HttpResponse:
    """`?device=…` puts the device with this number into the first line."""
    readers_only(request)
    refuse(rules.may_open(request.user))
    device = Device.objects.filter(asset_number=request.GET.get("device", "")).first()
    begin = [{"device": device.pk}] if device else []
    return _page(request, services.open_case, title=_("开始影响追溯"), back=reverse("recall:list"), lines=begin)


@require_http_methods(["GET", "POST"])
def case_edit(request: HttpRequest, pk: int) -> HttpResponse:
    found = found_case(request, pk)
    refuse(rules.may_restate(found, request.user))

    def restate(**stated: Any) -> RecallCase:
        stated["known_on"] = stated["known_on"] or found.known_on
        return services.restate(found, **stated | {"until": stated["until"] or stated["known_on"]})

    title = _("修改追溯草稿")
    return _page(request, restate, title=title, back=_address(found), case=_stated(found), lines=_lines(request, found))


@require_http_methods(["GET", "POST"])
def case_supersede(request: HttpRequest, pk: int) -> HttpResponse:
    """A new case in the place of this one, beginning with what this one states."""
    found = found_case(request, pk)
    refuse(rules.may_supersede(found, request.user))

    def supersede(**stated: Any) -> RecallCase:
        return services.supersede(found, **stated)

    title = _("以新的追溯取代 %(case)s") % {"case": found}
    return _page(
        request,
        supersede,
        title=title,
        back=_address(found),
        case=_stated(found),
        lines=_lines(request, found),
        before=found,
    )


@require_GET
def line(request: HttpRequest) -> HttpResponse:
    """The fields of one line again, after its device was chosen: its certificates are on offer now."""
    refuse(rules.may_open(request.user))
    form = _line(request)
    return render(request, "recall/line.html", {"form": form, **_told(form)})


@require_GET
def line_said(request: HttpRequest) -> HttpResponse:
    """What a line says so far, as a sentence."""
    refuse(rules.may_open(request.user))
    return render(request, "recall/said.html", _told(_line(request)))


def _line(request: HttpRequest) -> LineForm:
    number = next((at for at in range(LINES) if f"form-{at}-device" in request.GET), 0)
    # Unbound: what is shown is what was typed, without complaints while it is still being typed.
    prefix = f"form-{number}"
    begin = {name: request.GET.get(f"{prefix}-{name}", "") for name in LineForm.base_fields}
    return LineForm(prefix=prefix, initial=begin)


def _told(form: LineForm) -> dict[str, object]:
    stated = form.said()
    device = stated["device"]
    evidence = selectors.last_good_evidence(device, clock.today()) if device else None
    return {"sentence": said(**stated), "evidence": evidence, "device": device}


def _address(case: RecallCase) -> str:
    return reverse("recall:case", args=[case.pk])


def _stated(case: RecallCase) -> dict[str, object]:
    return {"what": case.what, "known_on": case.known_on, "until": case.until}


def _lines(request: HttpRequest, case: RecallCase) -> list[dict[str, object]]:
    names = ("statement", "amount", "unit", "quantity", "since", "evidence")
    return [
        {
            **{name: getattr(one, name) for name in names},
            "device": one.device_id,
            "old_certificate": one.old_certificate_id,
            "new_certificate": one.new_certificate_id,
        }
        for one in selectors.lines(request.user, case)
    ]


def _page(
    request: HttpRequest,
    deed: Callable[..., RecallCase],
    *,
    title: str,
    back: str,
    case: dict[str, object] | None = None,
    lines: list[dict[str, object]] | None = None,
    before: RecallCase | None = None,
) -> HttpResponse:
    posted = request.POST or None
    form, formset = CaseForm(posted, initial=case), LineFormSet(posted, initial=lines or [])
    reasons: tuple[Reason, ...] = ()
    if posted and all([form.is_valid(), formset.is_valid()]):
        findings = [one for row in formset if (one := row.finding())]
        try:
            made = deed(by=request.user, findings=findings, **form.cleaned_data)
            return redirect("recall:case", made.pk)
        except Refused as refusal:
            reasons = tuple(_placed(one) for one in refusal.reasons)
    context = {
        "form": form, "lines": [(row, *_told(row).values()) for row in formset], "formset": formset, "title": title, "back": back,
        "reasons": reasons, "before": before,
    }  # fmt: skip
    return render(request, "recall/form.html", context, status=422 if reasons else 200)


def _placed(reason: Reason) -> Reason:
    """`lines[1].amount` as the page numbers its lines, without the name of the field."""
    where = reason.where
    if not where.startswith("lines["):
        return Reason(reason.code, reason.text, reason.action)
    number = int(where[6 : where.index("]")]) + 1
    return Reason(
        reason.code, Text(f"设备 {number}：{reason.text.zh}", f"Device {number}: {reason.text.en}"), reason.action
    )
