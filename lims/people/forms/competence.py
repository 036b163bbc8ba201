"""Forms of continuing education, witnessed tests, and what is asked of people; and the question who may do what."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from lims.core import pdf
from lims.people.forms.persons import day_input, reason_field
from lims.people.items import Item
from lims.people.models import Authorisation, Education, Requirement, Role, User, WitnessedTest


class QuestionForm(forms.Form):
    """Who may do what on a day. Anything that cannot be read counts as not asked."""

    on = forms.DateField(label=_("日期"), required=False, widget=day_input())
    item = forms.ChoiceField(label=_("规程和器具"), required=False)
    act = forms.ChoiceField(label=_("事项"), required=False, choices=[("", _("全部事项")), *Authorisation.Act.choices])

    def __init__(self, *args: Any, items: Sequence[Item] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["item"].choices = [
            ("", _("全部规程")),
            *((key_of(one), f"{one.procedure} · {one.label}") for one in items),
        ]


def key_of(item: Item) -> str:
    """How an item is written in an address."""
    return f"{item.procedure}|{item.category}"


class EducationForm(forms.ModelForm):
    original = forms.FileField(
        label=_("证明文件（PDF）"),
        required=False,
        help_text=format_lazy(_("PDF 扫描件，不超过 {size} MB"), size=pdf.LARGEST // 1024 // 1024),
        widget=forms.FileInput(attrs={"accept": ".pdf,application/pdf"}),
    )

    class Meta:
        model = Education
        fields = ["held_on", "hours", "subject", "organiser"]
        widgets = {"held_on": day_input(), "hours": forms.TextInput(attrs={"inputmode": "decimal"})}
        help_texts = {"hours": _("按证明所写，如 8 或 4.5")}

    def clean_original(self) -> bytes | None:
        given = self.cleaned_data["original"]
        return given.read(pdf.LARGEST + 1) if given else None


class EducationCorrectionForm(EducationForm):
    why = reason_field(_("更正原因"))


class WitnessedTestForm(forms.ModelForm):
    class Meta:
        model = WitnessedTest
        fields = ["held_on", "witness", "procedure", "task", "findings", "verdict", "due_on"]
        widgets = {"held_on": day_input(), "due_on": day_input(), "findings": forms.Textarea(attrs={"rows": 4})}
        help_texts = {
            "procedure": _("如 JJG 1148"),
            "task": _("所见证工作的任务编号，如 RW-2026-000001"),
            "due_on": _("由见证人决定；没有决定的留空"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Whoever is named already stays choosable after having left.
        named = [self.instance.witness_id] if self.instance.witness_id else []
        self.fields["witness"].queryset = (
            (
                User.objects.filter(pk__in=named)
                | User.objects.filter(is_active=True, held_roles__role__in=set(Role.values) - {Role.CUSTOMER})
            )
            .distinct()
            .order_by("display_name")
        )

    def validate_constraints(self) -> None:
        """Left to the service, which says it in both languages and with what to do."""


class WitnessedTestCorrectionForm(WitnessedTestForm):
    why = reason_field(_("更正原因"))


class RegistrationRuleForm(forms.Form):
    """What is asked about registration. `value` of the other requirement is a number, so each has its own form."""

    value = forms.ChoiceField(label=_("要求"), choices=Requirement.Registered.choices, widget=forms.RadioSelect)
    source = forms.CharField(label=_("依据"), max_length=300, help_text=_("文件名称、文号和条款，或本机构的决定"))
    confirmed = forms.BooleanField(label=_("已与依据的原文核对"), required=False)
    valid_from = forms.DateField(label=_("自何日起"), widget=day_input())


class HoursForm(RegistrationRuleForm):
    value = forms.CharField(
        label=_("每一注册周期的学时"),
        max_length=8,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        help_text=_("不知道的留空，不推算"),
    )
