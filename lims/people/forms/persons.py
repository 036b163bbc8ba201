"""Forms about people, their organisations, documents and keys."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lims.people.models import (
    Authorisation,
    Department,
    Organisation,
    PersonalKey,
    Qualification,
    Registration,
    Role,
    User,
)


def day_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class AuthorisationForm(forms.ModelForm):
    supervisors = forms.ModelMultipleChoiceField(
        User.objects.none(),
        label=_("指导人员"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("只用于见习检定：见习人员测量，由指导人员确认并提交"),
    )

    class Meta:
        model = Authorisation
        fields = ["act", "scope_kind", "scope", "valid_from", "valid_until"]
        widgets = {"valid_from": day_input(), "valid_until": day_input()}
        help_texts = {"scope": _("规程写作 JJG 1148，器具类别写作 charging_pile_ac")}

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["supervisors"].queryset = (
            User.objects.filter(is_active=True, held_roles__role=Role.TECHNICIAN)
            .exclude(pk=person.pk)
            .order_by("display_name")
        )

    def validate_constraints(self) -> None:
        """Left to the service, which says it in both languages and with what to do."""


def reason_field(label: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=300, widget=forms.Textarea(attrs={"rows": 3}))


class RevocationForm(forms.Form):
    why = reason_field(_("撤销原因"))


class ReasonForm(forms.Form):
    why = reason_field(_("原因"))


def _secret(label: Any, autocomplete: str, help_text: Any = "", *, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=200,
        strip=False,
        required=required,
        help_text=help_text,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
    )


class NewPassphraseForm(forms.Form):
    """A passphrase typed twice. Browsers are told not to fill in the sign-in password, which is another one."""

    passphrase = _secret(
        _("新的签名口令"), "new-password", _("至少 10 个字符；提交、核验、批准时输入。不同于登录密码为好")
    )
    again = _secret(_("再次输入签名口令"), "new-password")

    def clean(self) -> dict[str, Any]:
        content = super().clean() or {}
        if content.get("passphrase") and content.get("again") and content["passphrase"] != content.pop("again"):
            self.add_error("again", _("两次输入的签名口令不同"))
        content.pop("again", None)
        return content


class NewKeyForm(NewPassphraseForm):
    """Making a key: the sign-in password proves who it is for; replacing one takes the old passphrase too."""

    old_passphrase = _secret(_("现在的签名口令"), "new-password", _("遗忘时请先报失"))
    password = _secret(_("登录密码"), "current-password", _("确认是您本人"))
    field_order = ("old_passphrase", "passphrase", "again", "password")

    def __init__(self, *args: Any, replaces: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not replaces:
            del self.fields["old_passphrase"]


class PassphraseChangeForm(NewPassphraseForm):
    old_passphrase = _secret(_("现在的签名口令"), "new-password")
    field_order = ("old_passphrase", "passphrase", "again")


class KeyRevocationForm(forms.Form):
    """Ending a key. Its owner need not write more than what happened."""

    why_code = forms.ChoiceField(label=_("发生了什么"), widget=forms.RadioSelect)
    why = forms.CharField(label=_("说明"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, own: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        codes = [PersonalKey.Why.LOST, PersonalKey.Why.SUSPECTED] + ([] if own else [PersonalKey.Why.LEFT])
        self.fields["why_code"].choices = [(one.value, one.label) for one in codes]
        self.fields["why"].required = not own


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
        widgets = {"valid_from": day_input(), "valid_until": day_input()}
        help_texts = {"valid_until": _("按证书所印填写，不推算")}

    def validate_constraints(self) -> None:
        """Left to the service, which says it in both languages and with what to do."""


class RegistrationCorrectionForm(RegistrationForm):
    why = reason_field(_("更正原因"))


class QualificationCorrectionForm(forms.ModelForm):
    why = reason_field(_("更正原因"))

    class Meta:
        model = Qualification
        fields = ["level", "certificate_number", "issued_on", "issuer", "valid_until"]
        widgets = {"issued_on": day_input(), "valid_until": day_input()}
        help_texts = {"valid_until": _("证书上没有印有效期的留空")}

    def validate_constraints(self) -> None:
        """Left to the service, which says it in both languages and with what to do."""


class QualificationForm(forms.ModelForm):
    number = forms.CharField(label=_("注册号"), max_length=60, required=False)
    employer = forms.CharField(label=_("执业单位"), max_length=200, required=False)
    scope = forms.CharField(label=_("计量专业项目"), max_length=300, required=False)
    valid_from = forms.DateField(label=_("注册有效期自"), required=False, widget=day_input())
    valid_until = forms.DateField(label=_("注册有效期至"), required=False, widget=day_input())
    ends_on = forms.DateField(
        label=_("证书有效期至"), required=False, widget=day_input(), help_text=_("证书上没有印有效期的留空")
    )
    field_order = ("level", "certificate_number", "issued_on", "ends_on", "issuer")

    class Meta:
        model = Qualification
        fields = ["level", "certificate_number", "issued_on", "issuer"]
        widgets = {"issued_on": day_input()}

    def clean(self) -> dict[str, Any]:
        content = super().clean() or {}
        if content.get("number"):
            for name in ("valid_from", "valid_until"):
                if not content.get(name) and name not in self.errors:
                    self.add_error(name, _("有注册号时必须填写，按证书所印"))
        return content
