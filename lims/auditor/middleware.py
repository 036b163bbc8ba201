"""An auditor from outside: only under a grant, only within its scope, only reading, and every look is an event."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from lims.audit.services import record
from lims.auditor import rules
from lims.auditor.selectors.grants import bound
from lims.core.middleware import refusal
from lims.core.text import Refused

OPEN = ("/accounts/", "/static/", "/language/", "/log/", "/v/")
"""What everybody reaches: signing in and out, the language, the public log, the public check of a certificate."""
LONGEST = 500


class GrantMiddleware:
    """Stands behind sign-in. Refusals say why; what was shown is written down with the path that was asked for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], arguments: Any, named: Any
    ) -> HttpResponse | None:
        writes = rules.writes(request.method, request.path)
        front = request.path == "/" and not writes
        if request.path.startswith(OPEN) or front or bound(request.user) is None:
            return None
        why = rules.may_enter(request.user, request.path, writes=writes)
        if why:
            return refusal(request, Refused(why), 403)
        try:
            with transaction.atomic():  # before it is shown: a look that cannot be written down does not happen
                record(
                    "audit.looked", by=request.user, obj=request.user,
                    payload={"method": request.method or "", "path": request.get_full_path()[:LONGEST]},
                )  # fmt: skip
        except Refused as refused:
            return refusal(request, refused, 422)
        return None
