"""Drawing a sample, walking through it with a check list, and the report."""

import io

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lims.auditor import rules, services
from lims.auditor.forms import DrawForm
from lims.auditor.models import Tick
from lims.auditor.selectors import reports, samples
from lims.auditor.selectors.stations import stations
from lims.core import files
from lims.core.text import Refused
from lims.people.selectors import active_key


@require_http_methods(["GET", "HEAD", "POST"])
def sample_list(request: HttpRequest) -> HttpResponse:
    """The samples drawn, and drawing another."""
    if rules.may_audit(request.user):
        raise Http404
    form = DrawForm(request.POST or None)
    refusals: tuple[object, ...] = ()
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            drawn = services.draw(
                by=request.user, seed=asked["seed"], wanted=asked["wanted"], since=asked["since"], until=asked["until"]
            )
            return redirect("auditor:sample", drawn.pk)
        except Refused as refused:
            refusals = refused.reasons
    context = {
        "samples": samples.samples(request.user)[:100],
        "form": form,
        "reasons": refusals,
        "may_draw": not rules.may_draw(request.user),
    }
    return render(request, "auditor/samples.html", context)


@require_safe
def sample(request: HttpRequest, pk: int) -> HttpResponse:
    drawn = get_object_or_404(samples.samples(request.user), pk=pk)
    asked = reports.of_sample(drawn)
    context = {
        "sample": drawn,
        "lines": samples.lines(drawn),
        "reports": asked,
        "waiting": any(one.file_id is None for one in asked),
        "may_report": not rules.may_report(request.user, drawn),
        "has_key": active_key(request.user) is not None,
    }
    return render(request, "auditor/sample.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def item(request: HttpRequest, pk: int, position: int) -> HttpResponse:
    """One certificate with its check list; each POST ticks one point."""
    drawn = get_object_or_404(samples.samples(request.user), pk=pk)
    line = next((one for one in samples.lines(drawn) if one.item.position == position), None)
    if line is None:
        raise Http404
    if request.method == "POST":
        asked = {name: request.POST.get(name, "")[:1000] for name in ("point", "result", "comment")}
        services.tick(line.item, by=request.user, **asked)
        codes = list(Tick.Point.values)
        following = codes[min(codes.index(asked["point"]) + 1, len(codes) - 1)]
        return redirect(f"{request.path}#{following}")
    seen = stations(request.user, line.item.certificate)
    context = {
        "sample": drawn,
        "line": line,
        "points": [(code, label, line.ticks.get(code), seen[code]) for code, label in Tick.Point.choices],
        "results": Tick.Result.choices,
        "may_tick": not rules.may_tick(request.user, drawn),
        "before": position - 1,
        "next": position + 1 if position < drawn.items.count() else 0,
    }
    return render(request, "auditor/item.html", context)


@require_POST
def report_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks for a report as things stand now, signed with the own key where its passphrase is given."""
    drawn = get_object_or_404(samples.samples(request.user), pk=pk)
    services.ask_report(drawn, by=request.user, passphrase=request.POST.get("passphrase", "")[:200])
    return redirect(f"{reverse('auditor:sample', args=[pk])}#reports")


@require_safe
def report(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """A report for people, on screen and on paper: it shows the text whose digest stands in the log, and nothing else."""
    drawn = get_object_or_404(samples.samples(request.user), pk=pk)
    made = get_object_or_404(drawn.reports.select_related("by"), pk=number)
    context = {"sample": drawn, "report": made, "told": reports.readable(made)}
    return render(request, "auditor/report.html", context)


@require_safe
def report_archive(request: HttpRequest, pk: int, number: int) -> FileResponse:
    """The sealed archive with its evidence bundles; 404 while it is being made."""
    drawn = get_object_or_404(samples.samples(request.user), pk=pk)
    made = get_object_or_404(drawn.reports, pk=number, file__isnull=False)
    stored = io.BytesIO(files.read(made.file_id))
    return FileResponse(stored, as_attachment=True, filename=f"audit-report-{made.sha256[:12]}.zip")
