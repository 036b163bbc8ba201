"""A recall case: a device was wrong, which certificates rest on it, what it does to each of them, and what was decided."""

import json
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from lims.core.frozen import Frozen
from lims.core.text import Text
from standards.models import Category, Device, DeviceCertificate
from standards.models.fields import DigitsField


class RecallCase(models.Model):
    """One finding about own devices with everything that follows from it.

    A case that supersedes another stands alone: it is computed from the original records, never on top of the other's result.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("草稿")
        TRACED = "traced", _("已列出涉及的证书")
        COMPUTING = "computing", _("重新计算中")
        COMPUTED = "computed", _("已重新计算")
        CLOSED = "closed", _("已结束")
        SUPERSEDED = "superseded", _("已被取代")

    what = models.CharField(_("发现了什么"), max_length=400)
    known_on = models.DateField(_("发现日期"))
    until = models.DateField(_("截止日期"), help_text=_("这一天（含）之后不再受影响"))
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.DRAFT)
    supersedes = models.OneToOneField("self", models.PROTECT, null=True, related_name="superseded_by")
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    traced_at = models.DateTimeField(null=True)
    touched = models.PositiveIntegerField(default=0)
    totals = models.JSONField(default=dict, help_text="of the certificates touched: by year, category and customer")
    computed_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closing = models.CharField(_("结束说明"), max_length=400, blank=True)

    frozen = Frozen(columns=("supersedes", "opened_by", "opened_at"))

    class Meta:
        verbose_name = _("影响追溯")

    def __str__(self) -> str:
        return f"ZS-{self.pk:06d}"


class RecallLine(models.Model):
    """What is known of one device. Error means indication minus true value.

    relative: the error is `amount` `unit` (%, ‰) of the true value. absolute: it is `amount` in `unit`. unknown: out of
    tolerance by an unknown amount. certificate: what `old_certificate` said is to be read as `new_certificate` says.
    """

    class Statement(models.TextChoices):
        RELATIVE = "relative", _("示值有相对误差")
        ABSOLUTE = "absolute", _("示值有绝对误差")
        UNKNOWN = "unknown", _("超差，误差大小不明")
        CERTIFICATE = "certificate", _("证书由另一份代替")

    case = models.ForeignKey(RecallCase, models.PROTECT, related_name="lines")
    device = models.ForeignKey(Device, models.PROTECT, related_name="recall_lines", verbose_name=_("设备"))
    statement = models.CharField(_("情况"), max_length=11, choices=Statement)
    amount = DigitsField(_("误差（示值−真值）"))
    unit = models.CharField(_("误差单位"), max_length=30, blank=True)
    quantity = models.CharField(_("只涉及的量"), max_length=40, blank=True, help_text=_("如 energy；留空表示所有示值"))
    old_certificate = models.ForeignKey(
        DeviceCertificate, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("原证书")
    )
    new_certificate = models.ForeignKey(
        DeviceCertificate, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("代替它的证书")
    )
    since = models.DateField(_("自"), help_text=_("最后一次证明设备完好的日期"))
    evidence = models.CharField(_("起始日期的依据"), max_length=300)
    evidence_en = models.CharField(max_length=300)

    frozen = Frozen(deletable=True)

    class Meta:
        verbose_name = _("设备情况")
        constraints = [
            models.UniqueConstraint(fields=["case", "device"], name="recall_device_once"),
            models.CheckConstraint(
                condition=(
                    Q(statement__in=["relative", "absolute"], old_certificate=None, new_certificate=None)
                    & ~Q(amount="")
                    & ~Q(unit="")
                )
                | Q(statement="unknown", amount="", unit="", old_certificate=None, new_certificate=None)
                | Q(statement="certificate", amount="", old_certificate__isnull=False, new_certificate__isnull=False),
                name="recall_line_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device} {self.amount} {self.unit}".strip()


class RecallReach(models.Model):
    """A stretch of days on which measurements with a device are touched, and how the fault came there.

    `via`: the standards and certificates between the device of the line and this one, outermost first; empty for the device
    itself. `line` is the line where the fault begins.
    """

    case = models.ForeignKey(RecallCase, models.PROTECT, related_name="reaches")
    line = models.ForeignKey(RecallLine, models.PROTECT, related_name="reaches")
    device = models.ForeignKey(Device, models.PROTECT, related_name="+")
    since = models.DateField(_("自"))
    until = models.DateField(_("至"))
    via = models.JSONField(default=list)

    frozen = Frozen()

    class Meta:
        verbose_name = _("涉及的设备")

    def __str__(self) -> str:
        return f"{self.device} {self.since}–{self.until}"


class RecallItem(models.Model):
    """One certificate touched by a case, and what computing it again from its raw readings gave.

    effect `unknown`: touched, and nothing can be said about how much; `reasons` says why. `worst`: the largest change of a
    judged column, divided by half the width of its limits. `rank`: the order of the list, what is most urgent first.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("待计算")
        DONE = "done", _("已计算")

    class Effect(models.TextChoices):
        KNOWN = "known", _("已算出")
        UNKNOWN = "unknown", _("影响不明")

    class Kind(models.TextChoices):
        """What is done about a certificate."""

        STAND = "stand", _("证书仍然有效")
        WITHDRAW = "withdraw", _("撤回")
        CORRECT = "correct", _("更正后替代")
        NOTIFY = "notify", _("只告知客户")

    # Written by one statement in the transaction that holds the case; cases and certificates are never deleted. To have the
    # database check each row would take longer than writing all of them.
    case = models.ForeignKey(RecallCase, models.PROTECT, related_name="items", db_constraint=False, db_index=False)
    certificate = models.ForeignKey(
        "certificates.Certificate", models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    organisation = models.ForeignKey(
        "people.Organisation", models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    category = models.CharField(_("器具类别"), max_length=30, choices=Category)
    verified_on = models.DateField(_("检定日期"))
    state = models.CharField(_("状态"), max_length=7, choices=State, default=State.WAITING)
    effect = models.CharField(_("影响"), max_length=7, choices=Effect, blank=True)
    old_conclusion = models.CharField(max_length=12, blank=True)
    new_conclusion = models.CharField(max_length=12, blank=True)
    flip = models.BooleanField(_("结论改变"), default=False)
    reprinted = models.BooleanField(_("所印数值改变"), default=False)
    worst = DigitsField(_("最大变化/最大允许误差"))
    rank = models.BigIntegerField(default=-1)
    earlier = models.CharField(
        max_length=8, choices=Kind, blank=True, help_text="decided in a case that this one supersedes"
    )
    unsupported = models.BooleanField(default=False, help_text="whether the result no longer supports that decision")
    decision = models.CharField(pgettext_lazy("recall", "处理"), max_length=8, choices=Kind, blank=True)
    details = models.TextField(blank=True, help_text="canonical JSON of changes and reasons")

    frozen = Frozen(columns=("case", "certificate", "organisation", "category", "verified_on"))

    class Meta:
        verbose_name = _("涉及的证书")
        # Begins with the certificate, so that what was decided about one is found by it as well.
        constraints = [models.UniqueConstraint(fields=["certificate", "case"], name="recall_item_once")]
        indexes = [
            # Read by selectors.case_items, which pages by rank from the end, and by the counts of its parts. Ascending: the rows
            # of a new case are then appended.
            models.Index(fields=["case", "rank", "id"], name="recall_item_ranked"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.certificate_id}"

    @property
    def told(self) -> dict[str, Any]:
        return json.loads(self.details) if self.details else {"changes": [], "reasons": [], "remarks": []}

    @property
    def changes(self) -> list[dict[str, Any]]:
        """Judged columns with the largest changes first: `path`, `title`, `unit`, `old`, `new`, `old_printed`, `new_printed`,
        `lower`, `upper`, `ratio`, `old_result`, `new_result`."""
        found: list[dict[str, Any]] = self.told["changes"]
        return found

    @property
    def reasons(self) -> list[Text]:
        """Why the effect is unknown."""
        return [Text(**one) for one in self.told["reasons"]]

    @property
    def remarks(self) -> list[Text]:
        """What has to be known to read the result."""
        return [Text(**one) for one in self.told["remarks"]]


class RecallDecision(models.Model):
    """What the technical lead decided about one certificate, and why. A change of mind is a further row; the newest counts.
    Withdrawing and opening a correction are done in the transaction of the decision."""

    item = models.ForeignKey(RecallItem, models.PROTECT, related_name="decisions")
    kind = models.CharField(pgettext_lazy("recall", "处理"), max_length=8, choices=RecallItem.Kind)
    reason = models.CharField(_("理由"), max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    frozen = Frozen()

    class Meta:
        verbose_name = _("处理决定")
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="recall_decision_has_reason")]

    def __str__(self) -> str:
        return f"{self.item} {self.kind}"
