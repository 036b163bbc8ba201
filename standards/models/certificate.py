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
    state = models.CharField(_("状态"), max_length=12, choices=State, default=State.DRAFT)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(auto_now_add=True)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
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
            "conclusion", "traceable_to", "issuer_standard", "file", "entered_by", "entered_at", "confirmed_by",
            "confirmed_at", "content_sha256", "corrects", "correction_reason",
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

    Rows of the same name with different `at` form a table.
    """

    certificate = models.ForeignKey(DeviceCertificate, models.CASCADE, related_name="values")
    name = models.CharField(_("名称"), max_length=40, help_text=_("如 V0、h0、beta_B、correction"))
    value = DigitsField(_("值"), blank=False)
    unit = models.CharField(_("单位"), max_length=30, blank=True)
    at = DigitsField(_("测量点"))
    at_unit = models.CharField(_("测量点单位"), max_length=30, blank=True)
    range_lower = DigitsField(_("适用下限"))
    range_upper = DigitsField(_("适用上限"))
    expanded_uncertainty = DigitsField(_("扩展不确定度 U"))
    uncertainty_unit = models.CharField(_("U 的单位"), max_length=30, blank=True)
    k = DigitsField(_("包含因子 k"))
    confirmed = models.BooleanField(default=False, editable=False)

    frozen = Frozen(when="OLD.confirmed")

    class Meta:
        verbose_name = _("证书给出的值")
        constraints = [models.UniqueConstraint(fields=["certificate", "name", "at"], name="certified_value_once")]

    def __str__(self) -> str:
        return f"{self.name} = {self.value} {self.unit}".strip()
