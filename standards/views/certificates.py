"""Pages of the certificates of devices: entering, correcting, comparing and confirming, withdrawing, and the paper itself."""

from dataclasses import dataclass
from typing import Any

from django.forms import model_to_dict
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from lims.core.text import Reason
from standards import rules, services
from standards.forms import (
    CertificateCorrectionForm,
    CertificateForm,
    CertifiedValueForm,
    CertifiedValueFormSet,
    ComparisonForm,
    EquationForm,
    EquationFormSet,
    PastedForm,
    StatedStandardForm,
    StatedStandardFormSet,
    WithdrawForm,
)
from standards.models import CertifiedValue, Device, DeviceCertificate
from standards.selectors import devices as selectors
from standards.views.posting import attempt, done, form_page, original, refuse
from standards.views.value_preview import Preview, facts_of, preview


def _address(device: Device) -> str:
    return reverse("standards:device", args=[device.asset_number])


def _certificate(request: HttpRequest, pk: int) -> DeviceCertificate:
    return get_object_or_404(selectors.certificates(request.user), pk=pk)


@dataclass
class _Entry:
    """The forms of the entry page together."""

    form: Any
    values: Any
    equations: Any
    standards: Any
    pasted: PastedForm

    @property
    def bound(self) -> tuple[Any, ...]:
        return self.values, self.equations, self.standards, self.pasted

    def values_hold(self) -> bool:
        return all(one.is_valid() for one in (self.values, self.equations, self.pasted))

    def is_valid(self) -> bool:
        return all(one.is_valid() for one in (self.form, *self.bound))

    def rows(self) -> list[dict[str, Any]]:
        """Every value typed, pasted or given by an equation, in that order."""
        between = self.pasted.cleaned_data.get("interpolation", "")
        found = [*self.values.rows, *self.pasted.cleaned_data["pasted"]]
        rows = [row | ({"interpolation": between} if row.get("at") else {}) for row in found]
        return [*rows, *(row | {"form": CertifiedValue.Form.EQUATION} for row in self.equations.rows)]


def _entry(request: HttpRequest, form: Any, **initial: Any) -> _Entry:
    """Without the old values a posted row counts as changed when it says anything, and as gone when it is empty."""
    data = request.POST or None

    def formset(kind: Any, prefix: str) -> Any:
        # A page that has no such rows sends no count of them.
        sent = data if data and f"{prefix}-TOTAL_FORMS" in data else None
        if data and sent is None:
            sent = {f"{prefix}-TOTAL_FORMS": "0", f"{prefix}-INITIAL_FORMS": "0"}
        return kind(sent, prefix=prefix, initial=None if data else initial.get(prefix))

    return _Entry(
        form,
        formset(CertifiedValueFormSet, "value"),
        formset(EquationFormSet, "equation"),
        formset(StatedStandardFormSet, "standard"),
        PastedForm(data, initial=initial.get("pasted")),
    )


@require_http_methods(["GET", "POST"])
def certificate_new(request: HttpRequest, number: str) -> HttpResponse:
    """Enter a certificate and its values from paper, with the paper itself."""
    refuse(rules.may_enter_certificate(request.user))
    device = get_object_or_404(selectors.devices(request.user), asset_number=number)
    return _entering(
        request,
        device,
        _entry(request, CertificateForm(request.POST or None, request.FILES or None)),
        title=_("录入设备证书"),
        intro=_("对照纸质证书录入；须由另一人确认后才生效。数字按证书所载填写，保留末尾的零。"),
    )


