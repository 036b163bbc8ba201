"""How readings get in: benches, rig profiles, capture sessions, and every byte that was on the wire."""

import uuid
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lims.core.frozen import Frozen


class RigProfile(models.Model):
    """One version of a rig profile, known by its SHA-256; each session pins the version it was read with."""

    identifier = models.CharField(_("标识"), max_length=60)
    sha256 = models.CharField(max_length=64, unique=True)
    title = models.CharField(_("名称"), max_length=120)
    text = models.TextField(_("内容 (TOML)"))
    registered_at = models.DateTimeField(auto_now_add=True)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    registered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_why = models.CharField(_("撤回原因"), max_length=300, blank=True)

    frozen = Frozen(columns=("identifier", "sha256", "title", "text"))

    class Meta:
        verbose_name = _("装置配置")

    def __str__(self) -> str:
        return f"{self.identifier} {self.sha256[:8]}"

    @property
    def usable(self) -> bool:
        """Whether sessions may be recorded with this version: approved, and not withdrawn since."""
        return self.approved_at is not None and self.withdrawn_at is None

    @property
    def state(self) -> str:
        """`draft`, `approved` or `withdrawn`."""
        if self.withdrawn_at:
            return "withdrawn"
        return "approved" if self.approved_at else "draft"


class Bench(models.Model):
    """A computer with serial ports. Its agent proves itself with a token of which only the digest is kept."""

    name = models.CharField(_("工位"), max_length=80, unique=True)
    token_sha256 = models.CharField(max_length=64, unique=True)
    active = models.BooleanField(_("启用"), default=True)
    agent_version = models.CharField(max_length=20, blank=True)
    seen_at = models.DateTimeField(null=True)
    clock_offset_ms = models.IntegerField(
        null=True, help_text="what must be added to the bench's clock to get the server's"
    )
    clock_rtt_ms = models.IntegerField(null=True, help_text="how long the question took: the offset is no better known")
    ntp = models.CharField(max_length=20, blank=True, help_text="synchronised, unsynchronised or unknown")
    refused = models.JSONField(default=list, blank=True, help_text="sessions in its outbox that this server refused")

    class Meta:
        verbose_name = _("工位")

    def __str__(self) -> str:
        return self.name


class Port(models.Model):
    """A port of a bench, with the rig that is wired to it. One without a profile is bare: it can be tried, not recorded."""

    bench = models.ForeignKey(Bench, models.PROTECT, related_name="ports")
    name = models.CharField(_("端口"), max_length=40)
    profile = models.ForeignKey(RigProfile, models.PROTECT, null=True, blank=True, related_name="ports")
    equipment = models.ForeignKey("standards.Device", models.PROTECT, null=True, blank=True, related_name="ports")
    state = models.CharField(max_length=20, blank=True, help_text="as the agent last said: idle, capturing, absent")
    serial_read = models.CharField(max_length=60, blank=True)
    text = models.CharField(max_length=300, blank=True, help_text="what is wrong with it, as the agent last said")
    text_en = models.CharField(max_length=300, blank=True)
    waiting = models.PositiveBigIntegerField(default=0, help_text="frames in the outbox that the server does not have")
    seen_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("端口")
        constraints = [models.UniqueConstraint(fields=["bench", "name"], name="port_name_once")]

    def __str__(self) -> str:
        return f"{self.bench} · {self.name}"


class CaptureSession(models.Model):
    """One uninterrupted stretch of recording on one port. Its frames form a chain that begins with the header's digest."""

    class State(models.TextChoices):
        REQUESTED = "requested", _("等待工位响应")
        CAPTURING = "capturing", _("采集中")
        CLOSED = "closed", _("已结束")
        FAILED = "failed", _("未能开始")
        INTERRUPTED = "interrupted", _("中断")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    port = models.ForeignKey(Port, models.PROTECT, related_name="sessions")
    profile = models.ForeignKey(RigProfile, models.PROTECT, related_name="sessions")
    equipment = models.ForeignKey("standards.Device", models.PROTECT, related_name="sessions")
    operator = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="sessions")
    state = models.CharField(max_length=12, choices=State, default=State.REQUESTED)
    text = models.CharField(max_length=300, blank=True, help_text="what the agent said last")
    text_en = models.CharField(max_length=300, blank=True)
    parser = models.CharField(max_length=20, blank=True, help_text="version of the parser that made the readings")
    requested_at = models.DateTimeField(auto_now_add=True)
    header = models.TextField(blank=True, help_text="canonical JSON as the agent wrote it")
    header_hash = models.CharField(max_length=64, blank=True)
    head = models.CharField(max_length=64, blank=True, help_text="hash of the last frame received")
    frame_count = models.PositiveBigIntegerField(default=0)
    reading_count = models.PositiveBigIntegerField(default=0)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("采集会话")
        constraints = [
            models.UniqueConstraint(
                fields=["port"], condition=Q(state__in=["requested", "capturing"]), name="one_open_session_per_port"
            )
        ]
        indexes = [models.Index(fields=["-requested_at", "id"], name="session_newest")]

    def __str__(self) -> str:
        return f"{self.port} {str(self.pk)[:8]}"


