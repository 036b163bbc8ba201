"""Forms of the rigs. They ask and check shapes; the services decide."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from devices import drafting
from devices.models import CaptureSession, RigProfile
from devices.profiles.loader import LARGEST
from devices.profiles.model import QUANTITIES
from devices.protocols import dlt645, modbus_rtu
from standards.models import CapabilityTest, Device, Parameter

QUANTITY_NAMES = {
    "voltage": _("电压"),
    "current": _("电流"),
    "power": _("有功功率"),
    "reactive_power": _("无功功率"),
    "apparent_power": _("视在功率"),
    "energy": _("电能"),
    "reactive_energy": _("无功电能"),
    "power_factor": _("功率因数"),
    "frequency": _("频率"),
    "temperature": _("温度"),
    "humidity": _("相对湿度"),
    "pressure": _("压力"),
    "mass": _("质量"),
    "volume": _("体积"),
    "flow": _("流量"),
    "resistance": _("电阻"),
    "time": _("时间"),
    "count": _("计数"),
}


def unit_choices() -> list[Any]:
    """Units grouped by their quantity; a choice's value is `quantity|unit`."""
    groups = [
        (QUANTITY_NAMES.get(name, name), [(f"{name}|{unit}", unit) for unit in units])
        for name, units in QUANTITIES.items()
        if name != "clock"
    ]
    return [("", _("— 请选择 —")), *groups]


class BenchForm(forms.Form):
    name = forms.CharField(label=_("工位名称"), max_length=80, help_text=_("如：一号工位、充电桩检定车"))


class WhyForm(forms.Form):
    why = forms.CharField(label=_("原因"), max_length=300)


class ProfileChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: RigProfile) -> str:
        return f"{obj.title} · {obj.identifier} {obj.sha256[:8]} · {STATES[obj.state]}"


STATES = {"draft": _("草稿"), "approved": _("已批准"), "withdrawn": _("已撤回")}


class PortForm(forms.Form):
    """What hangs on a port."""

    profile = ProfileChoice(RigProfile.objects.none(), label=_("装置配置"))
    equipment = forms.ModelChoiceField(Device.objects.none(), label=_("设备（设备台账）"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["profile"].queryset = RigProfile.objects.filter(withdrawn_at=None).order_by("identifier", "-pk")
        self.fields["equipment"].queryset = Device.objects.order_by("asset_number")


class PortNewForm(PortForm):
    name = forms.CharField(label=_("端口名称"), max_length=40, help_text=_("与工位电脑的配置文件中一致"))
    field_order = ("name", "profile", "equipment")


class ProfileForm(forms.Form):
    file = forms.FileField(label=_("TOML 文件"), required=False)
    text = forms.CharField(
        label=_("或粘贴内容"),
        required=False,
        strip=False,
        max_length=LARGEST,
        widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "false", "class": "mono"}),
    )

    def clean(self) -> dict[str, Any]:
        """`text` holds what was uploaded or pasted."""
        data = super().clean() or {}
        if file := data.get("file"):
            raw = file.read(LARGEST * 4 + 1)
            try:
                data["text"] = raw.decode("utf-8-sig")
            except UnicodeDecodeError:
                self.add_error("file", _("文件不是 UTF-8 文本"))
        if not data.get("text") and not self.errors:
            self.add_error("file", _("请选择文件或粘贴内容"))
        return data


