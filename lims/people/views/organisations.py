"""Pages of the institute, its customers and their departments."""

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from lims.people import rules, selectors, services
from lims.people.forms import DepartmentForm, OrganisationForm
from lims.people.models import Department, Organisation
from lims.people.views.posting import form_deed, refuse


def _back() -> str:
    return reverse("people:organisations")


def _organisation(request: HttpRequest, pk: int) -> Organisation:
    return get_object_or_404(selectors.organisations(request.user), pk=pk)


@require_GET
def organisations(request: HttpRequest) -> HttpResponse:
    """The institute first, then the customers, with their departments and how many people each has."""
    refuse(rules.may_see_people(request.user))
    rows = selectors.organisations(request.user).prefetch_related("departments")
    rows = rows.annotate(count=Count("people", filter=Q(people__is_active=True))).order_by("-kind", "name")
    may_manage = rules.may_manage_people(request.user) is None
    return render(request, "people/organisations.html", {"rows": rows, "may_manage": may_manage})


@require_http_methods(["GET", "POST"])
def organisation_new(request: HttpRequest) -> HttpResponse:
    refuse(rules.may_manage_people(request.user))
    form = OrganisationForm(request.POST or None)
    return form_deed(
        request,
        form,
        lambda: services.add_organisation(by=request.user, **form.cleaned_data),
        title=_("登记客户"),
        back=_back(),
        name=_("机构"),
    )


@require_http_methods(["GET", "POST"])
def organisation_edit(request: HttpRequest, pk: int) -> HttpResponse:
    refuse(rules.may_manage_people(request.user))
    found = _organisation(request, pk)
    form = OrganisationForm(request.POST or None, instance=found)
    return form_deed(
        request,
        form,
        # The form has already written into `found`; the service compares with what is stored.
        lambda: services.change_organisation(Organisation.objects.get(pk=pk), by=request.user, **form.cleaned_data),
        title=_("修改机构资料"),
        back=_back(),
        name=_("机构"),
    )


@require_http_methods(["GET", "POST"])
def department_new(request: HttpRequest, pk: int) -> HttpResponse:
    refuse(rules.may_manage_people(request.user))
    found = _organisation(request, pk)
    form = DepartmentForm(request.POST or None)
    return form_deed(
        request,
        form,
        lambda: services.add_department(found, by=request.user, **form.cleaned_data),
        title=_("登记部门：%(organisation)s") % {"organisation": found},
        back=_back(),
        name=_("机构"),
    )


@require_http_methods(["GET", "POST"])
def department_edit(request: HttpRequest, pk: int) -> HttpResponse:
    refuse(rules.may_manage_people(request.user))
    found = get_object_or_404(Department.objects.select_related("organisation"), pk=pk)
    form = DepartmentForm(request.POST or None, instance=found)
    return form_deed(
        request,
        form,
        lambda: services.rename_department(Department.objects.get(pk=pk), by=request.user, **form.cleaned_data),
        title=_("部门更名：%(department)s") % {"department": found.organisation},
        back=_back(),
        name=_("机构"),
    )
