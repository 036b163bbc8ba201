"""Drawing a sample, walking through it with a check list, and the report."""

import tempfile

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lims.auditor import rules, services
from lims.auditor.forms import DrawForm
from lims.auditor.models import Tick
from lims.auditor.selectors import Walk, samples
from lims.core.text import Refused, reason


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
    return render(request, "auditor/sample.html", {"sample": drawn, "lines": samples.lines(drawn)})


@require_http_methods(["GET", "HEAD", "POST"])
def item(request: HttpRequest, pk: int, position: int) -> HttpResponse:
    """One certificate with its check list; each POST ticks one point."""
    drawn = get_object_or_404(samples.samples(request.user), pk=pk)
    line = next((one for one in samples.lines(drawn) if one.item.position == position), None)
    if line is None:
        raise Http404
    if request.method == "POST":
        names = ("point", "result", "comment")
        services.tick(line.item, by=request.user, **{name: request.POST.get(name, "")[:1000] for name in names})
        return redirect(f"{request.path}#{request.POST.get('point', '')}")
    walk = Walk(line.item.certificate)
    context = {
        "sample": drawn,
        "line": line,
        "points": [(code, label, line.ticks.get(code)) for code, label in Tick.Point.choices],
        "results": Tick.Result.choices,
        "recomputes": walk.recomputes(),
        "unaltered": walk.facts_unaltered(),
        "may_tick": not rules.may_tick(request.user, drawn),
        "next": position + 1 if position < drawn.items.count() else 0,
    }
    return render(request, "auditor/item.html", context)


@require_POST
def report(request: HttpRequest, pk: int) -> FileResponse:
    """The report and the evidence bundles in one archive. Its making is an event, hence a POST."""
    drawn = get_object_or_404(samples.samples(request.user), pk=pk)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    try:
        services.write_report(drawn, file, by=request.user)
    except FileNotFoundError as error:
        file.close()
        raise Refused(
            reason("not_sealed", "样本中有证书尚未签章", f"a certificate of the sample is not sealed: {error}",
                   "请稍后再试", "try again later")
        ) from error  # fmt: skip
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"audit-sample-{drawn.pk}.zip")
