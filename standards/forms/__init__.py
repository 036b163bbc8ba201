"""Forms of standards, devices and procedures. They ask and check shapes; the services decide."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lims.people.models import User
from standards.forms.capability import (
    CapabilityTestForm,
    ChangeForm,
    DecisionForm,
    NoteForm,
    PaperForm,
    ParameterForm,
    PlanForm,
    ReportTextForm,
)
from standards.forms.fields import Day, PdfField, WordsField
from standards.forms.standards import (
    EndForm,
    LicenceCorrectionForm,
    LicenceForm,
    MemberForm,
    PersonForm,
    StandardForm,
    StandardStateForm,
)
from standards.models import CertifiedValue, Device, DeviceCertificate, DeviceState

__all__ = [
    "ApproveForm",
    "CapabilityTestForm",
    "CertificateCorrectionForm",
    "CertificateForm",
    "CertifiedValueForm",
    "CertifiedValueFormSet",
    "ChangeForm",
    "ConfirmValueForm",
    "DecisionForm",
    "DeviceForm",
    "DeviceStateForm",
    "EndForm",
    "LicenceCorrectionForm",
    "LicenceForm",
    "MemberForm",
    "NoteForm",
    "PaperForm",
    "ParameterForm",
    "PersonForm",
    "PlanForm",
    "ReportTextForm",
    "StandardForm",
    "StandardStateForm",
    "WithdrawForm",
]

VALUE_ROWS = 6


class DeviceForm(forms.ModelForm):
    roles = WordsField(label=_("可承担的角色"), required=False, help_text=_("如 reference_meter、standard_tank"))
    quantities = WordsField(label=_("测量的量"), required=False, help_text=_("如 energy、temperature"))
    since = forms.DateField(label=_("投入使用日期"), widget=Day())

    class Meta:
        model = Device
        fields = [
            "asset_number", "name", "name_en", "model", "serial", "manufacturer", "firmware", "quantities", "roles",
            "measuring_range", "range_lower", "range_upper", "range_unit", "accuracy", "accuracy_class", "mpe",
            "mpe_unit", "location", "keeper",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["keeper"].queryset = User.objects.filter(is_active=True, organisation__kind="institute").order_by(
            "display_name"
        )
        if self.instance.pk:
            del self.fields["since"]
            del self.fields["asset_number"]


class DeviceStateForm(forms.Form):
    state = forms.ChoiceField(label=_("状态"), choices=DeviceState.State.choices)
    since = forms.DateField(label=_("自"), widget=Day(), initial=timezone.localdate)
    why = forms.CharField(label=_("原因"), max_length=300)


class CertificateForm(forms.ModelForm):
    original = PdfField()

    class Meta:
        model = DeviceCertificate
        fields = [
            "number", "kind", "issuer", "issuer_authorisation", "calibrated_on", "valid_until", "use_until", "outcome",
            "conclusion", "traceable_to", "issuer_standard",
        ]  # fmt: skip
        widgets = {"calibrated_on": Day(), "valid_until": Day(), "use_until": Day()}
        help_texts = {
            "valid_until": _("只按证书所载填写；证书没有写就留空"),
            "use_until": _("证书没有写有效期时，由本机构计量确认给出"),
        }

    def validate_constraints(self) -> None:
        """Left to the service, which says it in both languages and with what to do."""


class CertificateCorrectionForm(CertificateForm):
    why = forms.CharField(
        label=_("更正原因"), max_length=300, help_text=_("原录入保留可查，新录入经另一人确认后取代它")
    )


class CertifiedValueForm(forms.ModelForm):
    class Meta:
        model = CertifiedValue
        fields = [
            "name", "value", "unit", "at", "at_unit", "range_lower", "range_upper", "expanded_uncertainty",
            "uncertainty_unit", "k",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            # By this the style sheet knows which rows are empty, and folds them on a narrow screen.
            field.widget.attrs["placeholder"] = " "


class _ValueRows(forms.BaseFormSet):
    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        """Any row may be left empty or be emptied, those shown with a value to correct too."""
        return super()._construct_form(i, **kwargs | {"empty_permitted": True, "use_required_attribute": False})


CertifiedValueFormSet = forms.formset_factory(
    CertifiedValueForm, formset=_ValueRows, extra=VALUE_ROWS, max_num=60, absolute_max=60
)


class WithdrawForm(forms.Form):
    why = forms.CharField(label=_("原因"), max_length=300)


class ApproveForm(forms.Form):
    in_force_from = forms.DateField(label=_("实施日期"), widget=Day(), required=False)


class ConfirmValueForm(forms.Form):
    path = forms.CharField(widget=forms.HiddenInput(), max_length=200)
    source = forms.CharField(label=_("依据（规程原文的条款、页码）"), max_length=300)
    why = forms.CharField(label=_("说明"), max_length=500, initial=_("已与规程原文核对一致"))
