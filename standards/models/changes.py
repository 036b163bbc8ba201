"""Changes to a measurement standard (更换), by JJF 1033."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lims.core.frozen import Frozen
from standards.models.standard import MeasurementStandard


class ChangeCase(models.Model):
    """Something about a standard is about to change or has changed. The technical lead decides what it entails.

    The four kinds are those of JJF 1033-2023. What a case entails is the institute's decision on the text of the rule,
    never computed.
    """

    class Kind(models.TextChoices):
        DEVICE = "device", _("计量标准器或主要配套设备")
        METHOD = "method", _("检定规程或校准规范")
        PEOPLE = "people", _("负责人或检定校准人员")
        ENVIRONMENT = "environment", _("环境条件及设施")

    class Consequence(models.TextChoices):
        REEXAMINATION = "reexamination", _("申请复查")
        DECLARATION = "declaration", _("填报更换申报表")
        LIFE_BOOK = "life_book", _("只记入履历书")

    standard = models.ForeignKey(MeasurementStandard, models.PROTECT, related_name="changes")
    kind = models.CharField(_("类别"), max_length=12, choices=Kind)
    what = models.CharField(_("变更内容"), max_length=400)
    on = models.DateField(_("变更日期"))
    blocks = models.BooleanField(_("决定前不得使用"))
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(auto_now_add=True)
    consequence = models.CharField(_("处理"), max_length=14, choices=Consequence, blank=True)
    decision = models.CharField(_("决定及依据"), max_length=400, blank=True)
    decided_on = models.DateField(_("决定日期"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("决定人")
    )

    frozen = Frozen(columns=("standard", "kind", "what", "on", "blocks", "opened_by", "opened_at"))

    class Meta:
        verbose_name = _("计量标准的变更")
        constraints = [
            models.CheckConstraint(
                condition=Q(consequence="", decided_by=None, decided_on=None)
                | Q(decided_by__isnull=False, decided_on__isnull=False) & ~Q(consequence="") & ~Q(decision=""),
                name="change_decided_whole",
            )
        ]
        indexes = [models.Index(fields=["standard", "-on"], name="change_of_standard")]

    def __str__(self) -> str:
        return f"{self.standard} · {self.what}"
