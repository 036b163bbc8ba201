"""Certificates of our own devices, and the values they certify."""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from lims.core.frozen import Frozen
from lims.core.models import StoredFile
from standards.models.device import Device
from standards.models.fields import DigitsField


class DeviceCertificate(models.Model):
    """A verification or calibration certificate of a device, typed in by one person and confirmed by another.

    `valid_until` is what is printed. A calibration certificate often prints none: then `use_until` carries the day up to
    which the institute's own metrological confirmation lets the device be used. No period is ever assumed.
    """

    class Kind(models.TextChoices):
        VERIFICATION = "verification", _("检定证书")
        CALIBRATION = "calibration", _("校准证书")

    class State(models.TextChoices):
        DRAFT = "draft", _("待确认")
        CONFIRMED = "confirmed", _("已确认")
        WITHDRAWN = "withdrawn", _("已撤回")

    class Outcome(models.TextChoices):
        PASS = "pass", _("合格")
        FAIL = "fail", _("不合格")
        NONE = "none", _("不作符合性结论")

    device = models.ForeignKey(Device, models.PROTECT, related_name="certificates", verbose_name=_("设备"))
    number = models.CharField(_("证书编号"), max_length=80)
    kind = models.CharField(_("类别"), max_length=12, choices=Kind)
    issuer = models.CharField(_("出具机构"), max_length=200)
    issuer_authorisation = models.CharField(_("出具机构授权/认可证书号"), max_length=120, blank=True)
    calibrated_on = models.DateField(_("检定/校准日期"))
    valid_until = models.DateField(_("有效期至（证书所载）"), null=True, blank=True)
    use_until = models.DateField(_("计量确认有效期至"), null=True, blank=True)
    outcome = models.CharField(_("符合性"), max_length=4, choices=Outcome)
    conclusion = models.CharField(_("结论"), max_length=200, blank=True)
    traceable_to = models.CharField(_("溯源至"), max_length=300, blank=True)
    issuer_standard = models.ForeignKey(
        "standards.MeasurementStandard",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="issued_certificates",
        verbose_name=_("所用计量标准（本机构）"),
    )
    file = models.ForeignKey(
        StoredFile, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("原件")
    )
    data_file = models.ForeignKey(
        StoredFile, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("数字证书（XML）")
    )
    imported = models.JSONField(
        default=dict,
        blank=True,
        help_text="what was read from the digital certificate and how it was used; empty when typed",
    )
    state = models.CharField(_("状态"), max_length=12, choices=State, default=State.DRAFT)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(auto_now_add=True)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    checking = models.JSONField(
        default=dict, blank=True, help_text="how the second person compared the entry with the paper, row by row"
    )
    content_sha256 = models.CharField(
        max_length=64, blank=True, help_text="digest over the facts and all values, taken when confirmed"
    )
    withdrawn_reason = models.CharField(_("撤回原因"), max_length=300, blank=True)
    replaced_by = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="replaces")
    corrects = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="corrections")
    correction_reason = models.CharField(_("更正原因"), max_length=300, blank=True)

    frozen = Frozen(
        columns=(
            "device", "number", "kind", "issuer", "issuer_authorisation", "calibrated_on", "valid_until", "use_until",
            "outcome",
            "conclusion", "traceable_to", "issuer_standard", "file", "data_file", "imported", "entered_by", "entered_at",
            "confirmed_by", "confirmed_at", "checking", "content_sha256", "corrects", "correction_reason",
        ),
        when="OLD.state <> 'draft'",
    )  # fmt: skip

    class Meta:
        verbose_name = _("设备证书")
        constraints = [
            # A correction waits as a draft beside the confirmed entry of the same paper.
            models.UniqueConstraint(
                fields=["issuer", "number"], condition=Q(state="confirmed"), name="device_certificate_once"
            ),
            models.UniqueConstraint(
                fields=["issuer", "number"],
                condition=Q(state="draft"),
                name="device_certificate_one_draft",
                violation_error_message=_("该机构的这一编号已有一份待确认的录入"),
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=F("calibrated_on")),
                name="device_certificate_dates",
                violation_error_message=_("有效期早于检定/校准日期"),
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | ~Q(confirmed_by=F("entered_by")), name="device_certificate_two_people"
            ),
        ]
        indexes = [
            # Read by selectors.devices: the certificate in effect on a day.
            models.Index(fields=["device", "-calibrated_on", "-id"], name="device_certificate_on_day"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def usable_until(self) -> date | None:
        """The last day of use: the earlier of the printed and the institute's own date; None when there is neither."""
        dates = [day for day in (self.valid_until, self.use_until) if day]
        return min(dates) if dates else None


class CertifiedValue(models.Model):
    """One value of a certificate: a constant such as V0, a correction or an error at a point, with its uncertainty.

    single: one value, for the range where one is stated. table: rows of the same name with different `at`.
    equation: the value follows from the point by `equation` in `variable`, within its range. Range and point are in `at_unit`.
    How rows become a correction: lims.metrology.certified.
    """

    class Form(models.TextChoices):
        SINGLE = "single", _("单个值")
        TABLE = "table", _("表")
        EQUATION = "equation", _("方程")

    class Between(models.TextChoices):
        """What holds between two points of a table."""

        LINE = "", _("相邻点之间按直线内插")
        NOTHING = "points", _("只在所列的点上使用，不内插")

    certificate = models.ForeignKey(DeviceCertificate, models.CASCADE, related_name="values")
    name = models.CharField(_("名称"), max_length=40, help_text=_("如 V0、h0、beta_B、correction"))
    form = models.CharField(_("形式"), max_length=8, choices=Form, default=Form.SINGLE)
    value = DigitsField(_("值"))
    unit = models.CharField(_("单位"), max_length=30, blank=True)
    at = DigitsField(_("测量点"))
    at_unit = models.CharField(_("测量点单位"), max_length=30, blank=True)
    range_lower = DigitsField(_("适用下限"))
    range_upper = DigitsField(_("适用上限"))
    expanded_uncertainty = DigitsField(_("扩展不确定度 U"))
    uncertainty_unit = models.CharField(_("U 的单位"), max_length=30, blank=True)
    k = DigitsField(_("包含因子 k"))
    equation = models.CharField(_("方程"), max_length=1000, blank=True)
    variable = models.CharField(_("自变量"), max_length=64, blank=True)
    interpolation = models.CharField(_("内插规则"), max_length=6, choices=Between, blank=True, default=Between.LINE)
    source = models.CharField(_("出处"), max_length=300, blank=True, help_text=_("证书中的页、表，或数字证书中的路径"))
    confirmed = models.BooleanField(default=False, editable=False)

    frozen = Frozen(when="OLD.confirmed")

    class Meta:
        verbose_name = _("证书给出的值")
        constraints = [
            models.UniqueConstraint(fields=["certificate", "name", "at"], name="certified_value_once"),
            models.CheckConstraint(
                condition=(
                    (Q(form="single", at="", equation="") & ~Q(value=""))
                    | (Q(form="table", equation="") & ~Q(value="") & ~Q(at=""))
                    | (
                        Q(form="equation", value="", at="")
                        & ~Q(equation="")
                        & ~Q(variable="")
                        & ~Q(range_lower="")
                        & ~Q(range_upper="")
                    )
                ),
                name="certified_value_form",
                violation_error_message=_("单个值写值；表的每一行写测量点和值；方程写自变量和适用的上下限"),
            ),
        ]

    def __str__(self) -> str:
        if self.form == self.Form.EQUATION:
            return f"{self.name} = {self.equation} {self.unit}".strip()
        return f"{self.name} = {self.value} {self.unit}".strip()


class StatedStandard(models.Model):
    """A standard of the issuer as the certificate states it: the next link upwards of a device calibrated elsewhere.

    What is not stated stays empty, and shows as a gap.
    """

    certificate = models.ForeignKey(DeviceCertificate, models.CASCADE, related_name="stated_standards")
    name = models.CharField(_("名称"), max_length=200)
    identification = models.CharField(_("编号"), max_length=120, blank=True)
    measuring_range = models.CharField(_("测量范围"), max_length=200, blank=True)
    accuracy = models.CharField(_("准确度等级/不确定度/最大允许误差"), max_length=200, blank=True)
    certificate_number = models.CharField(_("证书编号"), max_length=120, blank=True)
    issuer = models.CharField(_("溯源机构"), max_length=200, blank=True)
    valid_until = models.DateField(_("有效期至"), null=True, blank=True)
    confirmed = models.BooleanField(default=False, editable=False)

    frozen = Frozen(when="OLD.confirmed")

    class Meta:
        verbose_name = _("证书所载的计量标准器")

    def __str__(self) -> str:
        return self.name
