"""Pages of the ledger: list, one instrument, entering and changing. Thin: selectors read, services write."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_http_methods

from instruments.forms.ledger import (
    InstrumentForm,
    LedgerFilterForm,
    PartForm,
    SealForm,
    SiteForm,
    StateForm,
    SubUnitForm,
)
from instruments.models import Instrument
from instruments.rules import ledger as rules
from instruments.selectors import ledger as selectors
from instruments.selectors.drift import drift
from instruments.selectors.work import sees_everything, tasks
from instruments.services import ledger as services
from instruments.views import drift_plot
from lims.audit import selectors as audit
from lims.core import clock, paging
from lims.core.text import Reason, Refused
from standards.models import Category
from standards.views.history import told


def _more(query: QueryDict, after: str) -> str:
    """The address of the next page with the same filters; empty at the end."""
    if not after:
        return ""
    following = query.copy()
    following["after"] = after
    return f"?{following.urlencode()}"


@require_GET
def ledger(request: HttpRequest) -> HttpResponse:
    """The ledger with search and filters, keyset "more", and what the viewer may do with it."""
    form = LedgerFilterForm(request.GET or None, viewer=request.user)
    filters = form.filters if form.is_bound else selectors.Filters()
    page = selectors.find(request.user, filters, after=request.GET.get("after", ""))
    count, more = paging.capped_count(selectors.narrowed(request.user, filters))
    without_page = request.GET.copy()
    without_page.pop("after", None)
    return render(
        request,
        "instruments/ledger.html",
        {
            "form": form,
            "rows": page.rows,
            "more": _more(request.GET, page.after),
            "count": count,
            "count_is_more": more,
            "query": without_page.urlencode(),
            "may_keep": rules.may_keep_ledger(request.user) is None,
            "today": clock.today(),
        },
    )


def _instrument(request: HttpRequest, number: str) -> Instrument:
    """The instrument if the viewer may see it; otherwise there is no such page."""
    return get_object_or_404(selectors.with_details(request.user), ledger_number=number)


def _told_parameters(found: Instrument) -> list[tuple[object, object]]:
    """Label and value of each parameter as the procedures in force word them; a name they do not know as it is."""
    known = {parameter.name: parameter for parameter in selectors.parameters_of(found.category, clock.today())}
    told_ones: list[tuple[object, object]] = []
    for name, value in sorted(found.parameters.items()):
        if (parameter := known.get(name)) is None:
            told_ones.append((name, value))
            continue
        unit = f" {parameter.unit}" if parameter.unit != "1" and not parameter.options else ""
        worded = next((option.label for option in parameter.options if option.value == value), f"{value}{unit}")
        told_ones.append((parameter.label, worded))
    return told_ones


@require_GET
def instrument(request: HttpRequest, number: str) -> HttpResponse:
    """One instrument: identity, parameters, sub-units, parts, seals, tasks and history."""
    found = _instrument(request, number)
    everything = sees_everything(request.user)
    return render(
        request,
        "instruments/instrument.html",
        {
            "instrument": found,
            "facts": [
                (pgettext("organisation", "单位"), found.organisation),
                (_("使用场所"), found.site),
                (_("安装位置"), found.position),
                (_("器具类别"), found.get_category_display()),
                (_("型号规格"), found.model),
                (_("出厂编号"), found.serial),
                (_("制造单位"), found.manufacturer),
                (_("准确度等级"), found.accuracy_class),
                (_("测量范围"), found.measuring_range),
                (_("检定到期日"), found.due_on.isoformat() if found.due_on else ""),
            ],
            "parameters": _told_parameters(found),
            "plots": drift_plot.plots(drift(found)) if everything else [],
            "tasks": tasks(request.user).filter(instrument=found).order_by("-created_at")[:20],
            "history": told(audit.of_object(found)) if everything else [],
            "may_keep": rules.may_keep_ledger(request.user) is None,
            "today": clock.today(),
        },
    )


def _refuse_unless_keeper(request: HttpRequest) -> None:
    if refusal := rules.may_keep_ledger(request.user):
        raise Refused(refusal)


def _form_page(
    request: HttpRequest, form: Any, *, title: str, back: str, reasons: tuple[Reason, ...] = (), status: int = 200
) -> HttpResponse:
    return render(
        request,
        "instruments/ledger_form.html",
        {"form": form, "title": title, "back": back, "reasons": reasons},
        status=422 if reasons else status,
    )


@require_http_methods(["GET", "POST"])
def instrument_new(request: HttpRequest) -> HttpResponse:
    """First the category (`?category=`), then the form with that category's parameters."""
    _refuse_unless_keeper(request)
    category = request.GET.get("category", "")
    if category not in Category.values:
        return render(request, "instruments/ledger_category.html", {"categories": Category.choices})
    form = InstrumentForm(request.POST or None, viewer=request.user, category=category)
    if not form.is_bound and not form.initial.get("name"):
        form.initial["name"] = Category(category).label
    reasons: tuple[Reason, ...] = ()
    if form.is_bound and form.is_valid():
        try:
            found = services.register_instrument(by=request.user, **form.facts())
        except Refused as refusal:
            reasons = refusal.reasons
        else:
            messages.success(request, _("已登记 %(number)s") % {"number": found.ledger_number})
            return redirect("instruments:instrument", found.ledger_number)
    return _form_page(request, form, title=_("登记器具"), back=reverse("instruments:ledger"), reasons=reasons)


