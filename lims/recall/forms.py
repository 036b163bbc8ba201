"""Forms of recall cases."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lims.recall.models import RecallItem, RecallLine
from lims.recall.services import Finding
from standards.forms.fields import Day
from standards.models import Category, Device, DeviceCertificate

LINES = 3
"""Devices that one form has room for. More findings are rare; they make a case of their own."""


class CaseForm(forms.Form):
    what = forms.CharField(
        label=_("发现了什么"), max_length=400, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("如：送检证书 DN2026-118 表明标准电能表示值偏高 0.05 %"),
    )  # fmt: skip
    known_on = forms.DateField(label=_("发现日期"), widget=Day(), initial=timezone.localdate)
    until = forms.DateField(
        label=_("截止日期"), required=False, widget=Day(), help_text=_("最后受影响的一天；留空即发现日期")
    )


class PaperField(forms.ModelChoiceField):
    """A certificate of the chosen device, told apart by its day and whether it still counts."""

    def label_from_instance(self, obj: DeviceCertificate) -> str:
        return f"{obj.number} · {obj.calibrated_on} · {obj.get_state_display()}"


class LineForm(forms.Form):
    """What is known of one device. Certificates are offered once the device is chosen."""

    device = forms.ModelChoiceField(label=_("设备"), queryset=Device.objects.order_by("asset_number"), required=False)
    statement = forms.ChoiceField(
        label=_("情况"), required=False, initial=RecallLine.Statement.RELATIVE,
        choices=[
            (RecallLine.Statement.RELATIVE, _("示值偏了，知道偏百分之几")),
            (RecallLine.Statement.ABSOLUTE, _("示值偏了，知道偏多少个单位")),
            (RecallLine.Statement.UNKNOWN, _("超差，不知道偏多少")),
            (RecallLine.Statement.CERTIFICATE, _("证书有错，由另一份代替")),
        ],
    )  # fmt: skip
    amount = forms.CharField(
        label=_("误差（示值−真值）"), required=False, max_length=40, widget=forms.TextInput(attrs={"inputmode": "text"}),
        help_text=_("示值比真值大填正数，小填负数，如 0.05 或 -0.05"),
    )  # fmt: skip
    unit = forms.CharField(
        label=_("误差单位"),
        required=False,
        max_length=30,
        initial="%",
        help_text=_("相对误差：% 或 ‰；绝对误差：如 kWh、℃"),
    )
    quantity = forms.CharField(
        label=_("只涉及的量"), required=False, max_length=40, help_text=_("如 energy；留空表示所有示值")
    )
    old_certificate = PaperField(label=_("原证书"), queryset=DeviceCertificate.objects.none(), required=False)
    new_certificate = PaperField(label=_("代替它的证书"), queryset=DeviceCertificate.objects.none(), required=False)
    since = forms.DateField(
        label=_("自"), required=False, widget=Day(), help_text=_("留空则从最后一次证明设备完好的日期起")
    )
    evidence = forms.CharField(
        label=_("起始日期的依据"), required=False, max_length=300, help_text=_("只在自己填写起始日期时需要")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        papers = _papers(self["device"].value())
        for name in ("old_certificate", "new_certificate"):
            self.fields[name].queryset = papers

    def said(self) -> dict[str, Any]:
        """What stands in the fields now, whether or not it is right, for `wording.said`."""
        chosen = {name: str(self[name].value() or "") for name in self.fields}
        device = _by_key(Device.objects.all(), chosen["device"])
        papers = _papers(device.pk if device else None)
        return {
            "device": device or "",
            **{name: chosen[name] for name in ("statement", "amount", "unit", "quantity")},
            "old": _by_key(papers, chosen["old_certificate"]) or "",
            "new": _by_key(papers, chosen["new_certificate"]) or "",
        }

    def finding(self) -> Finding | None:
        """For the service; None for a row without a device."""
        return Finding(**self.cleaned_data) if self.cleaned_data.get("device") else None


def _papers(device: Any) -> QuerySet[DeviceCertificate]:
    rows = DeviceCertificate.objects.exclude(state=DeviceCertificate.State.DRAFT).order_by("-calibrated_on", "-pk")
    key = getattr(device, "pk", device)
    return rows.filter(device=key) if str(key or "").isdecimal() else rows.none()


def _by_key(rows: QuerySet[Any], key: str) -> Any:
    return rows.filter(pk=key).first() if key.isascii() and key.isdecimal() and len(key) < 19 else None


LineFormSet = forms.formset_factory(LineForm, extra=0, min_num=LINES, max_num=LINES, absolute_max=LINES)


class ChosenForm(forms.Form):
    """Which certificates of a case are listed."""

    part = forms.ChoiceField(
        label=_("显示"), required=False,
        choices=[
            ("all", _("全部")), ("flips", _("结论改变")), ("unknown", _("影响不明")), ("reprinted", _("所印数值改变")),
            ("unsupported", _("先前的决定不再成立")), ("undecided", _("未决定")), ("decided", _("已决定")), ("waiting", _("待计算")),
        ],
    )  # fmt: skip
    organisation = forms.TypedChoiceField(label=_("委托单位"), required=False, coerce=int, empty_value=None)
    category = forms.ChoiceField(label=_("器具类别"), required=False, choices=[("", _("全部")), *Category.choices])
    year = forms.TypedChoiceField(label=_("检定年份"), required=False, coerce=int, empty_value=None)
    query = forms.CharField(label=_("证书编号"), required=False, max_length=40, help_text=_("开头几位"))

    def __init__(self, *args: Any, customers: list[tuple[int, str]], years: list[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].choices = [("", _("全部")), *customers]
        self.fields["year"].choices = [("", _("全部")), *((one, str(one)) for one in years)]


class DecideForm(forms.Form):
    kind = forms.ChoiceField(label=_("处理"), choices=[("", "—"), *RecallItem.Kind.choices])
    reason = forms.CharField(label=_("理由"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class CloseForm(forms.Form):
    closing = forms.CharField(label=_("结束说明"), max_length=400, widget=forms.Textarea(attrs={"rows": 2}))
