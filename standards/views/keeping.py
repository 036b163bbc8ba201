"""Pages by which the technical lead keeps the file of a measurement standard."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from standards import rules, services
from standards.forms import (
    EndForm,
    LicenceCorrectionForm,
    LicenceForm,
    MemberForm,
    PersonForm,
    StandardForm,
    StandardStateForm,
)
from standards.models import MeasurementStandard, StandardLicence
from standards.selectors import standards as selectors
from standards.views.posting import attempt, deed_page, done, form_page, original, refuse


def _standard(request: HttpRequest, code: str) -> MeasurementStandard:
    return get_object_or_404(selectors.standards(request.user), code=code)


def _address(standard: MeasurementStandard) -> str:
    return reverse("standards:standard", args=[standard.code])


@require_http_methods(["GET", "POST"])
def standard_new(request: HttpRequest) -> HttpResponse:
    refuse(rules.may_keep_standards(request.user))
    form = StandardForm(request.POST or None)
    reasons = ()
    if form.is_bound and form.is_valid():
        deed = {"by": request.user, **form.cleaned_data}
        if not (reasons := attempt(lambda: services.register_standard(**deed))):
            return done(request, reverse("standards:standard", args=[deed["code"]]))
    intro = _("登记后再登记证书、设备和人员；三者齐备且状态为“在用”，才能用它开展检定。")
    back = reverse("standards:list")
    return form_page(request, form, title=_("登记计量标准"), back=back, reasons=reasons, intro=intro)


@require_http_methods(["GET", "POST"])
def standard_edit(request: HttpRequest, code: str) -> HttpResponse:
    refuse(rules.may_keep_standards(request.user))
    found = _standard(request, code)
    form = StandardForm(request.POST or None, instance=found)

    def change(**fields: Any) -> None:
        # The form has already written into `found`; the service compares with what is stored.
        services.change_standard(standard=MeasurementStandard.objects.get(pk=found.pk), **fields)

    return deed_page(request, form, change, title=_("修改计量标准资料"), back=_address(found))


@require_http_methods(["GET", "POST"])
def standard_state(request: HttpRequest, code: str) -> HttpResponse:
    refuse(rules.may_keep_standards(request.user))
    found = _standard(request, code)

    def change(**fields: Any) -> None:
        services.set_standard_state(standard=found, **fields)

    form = StandardStateForm(request.POST or None)
    return deed_page(request, form, change, title=_("变更计量标准状态"), back=_address(found))


@require_http_methods(["GET", "POST"])
def licence_new(request: HttpRequest, code: str) -> HttpResponse:
    refuse(rules.may_keep_standards(request.user))
    found = _standard(request, code)

    def enter(**fields: Any) -> None:
        services.enter_licence(standard=found, **fields)

    form = LicenceForm(request.POST or None, request.FILES or None, initial={"kind": request.GET.get("kind", "")})
    intro = _("换发的新证书另行登记，旧证书保留，以便查询过去任何一天的状态。")
    return deed_page(request, form, enter, title=_("登记计量标准的证书"), back=_address(found), intro=intro)


def _licence(request: HttpRequest, pk: int) -> StandardLicence:
    return get_object_or_404(selectors.licences(request.user), pk=pk)


@require_http_methods(["GET", "POST"])
def licence_correct(request: HttpRequest, pk: int) -> HttpResponse:
    refuse(rules.may_keep_standards(request.user))
    found = _licence(request, pk)
    refuse(rules.licence_stands(found))

    def correct(**fields: Any) -> None:
        services.correct_licence(licence=found, **fields)

    initial = {name: getattr(found, name) for name in LicenceForm.Meta.fields}
    form = LicenceCorrectionForm(request.POST or None, request.FILES or None, initial=initial)
    title = _("更正证书 %(number)s") % {"number": found.number}
    return deed_page(request, form, correct, title=title, back=_address(found.standard))


@require_GET
def licence_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The paper as it was handed in, for those who may read standards."""
    found = _licence(request, pk)
    if found.file is None:
        raise Http404
    return original(found.file, f"{found.standard.code}-{found.kind}-{found.issued_on:%Y%m%d}")


@require_http_methods(["GET", "POST"])
def member_new(request: HttpRequest, code: str) -> HttpResponse:
    refuse(rules.may_keep_standards(request.user))
    found = _standard(request, code)

    def add(**fields: Any) -> None:
        services.add_device(standard=found, **fields)

    return deed_page(request, MemberForm(request.POST or None), add, title=_("加入设备"), back=_address(found))


@require_http_methods(["GET", "POST"])
def member_end(request: HttpRequest, pk: int) -> HttpResponse:
    refuse(rules.may_keep_standards(request.user))
    found = get_object_or_404(selectors.members(request.user), pk=pk)

    def remove(**fields: Any) -> None:
        services.remove_device(member=found, **fields)

    title = _("移出设备 %(device)s") % {"device": found.device}
    return deed_page(request, EndForm(request.POST or None), remove, title=title, back=_address(found.standard))


@require_http_methods(["GET", "POST"])
def person_new(request: HttpRequest, code: str) -> HttpResponse:
    refuse(rules.may_keep_standards(request.user))
    found = _standard(request, code)

    def name(**fields: Any) -> None:
        services.name_person(standard=found, **fields)

    return deed_page(request, PersonForm(request.POST or None), name, title=_("指定人员"), back=_address(found))


@require_http_methods(["GET", "POST"])
def person_end(request: HttpRequest, pk: int) -> HttpResponse:
    refuse(rules.may_keep_standards(request.user))
    found = get_object_or_404(selectors.persons(request.user), pk=pk)

    def release(**fields: Any) -> None:
        services.release_person(person=found, **fields)

    title = _("解除人员 %(person)s") % {"person": found.user}
    return deed_page(request, EndForm(request.POST or None), release, title=title, back=_address(found.standard))