@require_http_methods(["GET", "POST"])
def instrument_edit(request: HttpRequest, number: str) -> HttpResponse:
    """Changes the entry; a form that was overtaken by somebody else's change is refused kindly."""
    _refuse_unless_keeper(request)
    found = _instrument(request, number)
    form = InstrumentForm(request.POST or None, viewer=request.user, category=found.category, instance=found)
    reasons: tuple[Reason, ...] = ()
    if form.is_bound and form.is_valid():
        try:
            services.change_instrument(
                by=request.user,
                instrument=Instrument.objects.get(pk=found.pk),
                version=form.cleaned_data["version"] or 0,
                **form.facts(),
            )
        except Refused as refusal:
            reasons = refusal.reasons
        else:
            messages.success(request, _("已保存"))
            return redirect("instruments:instrument", number)
    return _form_page(
        request,
        form,
        title=_("修改 %(number)s") % {"number": number},
        back=reverse("instruments:instrument", args=[number]),
        reasons=reasons,
    )


@require_http_methods(["GET", "POST"])
def instrument_state(request: HttpRequest, number: str) -> HttpResponse:
    _refuse_unless_keeper(request)
    found = _instrument(request, number)
    form = StateForm(request.POST or None, initial={"state": found.state, "version": found.version})
    reasons: tuple[Reason, ...] = ()
    if form.is_bound and form.is_valid():
        try:
            services.set_instrument_state(by=request.user, instrument=found, **form.cleaned_data)
        except Refused as refusal:
            reasons = refusal.reasons
        else:
            return redirect("instruments:instrument", number)
    return _form_page(
        request, form, title=_("变更状态"), back=reverse("instruments:instrument", args=[number]), reasons=reasons
    )


_ADDED = {
    "sub-units": (SubUnitForm, services.add_sub_unit, _("登记子单元")),
    "parts": (PartForm, services.install_part, _("登记关键部件")),
    "seals": (SealForm, services.apply_seal, _("施加封印")),
}


@require_http_methods(["GET", "POST"])
def instrument_add(request: HttpRequest, number: str, what: str) -> HttpResponse:
    """Adds a sub-unit, a part or a seal to an instrument."""
    _refuse_unless_keeper(request)
    found = _instrument(request, number)
    form_class, service, title = _ADDED[what]
    of_instrument = {} if form_class is SubUnitForm else {"instrument": found}
    form = form_class(request.POST or None, **of_instrument)
    reasons: tuple[Reason, ...] = ()
    if form.is_bound and form.is_valid():
        try:
            service(by=request.user, instrument=found, **form.cleaned_data)
        except Refused as refusal:
            reasons = refusal.reasons
        else:
            messages.success(request, _("已保存"))
            return redirect("instruments:instrument", number)
    return _form_page(
        request, form, title=_(title), back=reverse("instruments:instrument", args=[number]), reasons=reasons
    )


@require_http_methods(["GET", "POST"])
def site_new(request: HttpRequest) -> HttpResponse:
    _refuse_unless_keeper(request)
    form = SiteForm(request.POST or None, viewer=request.user)
    reasons: tuple[Reason, ...] = ()
    if form.is_bound and form.is_valid():
        try:
            site = services.register_site(by=request.user, **form.cleaned_data)
        except Refused as refusal:
            reasons = refusal.reasons
        else:
            messages.success(request, _("已登记场所 %(name)s") % {"name": site.name})
            return redirect("instruments:ledger")
    return _form_page(request, form, title=_("登记使用场所"), back=reverse("instruments:ledger"), reasons=reasons)
