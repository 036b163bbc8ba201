"""Taking away all certificates of a place in one archive."""

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from certificates import selectors
from certificates.services import archive as services
from instruments.models import Site
from lims.people.models import Organisation


@require_GET
def places(request: HttpRequest) -> HttpResponse:
    """The places of which the viewer may take certificates away."""
    return render(request, "certificates/places.html", {"places": selectors.places(request.user)})


@require_GET
def download(request: HttpRequest, organisation: int, site: int | None = None) -> HttpResponseBase:
    """The archive of one place, sent while it is made."""
    certificates = list(selectors.of_place(request.user, organisation, site))
    if not certificates:
        raise Http404
    owner = get_object_or_404(Organisation, pk=organisation)
    place = get_object_or_404(Site, pk=site) if site else None
    services.note(owner, place, certificates, by=request.user)
    folder = services.folder_name(owner, place)
    return StreamingHttpResponse(
        _in_turn(services.pieces(certificates, folder)),
        content_type="application/zip",
        headers={"Content-Disposition": content_disposition_header(True, f"{folder}.zip")},
    )


async def _in_turn(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Each piece is made when the one before is sent; a plain iterator would be gathered whole before the first byte."""
    step = sync_to_async(next)
    while (piece := await step(pieces, None)) is not None:
        yield piece
