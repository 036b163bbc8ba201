"""Pages of competence: who may do what on a day, what is asked, continuing education, witnessed tests."""

import csv
from collections.abc import Callable
from datetime import date
from urllib.parse import quote

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from lims.core import clock, files
from lims.core.text import Refused, Text, reason
from lims.people import rules, selectors, services
from lims.people.forms import (
    EducationCorrectionForm,
    EducationForm,
    HoursForm,
    QuestionForm,
    RegistrationRuleForm,
    WitnessedTestCorrectionForm,
    WitnessedTestForm,
)
from lims.people.forms.competence import key_of
from lims.people.items import Item, items_on
from lims.people.models import Authorisation, Education, Requirement, User, WitnessedTest
from lims.people.rules import keeping
from lims.people.rules.competence import Standing
from lims.people.rules.matrix import ACTS, Line, matrix
from lims.people.selectors import competence as known
from lims.people.views.posting import form_deed, refuse, the_person

HEADER = ("day", "person", "username", "procedure", "category", "act", "may", "why", "unknown", "supervisors")


@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """`?on=…&item=…&act=…`: for everything the matrix, for one item everybody with reasons; `format=csv` gives all of it."""
    refuse(rules.may_see_people(request.user))
    day, items, item, acts = _asked(request)
    chosen = [item] if item else items
    lines = matrix(request.user, day, chosen, acts=acts)
    if request.GET.get("format") == "csv":
        return _csv(day, chosen, lines)
    query = request.GET.copy()
    query["format"] = "csv"
    return render(
        request,
        "people/competence.html",
        {
            "day": day,
            "past": day < clock.today(),
            "form": QuestionForm(
                initial={"on": day, "item": key_of(item) if item else "", "act": acts[0] if len(acts) == 1 else ""},
                items=items,
            ),
            "item": item,
            "items": [(one, f"?{_query(request, one)}") for one in items],
            "lines": [] if item else _shown(lines),
            "reasons": [] if item else _reasons(lines),
            "answers": _answers(lines) if item else [],
            "asked": known.asked_on(day, Requirement.Key.REGISTRATION),
            "csv_url": f"?{query.urlencode()}",
        },
    )


def _asked(request: HttpRequest) -> tuple[date, list[Item], Item | None, tuple[str, ...]]:
    """The day, its items, the one that is asked for, and the acts; what cannot be read counts as not asked."""
    form = QuestionForm(request.GET)
    form.full_clean()
    day = form.cleaned_data.get("on") or clock.today()
    items = items_on(day)
    wanted, act = request.GET.get("item", ""), request.GET.get("act", "")
    item = next((one for one in items if wanted in (key_of(one), one.procedure)), None)
    return day, items, item, (act,) if act in Authorisation.Act.values else tuple(ACTS)


def _query(request: HttpRequest, item: Item) -> str:
    query = request.GET.copy()
    query["item"] = key_of(item)
    return query.urlencode()


def _shown(lines: list[Line]) -> list[Line]:
    """Who may do something, or once could."""
    return [line for line in lines if any(one.may or one.ever for cell in line.cells for one in cell)]


def _reasons(lines: list[Line]) -> list[tuple[User, list[Text]]]:
    """For each person, why what was once authorised is not possible on the day; each sentence once."""
    found = []
    for line in lines:
        texts = {one.reasons[0].text: None for cell in line.cells for one in cell if one.ever and one.reasons}
        remarks = {text: None for cell in line.cells for one in cell if one.may for text in one.remarks}
        if texts or remarks:
            found.append((line.person, [*texts, *remarks]))
    return found


def _answers(lines: list[Line]) -> list[tuple[str, list[Standing], list[Standing]]]:
    """For each act of one item: who may, and who may not. Of training only those who ever trained are told."""
    found = []
    for position, first in enumerate(lines[0].cells[0] if lines else ()):
        standings = [line.cells[0][position] for line in lines]
        if first.act == Authorisation.Act.TRAIN:
            standings = [one for one in standings if one.ever]
        may = [one for one in standings if one.may]
        not_ = sorted((one for one in standings if not one.may), key=lambda one: not one.ever)
        found.append((str(Authorisation.Act(first.act).label), may, not_))
    return found


def _csv(day: date, items: list[Item], lines: list[Line]) -> HttpResponse:
    """One row for each person, item and act, in the language of the reader."""
    answer = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="competence-{day}.csv"'},
    )
    answer.write("\ufeff")
    writer, language = csv.writer(answer), get_language() or "zh-hans"
    writer.writerow(HEADER)
    for line in lines:
        for item, cell in zip(items, line.cells, strict=True):
            for one in cell:
                row = (
                    day.isoformat(),
                    str(line.person),
                    line.person.username,
                    item.procedure,
                    item.category,
                    one.act,
                    "yes" if one.may else "no",
                    "; ".join(why.text.get(language) for why in one.reasons),
                    "; ".join(text.get(language) for text in one.remarks),
                    ", ".join(str(person) for person in one.supervisors),
                )
                writer.writerow([_harmless(text) for text in row])
    return answer


