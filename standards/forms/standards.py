"""Forms of measurement standards: what they are, their licences, members, people and dated states."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lims.people.models import User
from standards.forms.fields import CodesField, Day, PdfField
from standards.models import (
    Category,
    Device,
    ExaminationCase,
    MeasurementStandard,
    StandardDevice,
    StandardLicence,
    StandardPerson,
    StandardState,
)


class StandardForm(forms.ModelForm):
    categories = forms.MultipleChoiceField(
        label=_("可开展的器具类别"), choices=Category.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    procedure_codes = CodesField(
        label=_("可开展的规程"), required=False, help_text=_("如 JJG 1148、JJG 1149；不带年号，多个之间用顿号分隔")
    )
    state = forms.ChoiceField(
        label=_("状态"), choices=StandardState.State.choices, initial=StandardState.State.ESTABLISHING
    )
    since = forms.DateField(label=_("自"), widget=Day(), initial=timezone.localdate)

    class Meta:
        model = MeasurementStandard
        fields = [
            "name", "name_en", "code", "measuring_range", "accuracy", "procedure_codes", "categories", "environment",
            "location",
        ]  # fmt: skip
        help_texts = {"code": _("登记后不能更改；证书和记录以它指明计量标准")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for name in ("code", "state", "since"):
                del self.fields[name]


class StandardStateForm(forms.Form):
    state = forms.ChoiceField(label=_("状态"), choices=StandardState.State.choices)
    since = forms.DateField(label=_("自"), widget=Day(), initial=timezone.localdate)
    why = forms.CharField(label=_("原因"), max_length=300)


class LicenceForm(forms.ModelForm):
    original = PdfField()

    class Meta:
        model = StandardLicence
        fields = ["kind", "number", "issuer", "issued_on", "valid_until"]
        widgets = {"issued_on": Day(), "valid_until": Day()}
        help_texts = {"number": _("按证书所载填写"), "valid_until": _("按证书所载填写，不推算")}

    def validate_constraints(self) -> None:
        """Left to the service, which says it in both languages."""


class LicenceCorrectionForm(LicenceForm):
    why = forms.CharField(label=_("更正原因"), max_length=300, help_text=_("原登记保留可查，但不再作数"))


class MemberForm(forms.Form):
    device = forms.ModelChoiceField(label=_("设备"), queryset=Device.objects.none())
    part = forms.ChoiceField(label=_("作用"), choices=StandardDevice.Part.choices)
    since = forms.DateField(label=_("自"), widget=Day(), initial=timezone.localdate)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["device"].queryset = Device.objects.order_by("asset_number")


class PersonForm(forms.Form):
    user = forms.ModelChoiceField(label=_("人员"), queryset=User.objects.none())
    duty = forms.ChoiceField(label=_("职责"), choices=StandardPerson.Duty.choices)
    since = forms.DateField(label=_("自"), widget=Day(), initial=timezone.localdate)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        staff = User.objects.filter(is_active=True, organisation__kind="institute")
        self.fields["user"].queryset = staff.order_by("display_name")


class EndForm(forms.Form):
    since = forms.DateField(label=_("自"), widget=Day(), initial=timezone.localdate, help_text=_("不再适用的第一天"))
    why = forms.CharField(label=_("原因"), max_length=300)


class ExaminationForm(forms.Form):
    kind = forms.ChoiceField(label=_("类别"), choices=ExaminationCase.Kind.choices)
    on = forms.DateField(label=_("开始日期"), widget=Day(), initial=timezone.localdate)


class SubmissionForm(forms.Form):
    on = forms.DateField(label=_("申请日期"), widget=Day(), initial=timezone.localdate)
    authority = forms.CharField(label=_("受理申请的计量行政部门"), max_length=160)
    contact = forms.CharField(label=_("联系人"), max_length=60, required=False)
    why = forms.CharField(
        label=_("材料未齐即提交的理由"), max_length=300, required=False, help_text=_("材料齐全时留空")
    )


class ResultForm(forms.Form):
    on = forms.DateField(label=_("考核日期"), widget=Day(), initial=timezone.localdate)
    result = forms.ChoiceField(label=_("考核结果"), choices=ExaminationCase.Result.choices)
    findings = forms.CharField(label=_("考核意见"), max_length=400, required=False)
