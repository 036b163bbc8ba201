"""Pages of measurement standards."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from lims.audit import selectors as audit
from lims.core import clock
from standards import rules
from standards.models import Category, MeasurementStandard
from standards.selectors import devices as device_selectors
from standards.selectors import standards as selectors
from standards.views.history import told


def _standard(request: HttpRequest, code: str) -> MeasurementStandard:
    return get_object_or_404(selectors.standards(request.user), code=code)


@require_GET
def standard_list(request: HttpRequest) -> HttpResponse:
    """Every measurement standard with its licences and whether it may be used today."""
    today = clock.today()
    rows = [
        {
            "fitness": one,
            "examination": one.licence("examination"),
            "public": one.licence("public"),
            "reasons": rules.standard_usable_on(one.standard, today, known=one),
        }
        for one in selectors.fitnesses(selectors.standards(request.user), today)
    ]
    may_keep = rules.may_keep_standards(request.user) is None
    return render(request, "standards/standard_list.html", {"rows": rows, "may_keep": may_keep})


@require_GET
def standard(request: HttpRequest, code: str) -> HttpResponse:
    """One standard: usable today or why not, licences, devices with their certificates, people, states, history."""
    found = _standard(request, code)
    today = clock.today()
    fitness = selectors.fitness(found, today)
    members = {member.device_id: member for member in fitness.members}
    standings = device_selectors.standings([member.device for member in fitness.members], today)
    labels = dict(Category.choices)
    return render(
        request,
        "standards/standard.html",
        {
            "standard": found,
            "fitness": fitness,
            "reasons": rules.standard_usable_on(found, today, known=fitness),
            "facts": [
                (_("计量标准代码"), found.code),
                (_("测量范围"), found.measuring_range),
                (_("不确定度/准确度等级/最大允许误差"), found.accuracy),
                (_("可开展的规程"), "、".join(found.procedure_codes)),
                (_("可开展的器具类别"), "、".join(str(labels.get(code, code)) for code in found.categories)),
                (_("环境条件"), found.environment),
                (_("保存地点"), found.location),
            ],
            "licences": selectors.licences(request.user).filter(standard=found).order_by("kind", "-issued_on", "-pk"),
            "devices": [
                {
                    "member": members[one.device.pk],
                    "standing": one,
                    "reasons": rules.device_usable_on(one.device, today, known=one),
                }
                for one in standings
            ],
            "people": selectors.competence_on(found, today),
            "gone": selectors.former(found, today),
            "states": found.states.select_related("entered_by").order_by("-since", "-pk"),
            "history": told(audit.of_object(found)),
            "may_keep": rules.may_keep_standards(request.user) is None,
            "today": today,
        },
    )
