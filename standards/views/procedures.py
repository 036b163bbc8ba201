"""Pages of procedure versions: what a pack says, where each value comes from, approving and confirming."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lims.audit import selectors as audit
from lims.core import clock
from standards import rules, services
from standards.forms import ApproveForm, ConfirmValueForm
from standards.models import Category, ProcedureVersion
from standards.procedures import Pack
from standards.procedures.schema import UNKNOWN
from standards.selectors import procedures as selectors
from standards.views.history import told
from standards.views.posting import attempt, done, form_page


def _version(request: HttpRequest, sha256: str) -> ProcedureVersion:
    """A version by the beginning of its digest, for people who may read procedures."""
    if len(sha256) < 12:
        raise Http404
    return get_object_or_404(selectors.versions(request.user), sha256__startswith=sha256)


def _address(version: ProcedureVersion) -> str:
    return reverse("standards:procedure", args=[version.sha256[:16]])


@require_GET
def procedure_list(request: HttpRequest) -> HttpResponse:
    """Every version that was loaded, the ones in force today marked."""
    in_force = {version.pk for version in selectors.in_force(clock.today())}
    labels = dict(Category.choices)
    rows = [
        {
            "version": version,
            "address": _address(version),
            "in_force": version.pk in in_force,
            "categories": "、".join(str(labels.get(code, code)) for code in version.categories),
        }
        for version in selectors.versions(request.user).defer("source")
    ]
    return render(request, "standards/procedure_list.html", {"rows": rows})


@require_GET
def procedure(request: HttpRequest, sha256: str) -> HttpResponse:
    """One version: identity, items, every sourced value with its standing, worked examples, and what can be done."""
    version = _version(request, sha256)
    pack = selectors.pack_of(version)
    confirmations = {one.path: one for one in version.confirmations.select_related("confirmed_by")}
    claims = [_claim(one, confirmations.get(one.path)) for one in pack.claims()]
    return render(
        request,
        "standards/procedure.html",
        {
            "version": version,
            "pack": pack,
            "address": _address(version),
            "sha": version.sha256[:16],
            "facts": [
                (_("规程代号"), version.label),
                (_("实施日期"), version.in_force_from.isoformat() if version.in_force_from else _("未给出")),
                (_("废止日期"), version.in_force_to.isoformat() if version.in_force_to else ""),
                (_("批准人"), version.approved_by),
                (
                    _("批准时间"),
                    f"{timezone.localtime(version.approved_at):%Y-%m-%d %H:%M}" if version.approved_at else "",
                ),
                ("SHA-256", version.sha256),
            ],
            "kinds": [(one.id, [pack.item(name).title for name in one.items]) for one in pack.kinds],
            "claims": claims,
            "open": sum(1 for one in claims if one["standing"] in ("unconfirmed", "unknown")),
            "examples": _examples(version, pack),
            "refusals": rules.may_approve_procedure(version, request.user),
            "may_confirm": not rules.may_load_procedure(request.user),
            "form": ApproveForm(),
            "history": told(audit.of_object(version)),
        },
    )


def _claim(sourced: Any, confirmation: Any) -> dict[str, Any]:
    """A sourced value with its standing: confirmed (by the pack or the technical lead), unconfirmed, or unknown."""
    if sourced.value == UNKNOWN:
        standing = "unknown"
    elif sourced.claim.confirmed or confirmation:
        standing = "confirmed"
    else:
        standing = "unconfirmed"
    return {"sourced": sourced, "confirmation": confirmation, "standing": standing}


def _examples(version: ProcedureVersion, pack: Pack) -> list[dict[str, Any]]:
    faults = selectors.faults_of(version)
    return [
        {"example": one, "faults": [fault for fault in faults if fault.path.startswith(f"examples[{index}]")]}
        for index, one in enumerate(pack.examples)
    ]


@require_POST
def procedure_approve(request: HttpRequest, sha256: str) -> HttpResponse:
    version = _version(request, sha256)
    form = ApproveForm(request.POST)
    starts = form.cleaned_data["in_force_from"] if form.is_valid() else None
    services.approve_procedure(by=request.user, version=version, in_force_from=starts)
    return done(request, _address(version))


@require_http_methods(["GET", "POST"])
def procedure_confirm(request: HttpRequest, sha256: str) -> HttpResponse:
    """Confirm one value (`?path=`) after comparing it with the printed regulation."""
    version = _version(request, sha256)
    path = request.POST.get("path") or request.GET.get("path", "")
    pack = selectors.pack_of(version)
    sourced = next((one for one in pack.claims() if one.path == path), None)
    if sourced is None:
        raise Http404
    form = ConfirmValueForm(request.POST or None, initial={"path": path})
    refusal = rules.may_confirm_value(version, pack, path, request.user)
    reasons = (refusal,) if refusal else ()
    if not reasons and form.is_bound and form.is_valid():
        deed = {"by": request.user, "version": version, **form.cleaned_data}
        if not (reasons := attempt(lambda: services.confirm_value(**deed))):
            return done(request, _address(version) + "#values")
    return form_page(
        request,
        form,
        title=_("确认规程中的值"),
        back=_address(version),
        reasons=reasons,
        intro=f"{sourced.what.zh}（{sourced.what.en}）：{sourced.value}",
    )
