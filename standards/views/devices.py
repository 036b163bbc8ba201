"""Pages of the institute's own devices."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from lims.audit import selectors as audit
from lims.core import clock
from standards import rules, services
from standards.forms import DeviceForm, DeviceStateForm, NoteForm
from standards.models import Device, DeviceCertificate
from standards.selectors import devices as selectors
from standards.selectors.snapshots import value_facts
from standards.views.history import told
from standards.views.posting import attempt, deed_page, done, form_page, refuse
from standards.views.value_preview import preview


def _device(request: HttpRequest, number: str) -> Device:
    return get_object_or_404(selectors.devices(request.user), asset_number=number)


def _address(device: Device) -> str:
    return reverse("standards:device", args=[device.asset_number])


@require_GET
def device_list(request: HttpRequest) -> HttpResponse:
    """Every device with its state, its certificate and whether it may be used today."""
    query, role = request.GET.get("q", "").strip()[:100], request.GET.get("role", "")
    today = clock.today()
    everything = selectors.find(request.user)
    found = selectors.find(request.user, query=query, role=role) if query or role else everything
    rows = [
        {"standing": one, "reasons": rules.device_usable_on(one.device, today, known=one)}
        for one in selectors.standings(found, today)
    ]
    return render(
        request,
        "standards/device_list.html",
        {
            "rows": rows,
            "query": query,
            "role": role,
            "roles": sorted({role for device in everything for role in device.roles}),
            "may_keep": rules.may_keep_devices(request.user) is None,
        },
    )


@require_GET
def device(request: HttpRequest, number: str) -> HttpResponse:
    """One device: usable today or why not, identity, certificates with their values, standards it serves, history."""
    found = _device(request, number)
    today = clock.today()
    standing = selectors.standing(found, today)
    certificates = list(
        selectors.certificates(request.user).filter(device=found).prefetch_related("values", "stated_standards")
    )
    waiting = {one.corrects_id for one in certificates if one.state == DeviceCertificate.State.DRAFT}
    return render(
        request,
        "standards/device.html",
        {
            "device": found,
            "standing": standing,
            "reasons": rules.device_usable_on(found, today, known=standing),
            "facts": [
                (_("型号规格"), found.model),
                (_("出厂编号"), found.serial),
                (_("制造单位"), found.manufacturer),
                (_("软件（固件）版本"), found.firmware),
                (_("测量范围"), found.measuring_range),
                (_("准确度"), found.accuracy),
                (_("测量的量"), " ".join(found.quantities)),
                (_("可承担的角色"), " ".join(found.roles)),
                (_("存放地点"), found.location),
                (_("保管人"), found.keeper),
            ],
            "certificates": [
                {
                    "certificate": one,
                    "values": (values := sorted(one.values.all(), key=lambda value: (value.name, value.pk))),
                    "standards": one.stated_standards.all(),
                    "plots": [shown for shown in preview([value_facts(value) for value in values]).shown if shown.plot],
                    "confirm": rules.may_confirm_certificate(one, request.user),
                    "withdraw": rules.may_withdraw_certificate(one, request.user),
                    "correct": rules.may_correct_certificate(one, request.user, waiting=one.pk in waiting),
                }
                for one in certificates
            ],
            "notes": found.notes.select_related("entered_by").order_by("-on", "-pk"),
            "may_note": rules.may_note(request.user) is None,
            "states": found.states.select_related("entered_by").order_by("-since", "-pk"),
            "memberships": found.memberships.select_related("standard").order_by("-since"),
            "history": told(audit.of_object(found)),
            "may_keep": rules.may_keep_devices(request.user) is None,
            "may_enter": rules.may_enter_certificate(request.user) is None,
            "today": today,
        },
    )


@require_http_methods(["GET", "POST"])
def device_new(request: HttpRequest) -> HttpResponse:
    refuse(rules.may_keep_devices(request.user))
    form = DeviceForm(request.POST or None)
    reasons = ()
    if form.is_bound and form.is_valid():
        deed = {"by": request.user, **form.cleaned_data}
        if not (reasons := attempt(lambda: services.register_device(**deed))):
            return done(request, reverse("standards:device", args=[deed["asset_number"]]))
    return form_page(request, form, title=_("登记设备"), back=reverse("standards:device_list"), reasons=reasons)


@require_http_methods(["GET", "POST"])
def device_edit(request: HttpRequest, number: str) -> HttpResponse:
    refuse(rules.may_keep_devices(request.user))
    found = _device(request, number)
    form = DeviceForm(request.POST or None, instance=found)
    reasons = ()
    if form.is_bound and form.is_valid():
        # The form has already written into `found`; the service compares with what is stored.
        stored = Device.objects.get(pk=found.pk)
        deed = {"by": request.user, "device": stored, **form.cleaned_data}
        if not (reasons := attempt(lambda: services.change_device(**deed))):
            return done(request, _address(found))
    return form_page(request, form, title=_("修改设备资料"), back=_address(found), reasons=reasons)


@require_http_methods(["GET", "POST"])
def device_state(request: HttpRequest, number: str) -> HttpResponse:
    """Suspend, withdraw, or take back into use from a day on."""
    refuse(rules.may_set_device_state(request.user, "suspended"))
    found = _device(request, number)
    form = DeviceStateForm(request.POST or None)
    reasons = ()
    if form.is_bound and form.is_valid():
        deed = {"by": request.user, "device": found, **form.cleaned_data}
        if not (reasons := attempt(lambda: services.set_device_state(**deed))):
            return done(request, _address(found))
    return form_page(request, form, title=_("变更设备状态"), back=_address(found), reasons=reasons)


@require_http_methods(["GET", "POST"])
def note_new(request: HttpRequest, number: str) -> HttpResponse:
    refuse(rules.may_note(request.user))
    found = _device(request, number)

    def note(**fields: Any) -> None:
        services.note_device(device=found, **fields)

    return deed_page(request, NoteForm(request.POST or None), note, title=_("记入设备履历"), back=_address(found))