def _harmless(text: str) -> str:
    """A spreadsheet must not take a name for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


@require_GET
def requirements(request: HttpRequest) -> HttpResponse:
    """What is asked of people today, with source and confirmation, and what was asked before."""
    refuse(rules.may_see_people(request.user))
    today = clock.today()
    return render(
        request,
        "people/requirements.html",
        {
            "today": today,
            "now": [(key, known.asked_on(today, key)) for key in Requirement.Key],
            "registered": dict(Requirement.Registered.choices),
            "rows": list(known.requirements(request.user)),
            "may_set": keeping.may_set_requirements(request.user) is None,
        },
    )


@require_http_methods(["GET", "POST"])
def requirement_set(request: HttpRequest, key: str) -> HttpResponse:
    refuse(keeping.may_set_requirements(request.user))
    kind = HoursForm if key == Requirement.Key.EDUCATION else RegistrationRuleForm
    asked = known.asked_on(clock.today(), key)
    form = kind(request.POST or None, initial={"value": asked.value, "valid_from": clock.today()})
    return form_deed(
        request,
        form,
        lambda: services.set_requirement(key=key, by=request.user, **form.cleaned_data),
        title=Requirement.Key(key).label,
        back=reverse("people:requirements"),
        name=_("人员要求"),
        intro=_("以前的要求保留，并仍适用于以前的日期。"),
    )


def _back(person: User) -> str:
    return reverse("people:person", args=[person.username])


def _entering(
    request: HttpRequest, person: User, form: BaseForm, deed: Callable[[], object], title: str
) -> HttpResponse:
    return form_deed(request, form, deed, title=title, back=_back(person), name=person)


@require_http_methods(["GET", "POST"])
def education_new(request: HttpRequest, username: str) -> HttpResponse:
    refuse(keeping.may_keep_competence(request.user))
    shown = the_person(request, username)
    form = EducationForm(request.POST or None, request.FILES or None)
    return _entering(
        request,
        shown,
        form,
        lambda: services.enter_education(shown, by=request.user, **form.cleaned_data),
        _("登记继续教育"),
    )


@require_http_methods(["GET", "POST"])
def education_correct(request: HttpRequest, pk: int) -> HttpResponse:
    refuse(keeping.may_keep_competence(request.user))
    found = get_object_or_404(Education.objects.select_related("person"), pk=pk)
    form = EducationCorrectionForm(request.POST or None, request.FILES or None, instance=found)
    return _entering(
        request,
        found.person,
        form,
        # The form has already written into `found`; the service compares with what is stored.
        lambda: services.correct_education(Education.objects.get(pk=pk), by=request.user, **form.cleaned_data),
        _("更正继续教育"),
    )


@require_GET
def education_proof(request: HttpRequest, pk: int) -> HttpResponse:
    """The proof as a download, for whoever may see the person; never shown inside a page."""
    found = get_object_or_404(
        Education.objects.select_related("proof", "person").filter(person__in=selectors.people(request.user)),
        pk=pk,
        proof__isnull=False,
    )
    try:
        data = files.read(found.proof.sha256)
    except (OSError, ValueError):
        raise Refused(
            reason(
                "original_damaged",
                "原件在磁盘上丢失或已被改动",
                "The paper is missing on the disk or has been altered",
                "请管理员从备份恢复文件后重试",
                "Have the administrator bring the file back from the backup",
            )
        ) from None
    name = quote(f"{found.person}-{found.held_on:%Y%m%d}")
    return HttpResponse(
        data,
        content_type=found.proof.media_type,
        headers={
            "Content-Disposition": f"attachment; filename=\"{found.proof.sha256[:12]}.pdf\"; filename*=UTF-8''{name}.pdf",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "private, no-store",
        },
    )


@require_http_methods(["GET", "POST"])
def witnessed_new(request: HttpRequest, username: str) -> HttpResponse:
    refuse(keeping.may_keep_competence(request.user))
    shown = the_person(request, username)
    form = WitnessedTestForm(request.POST or None, instance=WitnessedTest(person=shown))
    return _entering(
        request,
        shown,
        form,
        lambda: services.enter_witnessed_test(shown, by=request.user, **form.cleaned_data),
        _("登记现场见证"),
    )


@require_http_methods(["GET", "POST"])
def witnessed_correct(request: HttpRequest, pk: int) -> HttpResponse:
    refuse(keeping.may_keep_competence(request.user))
    found = get_object_or_404(WitnessedTest.objects.select_related("person"), pk=pk)
    form = WitnessedTestCorrectionForm(request.POST or None, instance=found)
    return _entering(
        request,
        found.person,
        form,
        lambda: services.correct_witnessed_test(WitnessedTest.objects.get(pk=pk), by=request.user, **form.cleaned_data),
        _("更正现场见证"),
    )