class Frame(models.Model):
    """Bytes on the wire, exactly as they went by: sent (t), received (r), late or garbage (l), unsolicited (u)."""

    session = models.ForeignKey(CaptureSession, models.PROTECT, related_name="frames")
    seq = models.PositiveBigIntegerField()
    mono_ns = models.BigIntegerField(help_text="monotonic clock of the bench computer")
    wall_ns = models.BigIntegerField(help_text="wall clock of the bench computer, ns since the epoch")
    direction = models.CharField(max_length=1)
    raw = models.BinaryField()
    hash = models.CharField(max_length=64)

    frozen = Frozen()

    class Meta:
        verbose_name = _("原始帧")
        constraints = [models.UniqueConstraint(fields=["session", "seq"], name="frame_once")]

    def __str__(self) -> str:
        return f"{self.direction} {bytes(self.raw).hex(' ')}"


class Reading(models.Model):
    """One channel's value as the instrument gave it, with the frames it was decoded from.

    `value` holds the device's own decimal digits as text: a NUMERIC column would lose trailing zeros, and SQLite would
    pass it through binary floating point.
    """

    session = models.ForeignKey(CaptureSession, models.PROTECT, related_name="readings")
    seq_no = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    channel = models.CharField(max_length=40)
    quantity = models.CharField(max_length=40)
    value = models.CharField(max_length=80, blank=True)
    unit = models.CharField(max_length=20)
    quality = models.CharField(max_length=20)
    text = models.CharField(max_length=200, blank=True)
    tx_seq = models.PositiveBigIntegerField(null=True)
    rx_seq = models.PositiveBigIntegerField(null=True)

    frozen = Frozen()

    class Meta:
        verbose_name = _("读数")
        constraints = [models.UniqueConstraint(fields=["session", "seq_no"], name="reading_once")]

    def __str__(self) -> str:
        return f"{self.channel} {self.value} {self.unit} ({self.quality})"

    @property
    def decimal(self) -> Decimal:
        """The value as a number. Raises decimal.InvalidOperation when the reading carries none."""
        return Decimal(self.value)


class Command(models.Model):
    """An order waiting for a bench's agent: open or close a session, drive the rig of a session, try a port."""

    class Do(models.TextChoices):
        OPEN = "open", _("开始采集")
        CLOSE = "close", _("结束采集")
        DRIVE = "drive", _("操作装置")
        TRY = "try", _("试发")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    bench = models.ForeignKey(Bench, models.PROTECT, related_name="commands")
    session = models.ForeignKey(CaptureSession, models.PROTECT, null=True, related_name="commands")
    port = models.ForeignKey(Port, models.PROTECT, null=True, related_name="commands")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    do = models.CharField(max_length=5, choices=Do)
    payload = models.JSONField(
        default=dict, help_text="what the order carries: a command with its value, or the bytes to try"
    )
    made_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, help_text="when the agent was first told")
    done_at = models.DateTimeField(null=True)
    ok = models.BooleanField(null=True)
    text = models.CharField(max_length=300, blank=True)
    text_en = models.CharField(max_length=300, blank=True)
    result = models.JSONField(default=dict, help_text="the frames that a try gave back")

    class Meta:
        verbose_name = _("工位指令")
        indexes = [models.Index(fields=["bench", "made_at"], condition=Q(done_at=None), name="command_waiting")]

    def __str__(self) -> str:
        return f"{self.do} {self.session or self.port}"
