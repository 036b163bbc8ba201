"""Pages of the benches: registering them, their tokens, and what hangs on their ports."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from devices import rules, selectors, services
from devices.forms import BenchForm, PortForm, PortNewForm, WhyForm
from devices.models import Bench, Port
from lims.audit import selectors as audit
from standards.views.history import told
from standards.views.posting import attempt, done, form_page, refuse


def _bench(request: HttpRequest, pk: int) -> Bench:
    return get_object_or_404(selectors.benches(request.user), pk=pk)


def _address(bench: Bench) -> str:
    return reverse("devices:bench", args=[bench.pk])


@require_GET
def bench(request: HttpRequest, pk: int) -> HttpResponse:
    """One bench: does it answer, is its clock right, what hangs on its ports, what happened to it."""
    return _page(request, _bench(request, pk))


def _page(request: HttpRequest, found: Bench, *, token: str = "") -> HttpResponse:
    ports = list(selectors.all_ports(request.user).filter(bench=found))
    using = selectors.open_sessions(ports)
    context = {
        "bench": found,
        "silent": rules.bench_answers(found),
        "clock": rules.clock_is_right(found),
        "ports": [{"port": port, "using": using.get(port.pk)} for port in ports],
        "token": token,
        "history": told(audit.of_object(found)),
        "may_install": rules.may_install(request.user) is None,
        "server": request.build_absolute_uri("/").rstrip("/"),
    }
    answer = render(request, "devices/bench.html", context)
    if token:
        answer["Cache-Control"] = "no-store"  # the token is shown once and lies in no cache
    return answer


@require_http_methods(["GET", "POST"])
def bench_new(request: HttpRequest) -> HttpResponse:
    """Registers a bench and shows its token, this once."""
    refuse(rules.may_install(request.user))
    form = BenchForm(request.POST or None)
    reasons = ()
    if form.is_bound and form.is_valid():
        made: list[tuple[Bench, str]] = []
        reasons = attempt(lambda: made.append(services.register_bench(form.cleaned_data["name"], by=request.user)))
        if made:
            return _page(request, made[0][0], token=made[0][1])
    intro = _("登记后显示一次令牌；把它存到工位电脑上，采集程序用它证明身份。服务器只保存其摘要。")
    return form_page(
        request, form, title=_("登记工位"), back=reverse("devices:installed"), reasons=reasons, intro=intro
    )


@require_POST
def bench_token(request: HttpRequest, pk: int) -> HttpResponse:
    """Issues a new token and shows it, this once."""
    found = _bench(request, pk)
    return _page(request, found, token=services.rotate_token(found, by=request.user))


@require_http_methods(["GET", "POST"])
def bench_disable(request: HttpRequest, pk: int) -> HttpResponse:
    refuse(rules.may_install(request.user))
    found = _bench(request, pk)
    form = WhyForm(request.POST or None)
    reasons = ()
    if form.is_bound and form.is_valid():
        deed = {"active": False, "by": request.user, "why": form.cleaned_data["why"]}
        if not (reasons := attempt(lambda: services.set_bench_active(found, **deed))):
            return done(request, _address(found))
    intro = _("停用后服务器不再接受该工位的数据；已采集的数据留在工位电脑上，启用后继续上传。")
    return form_page(
        request,
        form,
        title=_("停用工位 %(name)s") % {"name": found},
        back=_address(found),
        reasons=reasons,
        intro=intro,
    )


@require_POST
def bench_enable(request: HttpRequest, pk: int) -> HttpResponse:
    found = _bench(request, pk)
    services.set_bench_active(found, active=True, by=request.user)
    return done(request, _address(found))


def _port(request: HttpRequest, pk: int) -> Port:
    return get_object_or_404(selectors.all_ports(request.user), pk=pk)


@require_http_methods(["GET", "POST"])
def port_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Binds a port that the bench has not reported yet."""
    refuse(rules.may_install(request.user))
    found = _bench(request, pk)
    form = PortNewForm(request.POST or None)
    reasons = ()
    if form.is_bound and form.is_valid():
        deed = {**form.cleaned_data, "by": request.user}
        if not (reasons := attempt(lambda: services.configure_port(found, deed.pop("name"), **deed))):
            return done(request, _address(found))
    return form_page(request, form, title=_("登记端口"), back=_address(found), reasons=reasons)


@require_http_methods(["GET", "POST"])
def port_bind(request: HttpRequest, pk: int) -> HttpResponse:
    """Says which rig hangs on a port."""
    refuse(rules.may_install(request.user))
    found = _port(request, pk)
    form = PortForm(request.POST or None, initial={"profile": found.profile_id, "equipment": found.equipment_id})
    reasons = ()
    if form.is_bound and form.is_valid():
        deed = {**form.cleaned_data, "by": request.user}
        if not (reasons := attempt(lambda: services.configure_port(found.bench, found.name, **deed))):
            return done(request, _address(found.bench))
    title = _("绑定端口 %(name)s") % {"name": found.name}
    return form_page(request, form, title=title, back=_address(found.bench), reasons=reasons)


@require_POST
def port_unbind(request: HttpRequest, pk: int) -> HttpResponse:
    found = _port(request, pk)
    services.unbind_port(found, by=request.user)
    messages.success(request, _("已解除绑定"))
    return redirect(_address(found.bench))
