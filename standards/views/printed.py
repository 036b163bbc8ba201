"""Pages made to be printed: the declarations to the authority, the life book, and a device's record."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from lims.audit import selectors as audit
from lims.core import clock
from standards import rules
from standards.models import DeviceNote, StandardState
from standards.selectors import capability, devices
from standards.selectors.application import application
from standards.selectors.devices import may_read
from standards.selectors.lifebook import life_book
from standards.selectors.standards import standards
from standards.views.chart_plot import plot
from standards.views.history import told


@require_GET
def change_form(request: HttpRequest, pk: int) -> HttpResponse:
    """The declaration of a change (计量标准更换申报表) with what must go with it."""
    change = get_object_or_404(capability.changes(request.user), pk=pk)
    today = clock.today()
    return render(
        request,
        "standards/change_form.html",
        {
            "standard": change.standard,
            "change": change,
            "form": application(change.standard, today),
            "steps": rules.for_change(change, today),
        },
    )


@require_GET
def state_form(request: HttpRequest, pk: int) -> HttpResponse:
    """The declaration of sealing or withdrawal (计量标准封存（或撤销）申报表)."""
    rows = StandardState.objects.select_related("standard", "entered_by")
    row = get_object_or_404(rows if may_read(request.user) else rows.none(), pk=pk)
    if row.state not in (StandardState.State.SUSPENDED, StandardState.State.WITHDRAWN):
        raise Http404
    return render(
        request,
        "standards/state_form.html",
        {
            "standard": row.standard,
            "row": row,
            "form": application(row.standard, row.since),
            "steps": rules.for_state(row, row.since),
        },
    )


@require_GET
def book(request: HttpRequest, code: str) -> HttpResponse:
    """The life book of a standard, with its events at the end."""
    found = get_object_or_404(standards(request.user), code=code)
    made = life_book(found)
    return render(
        request,
        "standards/life_book.html",
        {
            "standard": found,
            "book": made,
            "plots": [plot(chart) for chart in made.charts],
            "form": application(found, clock.today()),
            "history": list(reversed(told(audit.of_object(found)))),
        },
    )


@require_GET
def device_record(request: HttpRequest, number: str) -> HttpResponse:
    """What ISO/IEC 17025:2017, 6.4.13 a to h asks to be kept of a device, letter by letter, on one page."""
    found = get_object_or_404(devices.devices(request.user), asset_number=number)
    today = clock.today()
    standing = devices.standing(found, today)
    certificates = devices.certificates(request.user).filter(device=found, state="confirmed")
    notes = list(found.notes.select_related("entered_by").order_by("on", "pk"))
    return render(
        request,
        "standards/device_record.html",
        {
            "device": found,
            "standing": standing,
            "reasons": rules.device_usable_on(found, today, known=standing),
            "certificates": certificates.order_by("calibrated_on", "pk").prefetch_related("values"),
            "maintained": [one for one in notes if one.kind == DeviceNote.Kind.MAINTENANCE],
            "happened": [one for one in notes if one.kind != DeviceNote.Kind.MAINTENANCE],
            "states": found.states.select_related("entered_by").order_by("since", "pk"),
            "memberships": found.memberships.select_related("standard").order_by("since"),
            "today": today,
        },
    )
