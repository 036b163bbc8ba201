"""The log as strangers read it: the signed head and the tiles, at the addresses of the tlog-tiles format."""

from datetime import date

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from lims.audit import selectors
from lims.audit.models import Stamp
from lims.audit.services import signer
from lims.core.timestamps import Unavailable

TEXT, TOKEN, PEM = "text/plain; charset=utf-8", "application/vnd.etsi.timestamp-token", "application/x-pem-file"
FOREVER = "public, max-age=31536000, immutable"


@login_not_required
@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    newest = selectors.newest_checkpoint()
    if newest is None:
        raise Http404
    return _public(selectors.published_note(newest).encode(), TEXT, "no-cache")


@login_not_required
@require_safe
def key(request: HttpRequest) -> HttpResponse:
    """The public key of the log, as a line of text."""
    return _public(f"{signer().vkey}\n".encode(), TEXT, "no-cache")


@login_not_required
@require_safe
def tile(request: HttpRequest, rest: str) -> HttpResponse:
    data = selectors.published(f"tile/{rest}")
    if data is None:
        raise Http404
    return _public(data, "application/octet-stream", FOREVER)


@login_not_required
@require_safe
def handover(request: HttpRequest, number: int) -> HttpResponse:
    """The head with which the key handed over to the next for the n-th time (from 1): signed by both."""
    found = selectors.handovers()[number - 1 : number] if number else []
    if not found:
        raise Http404
    return _public(found[0].note.encode(), TEXT, FOREVER)


@login_not_required
@require_safe
def stamps(request: HttpRequest) -> HttpResponse:
    """The days whose head was stamped, one on each line: `/log/stamps/DAY.tst` is about `/log/stamps/DAY.checkpoint`."""
    days = "".join(f"{day}\n" for day in Stamp.objects.values_list("day", flat=True))
    return _public(days.encode(), TEXT, "no-cache")


@login_not_required
@require_safe
def stamp(request: HttpRequest, day: date) -> HttpResponse:
    return _public(bytes(get_object_or_404(Stamp, day=day).token), TOKEN, FOREVER)


@login_not_required
@require_safe
def stamped(request: HttpRequest, day: date) -> HttpResponse:
    """The head of a day, byte for byte as it was stamped: witnesses may have signed it since."""
    return _public(get_object_or_404(Stamp, day=day).checkpoint.note.encode(), TEXT, FOREVER)


@login_not_required
@require_safe
def stamp_roots(request: HttpRequest) -> HttpResponse:
    """The root certificates with which the tokens can be checked, for whoever does not have them from elsewhere."""
    try:
        return _public(selectors.stamp_roots(), PEM, "no-cache")
    except Unavailable:
        raise Http404 from None


def _public(data: bytes, content_type: str, cache: str) -> HttpResponse:
    return HttpResponse(
        data, content_type=content_type, headers={"Cache-Control": cache, "Access-Control-Allow-Origin": "*"}
    )
