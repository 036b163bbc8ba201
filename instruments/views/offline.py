"""The service worker that lets a record sheet be opened again without network."""

from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET


@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """The script, under the addresses it may serve: a browser gives a worker its own folder and no other.

    Asked for anew at every visit, so that a new version replaces the old one at once.
    """
    path = finders.find("lims/js/worker.js")
    return HttpResponse(
        Path(str(path)).read_bytes(), content_type="text/javascript", headers={"Cache-Control": "no-cache"}
    )
