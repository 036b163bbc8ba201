"""Pages that say what a person may do: authorisations, qualifications, registrations."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from lims.core import clock
from lims.people import rules, selectors, services
from lims.people.forms import (
    AuthorisationForm,
    QualificationCorrectionForm,
    QualificationForm,
    RegistrationCorrectionForm,
    RegistrationForm,
    RevocationForm,
)
from lims.people.models import Authorisation, Qualification, Registration, User
from lims.people.views.posting import form_deed, refuse, the_person


def _back(person: User) -> str:
    return reverse("people:person", args=[person.username])


@require_http_methods(["GET", "POST"])
def authorise(request: HttpRequest, username: str) -> HttpResponse:
    """Grants an authorisation: technical lead or administrator; to approve, the technical lead alone."""
    refuse(rules.may_authorise(request.user))
    shown = the_person(request, username)
    form = AuthorisationForm(request.POST or None, initial={"valid_from": clock.today()}, person=shown)
    return form_deed(
        request,
        form,
        lambda: services.grant_authorisation(shown, by=request.user, **form.cleaned_data),
        title=_("授权"),
        back=_back(shown),
        name=shown,
    )


@require_http_methods(["GET", "POST"])
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Revokes an authorisation from today on, with a reason."""
    refuse(rules.may_authorise(request.user))
    people = selectors.people(request.user)
    found = get_object_or_404(Authorisation.objects.select_related("user").filter(user__in=people), pk=pk)
    form = RevocationForm(request.POST or None)
    return form_deed(
        request,
        form,
        lambda: services.revoke_authorisation(found, by=request.user, **form.cleaned_data),
        title=_("撤销授权：%(what)s") % {"what": found},
        back=_back(found.user),
        name=found.user,
    )


@require_http_methods(["GET", "POST"])
def qualify(request: HttpRequest, username: str) -> HttpResponse:
    """Registers a qualification: technical lead or administrator."""
    refuse(rules.may_authorise(request.user))
    shown = the_person(request, username)
    form = QualificationForm(request.POST or None, instance=Qualification(user=shown))
    return form_deed(
        request,
        form,
        lambda: services.register_qualification(shown, by=request.user, **form.cleaned_data),
        title=_("登记职业资格"),
        back=_back(shown),
        name=shown,
    )


@require_http_methods(["GET", "POST"])
def qualification_correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts right what differs from the document; the old values stay in the history."""
    refuse(rules.may_authorise(request.user))
    found = get_object_or_404(Qualification.objects.select_related("user"), pk=pk)
    form = QualificationCorrectionForm(request.POST or None, instance=found)
    return form_deed(
        request,
        form,
        # The form has already written into `found`; the service compares with what is stored.
        lambda: services.correct_qualification(Qualification.objects.get(pk=pk), by=request.user, **form.cleaned_data),
        title=_("更正职业资格"),
        back=_back(found.user),
        name=found.user,
    )


@require_http_methods(["GET", "POST"])
def registration_new(request: HttpRequest, pk: int) -> HttpResponse:
    """A renewed registration beside the earlier ones."""
    refuse(rules.may_authorise(request.user))
    found = get_object_or_404(Qualification.objects.select_related("user__organisation"), pk=pk)
    form = RegistrationForm(request.POST or None, initial={"employer": found.user.organisation})
    return form_deed(
        request,
        form,
        lambda: services.renew_registration(found, by=request.user, **form.cleaned_data),
        title=_("登记注册：%(what)s") % {"what": found},
        back=_back(found.user),
        name=found.user,
    )


@require_http_methods(["GET", "POST"])
def registration_correct(request: HttpRequest, pk: int) -> HttpResponse:
    refuse(rules.may_authorise(request.user))
    found = get_object_or_404(Registration.objects.select_related("qualification__user"), pk=pk)
    form = RegistrationCorrectionForm(request.POST or None, instance=found)
    person = found.qualification.user
    return form_deed(
        request,
        form,
        lambda: services.correct_qualification(Registration.objects.get(pk=pk), by=request.user, **form.cleaned_data),
        title=_("更正注册"),
        back=_back(person),
        name=person,
    )
