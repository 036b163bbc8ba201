"""Forms for what shows a standard's capability, its changes and its papers."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lims.people.models import User
from standards.forms.fields import Day, PdfField, WordsField
from standards.judging import GIVEN
from standards.models import CapabilityTest, ChangeCase, DeviceNote, Parameter, StandardPaper, UpkeepPlan


class PlanForm(forms.ModelForm):
    class Meta:
        model = UpkeepPlan
        fields = [
            "since",
            "repeatability_months",
            "stability_months",
            "check_months",
            "late_blocks",
            "lead_months",
            "lead_source",
            "lead_confirmed",
        ]
        widgets = {"since": Day()}


class ParameterForm(forms.ModelForm):
    class Meta:
        model = Parameter
        fields = ["name", "name_en", "point", "unit", "use", "limit", "limit_source"]

    def validate_constraints(self) -> None:
        """Left to the service, which says it in both languages."""


class CapabilityTestForm(forms.Form):
    """Readings, and what the judgement of the chosen kind needs besides; what it does not need is left empty."""

    kind = forms.ChoiceField(label=_("类别"), choices=CapabilityTest.Kind.choices)
    on = forms.DateField(label=_("日期"), widget=Day(), initial=timezone.localdate)
    object = forms.CharField(label=_("被测对象/核查标准"), max_length=200)
    readings = WordsField(
        label=_("读数"), required=False, widget=forms.Textarea(attrs={"rows": 3, "inputmode": "decimal"}),
        help_text=_("按示值逐个填写，用空格或换行分隔；结果的验证不需要"),
    )  # fmt: skip
    session = forms.CharField(
        label=_("采集会话"), required=False, max_length=36, help_text=_("读数来自检定装置时填写会话号")
    )
    conditions = forms.CharField(label=_("环境条件"), required=False, max_length=200)
    performed_by = forms.ModelChoiceField(label=_("试验人员"), queryset=User.objects.none())
    reference = forms.CharField(label=_("参考值"), required=False, max_length=40, help_text=_("期间核查、传递比较法"))
    limit = forms.CharField(
        label=_("允许值"), required=False, max_length=40, help_text=_("期间核查；留空则用该参数的允许值")
    )
    value = forms.CharField(label=_("本实验室的结果"), required=False, max_length=40, help_text=_("结果的验证"))
    U = forms.CharField(label=_("本实验室的 U"), required=False, max_length=40)
    k = forms.CharField(label=_("本实验室的 k"), required=False, max_length=40)
    U_reference = forms.CharField(label=_("参考值的 U"), required=False, max_length=40)
    k_reference = forms.CharField(label=_("参考值的 k"), required=False, max_length=40)
    others = forms.CharField(
        label=_("其他实验室的结果"), required=False, max_length=400, help_text=_("仅用于比对法，用空格分隔")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        staff = User.objects.filter(is_active=True, organisation__kind="institute")
        self.fields["performed_by"].queryset = staff.order_by("display_name")

    def deed(self) -> dict[str, Any]:
        """The arguments of the service: what the judgement needs apart from the rest."""
        cleaned = dict(self.cleaned_data)
        given = {name: cleaned.pop(name) for name in GIVEN}
        return {**cleaned, "given": given}


class ChangeForm(forms.Form):
    kind = forms.ChoiceField(label=_("类别"), choices=ChangeCase.Kind.choices)
    what = forms.CharField(label=_("变更内容"), max_length=400)
    on = forms.DateField(label=_("变更日期"), widget=Day(), initial=timezone.localdate)


class DecisionForm(forms.Form):
    consequence = forms.ChoiceField(label=_("处理"), choices=ChangeCase.Consequence.choices)
    decision = forms.CharField(label=_("决定及依据"), max_length=400)


class PaperForm(forms.Form):
    entry = forms.TypedChoiceField(label=_("文件集条目"), choices=StandardPaper.Entry.choices, coerce=int)
    title = forms.CharField(label=_("名称及编号"), max_length=200)
    dated = forms.DateField(label=_("文件日期"), required=False, widget=Day())
    kept_at = forms.CharField(label=_("保存方式及地点"), required=False, max_length=160)
    original = PdfField()


class NoteForm(forms.Form):
    kind = forms.ChoiceField(label=_("类别"), choices=DeviceNote.Kind.choices)
    on = forms.DateField(label=_("日期"), widget=Day(), initial=timezone.localdate)
    text = forms.CharField(label=_("内容"), max_length=400)


class ReportTextForm(forms.Form):
    text = forms.CharField(
        label=_("内容"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "false"})
    )
