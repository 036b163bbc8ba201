"""Pages by which the administrator keeps accounts: joining, roles, leaving, coming back, the link for a password."""

from collections.abc import Callable

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from lims.core.text import Reason, Refused
from lims.people import rules, services
from lims.people.forms import PersonChangeForm, PersonForm, ReasonForm, RoleForm
from lims.people.models import Role, User
from lims.people.views.posting import form_deed, refuse, the_person


def _back(person: User) -> str:
    return reverse("people:person", args=[person.username])


@require_http_methods(["GET", "POST"])
def person_new(request: HttpRequest) -> HttpResponse:
    refuse(rules.may_manage_people(request.user))
    form = PersonForm(request.POST or None, initial={"organisation": request.GET.get("organisation", "")})
    username = str(form.data.get("username", ""))
    return form_deed(
        request,
        form,
        lambda: services.add_person(by=request.user, **form.cleaned_data),
        title=_("登记人员"),
        back=reverse("people:person", args=[username]) if rules.username_fits(username) is None else _list(),
        name=_("人员"),
        intro=_("登记后在其页面生成一次性链接，由本人设置密码。"),
    )


def _list() -> str:
    return reverse("people:list")


@require_http_methods(["GET", "POST"])
def person_edit(request: HttpRequest, username: str) -> HttpResponse:
    refuse(rules.may_manage_people(request.user))
    shown = the_person(request, username)
    form = PersonChangeForm(request.POST or None, instance=shown)
    return form_deed(
        request,
        form,
        # The form has already written into `shown`; the service compares with what is stored.
        lambda: services.change_person(User.objects.get(pk=shown.pk), by=request.user, **form.cleaned_data),
        title=_("修改人员资料"),
        back=_back(shown),
        name=username,
    )


@require_http_methods(["GET", "POST"])
def roles(request: HttpRequest, username: str) -> HttpResponse:
    """The roles a person holds, each with a button that ends it, and a form to give another."""
    refuse(rules.may_manage_people(request.user))
    shown = the_person(request, username)
    form = RoleForm(request.POST or None)
    reasons = _attempt(request, form, lambda role: services.give_role(shown, role, by=request.user))
    return _roles_page(request, shown, form, reasons)


@require_POST
def role_end(request: HttpRequest, username: str) -> HttpResponse:
    refuse(rules.may_manage_people(request.user))
    shown = the_person(request, username)
    reasons = _attempt(request, RoleForm(request.POST), lambda role: services.take_role(shown, role, by=request.user))
    return _roles_page(request, shown, RoleForm(), reasons)


def _attempt(request: HttpRequest, form: BaseForm, deed: Callable[[str], object]) -> tuple[Reason, ...]:
    if not form.is_bound or not form.is_valid():
        return ()
    try:
        deed(form.cleaned_data["role"])
    except Refused as refusal:
        return refusal.reasons
    messages.success(request, _("已保存"))
    return ()


def _roles_page(request: HttpRequest, shown: User, form: BaseForm, reasons: tuple[Reason, ...]) -> HttpResponse:
    held = [Role(one.role) for one in shown.held_roles.order_by("role")]
    own = rules.not_oneself(shown, request.user)
    context = {"person": shown, "form": form, "held": held, "reasons": reasons, "own": own}
    return render(request, "people/roles.html", context, status=422 if reasons or form.errors else 200)


@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest, username: str) -> HttpResponse:
    refuse(rules.may_manage_people(request.user))
    shown = the_person(request, username)
    form = ReasonForm(request.POST or None)
    return form_deed(
        request,
        form,
        lambda: services.leave(shown, by=request.user, **form.cleaned_data),
        title=_("登记离岗：%(person)s") % {"person": shown},
        back=_back(shown),
        name=shown,
        intro=_("离岗后立即不能登录；其签过的记录和证书不变。"),
    )


@require_http_methods(["GET", "POST"])
def come_back(request: HttpRequest, username: str) -> HttpResponse:
    refuse(rules.may_manage_people(request.user))
    shown = the_person(request, username)
    form = ReasonForm(request.POST or None)
    return form_deed(
        request,
        form,
        lambda: services.come_back(shown, by=request.user, **form.cleaned_data),
        title=_("登记复岗：%(person)s") % {"person": shown},
        back=_back(shown),
        name=shown,
        intro=_("原有角色和授权不会恢复，须重新授予。"),
    )


@never_cache
@require_http_methods(["GET", "POST"])
def link(request: HttpRequest, username: str) -> HttpResponse:
    """Asks first; the answer to the POST shows the link, this once. It is written nowhere."""
    refuse(rules.may_manage_people(request.user))
    shown = the_person(request, username)
    context: dict[str, object] = {"person": shown, "address": ""}
    if request.method == "POST":
        made = services.make_link(shown, by=request.user)
        context["address"] = request.build_absolute_uri(
            reverse("people:first_password", args=[made.person, made.token])
        )
    return render(request, "people/link.html", context)