@require_http_methods(["GET", "POST"])
def certificate_correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Enter the same paper anew, starting from what stands there; the old entry counts until the new one is confirmed."""
    found = _certificate(request, pk)
    refuse(rules.may_correct_certificate(found, request.user))
    fields = CertificateForm.Meta.fields
    rows = list(found.values.order_by("name", "pk"))
    plain = [one for one in rows if one.form != CertifiedValue.Form.EQUATION]
    form = CertificateCorrectionForm(
        request.POST or None, request.FILES or None, initial={name: getattr(found, name) for name in fields}
    )
    entry = _entry(
        request,
        form,
        value=[model_to_dict(one, CertifiedValueForm.Meta.fields) for one in plain],
        equation=[model_to_dict(one, EquationForm.Meta.fields) for one in rows if one not in plain],
        standard=[model_to_dict(one, StatedStandardForm.Meta.fields) for one in found.stated_standards.order_by("pk")],
        pasted={"interpolation": next((one.interpolation for one in plain if one.at), "")},
    )
    return _entering(
        request,
        found.device,
        entry,
        title=_("更正证书 %(number)s") % {"number": found.number},
        intro=_("改正与原件不符之处；须由另一人确认后才生效，在此之前原录入继续有效。"),
        corrects=found,
    )


def _entering(
    request: HttpRequest, device: Device, entry: _Entry, *, title: str, intro: str, **deed: Any
) -> HttpResponse:
    reasons: tuple[Reason, ...] = ()
    shown = None
    if "preview" in request.POST:
        shown = _preview(request, entry)
        if request.htmx:
            return render(request, "standards/value_preview.html", {"preview": shown, "entry": entry})
    elif request.POST and entry.is_valid():
        deed |= {"by": request.user, "device": device, "values": entry.rows(), "standards": entry.standards.rows}
        deed |= entry.form.cleaned_data
        if not (reasons := attempt(lambda: services.enter_certificate(**deed))):
            return done(request, _address(device))
    context = {
        "entry": entry,
        "form": entry.form,
        "title": title,
        "intro": intro,
        "back": _address(device),
        "device": device,
        "reasons": reasons,
        "preview": shown,
        "may_import": "corrects" not in deed,
    }
    return render(request, "standards/certificate_entry.html", context, status=422 if reasons else 200)


def _preview(request: HttpRequest, entry: _Entry) -> Preview | None:
    """The values as they would be used, as far as the rows themselves hold; nothing is written."""
    if not entry.values_hold():
        return None
    return preview(facts_of(entry.rows()), request.POST.get("point", "")[:60])


@require_http_methods(["GET", "POST"])
def certificate_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """The second person's act: entry and paper beside each other, every row compared; then the entry counts."""
    found = _certificate(request, pk)
    refuse(rules.may_confirm_certificate(found, request.user))
    values = list(found.values.order_by("name", "pk"))
    sent = request.POST if request.method == "POST" else None
    form = ComparisonForm(sent, values=values, imported=bool(found.imported))
    reasons: tuple[Reason, ...] = ()
    if form.is_bound and form.is_valid():
        deed = {"by": request.user, "certificate": found, "compared": form.compared()}
        if not (reasons := attempt(lambda: services.confirm_certificate(**deed))):
            return done(request, _address(found.device))
    context = {
        "certificate": found,
        "standards": found.stated_standards.order_by("pk"),
        "form": form,
        "reasons": reasons,
        "back": _address(found.device),
        "preview": preview(facts_of([_fields(one) for one in values])) if found.imported else None,
    }
    return render(request, "standards/certificate_compare.html", context, status=422 if reasons else 200)


def _fields(value: CertifiedValue) -> dict[str, Any]:
    return {
        field.name: getattr(value, field.name)
        for field in CertifiedValue._meta.concrete_fields
        if field.name not in ("id", "certificate")
    }


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
    name = f"{found.device.asset_number}-{found.calibrated_on:%Y%m%d}"
    return original(found.file, name, beside="beside" in request.GET)


@require_GET
def certificate_data(request: HttpRequest, pk: int) -> HttpResponse:
    """The digital certificate as it was handed in, for those who may read devices."""
    found = _certificate(request, pk)
    if found.data_file is None:
        raise Http404
    return original(found.data_file, f"{found.device.asset_number}-{found.calibrated_on:%Y%m%d}")
