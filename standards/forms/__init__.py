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
from standards.forms.certificates import (
    CertificateCorrectionForm,
    CertificateForm,
    CertifiedValueForm,
    CertifiedValueFormSet,
    ChoicesForm,
    ComparisonForm,
    DccCertificateForm,
    DccFileForm,
    EquationForm,
    EquationFormSet,
    PastedForm,
    StatedStandardForm,
    StatedStandardFormSet,
)
from standards.forms.fields import Day, WordsField
from standards.forms.standards import (
    EndForm,
    ExaminationForm,
    LicenceCorrectionForm,
    LicenceForm,
    MemberForm,
    PersonForm,
    ResultForm,
    StandardForm,
    StandardStateForm,
    SubmissionForm,
)
from standards.models import Device, DeviceState

__all__ = [
    "ApproveForm",
    "CapabilityTestForm",
    "CertificateCorrectionForm",
    "CertificateForm",
    "CertifiedValueForm",
    "CertifiedValueFormSet",
    "ChangeForm",
    "ChoicesForm",
    "ComparisonForm",
    "ConfirmValueForm",
    "DccCertificateForm",
    "DccFileForm",
    "DecisionForm",
    "DeviceForm",
    "DeviceStateForm",
    "EndForm",
    "EquationForm",
    "EquationFormSet",
    "ExaminationForm",
    "LicenceCorrectionForm",
    "LicenceForm",
    "MemberForm",
    "NoteForm",
    "PaperForm",
    "ParameterForm",
    "PastedForm",
    "PersonForm",
    "PlanForm",
    "ReportTextForm",
    "ResultForm",
    "StandardForm",
    "StandardStateForm",
    "StatedStandardForm",
    "StatedStandardFormSet",
    "SubmissionForm",
    "WithdrawForm",
]


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


class WithdrawForm(forms.Form):
    why = forms.CharField(label=_("原因"), max_length=300)


class ApproveForm(forms.Form):
    in_force_from = forms.DateField(label=_("实施日期"), widget=Day(), required=False)


class ConfirmValueForm(forms.Form):
    path = forms.CharField(widget=forms.HiddenInput(), max_length=200)
    source = forms.CharField(label=_("依据（规程原文的条款、页码）"), max_length=300)
    why = forms.CharField(label=_("说明"), max_length=500, initial=_("已与规程原文核对一致"))
