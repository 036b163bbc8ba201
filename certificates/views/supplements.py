"""A supplement on its way: drafted, checked, approved."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from certificates import facts, rules, selectors
from certificates.forms import PasswordForm, ReasonForm, SupplementForm
from certificates.models import Certificate, Supplement
from certificates.services import supplements as services
from certificates.views.certificate import detail_page
from instruments.views.review import passkey_just_shown, password_try_counts
from lims.core import canonical
from lims.core.text import Refused
from lims.people.selectors import how_to_sign, judged_signatures


@sensitive_post_parameters("passphrase")
@require_POST
def draft(request: HttpRequest, number: str) -> HttpResponse:
    """Writes what is to be added."""
    certificate = get_object_or_404(selectors.certificates(request.user), number=number)
    form = SupplementForm(request.POST)
    given = {name: form.data.get(name, "") for name in ("text", "text_en")}
    if why := rules.may_supplement(certificate, request.user):
        return detail_page(request, certificate, reasons=[why])
    if not form.is_valid():
        return detail_page(request, certificate, supplement_form=form, reasons=_named(given))
    try:
        made = services.draft(certificate, by=request.user, **given, passphrase=request.POST.get("passphrase", ""))
    except Refused as refused:
        return detail_page(request, certificate, supplement_form=form, reasons=refused.reasons)
    messages.success(request, _("补充已编制，等待核验。"))
    return redirect("certificates:supplement", number, made.pk)


def _named(given: dict[str, str]) -> list[Any]:
    why = rules.text_is_given(**given)
    return [why] if why else []


@sensitive_post_parameters("passphrase", "password")
@require_http_methods(["GET", "POST"])
def supplement(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """One supplement: its text, and the step that is the viewer's."""
    certificate = get_object_or_404(selectors.certificates(request.user), number=number)
    row = get_object_or_404(selectors.supplements_of(request.user, certificate), pk=pk)
    row.certificate = certificate
    if request.method == "GET":
        return _page(request, row)
    verb = request.POST.get("verb", "")
    try:
        if verb == "approve":
            document = _approve(request, row)
            messages.success(request, _("已批准。补充件 %(number)s 正在盖章。") % {"number": document.number})
            return redirect("certificates:detail", number=document.number)
        if verb == "drop":
            services.drop(row, by=request.user, reason=request.POST.get("reason", ""))
            messages.success(request, _("补充已退回。"))
        else:
            services.check(row, by=request.user, passphrase=request.POST.get("passphrase", ""))
            messages.success(request, _("核验通过，等待批准"))
    except Refused as refused:
        return _page(request, row, reasons=refused.reasons)
    return redirect("certificates:supplement", number, pk)


def _approve(request: HttpRequest, row: Supplement) -> Certificate:
    if how_to_sign(request.user) == "key":
        return services.approve(row, by=request.user, passphrase=request.POST.get("passphrase", ""))
    form = PasswordForm(request.POST)
    password = form.cleaned_data["password"] if form.is_valid() else ""
    shown = passkey_just_shown(request)
    if shown:
        request.session["approval_proof_used"] = shown
    else:
        password_try_counts(request, password)
    return services.approve(row, by=request.user, password=password, reauthenticated=bool(shown))


def _page(request: HttpRequest, row: Supplement, *, reasons: tuple[Any, ...] = ()) -> HttpResponse:
    verb = {Supplement.State.DRAFTED: "check", Supplement.State.CHECKED: "approve"}.get(Supplement.State(row.state), "")
    return render(
        request,
        "certificates/supplement.html",
        {
            "supplement": row,
            "certificate": row.certificate,
            "verb": verb,
            "refusal": rules.may_sign_supplement(row, request.user, verb) if verb else None,
            "may_drop": rules.may_drop_supplement(row, request.user) is None,
            "password_form": PasswordForm(),
            "passkey": passkey_just_shown(request),
            "sign": how_to_sign(request.user),
            "signatures": judged_signatures(facts.name_of_supplement(row), canonical.sha256(facts.of_supplement(row))),
            "form": ReasonForm(),
            "reasons": reasons,
        },
        status=422 if reasons else 200,
    )
