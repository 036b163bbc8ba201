"""What an auditor may see and leaves behind: grants, samples drawn, and what was ticked and remarked about each certificate."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from lims.core.frozen import Frozen
from standards.models import Category


class Grant(models.Model):
    """An auditor may look at everything, or at what concerns some categories, in a period. Only its end can be moved forward:
    a revoked grant stays with the reason."""

    auditor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="audit_grants")
    purpose = models.CharField(_("审核事由"), max_length=300)
    categories = models.JSONField(_("器具类别"), default=list, blank=True, help_text="empty: everything")
    valid_from = models.DateField(_("自"))
    valid_until = models.DateField(_("至"))
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    granted_at = models.DateTimeField(_("授权时间"))
    revoked_at = models.DateTimeField(_("撤销时间"), null=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    revoked_reason = models.CharField(_("撤销原因"), max_length=300, blank=True)

    frozen = Frozen(
        columns=("auditor", "purpose", "categories", "valid_from", "valid_until", "granted_by", "granted_at")
    )

    class Meta:
        verbose_name = _("审核授权")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(valid_until__gte=models.F("valid_from")), name="audit_grant_dates"
            )
        ]

    def __str__(self) -> str:
        return f"{self.auditor} · {self.valid_from} – {self.valid_until}"

    @property
    def scope(self) -> list[str]:
        """The categories in words; empty means everything."""
        return [str(Category(one).label) for one in self.categories]


class Sample(models.Model):
    """Certificates drawn by a published seed, as `lims.auditor.drawing` tells. Everybody can draw the same sample again."""

    seed = models.CharField(_("种子"), max_length=200)
    wanted = models.PositiveSmallIntegerField(_("抽取份数"))
    issued_from = models.DateField(_("签发日期自"))
    issued_until = models.DateField(_("签发日期至"))
    population = models.PositiveIntegerField(_("总体份数"))
    population_sha256 = models.CharField(
        max_length=64, help_text="of the numbers drawn from with their strata, sorted, one `number<TAB>stratum` a line"
    )
    drawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    drawn_at = models.DateTimeField(_("抽取时间"))

    frozen = Frozen()

    class Meta:
        verbose_name = _("抽样")

    def __str__(self) -> str:
        return f"{self.drawn_at:%Y-%m-%d} · {self.seed}"


class SampleItem(models.Model):
    """One certificate of a sample. `stratum`: category and technician at the time of drawing."""

    sample = models.ForeignKey(Sample, models.PROTECT, related_name="items")
    position = models.PositiveSmallIntegerField()
    certificate = models.ForeignKey("certificates.Certificate", models.PROTECT, related_name="+")
    stratum = models.CharField(_("层"), max_length=200)

    frozen = Frozen()

    class Meta:
        verbose_name = _("抽中的证书")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["sample", "position"], name="sample_position_once"),
            models.UniqueConstraint(fields=["sample", "certificate"], name="sampled_once"),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.certificate_id}"


class Tick(models.Model):
    """What an auditor found about one point of the check list. Another opinion later is another row; the newest counts."""

    class Point(models.TextChoices):
        DOCUMENT = "document", _("证书文件与日志登记一致，签章有效")
        RECORD = "record", _("证书数据与冻结的原始记录一致")
        DIGITS = "digits", _("结果可由读数重新算出，修约正确")
        READINGS = "readings", _("读数有出处：装置原始帧，或注明手工录入")
        PROCEDURE = "procedure", _("采用的规程版本当日有效，限值有依据")
        STANDARD = "standard", _("计量标准当日合法有效")
        DEVICES = "devices", _("设备当日在有效期内，可向上溯源至国家计量基准")
        ENVIRONMENT = "environment", _("环境条件符合要求")
        PEOPLE = "people", _("检定、核验、批准人员各不相同且当日已获授权")
        EVENTS = "events", _("事件经过完整，先后合理")

    class Result(models.TextChoices):
        GOOD = "good", _("符合")
        FINDING = "finding", _("不符合")
        REMARK = "remark", _("观察项")
        OMITTED = "omitted", _("未查")

    item = models.ForeignKey(SampleItem, models.PROTECT, related_name="ticks")
    point = models.CharField(_("检查点"), max_length=12, choices=Point)
    result = models.CharField(_("结果"), max_length=8, choices=Result)
    comment = models.CharField(_("说明"), max_length=1000, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    frozen = Frozen()

    class Meta:
        verbose_name = _("检查结果")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(result__in=["good", "omitted"]) | ~models.Q(comment=""), name="finding_says_what"
            )
        ]

    def __str__(self) -> str:
        return f"{self.item_id} {self.point} {self.result}"


class Report(models.Model):
    """The report of a sample as it was asked for: the text whose digest stands in the log. Its archive with seal, proofs and
    evidence bundles is made afterwards and kept."""

    sample = models.ForeignKey(Sample, models.PROTECT, related_name="reports")
    text = models.TextField(help_text="canonical JSON")
    sha256 = models.CharField(max_length=64, unique=True, help_text="of the text")
    jws = models.TextField(blank=True, help_text="signature of whoever asked, when that person has a key")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("生成时间"))
    file = models.ForeignKey("core.StoredFile", models.PROTECT, null=True, related_name="+", help_text="the archive")

    frozen = Frozen(columns=("sample", "text", "sha256", "jws", "by", "at"))

    class Meta:
        verbose_name = _("审核报告")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.sample_id} {self.at:%Y-%m-%d %H:%M:%S}"
