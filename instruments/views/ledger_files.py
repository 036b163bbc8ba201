"""The ledger as files: template, import with its report, export."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods

from instruments.forms.ledger import ImportForm, LedgerFilterForm
from instruments.rules import ledger as rules
from instruments.selectors import ledger as selectors
from instruments.selectors.ledger_export import export, template
from instruments.services.ledger_import import MOST_ROWS_BY_PAGE, import_ledger
from instruments.spreadsheet.reading import LARGEST_FILE
from instruments.spreadsheet.writing import MEDIA_TYPE
from lims.core.text import DataError, Reason, Refused

MOST_ROWS_EXPORTED = 20_000


def _file(data: bytes, name: str) -> HttpResponse:
    return HttpResponse(
        data, content_type=MEDIA_TYPE, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@require_GET
def ledger_template(request: HttpRequest) -> HttpResponse:
    if refusal := rules.may_keep_ledger(request.user):
        raise Refused(refusal)
    return _file(template(), "ledger-template.xlsx")


@require_GET
def ledger_export(request: HttpRequest) -> HttpResponse:
    """The rows the viewer sees with the list's filters; customers get their own."""
    form = LedgerFilterForm(request.GET or None, viewer=request.user)
    filters = form.filters if form.is_bound else selectors.Filters()
    rows = selectors.narrowed(request.user, filters).order_by("ledger_number")[:MOST_ROWS_EXPORTED]
    return _file(export(rows.iterator(chunk_size=1000)), "ledger.xlsx")


@require_http_methods(["GET", "POST"])
def ledger_import(request: HttpRequest) -> HttpResponse:
    """Takes a file in and shows what became of each row."""
    if refusal := rules.may_keep_ledger(request.user):
        raise Refused(refusal)
    form = ImportForm(request.POST or None, request.FILES or None)
    report, reasons = None, ()
    if form.is_bound and form.is_valid():
        try:
            data = form.cleaned_data["file"].read(LARGEST_FILE + 1)
            report = import_ledger(by=request.user, data=data, most_rows=MOST_ROWS_BY_PAGE)
        except DataError as error:
            reasons = (Reason("file", error.text, where=error.path),)
        except Refused as refused:
            reasons = refused.reasons
    return render(
        request,
        "instruments/ledger_import.html",
        {"form": form, "report": report, "reasons": reasons, "most_rows": MOST_ROWS_BY_PAGE},
        status=422 if reasons else 200,
    )
