"""Measurement standards (计量标准) with their licences, devices, people and dated states (JJF 1033)."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from lims.core.frozen import Frozen
from lims.core.models import StoredFile
from lims.core.text import Text
from standards.models.device import Device


class MeasurementStandard(models.Model):
    """A measurement standard: a master device with its auxiliaries, licensed for a range and accuracy."""

    name = models.CharField(_("计量标准名称"), max_length=160)
    name_en = models.CharField(_("英文名称"), max_length=200, blank=True)
    code = models.CharField(_("计量标准代码"), max_length=40, unique=True)
    measuring_range = models.CharField(_("测量范围"), max_length=200, blank=True)
    accuracy = models.CharField(_("不确定度/准确度等级/最大允许误差"), max_length=200, blank=True)
    categories = models.JSONField(_("可开展的器具类别"), default=list, blank=True)
    procedure_codes = models.JSONField(_("可开展的规程"), default=list, blank=True, help_text=_("如 JJG 1148"))
    environment = models.CharField(_("环境条件"), max_length=300, blank=True)
    location = models.CharField(_("保存地点"), max_length=120, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("计量标准")

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> Text:
        """The name in both languages; the Chinese one where no English is entered."""
        return Text(self.name, self.name_en or self.name)


class StandardLicence(models.Model):
    """One of the two licences, as printed: a renewal is a new row, so every day of the past can be answered.

    A row entered wrongly is withdrawn with a reason and counts for no day; `replaced_by` stands in its place.
    """

    class Kind(models.TextChoices):
        EXAMINATION = "examination", _("计量标准考核证书")
        PUBLIC = "public", _("社会公用计量标准证书")

    standard = models.ForeignKey(MeasurementStandard, models.PROTECT, related_name="licences")
    kind = models.CharField(_("类别"), max_length=12, choices=Kind)
    number = models.CharField(_("证书编号"), max_length=100)
    issuer = models.CharField(_("发证机关"), max_length=160, blank=True)
    issued_on = models.DateField(_("发证日期"))
    valid_until = models.DateField(_("有效期至（证书所载）"))
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, blank=True, related_name="+")
    entered_at = models.DateTimeField(auto_now_add=True)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    withdrawn_reason = models.CharField(_("撤回原因"), max_length=300, blank=True)
    replaced_by = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="replaces")

    frozen = Frozen(
        columns=(
            "standard", "kind", "number", "issuer", "issued_on", "valid_until", "file", "entered_at", "entered_by",
        )
    )  # fmt: skip

    class Meta:
        verbose_name = _("计量标准证书")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "number", "issued_on"],
                condition=Q(withdrawn_reason=""),
                name="standard_licence_once",
                violation_error_message=_("该证书（类别、编号、发证日期相同）已经登记"),
            ),
            models.CheckConstraint(
                condition=Q(valid_until__gte=F("issued_on")),
                name="standard_licence_dates",
                violation_error_message=_("有效期早于发证日期"),
            ),
        ]
        indexes = [
            # Read by selectors.standards: the licence in effect on a day.
            models.Index(fields=["standard", "kind", "-valid_until"], name="standard_licence_on_day")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"


class StandardState(models.Model):
    """From this day on the standard is in this state; the next row ends it. `expired` follows from the licences as well."""

    class State(models.TextChoices):
        ESTABLISHING = "establishing", _("建标中")
        IN_USE = "in_use", _("在用")
        SUSPENDED = "suspended", _("封存")
        WITHDRAWN = "withdrawn", _("撤销")
        EXPIRED = "expired", _("过期")

    standard = models.ForeignKey(MeasurementStandard, models.PROTECT, related_name="states")
    state = models.CharField(_("状态"), max_length=12, choices=State)
    since = models.DateField(_("自"))
    reason = models.CharField(_("原因"), max_length=300, blank=True)
    entered_at = models.DateTimeField(auto_now_add=True)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    frozen = Frozen()

    class Meta:
        verbose_name = _("计量标准状态")
        indexes = [
            # Read by selectors.states: the last row not after a day.
            models.Index(fields=["standard", "-since", "-id"], name="standard_state_on_day"),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()} {self.since:%Y-%m-%d}"


class StandardDevice(models.Model):
    """A device belongs to a standard, as its master or an auxiliary, from a day until a day (both included)."""

    class Part(models.TextChoices):
        MASTER = "master", _("计量标准器")
        AUXILIARY = "auxiliary", _("主要配套设备")

    standard = models.ForeignKey(MeasurementStandard, models.PROTECT, related_name="members")
    device = models.ForeignKey(Device, models.PROTECT, related_name="memberships")
    part = models.CharField(_("作用"), max_length=10, choices=Part)
    since = models.DateField(_("自"))
    until = models.DateField(_("至"), null=True, blank=True)

    class Meta:
        verbose_name = _("计量标准的设备")
        constraints = [
            models.UniqueConstraint(fields=["standard", "device", "since"], name="standard_device_once"),
            models.UniqueConstraint(
                fields=["standard", "device"], condition=Q(until=None), name="standard_device_one_open"
            ),
            models.CheckConstraint(condition=Q(until=None) | Q(until__gte=F("since")), name="standard_device_dates"),
        ]

    def __str__(self) -> str:
        return f"{self.standard} · {self.device}"


class StandardPerson(models.Model):
    """Who answers for a standard or works with it, from a day until a day (both included)."""

    class Duty(models.TextChoices):
        RESPONSIBLE = "responsible", _("负责人")
        OPERATOR = "operator", _("检定/校准人员")

    standard = models.ForeignKey(MeasurementStandard, models.PROTECT, related_name="people")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    duty = models.CharField(_("职责"), max_length=12, choices=Duty)
    since = models.DateField(_("自"))
    until = models.DateField(_("至"), null=True, blank=True)

    class Meta:
        verbose_name = _("计量标准人员")
        constraints = [
            models.UniqueConstraint(fields=["standard", "user", "duty", "since"], name="standard_person_once"),
            models.CheckConstraint(condition=Q(until=None) | Q(until__gte=F("since")), name="standard_person_dates"),
        ]

    def __str__(self) -> str:
        return f"{self.standard} · {self.user}"
