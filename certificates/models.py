"""What goes out: certificates with frozen facts, the sealed files made from them, and their later life."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
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
        SUPPLEMENT = "supplement", _("证书补充件")

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
    supplements = models.ForeignKey("self", models.PROTECT, null=True, related_name="supplemented_by")
    state_reason = models.CharField(_("原因"), max_length=300, blank=True)
    search = models.TextField(editable=False, default="")

    search_index = SearchIndex("search")
    frozen = Frozen(
        columns=(
            "number", "kind", "record", "task", "instrument", "organisation", "facts", "facts_sha256", "check_value",
            "token", "verified_on", "issued_on", "valid_until", "demonstration", "taken_at", "supplements",
        )
    )  # fmt: skip

    class Meta:
        verbose_name = _("证书")
        constraints = [
            # However often the approval or the job is repeated after a crash, a record has one living certificate.
            models.UniqueConstraint(
                fields=["record"], condition=~Q(state="void") & Q(supplements=None), name="one_certificate_per_record"
            ),
            models.CheckConstraint(
                condition=Q(kind="supplement", supplements__isnull=False)
                | (~Q(kind="supplement") & Q(supplements=None)),
                name="supplement_names_its_certificate",
            ),
        ]
        indexes = [
            models.Index(fields=["-taken_at", "-id"], name="certificate_newest"),
            models.Index(fields=["organisation", "-taken_at", "-id"], name="certificate_of_customer"),
            # Read by lims.recall, which asks for the certificates of very many records: it holds all that is asked, so that the
            # long rows are not read.
            models.Index(
                fields=["record", "kind", "state", "verified_on", "instrument", "organisation"],
                name="certificate_of_record",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class DigitalCertificate(models.Model):
    """The machine-readable twin (DCC, signed), made once and kept before anything is rendered: a signature never comes out
    the same twice, and a repeated job must attach the same bytes."""

    certificate = models.OneToOneField(Certificate, models.PROTECT, related_name="digital")
    file = models.ForeignKey("core.StoredFile", models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()

    frozen = Frozen()

    class Meta:
        verbose_name = _("数字校准证书")

    def __str__(self) -> str:
        return f"{self.certificate} DCC"


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


class Correction(models.Model):
    """A certificate whose content was found wrong. Its task was opened again; when the correct certificate is sealed, it takes
    the place of this one. Until then this one stands, unless it was withdrawn."""

    class State(models.TextChoices):
        OPEN = "open", _("更正中")
        DONE = "done", _("已替代")
        GIVEN_UP = "given_up", _("已放弃")

    certificate = models.ForeignKey(Certificate, models.PROTECT, related_name="corrections")
    state = models.CharField(_("状态"), max_length=8, choices=State, default=State.OPEN)
    reason = models.CharField(_("错在哪里"), max_length=300)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    successor = models.OneToOneField(Certificate, models.PROTECT, null=True, related_name="corrects")
    closed_at = models.DateTimeField(null=True)

    frozen = Frozen(columns=("certificate", "reason", "opened_by", "opened_at"))

    class Meta:
        verbose_name = _("证书更正")
        constraints = [
            models.UniqueConstraint(fields=["certificate"], condition=Q(state="open"), name="one_open_correction"),
        ]

    def __str__(self) -> str:
        return str(self.certificate)


class Supplement(models.Model):
    """What is to be added to a certificate whose content is right but incomplete, on its way through the same three hands.

    Approved, it becomes a numbered document of its own (`document`); the certificate stays as it is.
    """

    class State(models.TextChoices):
        DRAFTED = "drafted", _("待核验")
        CHECKED = "checked", _("待批准")
        ISSUED = "issued", _("已签发")
        DROPPED = "dropped", _("已退回")

    certificate = models.ForeignKey(Certificate, models.PROTECT, related_name="drafts_of_supplements")
    state = models.CharField(_("状态"), max_length=8, choices=State, default=State.DRAFTED)
    text = models.TextField(_("补充内容"), max_length=2000)
    text_en = models.TextField(_("补充内容（英文）"), max_length=3000)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("编制人"))
    written_at = models.DateTimeField()
    checker = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("核验员")
    )
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("批准人")
    )
    document = models.OneToOneField(Certificate, models.PROTECT, null=True, related_name="made_from")
    why_dropped = models.CharField(_("理由"), max_length=300, blank=True)

    frozen = Frozen(columns=("certificate", "text", "text_en", "author", "written_at"))

    class Meta:
        verbose_name = _("证书补充")
        constraints = [
            models.CheckConstraint(
                condition=(Q(checker=None) | ~Q(author=F("checker")))
                & (Q(approver=None) | (~Q(author=F("approver")) & ~Q(checker=F("approver")))),
                name="supplement_three_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.certificate} + {self.pk}"


class Recall(models.Model):
    """That a customer is told not to use a certificate any more, and whether the customer has confirmed having seen it."""

    certificate = models.OneToOneField(Certificate, models.PROTECT, related_name="recall")
    organisation = models.ForeignKey("people.Organisation", models.PROTECT, related_name="recalls")
    made_at = models.DateTimeField()
    seen_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    seen_at = models.DateTimeField(null=True)

    frozen = Frozen(columns=("certificate", "organisation", "made_at"))

    class Meta:
        verbose_name = _("召回通知")
        constraints = [
            models.CheckConstraint(
                condition=Q(seen_by=None, seen_at=None) | Q(seen_by__isnull=False, seen_at__isnull=False),
                name="recall_seen_by_somebody",
            ),
        ]
        indexes = [
            # Read by selectors.recalls, newest first, and by the customer's page.
            models.Index(fields=["-made_at", "-id"], name="recall_newest"),
            models.Index(fields=["organisation", "-made_at", "-id"], name="recall_of_customer"),
        ]

    def __str__(self) -> str:
        return str(self.certificate)


class RecallMail(models.Model):
    """The letter of a recall to one address.

    Mail cannot promise "exactly once": a sender that dies between handing a letter over and noting it cannot know. It is then
    sent again under the same Message-ID, by which the receiving side knows the copy.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("待发送")
        SENT = "sent", _("已发送")
        REFUSED = "refused", _("被拒收")

    recall = models.ForeignKey(Recall, models.PROTECT, related_name="mails")
    address = models.EmailField(_("电子邮件"))
    message_id = models.CharField(max_length=120, unique=True)
    state = models.CharField(_("状态"), max_length=8, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0, help_text="how often the letter was handed over, or tried to be")
    sent_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)

    frozen = Frozen(columns=("recall", "address", "message_id"))

    class Meta:
        verbose_name = _("召回邮件")
        constraints = [models.UniqueConstraint(fields=["recall", "address"], name="recall_mail_once")]

    def __str__(self) -> str:
        return f"{self.recall} → {self.address}"


