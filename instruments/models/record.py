"""The original record: what was read, by whom, when, with what, and how it came to its conclusion."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from instruments.models.work import Task
from lims.core.frozen import Frozen


class Record(models.Model):
    """One attempt at the original record (原始记录) of a task. A returned record stays as it was; the next attempt
    begins with its values. Submitting freezes the facts, and the database refuses every later change."""

    class State(models.TextChoices):
        DRAFT = "draft", _("草稿")
        FROZEN = "frozen", _("已提交")

    class Identity(models.TextChoices):
        TYPED = "typed", _("重新录入编号")
        SEEN = "seen", _("目视核对")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    task = models.ForeignKey(Task, models.PROTECT, related_name="records")
    attempt = models.PositiveIntegerField(default=1)
    number = models.CharField(_("记录编号"), max_length=40, unique=True)
    state = models.CharField(max_length=6, choices=State, default=State.DRAFT)
    version = models.PositiveIntegerField(default=0, help_text="grows with every saved change of the draft")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    identity_serial = models.CharField(_("铭牌出厂编号"), max_length=80)
    identity_by = models.CharField(max_length=5, choices=Identity)
    parameters = models.JSONField(default=dict, help_text="instrument parameters as the ledger had them at the start")
    facts = models.TextField(blank=True, help_text="canonical JSON, written by submit")
    sha256 = models.CharField(max_length=64, blank=True)
    conclusion = models.CharField(max_length=12, blank=True)
    verified_on = models.DateField(_("检定日期"), null=True)
    submitted_at = models.DateTimeField(null=True)
    supervised_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("指导人员"),
        null=True,
        related_name="+",
        help_text="who confirmed and submitted what a trainee measured",
    )

    frozen = Frozen(when="OLD.state = 'frozen'")

    class Meta:
        verbose_name = _("原始记录")
        constraints = [
            models.UniqueConstraint(fields=["task", "attempt"], name="record_attempt_once"),
            models.UniqueConstraint(fields=["task"], condition=Q(state="draft"), name="one_draft_per_task"),
            models.CheckConstraint(
                condition=Q(state="draft", sha256="") | (Q(state="frozen") & ~Q(sha256="") & ~Q(facts="")),
                name="frozen_record_has_facts",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class RecordDevice(models.Model):
    """A device that serves a role of the procedure in this record. Fixed when the record is submitted."""

    record = models.ForeignKey(Record, models.PROTECT, related_name="devices")
    role = models.CharField(_("用途"), max_length=60)
    device = models.ForeignKey("standards.Device", models.PROTECT, related_name="records")

    class Meta:
        verbose_name = _("所用设备")
        constraints = [models.UniqueConstraint(fields=["record", "role", "device"], name="record_device_once")]

    def __str__(self) -> str:
        return f"{self.role}: {self.device}"


class RecordSession(models.Model):
    """A capture session from which this record may take readings."""

    record = models.ForeignKey(Record, models.PROTECT, related_name="sessions")
    session = models.ForeignKey("devices.CaptureSession", models.PROTECT, related_name="records")
    role = models.CharField(_("用途"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("所用采集会话")
        constraints = [models.UniqueConstraint(fields=["record", "session"], name="record_session_once")]

    def __str__(self) -> str:
        return f"{self.record} · {self.session}"


class Entry(models.Model):
    """One value put into one place of the record. Never changed: a correction is a further entry that names the old one.

    The present value of a path is its latest entry over all attempts up to this record's.
    """

    class Origin(models.TextChoices):
        TYPED = "typed", _("手工录入")
        RIG = "rig", _("装置取数")

    class Why(models.TextChoices):
        MISREAD = "misread", _("读错示值")
        TYPING_SLIP = "typing_slip", _("录入笔误")
        REMEASURED = "remeasured", _("重新测量")
        WRONG_CELL = "wrong_cell", _("填错位置")
        DISTURBED = "disturbed", _("测量受到干扰")
        OTHER = "other", _("其他")

    record = models.ForeignKey(Record, models.PROTECT, related_name="entries")
    client_id = models.UUIDField(
        unique=True, default=uuid.uuid4, help_text="made by the browser; the same entry is stored once"
    )
    path = models.CharField(max_length=160)
    value = models.CharField(max_length=500, blank=True)
    origin = models.CharField(max_length=5, choices=Origin)
    reading = models.ForeignKey("devices.Reading", models.PROTECT, null=True, related_name="entries")
    quality = models.CharField(max_length=20, blank=True)
    replaces = models.OneToOneField("self", models.PROTECT, null=True, related_name="replaced_by")
    why_code = models.CharField(max_length=12, choices=Why, blank=True)
    why = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    made_at = models.DateTimeField(
        null=True, help_text="the browser's clock; differs from `at` when the network was lost"
    )

    frozen = Frozen()

    class Meta:
        verbose_name = _("记录值")
        constraints = [
            models.CheckConstraint(
                condition=Q(origin="typed", reading=None) | Q(origin="rig", reading__isnull=False),
                name="rig_entry_has_reading",
            )
        ]
        indexes = [models.Index(fields=["record", "path", "id"], name="entry_by_path")]

    def __str__(self) -> str:
        return f"{self.path} = {self.value}"
