"""Forms about people. They check how something is written; whether it is allowed is the services' affair."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lims.people.models import Authorisation, Department, Organisation, Qualification, Registration, Role, User


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class AuthorisationForm(forms.ModelForm):
    class Meta:
        model = Authorisation
        fields = ["act", "scope_kind", "scope", "valid_from", "valid_until"]
        widgets = {"valid_from": _day(), "valid_until": _day()}
        help_texts = {"scope": _("规程写作 JJG 1148，器具类别写作 charging_pile_ac")}

    def validate_constraints(self) -> None:
        """Left to the service, which says it in both languages and with what to do."""


def _reason(label: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=300, widget=forms.Textarea(attrs={"rows": 3}))


class RevocationForm(forms.Form):
    why = _reason(_("撤销原因"))


class ReasonForm(forms.Form):
    why = _reason(_("原因"))


class PersonForm(forms.ModelForm):
    """A new person. What may be posted is what stands in `fields`, and nothing of the account's own switches."""

    roles = forms.MultipleChoiceField(
        label=_("角色"),
        choices=Role.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("客户机构的人员只能是客户用户"),
    )

    class Meta:
        model = User
        fields = ["username", "display_name", "display_name_en", "organisation", "department", "title", "title_en"]
        labels = {"organisation": _("所属机构"), "department": _("部门")}
        help_texts = {
            "username": _("登录用，登记后不能更改"),
            "display_name": _("证书和记录上打印的姓名"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].required = True
        self.fields["organisation"].queryset = Organisation.objects.order_by("-kind", "name")
        self.fields["department"].queryset = Department.objects.select_related("organisation").order_by(
            "organisation__name", "name"
        )
        self.fields["department"].label_from_instance = lambda one: f"{one.organisation} · {one.name}"

    def clean_roles(self) -> tuple[str, ...]:
        return tuple(self.cleaned_data["roles"])


class PersonChangeForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["display_name", "display_name_en", "department", "title", "title_en"]
        labels = {"department": _("部门")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        departments = Department.objects.filter(organisation=self.instance.organisation_id)
        self.fields["department"].queryset = departments.order_by("name")


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("角色"), choices=Role.choices)


class OrganisationForm(forms.ModelForm):
    class Meta:
        model = Organisation
        fields = ["name", "name_en", "credit_code", "address", "postcode", "phone", "email", "authorisation_number"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.kind != Organisation.Kind.INSTITUTE:
            del self.fields["authorisation_number"]


class DepartmentForm(forms.ModelForm):
    class Meta:
        model = Department
        fields = ["name", "name_en"]


class RegistrationForm(forms.ModelForm):
    class Meta:
        model = Registration
        fields = ["number", "employer", "scope", "valid_from", "valid_until"]
        widgets = {"valid_from": _day(), "valid_until": _day()}
        help_texts = {"valid_until": _("按证书所印填写，不推算")}

    def validate_constraints(self) -> None:
        """Left to the service, which says it in both languages and with what to do."""


class RegistrationCorrectionForm(RegistrationForm):
    why = _reason(_("更正原因"))


class QualificationCorrectionForm(forms.ModelForm):
    why = _reason(_("更正原因"))

    class Meta:
        model = Qualification
        fields = ["level", "certificate_number", "issued_on", "issuer"]
        widgets = {"issued_on": _day()}


class QualificationForm(forms.ModelForm):
    number = forms.CharField(label=_("注册号"), max_length=60, required=False)
    employer = forms.CharField(label=_("执业单位"), max_length=200, required=False)
    scope = forms.CharField(label=_("计量专业项目"), max_length=300, required=False)
    valid_from = forms.DateField(label=_("注册有效期自"), required=False, widget=_day())
    valid_until = forms.DateField(label=_("注册有效期至"), required=False, widget=_day())

    class Meta:
        model = Qualification
        fields = ["level", "certificate_number", "issued_on", "issuer"]
        widgets = {"issued_on": _day()}

    def clean(self) -> dict[str, Any]:
        content = super().clean() or {}
        if content.get("number"):
            for name in ("valid_from", "valid_until"):
                if not content.get(name) and name not in self.errors:
                    self.add_error(name, _("有注册号时必须填写，按证书所印"))
        return content
