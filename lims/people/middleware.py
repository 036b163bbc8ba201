"""Keeps people in certain roles out until they have a second factor."""

from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from lims.people.selectors import roles_of


class SecondFactorMiddleware:
    """Sends a person whose role demands it (settings.MFA_REQUIRED_ROLES) to the page where a second factor is set up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        required = set(settings.MFA_REQUIRED_ROLES)
        if (
            required
            and request.user.is_authenticated
            and not request.path.startswith(("/accounts/", "/static/"))
            and roles_of(request.user) & required
            and not is_mfa_enabled(request.user)
        ):
            messages.warning(request, _("您的角色必须使用两步验证，请先设置验证器或通行密钥。"))
            return redirect("mfa_index")
        return self.get_response(request)
