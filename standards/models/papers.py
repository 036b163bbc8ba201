"""The papers of a measurement standard's file set (文件集), and the words of its technical report, by JJF 1033."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lims.core.frozen import Frozen
from lims.core.models import StoredFile
from standards.models.standard import MeasurementStandard


class StandardPaper(models.Model):
    """One paper of a standard's file set: where it is kept, or the file itself. Those the system holds as data need none.

    `entry` is the place in the list of eighteen, JJF 1033-2016 4.5.1; whether the edition of 2023 keeps the list is to be
    confirmed by the institute.
    """

    class Entry(models.IntegerChoices):
        EXAMINATION = 1, _("计量标准考核证书")
        PUBLIC = 2, _("社会公用计量标准证书")
        APPLICATION = 3, _("计量标准考核（复查）申请书")
        REPORT = 4, _("计量标准技术报告")
        REPEATABILITY = 5, _("检定或校准结果的重复性试验记录")
        STABILITY = 6, _("计量标准的稳定性考核记录")
        REPLACEMENT = 7, _("计量标准更换申报表")
        SEALING = 8, _("计量标准封存（或撤销）申报表")
        LIFE_BOOK = 9, _("计量标准履历书")
        SYSTEM = 10, _("国家计量检定系统表")
        PROCEDURE = 11, _("计量检定规程或计量技术规范")
        OPERATION = 12, _("计量标准操作程序")
        MANUALS = 13, _("计量标准器及主要配套设备使用说明书")
        CERTIFICATES = 14, _("计量标准器及主要配套设备的检定或校准证书")
        COMPETENCE = 15, _("检定或校准人员能力证明")
        RULES = 16, _("实验室的相关管理制度")
        RECORDS = 17, _("开展检定或校准工作的原始记录及相应的证书副本")
        OTHER = 18, _("可以证明计量标准具有相应测量能力的其他技术资料")

    standard = models.ForeignKey(MeasurementStandard, models.PROTECT, related_name="papers")
    entry = models.PositiveSmallIntegerField(_("文件集条目"), choices=Entry)
    title = models.CharField(_("名称及编号"), max_length=200)
    dated = models.DateField(_("文件日期"), null=True, blank=True)
    kept_at = models.CharField(_("保存方式及地点"), max_length=160, blank=True)
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, blank=True, related_name="+")
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(auto_now_add=True)
    withdrawn_reason = models.CharField(_("撤回原因"), max_length=300, blank=True)

    frozen = Frozen(columns=("standard", "entry", "title", "dated", "kept_at", "file", "entered_by", "entered_at"))

    class Meta:
        verbose_name = _("计量标准文件")
        constraints = [
            models.CheckConstraint(
                condition=Q(file__isnull=False) | ~Q(kept_at=""),
                name="paper_is_somewhere",
                violation_error_message=_("请上传文件，或写明保存方式及地点"),
            )
        ]
        indexes = [models.Index(fields=["standard", "entry"], name="paper_of_standard")]

    def __str__(self) -> str:
        return self.title


class ReportText(models.Model):
    """A part of the technical report (计量标准技术报告) that only a person can write; the newest row of a part counts.

    Everything else of the report is assembled from what the system holds. `BUDGET` is an uncertainty budget as data, of one
    parameter.
    """

    class Part(models.TextChoices):
        PURPOSE = "purpose", _("建立计量标准的目的")
        PRINCIPLE = "principle", _("计量标准的工作原理及其组成")
        BUDGET = "budget", _("不确定度预算（数据）")
        CONCLUSION = "conclusion", _("结论")
        NOTES = "notes", _("附加说明")

    standard = models.ForeignKey(MeasurementStandard, models.PROTECT, related_name="texts")
    parameter = models.ForeignKey("standards.Parameter", models.PROTECT, null=True, blank=True, related_name="texts")
    part = models.CharField(_("部分"), max_length=10, choices=Part)
    text = models.TextField(_("内容"), max_length=20_000)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(auto_now_add=True)

    frozen = Frozen()

    class Meta:
        verbose_name = _("技术报告的内容")
        constraints = [
            models.CheckConstraint(
                condition=Q(part="budget", parameter__isnull=False) | ~Q(part="budget") & Q(parameter=None),
                name="budget_of_a_parameter",
                violation_error_message=_("不确定度预算属于一个参数，其他部分属于整个计量标准"),
            )
        ]
        indexes = [models.Index(fields=["standard", "part", "-id"], name="report_text_newest")]

    def __str__(self) -> str:
        return f"{self.standard} · {self.get_part_display()}"
