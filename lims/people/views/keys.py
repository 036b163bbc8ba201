"""Pages of personal signing keys: one's own, and ending another's."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from lims.core.text import Reason, Refused
from lims.people import selectors
from lims.people.forms import KeyRevocationForm, NewKeyForm, PassphraseChangeForm
from lims.people.models import PersonalKey
from lims.people.rules import keys as rules
from lims.people.services import keys as services
from lims.people.views.posting import form_deed, password_try_counts, refuse


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def my_key(request: HttpRequest) -> HttpResponse:
    """One's own key: what it is for, whether there is one, and making or replacing it."""
    refuse(rules.may_sign(request.user))
    key = selectors.active_key(request.user)
    form = NewKeyForm(request.POST or None, replaces=key is not None)
    reasons: tuple[Reason, ...] = ()
    if request.method == "POST" and form.is_valid():
        try:
            password_try_counts(request, form.cleaned_data["password"])
            services.create_key(request.user, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            reasons = refusal.reasons
        else:
            messages.success(request, _("签名密钥已创建，可以签名了。"))
            return redirect(_next(request) or "people:my_key")
    return render(
        request,
        "people/my_key.html",
        {
            "key": key,
            "keys": selectors.keys_of(request.user),
            "form": form,
            "reasons": reasons,
            "open": bool(reasons or form.errors),
            "next": _next(request),
        },
        status=422 if reasons or form.errors else 200,
    )


def _next(request: HttpRequest) -> str:
    """Where the person came from to make a key, when that is a page of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    good = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if good else ""


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def my_passphrase(request: HttpRequest) -> HttpResponse:
    """Another passphrase for the same key."""
    refuse(rules.may_sign(request.user))
    form = PassphraseChangeForm(request.POST or None)

    def change() -> None:
        given = form.cleaned_data
        services.change_passphrase(request.user, by=request.user, old=given["old_passphrase"], new=given["passphrase"])

    return form_deed(
        request,
        form,
        change,
        title=_("更改签名口令"),
        back=reverse("people:my_key"),
        name=_("我的签名密钥"),
        intro=_("密钥和证书不变，只换打开它的口令。"),
    )


@require_http_methods(["GET", "POST"])
def revoke_key(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Reports one's own key lost, or ends another's: quality manager and administrator."""
    people = selectors.people(request.user)
    key = get_object_or_404(
        PersonalKey.objects.select_related("person").filter(person__in=people), fingerprint=fingerprint
    )
    refuse(rules.may_revoke_key(key.person, request.user))
    own = key.person_id == request.user.pk
    form = KeyRevocationForm(request.POST or None, own=own)
    back, name = _place(key, own=own)
    deed: Callable[[], object] = lambda: services.revoke(key, by=request.user, **form.cleaned_data)  # noqa: E731
    return form_deed(
        request,
        form,
        deed,
        title=_("报失签名密钥") if own else _("停用签名密钥：%(person)s") % {"person": key.person},
        back=back,
        name=name,
        intro=_("立即生效，不能恢复。此前的签名仍然有效；之后需创建新密钥才能签名。"),
    )


def _place(key: PersonalKey, *, own: bool) -> tuple[str, object]:
    if own:
        return reverse("people:my_key"), _("我的签名密钥")
    return reverse("people:person", args=[key.person.username]), key.person


@require_GET
def authority(request: HttpRequest) -> HttpResponse:
    """The root that personal signatures are verified against."""
    return HttpResponse(services.persons_ca_pem(), content_type="application/x-pem-file")


@require_GET
def revoked(request: HttpRequest) -> HttpResponse:
    """The list of keys that ended, as of now."""
    return HttpResponse(services.revocation_list(), content_type="application/x-pem-file")
