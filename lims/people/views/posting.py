"""What every page with a form about people does."""

from collections.abc import Callable

from allauth.core import ratelimit
from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from lims.core.text import Reason, Refused, reason
from lims.people import selectors
from lims.people.models import User


def refuse(refusal: Reason | None) -> None:
    """Answers the request with the refusal page when there is a reason."""
    if refusal:
        raise Refused(refusal)


def the_person(request: HttpRequest, username: str) -> User:
    return get_object_or_404(selectors.people(request.user), username=username)


def password_try_counts(request: HttpRequest, password: str) -> None:
    """Raises Refused after too many wrong passwords. Right ones are not counted: an approver may sign a pile in a minute."""

    def tried(*, dry_run: bool) -> bool:
        return ratelimit.consume(request, action="reauthenticate", user=request.user, dry_run=dry_run)

    if not tried(dry_run=True):
        raise Refused(
            reason(
                "too_many_attempts",
                "密码尝试次数过多",
                "Too many attempts",
                "请过几分钟再试，或使用通行密钥",
                "Wait a few minutes, or use a passkey",
            )
        )
    if not request.user.check_password(password):
        tried(dry_run=False)


def form_deed(
    request: HttpRequest,
    form: BaseForm,
    deed: Callable[[], object],
    *,
    title: object,
    back: str,
    name: object = "",
    intro: object = "",
) -> HttpResponse:
    """Shows the form, runs the service on a good one and leads to `back`, or shows its refusal on the same page.

    name: of what `back` shows.
    """
    reasons: tuple[Reason, ...] = ()
    if request.method == "POST" and form.is_valid():
        try:
            deed()
        except Refused as refusal:
            reasons = refusal.reasons
        else:
            messages.success(request, _("已保存"))
            return redirect(back)
    context = {"form": form, "title": title, "back": back, "name": name, "intro": intro, "reasons": reasons}
    return render(request, "people/form.html", context, status=422 if reasons or form.errors else 200)