class BulkRun(models.Model):
    """Many checked records approved with one signature and issued one by one in the background."""

    key = models.UUIDField(unique=True, help_text="made with the page: the form sent twice begins one run")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("批准人"))
    begun_at = models.DateTimeField(_("开始时间"))
    cancelled_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(_("结束时间"), null=True)

    frozen = Frozen(columns=("key", "by", "begun_at"))

    class Meta:
        verbose_name = _("批量签发")

    def __str__(self) -> str:
        return f"PL-{self.pk:06d}"


class BulkItem(models.Model):
    """One task of a run, with the record that the approver saw, and what became of it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("等待")
        ISSUED = "issued", _("已签发")
        REFUSED = "refused", _("未能签发")
        CANCELLED = "cancelled", _("已取消")

    run = models.ForeignKey(BulkRun, models.PROTECT, related_name="items")
    position = models.PositiveIntegerField()
    task = models.ForeignKey("instruments.Task", models.PROTECT, related_name="+")
    task_version = models.PositiveIntegerField()
    record_sha256 = models.CharField(max_length=64)
    signature = models.TextField(blank=True, help_text="the approver's JWS over the record; empty without an own key")
    state = models.CharField(_("状态"), max_length=9, choices=State, default=State.WAITING)
    certificate = models.OneToOneField(Certificate, models.PROTECT, null=True, related_name="+")
    reasons = models.JSONField(default=list, help_text="of a refusal, as the rules told them")

    frozen = Frozen(columns=("run", "position", "task", "task_version", "record_sha256", "signature"))

    class Meta:
        verbose_name = _("批量签发任务")
        constraints = [
            models.UniqueConstraint(fields=["run", "task"], name="bulk_task_once"),
            models.UniqueConstraint(fields=["run", "position"], name="bulk_position_once"),
            models.CheckConstraint(
                condition=Q(state="issued", certificate__isnull=False) | (~Q(state="issued") & Q(certificate=None)),
                name="bulk_issued_has_certificate",
            ),
        ]
        indexes = [models.Index(fields=["run", "state", "position"], name="bulk_by_state")]

    def __str__(self) -> str:
        return f"{self.run} {self.task}"
