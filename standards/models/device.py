"""The institute's own measuring devices, with the facts that ISO/IEC 17025:2017, 6.4.13 asks for."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from lims.core.frozen import Frozen
from lims.core.text import Text
from standards.models.fields import DigitsField


class Device(models.Model):
    """One physical device (计量器具). Whether it may be used is decided by its certificates and dated states, not by a flag."""

    asset_number = models.CharField(_("设备编号"), max_length=40, unique=True)
    name = models.CharField(_("名称"), max_length=120)
    name_en = models.CharField(_("英文名称"), max_length=160, blank=True)
    model = models.CharField(_("型号规格"), max_length=120, blank=True)
    serial = models.CharField(_("出厂编号"), max_length=80)
    manufacturer = models.CharField(_("制造单位"), max_length=160, blank=True)
    firmware = models.CharField(_("软件（固件）版本"), max_length=80, blank=True)
    quantities = models.JSONField(
        _("测量的量"), default=list, blank=True, help_text=_("代码列表，如 energy、voltage、temperature")
    )
    roles = models.JSONField(
        _("可承担的角色"), default=list, blank=True, help_text=_("规程要求的角色，如 reference_meter、standard_tank")
    )
    measuring_range = models.CharField(_("测量范围"), max_length=200, blank=True, help_text=_("证书上打印的文字"))
    range_lower = DigitsField(_("测量下限"))
    range_upper = DigitsField(_("测量上限"))
    range_unit = models.CharField(_("范围单位"), max_length=20, blank=True)
    accuracy = models.CharField(
        _("准确度等级/最大允许误差/不确定度"), max_length=200, blank=True, help_text=_("证书上打印的文字")
    )
    accuracy_class = DigitsField(_("准确度等级（数值）"), help_text=_("如 0.05；没有则留空"))
    mpe = DigitsField(_("最大允许误差（数值）"))
    mpe_unit = models.CharField(_("最大允许误差单位"), max_length=20, blank=True)
    location = models.CharField(_("存放地点"), max_length=120, blank=True)
    keeper = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("保管人")
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("计量设备")
        constraints = [
            models.UniqueConstraint(fields=["manufacturer", "model", "serial"], name="device_identity_once"),
        ]

    def __str__(self) -> str:
        return f"{self.asset_number} {self.name}"

    @property
    def title(self) -> Text:
        """The name in both languages; the Chinese one where no English is entered."""
        return Text(self.name, self.name_en or self.name)


class DeviceState(models.Model):
    """From this day on the device is in this state; the next row ends it. Later knowledge adds rows, never edits them."""

    class State(models.TextChoices):
        IN_USE = "in_use", _("在用")
        SUSPENDED = "suspended", _("停用")
        WITHDRAWN = "withdrawn", _("撤销")

    device = models.ForeignKey(Device, models.PROTECT, related_name="states")
    state = models.CharField(_("状态"), max_length=12, choices=State)
    since = models.DateField(_("自"))
    reason = models.CharField(_("原因"), max_length=300, blank=True)
    entered_at = models.DateTimeField(auto_now_add=True)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    frozen = Frozen()

    class Meta:
        verbose_name = _("设备状态")
        indexes = [
            # Read by selectors.states: the last row not after a day.
            models.Index(fields=["device", "-since", "-id"], name="device_state_on_day"),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()} {self.since:%Y-%m-%d}"


class DeviceNote(models.Model):
    """An entry in a device's record: ISO/IEC 17025:2017, 6.4.13 g and h, and where the device is."""

    class Kind(models.TextChoices):
        MAINTENANCE = "maintenance", _("维护保养")
        DAMAGE = "damage", _("损坏或故障")
        REPAIR = "repair", _("修理")
        MODIFICATION = "modification", _("改装或软件升级")
        MOVED = "moved", _("移至他处")
        LENT = "lent", _("借出")
        RETURNED = "returned", _("归还")
        CHECKED = "checked", _("检查合格，可以使用")

    device = models.ForeignKey(Device, models.PROTECT, related_name="notes")
    kind = models.CharField(_("类别"), max_length=12, choices=Kind)
    on = models.DateField(_("日期"))
    text = models.CharField(_("内容"), max_length=400)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(auto_now_add=True)

    frozen = Frozen()

    class Meta:
        verbose_name = _("设备履历")
        indexes = [models.Index(fields=["device", "-on", "-id"], name="device_note_in_time")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.on:%Y-%m-%d}"