class RereadForm(forms.Form):
    """Which stored bytes are read again, and with which profile."""

    session = forms.ModelChoiceField(CaptureSession.objects.none(), label=_("采集会话"), required=False)
    file = forms.FileField(label=_("或会话文件"), required=False, help_text=_("由“导出会话”或 rig export 得到"))

    def __init__(self, *args: Any, sessions: Any = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["session"].queryset = sessions


class CapturedForm(forms.Form):
    """A file that another program captured."""

    FORMS = (("", _("按内容判断")), ("session", _("会话导出")), ("hex", _("十六进制文本")), ("raw", _("原始字节")))

    file = forms.FileField(label=_("录下的文件"))
    form = forms.ChoiceField(label=_("内容"), choices=FORMS, required=False)


# Choosing what to send


class TryForm(forms.Form):
    """One question to an unknown instrument."""

    port = forms.IntegerField(min_value=1)
    kind = forms.ChoiceField(choices=[(one, one) for one in ("line", "modbus-rtu", "dlt645-2007")])
    baud = forms.IntegerField(min_value=300, max_value=4_000_000)
    bits = forms.TypedChoiceField(choices=[("8", "8"), ("7", "7")], coerce=int)
    parity = forms.ChoiceField(choices=[("N", "N"), ("E", "E"), ("O", "O")])
    stop = forms.TypedChoiceField(choices=[("1", "1"), ("2", "2")], coerce=int)
    listen_ms = forms.IntegerField(min_value=100, max_value=10_000)
    mode = forms.ChoiceField(choices=[("text", "text"), ("hex", "hex")], required=False)
    send = forms.CharField(max_length=1000, required=False, strip=False)
    send_terminator = forms.ChoiceField(choices=[(one, one) for one in (*drafting.ENDINGS, "none")], required=False)
    unit_address = forms.IntegerField(min_value=1, max_value=247, required=False)
    function = forms.TypedChoiceField(choices=[("3", "3"), ("4", "4")], coerce=int, required=False)
    address = forms.IntegerField(min_value=0, max_value=65_535, required=False)
    count = forms.IntegerField(min_value=1, max_value=modbus_rtu.MOST_REGISTERS, required=False)
    meter = forms.RegexField(r"^([0-9]{12}|A{12})?$", required=False)
    di = forms.RegexField(r"^([0-9A-Fa-f]{8})?$", required=False)

    def clean(self) -> dict[str, Any]:
        """Adds `raw`, the bytes to send."""
        data = super().clean() or {}
        if self.errors:
            return data
        try:
            data["raw"] = self._raw(data)
        except ValueError as error:
            self.add_error(None, str(error))
        return data

    def _raw(self, data: dict[str, Any]) -> bytes:
        if data["kind"] == "modbus-rtu":
            unit, function = data["unit_address"] or 1, data["function"] or 3
            return modbus_rtu.Read(unit, function, data["address"] or 0, data["count"] or 1).request
        if data["kind"] == "dlt645-2007":
            if not data["di"]:
                return dlt645.ReadAddress().request
            return dlt645.Read(data["meter"] or dlt645.WILDCARD, data["di"]).request
        if data["mode"] == "hex":
            digits = re.sub(r"[\s,]|0x", "", data["send"])
            try:
                return bytes.fromhex(digits)
            except ValueError:
                raise ValueError(_("十六进制应为成对的数字，如 52 0D 0A")) from None
        try:
            text = str(data["send"]).encode("ascii")
        except UnicodeEncodeError:
            raise ValueError(_("只能发送 ASCII 字符；其他字节请用十六进制")) from None
        return text + drafting.ENDINGS.get(data["send_terminator"], b"") if text else b""


class ParameterChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Parameter) -> str:
        english = (get_language() or "").startswith("en")
        return f"{obj.standard.code} · {obj.title.en if english else obj.title.zh} {obj.unit}"


class SessionTestForm(forms.Form):
    """Which readings of a capture session are those of which test."""

    parameter = ParameterChoice(Parameter.objects.none(), label=_("计量标准的参数"))
    kind = forms.ChoiceField(
        label=_("类别"),
        choices=[one for one in CapabilityTest.Kind.choices if one[0] != CapabilityTest.Kind.VERIFICATION],
    )
    channel = forms.ChoiceField(label=_("通道"))
    first = forms.IntegerField(label=_("从第几个有效读数起"), initial=1, min_value=1, max_value=1_000_000)
    count = forms.IntegerField(
        label=_("连续取几个"), initial=10, min_value=1, max_value=100, help_text=_("依次取用，不跳过任何有效读数")
    )
    object = forms.CharField(label=_("被测对象/核查标准"), max_length=200)
    conditions = forms.CharField(label=_("环境条件"), required=False, max_length=200)
    reference = forms.CharField(label=_("参考值"), required=False, max_length=40, help_text=_("期间核查"))
    limit = forms.CharField(
        label=_("允许值"), required=False, max_length=40, help_text=_("期间核查；留空则用该参数的允许值")
    )

    def __init__(
        self, *args: Any, parameters: QuerySet[Parameter], channels: Iterable[Mapping[str, Any]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parameter"].queryset = parameters
        self.fields["channel"].choices = [
            (one["channel"], _("%(channel)s（%(unit)s）：%(count)s 个有效读数") % one) for one in channels
        ]

    def deed(self) -> dict[str, Any]:
        """The arguments of the service: what the judgement needs apart from the rest."""
        cleaned = dict(self.cleaned_data)
        given = {name: cleaned.pop(name) for name in ("reference", "limit")}
        return {**cleaned, "given": given}
