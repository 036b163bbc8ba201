"""Pages of the chain both ways: the drawing with its list, and the records behind a number of it."""

from datetime import date
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from lims.auditor.selectors.grants import scope
from lims.core.paging import page
from lims.lineage.selectors import Graph, Missing, graph, measured, with_certificates
from standards.selectors.chain import Link
from standards.views.chain_drawing import KINDS, draw, walk, walk_down


@require_GET
def graph_page(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """Drawing, lists upwards and downwards, and the numbers by device and year, as of the day asked for."""
    shown, wrong_day = _shown(request, kind, key)
    asked = f"?{urlencode({'day': shown.day.isoformat()})}"

    def address(link: Link) -> str:
        if link.kind == "use":
            device = next((one.device.asset_number for one in shown.tallies if one.device.pk == link.device), "")
            return _records(shown, kind, key, device=device) if device else ""
        if not link.about[0]:
            return ""
        if link.about == (kind, key):  # the page it is on: an auditor with a scope sees nothing else of it
            return link.address if scope(request.user) is None else ""
        return reverse("lineage:graph", args=link.about) + asked

    def listed(links: list[tuple[int, Link]]) -> list[dict[str, object]]:
        return [
            {"level": level, "link": link, "kind": KINDS[link.kind], "address": address(link)} for level, link in links
        ]

    above = list(walk(shown.root))
    context = {
        "shown": shown,
        "wrong_day": wrong_day,
        "day": shown.day,
        "standard": shown.subject if kind == "standard" else None,
        "own_page": shown.root.address if scope(request.user) is None else "",
        "root": shown.root,
        "whole": shown.root.whole,
        "drawing": draw(shown.root, address),
        "above": listed(above),
        "below": listed([(level, link) for level, link in walk_down(shown.root) if level]),
        "tallies": [
            (one, _records(shown, kind, key, device=one.device.asset_number, year=one.year, role=one.role))
            for one in shown.tallies
        ],
    }  # fmt: skip
    return render(request, "lineage/graph.html", context)


@require_GET
def records_page(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """The records that one number of the graph counts, those begun last first: with a certificate, or `?without` one."""
    shown, _wrong_day = _shown(request, kind, key)
    asked = request.GET
    tallies = [one for one in shown.tallies if one.device.asset_number == asked.get("device", "")]
    if not tallies:
        raise Http404
    year = int(asked["year"]) if asked.get("year", "").isdigit() and 1 <= int(asked["year"][:5]) <= 9999 else None
    if "role" in asked:
        tallies = [one for one in tallies if one.role == asked["role"]]
    if year:
        tallies = [one for one in tallies if one.year == year]
    if not tallies:
        raise Http404
    certified = "without" not in asked
    rows = measured(request.user, shown, tallies[0].device, certified=certified, year=year)
    if "role" in asked:
        rows = rows.filter(role=asked["role"])
    rows = rows.select_related("record__task__instrument__organisation", "record__task__procedure").defer(
        "record__facts", "record__task__procedure__source"
    )
    listed = page(rows, order=("-device_id", "-pk"), after=asked.get("after", ""))
    more = asked.copy()
    more["after"] = listed.after
    without = asked.copy()
    without.pop("after", None)
    without["without"] = "1"
    context = {
        "shown": shown,
        "device": tallies[0].device,
        "year": year or "",
        "certified": certified,
        "without_url": f"?{without.urlencode()}",
        "records": sum(one.records for one in tallies),
        "certificates": sum(one.certificates for one in tallies),
        "rows": with_certificates(listed.rows),
        "back": reverse("lineage:graph", args=[kind, key]) + f"?{urlencode({'day': shown.day.isoformat()})}",
        "more_url": f"?{more.urlencode()}" if listed.after else "",
    }
    return render(request, "lineage/records.html", context)


def _shown(request: HttpRequest, kind: str, key: str) -> tuple[Graph, str]:
    """The graph asked for, and what was asked as a day where it is none."""
    asked, day = request.GET.get("day", "").strip(), None
    try:
        day = date.fromisoformat(asked) if asked else None
    except ValueError:
        pass
    try:
        return graph(request.user, kind, key, day), asked if asked and day is None else ""
    except Missing as error:
        raise Http404 from error


def _records(shown: Graph, kind: str, key: str, **wanted: object) -> str:
    query = urlencode({"day": shown.day.isoformat(), **wanted})
    return reverse("lineage:records", args=[kind, key]) + f"?{query}"
