"""What an auditor asks for."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from lims.audit.registry import verbs
from lims.auditor.drawing import MOST
from lims.auditor.selectors.asof import KINDS
from lims.auditor.selectors.events import Asked
from lims.people.models import Role, User
from standards.models import Category


class MomentForm(forms.Form):
    """Which object, and the day and time at the institute at which it is to be shown."""

    kind = forms.ChoiceField(label=_("类别"), choices=[(name, kind.label) for name, kind in KINDS.items()])
    key = forms.CharField(label=_("编号、代码、用户名或名称"), max_length=120)
    day = forms.DateField(label=_("日期"), widget=forms.DateInput(attrs={"type": "date"}))
    time = forms.TimeField(label=_("时间"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))

    def moment(self) -> datetime:
        naive = datetime.combine(self.cleaned_data["day"], self.cleaned_data["time"])
        return timezone.make_aware(naive)


class DrawForm(forms.Form):
    """From which days, how many, and by which published seed."""

    since = forms.DateField(label=_("签发日期自"), widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("签发日期至"), widget=forms.DateInput(attrs={"type": "date"}))
    wanted = forms.IntegerField(label=_("抽取份数"), min_value=1, max_value=MOST, initial=5)
    seed = forms.CharField(
        label=_("种子"),
        max_length=200,
        help_text=_("公开的、事先无法选择的文字，如约定日期的开奖号码；任何人可据此重复抽取"),
    )


class GrantForm(forms.Form):
    """Whom to let in, for what, and when."""

    auditor = forms.ModelChoiceField(label=_("审核员"), queryset=User.objects.none())
    purpose = forms.CharField(label=_("审核事由"), max_length=300)
    categories = forms.MultipleChoiceField(
        label=_("器具类别"), choices=Category.choices, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("一个都不选表示全部"),
    )  # fmt: skip
    valid_from = forms.DateField(label=_("自"), widget=forms.DateInput(attrs={"type": "date"}))
    valid_until = forms.DateField(label=_("至"), widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        rows = User.objects.filter(held_roles__role=Role.AUDITOR, is_active=True).order_by("display_name")
        self.fields["auditor"].queryset = rows  # type: ignore[attr-defined]


class EventsForm(forms.Form):
    """What to look for among the events."""

    text = forms.CharField(label=_("内容（全文）"), max_length=200, required=False)
    verb = forms.ChoiceField(label=_("事件类别"), required=False)
    who = forms.CharField(label=_("何人"), max_length=60, required=False)
    about = forms.CharField(label=_("对象"), max_length=100, required=False)
    since = forms.DateField(label=_("何时起"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("何时止"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    parts = forms.BooleanField(label=_("字母数字也按片段查找（慢）"), required=False)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        language = get_language() or "zh-hans"
        told = sorted((verb, wording.get(language)) for verb, wording in verbs().items())
        self.fields["verb"].choices = [("", "—"), *told]  # type: ignore[attr-defined]

    def asked(self) -> Asked:
        return Asked(**self.cleaned_data)
