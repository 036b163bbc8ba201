"""What goes out: certificates with frozen facts, and the sealed files made from them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lims.core.frozen import Frozen
from lims.core.search import SearchIndex


class Certificate(models.Model):
    """One numbered document. Its facts never change; a wrong certificate is answered by another that names it.

    The number is taken, and this row written, in the transaction of the approval. The sealed PDF follows from a job;
    whatever happens in between, the number stays in the series.
    """

    class Kind(models.TextChoices):
        VERIFICATION = "verification", _("检定证书")
        REJECTION = "rejection", _("检定结果通知书")
        CALIBRATION = "calibration", _("校准证书")
        ARBITRATION = "arbitration", _("仲裁检定证书")

    class State(models.TextChoices):
        SEALING = "sealing", _("签发中")
        ISSUED = "issued", _("已签发")
        REPLACED = "replaced", _("已替代")
        WITHDRAWN = "withdrawn", _("已撤回")
        VOID = "void", _("空号")

    number = models.CharField(_("证书编号"), max_length=40, unique=True)
    kind = models.CharField(_("类别"), max_length=12, choices=Kind)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.SEALING)
    record = models.ForeignKey("instruments.Record", models.PROTECT, related_name="certificates")
    task = models.ForeignKey("instruments.Task", models.PROTECT, related_name="certificates")
    instrument = models.ForeignKey("instruments.Instrument", models.PROTECT, related_name="certificates")
    organisation = models.ForeignKey("people.Organisation", models.PROTECT, related_name="certificates")
    facts = models.TextField(help_text="canonical JSON; what the document prints, all of it")
    facts_sha256 = models.CharField(max_length=64)
    check_value = models.CharField(_("校验码"), max_length=8)
    token = models.CharField(max_length=43, unique=True, help_text="unguessable part of the public address")
    verified_on = models.DateField(_("检定日期"))
    issued_on = models.DateField(_("签发日期"))
    valid_until = models.DateField(_("有效期至"), null=True)
    demonstration = models.BooleanField(_("演示"))
    taken_at = models.DateTimeField(auto_now_add=True)
    replaced_by = models.ForeignKey("self", models.PROTECT, null=True, related_name="replaces")
    state_reason = models.CharField(_("原因"), max_length=300, blank=True)
    search = models.TextField(editable=False, default="")

    search_index = SearchIndex("search")
    frozen = Frozen(
        columns=(
            "number", "kind", "record", "task", "instrument", "organisation", "facts", "facts_sha256", "check_value",
            "token", "verified_on", "issued_on", "valid_until", "demonstration", "taken_at",
        )
    )  # fmt: skip

    class Meta:
        verbose_name = _("证书")
        constraints = [
            # However often the approval or the job is repeated after a crash, a record has one living certificate.
            models.UniqueConstraint(fields=["record"], condition=~Q(state="void"), name="one_certificate_per_record"),
        ]
        indexes = [
            models.Index(fields=["-taken_at", "-id"], name="certificate_newest"),
            models.Index(fields=["organisation", "-taken_at", "-id"], name="certificate_of_customer"),
        ]

    def __str__(self) -> str:
        return self.number


class SealedFile(models.Model):
    """A sealed PDF of a certificate. A later one (long-term validation data added) is a new row; none is ever changed."""

    certificate = models.ForeignKey(Certificate, models.PROTECT, related_name="sealed")
    edition = models.PositiveSmallIntegerField(default=1)
    file = models.ForeignKey("core.StoredFile", models.PROTECT, related_name="+")
    rendered_sha256 = models.CharField(
        max_length=64, help_text="of the document before sealing: same facts, same bytes"
    )
    level = models.CharField(max_length=10, default="B-T")
    sealed_at = models.DateTimeField()

    frozen = Frozen()

    class Meta:
        verbose_name = _("已盖章文件")
        constraints = [models.UniqueConstraint(fields=["certificate", "edition"], name="sealed_edition_once")]

    def __str__(self) -> str:
        return f"{self.certificate} {self.level}"
