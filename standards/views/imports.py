"""Pages by which a digital calibration certificate is taken over: the file, what was found in it, what becomes which value."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from lims.core import files
from lims.core.text import DataError, Reason, Refused, Text, reason
from standards import rules, services
from standards.dcc import DccReport, rows_of
from standards.forms import ChoicesForm, DccCertificateForm, DccFileForm
from standards.models import Device
from standards.rules.certified import differences
from standards.selectors import devices as selectors
from standards.services.imports import certificate_fields, readable, stated_standards
from standards.views.posting import attempt, done, form_page, refuse
from standards.views.value_preview import Preview, facts_of, preview


def _device(request: HttpRequest, number: str) -> Device:
    refuse(rules.may_enter_certificate(request.user))
    return get_object_or_404(selectors.devices(request.user), asset_number=number)


@require_http_methods(["GET", "POST"])
def import_new(request: HttpRequest, number: str) -> HttpResponse:
    """Hand in the file; it is read at once, and kept when it is a DCC whose signature holds."""
    device = _device(request, number)
    form = DccFileForm(request.POST or None, request.FILES or None)
    reasons: tuple[Reason, ...] = ()
    if form.is_bound and form.is_valid():
        try:
            file = services.receive_dcc(device, form.cleaned_data["file"], by=request.user)
        except Refused as refusal:
            reasons = refusal.reasons
        else:
            return redirect("standards:import_choose", number=device.asset_number, sha256=file.sha256)
    return form_page(
        request,
        form,
        title=_("导入数字校准证书"),
        back=reverse("standards:certificate_new", args=[device.asset_number]),
        reasons=reasons,
        intro=_("先读取文件并核对签名，下一步选择取用哪些值；由另一人确认后才生效。"),
    )


@require_http_methods(["GET", "POST"])
def import_choose(request: HttpRequest, number: str, sha256: str) -> HttpResponse:
    """What was found; which quantity becomes which named value; then the draft."""
    device = _device(request, number)
    if selectors.data_file(request.user, sha256) is None:
        raise Http404
    data = _kept(sha256)
    report = readable(data)
    form = DccCertificateForm(request.POST or None, request.FILES or None, initial=certificate_fields(report))
    choices = ChoicesForm(request.POST or None, report=report)
    reasons: tuple[Reason, ...] = ()
    shown = None
    if "preview" in request.POST:
        shown = _preview(request, report, choices)
        if request.htmx:
            return render(request, "standards/value_preview.html", {"preview": shown, "entry": None})
    elif request.POST and form.is_valid() and choices.is_valid():
        deed: dict[str, Any] = {"by": request.user, **form.cleaned_data}
        taken = choices.choices()
        if not (reasons := attempt(lambda: services.import_dcc(device, data, taken, **deed))):
            return done(request, reverse("standards:device", args=[device.asset_number]))
    context = {
        "device": device,
        "report": report,
        "form": form,
        "choices": choices,
        "differences": [
            {"label": Text(zh, en), "told": told, "known": known} for zh, en, told, known in differences(report, device)
        ],
        "stated": stated_standards(report),
        "unused": [(one, series) for one in report.quantities for series in one.series if not series.usable],
        "reasons": reasons,
        "preview": shown,
        "back": reverse("standards:device", args=[device.asset_number]),
    }
    return render(request, "standards/dcc_import.html", context, status=422 if reasons else 200)


def _kept(sha256: str) -> bytes:
    """The bytes of a file handed in before. Raises Refused when they are gone or altered."""
    try:
        return files.read(sha256)
    except (OSError, ValueError):
        raise Refused(
            reason(
                "original_damaged",
                "文件在磁盘上丢失或已被改动",
                "The file is missing on the disk or has been altered",
                "请重新上传",
                "Hand it in again",
            )
        ) from None


def _preview(request: HttpRequest, report: DccReport, choices: ChoicesForm) -> Preview | None:
    if not choices.is_valid():
        return None
    try:
        rows = [row for choice in choices.choices() for row in rows_of(report, choice)]
    except DataError as error:
        return Preview((), Reason("dcc_unusable", error.text, where=error.path), "")
    return preview(facts_of(rows), request.POST.get("point", "")[:60])
