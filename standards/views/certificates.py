"""Pages of the certificates of devices: entering, correcting, confirming, withdrawing, and the paper itself."""

from typing import Any

from django.forms import model_to_dict
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from standards import rules, services
from standards.forms import (
    CertificateCorrectionForm,
    CertificateForm,
    CertifiedValueForm,
    CertifiedValueFormSet,
    WithdrawForm,
)
from standards.models import Device, DeviceCertificate
from standards.selectors import devices as selectors
from standards.views.posting import attempt, done, form_page, original, refuse


def _address(device: Device) -> str:
    return reverse("standards:device", args=[device.asset_number])


def _certificate(request: HttpRequest, pk: int) -> DeviceCertificate:
    return get_object_or_404(selectors.certificates(request.user), pk=pk)


@require_http_methods(["GET", "POST"])
def certificate_new(request: HttpRequest, number: str) -> HttpResponse:
    """Enter a certificate and its values from paper, with the paper itself."""
    refuse(rules.may_enter_certificate(request.user))
    device = get_object_or_404(selectors.devices(request.user), asset_number=number)
    return _entering(
        request,
        device,
        CertificateForm(request.POST or None, request.FILES or None),
        CertifiedValueFormSet(request.POST or None, prefix="value"),
        title=_("录入设备证书"),
        intro=_("对照纸质证书录入；须由另一人确认后才生效。数字按证书所载填写，保留末尾的零。"),
    )


@require_http_methods(["GET", "POST"])
def certificate_correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Enter the same paper anew, starting from what stands there; the old entry counts until the new one is confirmed."""
    found = _certificate(request, pk)
    refuse(rules.may_correct_certificate(found, request.user))
    fields = CertificateForm.Meta.fields
    rows = [model_to_dict(value, CertifiedValueForm.Meta.fields) for value in found.values.order_by("name", "pk")]
    # Without the old values a posted row counts as changed when it says anything, and as gone when it is empty.
    values = CertifiedValueFormSet(request.POST or None, prefix="value", initial=None if request.POST else rows)
    return _entering(
        request,
        found.device,
        CertificateCorrectionForm(
            request.POST or None, request.FILES or None, initial={name: getattr(found, name) for name in fields}
        ),
        values,
        title=_("更正证书 %(number)s") % {"number": found.number},
        intro=_("改正与原件不符之处；须由另一人确认后才生效，在此之前原录入继续有效。"),
        corrects=found,
    )


def _entering(
    request: HttpRequest, device: Device, form: Any, values: Any, *, title: str, intro: str, **deed: Any
) -> HttpResponse:
    reasons = ()
    if form.is_bound and form.is_valid() and values.is_valid():
        rows = [row.cleaned_data for row in values if row.has_changed()]
        deed |= {"by": request.user, "device": device, "values": rows, **form.cleaned_data}
        if not (reasons := attempt(lambda: services.enter_certificate(**deed))):
            return done(request, _address(device))
    return form_page(request, form, title=title, back=_address(device), reasons=reasons, formset=values, intro=intro)


@require_POST
def certificate_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """The second person's act; a refusal is answered with its page."""
    found = _certificate(request, pk)
    services.confirm_certificate(by=request.user, certificate=found)
    return done(request, _address(found.device))


@require_http_methods(["GET", "POST"])
def certificate_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    found = _certificate(request, pk)
    refuse(rules.may_withdraw_certificate(found, request.user))
    form = WithdrawForm(request.POST or None)
    reasons = ()
    if form.is_bound and form.is_valid():
        deed = {"by": request.user, "certificate": found, **form.cleaned_data}
        if not (reasons := attempt(lambda: services.withdraw_certificate(**deed))):
            return done(request, _address(found.device))
    title = _("撤回证书 %(number)s") % {"number": found.number}
    return form_page(request, form, title=title, back=_address(found.device), reasons=reasons)


@require_GET
def certificate_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The paper as it was handed in, for those who may read devices."""
    found = _certificate(request, pk)
    if found.file is None:
        raise Http404
    return original(found.file, f"{found.device.asset_number}-{found.calibrated_on:%Y%m%d}")
