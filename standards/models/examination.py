"""Examinations of a measurement standard by the authority (计量标准考核): its establishment (建标) and re-examination (复查)."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from lims.core.frozen import Frozen
from standards.models.standard import MeasurementStandard


class ExaminationCase(models.Model):
    """One application for examination, from the day it is begun to its result. The papers it needs are read from the data.

    The licences that follow are entered as printed (`StandardLicence`). A result that asks for rectification leaves the
    case open until the next one. At most one case of a standard is open.
    """

    class Kind(models.TextChoices):
        ESTABLISHMENT = "establishment", _("新建计量标准考核")
        REEXAMINATION = "reexamination", _("计量标准复查考核")

    class Result(models.TextChoices):
        PASS = "pass", _("考核合格")
        RECTIFY = "rectify", _("需要整改")
        FAIL = "fail", _("考核不合格")

    standard = models.ForeignKey(MeasurementStandard, models.PROTECT, related_name="examinations")
    kind = models.CharField(_("类别"), max_length=13, choices=Kind)
    opened_on = models.DateField(_("开始日期"))
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(auto_now_add=True)
    submitted_on = models.DateField(_("申请日期"), null=True, blank=True)
    authority = models.CharField(_("受理申请的计量行政部门"), max_length=160, blank=True)
    contact = models.CharField(_("联系人"), max_length=60, blank=True)
    examined_on = models.DateField(_("考核日期"), null=True, blank=True)
    result = models.CharField(_("考核结果"), max_length=7, choices=Result, blank=True)
    findings = models.CharField(_("考核意见"), max_length=400, blank=True)
    abandoned_reason = models.CharField(_("终止原因"), max_length=300, blank=True)

    frozen = Frozen(columns=("standard", "kind", "opened_on", "opened_by", "opened_at"))

    class Meta:
        verbose_name = _("计量标准考核")
        constraints = [
            models.UniqueConstraint(
                fields=["standard"],
                condition=Q(abandoned_reason="") & ~Q(result__in=("pass", "fail")),
                name="one_open_examination",
                violation_error_message=_("该计量标准已有一项考核正在进行"),
            ),
            models.CheckConstraint(
                condition=Q(submitted_on=None) | Q(submitted_on__gte=F("opened_on")) & ~Q(authority=""),
                name="examination_submitted_whole",
                violation_error_message=_("申请日期早于开始日期，或没有写明受理部门"),
            ),
            models.CheckConstraint(
                condition=Q(examined_on=None, result="")
                | Q(submitted_on__isnull=False, examined_on__gte=F("submitted_on")) & ~Q(result=""),
                name="examination_result_whole",
                violation_error_message=_("考核日期早于申请日期，或没有写明结果"),
            ),
        ]
        indexes = [models.Index(fields=["standard", "-id"], name="examination_of_standard")]

    def __str__(self) -> str:
        return f"{self.standard} · {self.get_kind_display()} {self.opened_on:%Y-%m-%d}"

    @property
    def open(self) -> bool:
        """Whether the authority's answer is still awaited, or the application not made yet."""
        return not self.abandoned_reason and self.result not in (self.Result.PASS, self.Result.FAIL)
