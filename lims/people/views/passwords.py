"""The page behind the link: the person sets the own password."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import SetPasswordForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from lims.core.text import Refused
from lims.people import rules, services


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def first_password(request: HttpRequest, person: str, token: str) -> HttpResponse:
    """Whoever holds the link is the person it was handed to; it works until a password is set."""
    link = services.Link(person, token)
    holder = services.holder(link)
    if holder is None:
        raise Refused(rules.link_is_void())
    form = SetPasswordForm(holder, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        services.set_first_password(link, password=form.cleaned_data["new_password1"])
        messages.success(request, _("密码已设置，请登录。"))
        return redirect("account_login")
    context = {"form": form, "person": holder}
    return render(request, "people/first_password.html", context, status=422 if form.errors else 200)
