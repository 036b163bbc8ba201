"""The page of the simulated instruments: what a technician reads off a pile or dispenser and types into the record."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from lims.demo import panel
from lims.demo.forms import ChargeForm, FillForm
from lims.people.selectors import is_staff


def _only_in_demonstration(request: HttpRequest) -> None:
    if not settings.DEMONSTRATION or not is_staff(request.user):
        raise Http404


@require_GET
def instruments(request: HttpRequest) -> HttpResponse:
    """The displays, refreshed every second; `?part` answers only them."""
    _only_in_demonstration(request)
    context = {"rigs": panel.rigs(), "charge": ChargeForm(prefix="charge"), "fill": FillForm(prefix="fill")}
    return render(request, "demo/displays.html" if "part" in request.GET else "demo/instruments.html", context)


@require_POST
def act(request: HttpRequest, do: str) -> HttpResponse:
    """Turns a knob: start or stop charging, begin a filling run."""
    _only_in_demonstration(request)
    forms = {"start": ChargeForm, "fill": FillForm}
    values: dict[str, str] = {}
    if do in forms:
        form = forms[do](request.POST, prefix="charge" if do == "start" else "fill")
        if not form.is_valid():
            messages.error(request, "；".join(error for errors in form.errors.values() for error in errors))
            return redirect("demo:instruments")
        values = {name: str(value) for name, value in form.cleaned_data.items()}
    try:
        panel.order(do, **values)
    except KeyError as error:
        raise Http404 from error
    except FileNotFoundError:
        messages.error(request, _("模拟器没有运行，请用 make run 启动。"))
    return redirect("demo:instruments")
