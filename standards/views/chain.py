"""The page of a standard's chain of traceability, as of any day."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from lims.core import clock
from standards.selectors.chain import chain
from standards.selectors.standards import standards
from standards.views.chain_drawing import draw, walk


@require_GET
def chain_page(request: HttpRequest, code: str) -> HttpResponse:
    """Drawing and list of everything above the standard on the day asked for, today when none is."""
    found = get_object_or_404(standards(request.user), code=code)
    try:
        day = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        day = clock.today()
    root = chain(found, day)
    return render(
        request,
        "standards/chain.html",
        {"standard": found, "day": day, "root": root, "drawing": draw(root), "links": list(walk(root))},
    )
