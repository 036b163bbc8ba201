"""Gives each request an identifier and turns a refusal into a page that says why."""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import get_language

from lims.core import context
from lims.core.text import Conflict, Refused

log = logging.getLogger(__name__)


class RequestContextMiddleware:
    """Sets the request id (answered as `X-Request-Id`) and answers an uncaught `Refused` kindly, as page or JSON."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        identifier = context.begin()
        response = self.get_response(request)
        response["X-Request-Id"] = identifier
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Refused):
            return None
        return refusal(request, exception, 409 if isinstance(exception, Conflict) else 422)


def refusal(request: HttpRequest, refused: Refused, status: int) -> HttpResponse:
    """The page, or the JSON, that says why something was refused and what to do."""
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"reasons": [one.as_json() for one in refused.reasons]}, status=status)
    language = get_language() or "zh-hans"
    shown = [
        {"text": one.text.get(language), "action": one.action.get(language) if one.action else ""}
        for one in refused.reasons
    ]
    return render(request, "refused.html", {"reasons": shown}, status=status)
