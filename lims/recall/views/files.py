"""What is taken away from a case: its list as CSV, and the drafts of the notices."""

import csv
from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from lims.core.paging import page
from lims.recall import letters, selectors
from lims.recall.models import RecallCase, RecallItem
from lims.recall.selectors import Chosen
from lims.recall.views.finding import chosen, chosen_form, found_case

HEADER = (
    "certificate", "state", "customer", "category", "instrument", "serial", "verified_on", "old_conclusion", "new_conclusion",
    "flip", "effect", "change_over_mpe", "column", "unit", "old", "new", "lower", "upper", "old_printed", "new_printed",
    "decision", "earlier_decision", "reasons",
)  # fmt: skip
CHUNK = 500
ON_A_PAGE = 20


@require_GET
def items_csv(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """The certificates that the filter shows in the order of the list, each with its largest change."""
    case = found_case(request, pk)
    narrow = chosen(chosen_form(request.GET, selectors.totals(request.user, case)))
    return StreamingHttpResponse(
        _lines(request.user, case, narrow),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{case}.csv"'},
    )


class _Line:
    def write(self, text: str) -> str:
        return text


def _lines(viewer: object, case: RecallCase, narrow: Chosen) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield "\ufeff" + writer.writerow(HEADER)
    after = ""
    while True:
        shown = selectors.case_items(viewer, case, narrow, after=after, size=CHUNK)
        for one in shown.rows:
            yield writer.writerow([_harmless(cell) for cell in _cells(one)])
        after = shown.after
        if not after:
            return


def _cells(item: RecallItem) -> list[str]:
    certificate, worst = item.certificate, next(iter(item.changes), {})
    names = ("unit", "old", "new", "lower", "upper", "old_printed", "new_printed")
    return [
        certificate.number, certificate.state, str(item.organisation), item.category, certificate.instrument.name,
        certificate.instrument.serial, item.verified_on.isoformat(), item.old_conclusion, item.new_conclusion,
        "yes" if item.flip else "no", item.effect or "waiting", item.worst, worst["title"]["zh"] if worst else "",
        *(str(worst.get(name) or "") for name in names), item.decision, item.earlier, "；".join(one.zh for one in item.reasons),
    ]  # fmt: skip


def _harmless(cell: str) -> str:
    """A spreadsheet takes words that begin like a formula for one; a signed number is none."""
    if cell[:1] not in ("=", "+", "-", "@", "\t", "\r"):
        return cell
    return cell if cell[0] in "+-" and cell[1:].replace(".", "", 1).isdecimal() else f"'{cell}"


@require_GET
def letters_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Drafts of the notices for what was decided, page by page; nothing is sent from here."""
    case = found_case(request, pk)
    rows = selectors.items(request.user, case, Chosen(part="decided")).exclude(decision=RecallItem.Kind.STAND)
    rows = rows.select_related("case", "certificate__instrument", "organisation")
    shown = page(rows, order=("-rank", "-pk"), after=request.GET.get("after", ""), size=ON_A_PAGE)
    context = {
        "case": case,
        "rows": [(one, letters.notice(one, one.decision)) for one in shown.rows],
        "more_url": f"?after={shown.after}" if shown.after else "",
    }
    return render(request, "recall/letters.html", context)
