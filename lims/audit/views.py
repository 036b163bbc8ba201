"""The log as strangers read it: the signed head and the tiles, at the addresses of the tlog-tiles format."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from lims.audit import selectors
from lims.audit.services import signer

FOREVER = "public, max-age=31536000, immutable"


@login_not_required
@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    newest = selectors.newest_checkpoint()
    if newest is None:
        raise Http404
    return _public(selectors.published_note(newest).encode(), "text/plain; charset=utf-8", "no-cache")


@login_not_required
@require_safe
def key(request: HttpRequest) -> HttpResponse:
    """The public key of the log, as a line of text."""
    return _public(f"{signer().vkey}\n".encode(), "text/plain; charset=utf-8", "no-cache")


@login_not_required
@require_safe
def tile(request: HttpRequest, rest: str) -> HttpResponse:
    data = selectors.published(f"tile/{rest}")
    if data is None:
        raise Http404
    return _public(data, "application/octet-stream", FOREVER)


def _public(data: bytes, content_type: str, cache: str) -> HttpResponse:
    return HttpResponse(
        data, content_type=content_type, headers={"Cache-Control": cache, "Access-Control-Allow-Origin": "*"}
    )
