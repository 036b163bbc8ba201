"""What is to be done: an application, and one task per instrument, procedure edition and kind of verification."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from lims.core.frozen import Frozen
from lims.core.search import SearchIndex


class Application(models.Model):
    """What a customer asks for, by appointment or walking in. Its tasks carry the work."""

    number = models.CharField(_("申请编号"), max_length=30, unique=True)
    organisation = models.ForeignKey(
        "people.Organisation", models.PROTECT, verbose_name=_("委托单位"), related_name="applications"
    )
    contact = models.CharField(_("联系人"), max_length=60, blank=True)
    phone = models.CharField(_("联系电话"), max_length=40, blank=True)
    walk_in = models.BooleanField(_("现场受理"), default=True)
    received_on = models.DateField(_("接收日期"))
    note = models.CharField(_("备注"), max_length=500, blank=True)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    frozen = Frozen(columns=("number", "organisation", "received_on", "accepted_by", "created_at"))

    class Meta:
        verbose_name = _("委托申请")

    def __str__(self) -> str:
        return self.number


class Task(models.Model):
    """One instrument (or one sub-unit of it) × one procedure edition × one kind. State changes only through `move()`.

    When something happened is told by the event log alone; the row knows only where the task stands now.
    """

    class Kind(models.TextChoices):
        INITIAL = "initial", _("首次检定")
        SUBSEQUENT = "subsequent", _("后续检定")
        IN_USE = "in_use", _("使用中检查")
        ARBITRATION = "arbitration", _("仲裁检定")
        CALIBRATION = "calibration", _("校准")

    class State(models.TextChoices):
        ACCEPTED = "accepted", _("已受理")
        ASSIGNED = "assigned", _("已派工")
        RECORDING = "recording", _("检定中")
        SUBMITTED = "submitted", _("待核验")
        CHECKED = "checked", _("待批准")
        APPROVED = "approved", _("已批准")
        ISSUED = "issued", _("已发证")
        RETURNED = "returned", _("已退回")
        CANCELLED = "cancelled", _("已取消")
        VOID = "void", _("已作废")

    number = models.CharField(_("任务编号"), max_length=30, unique=True)
    application = models.ForeignKey(Application, models.PROTECT, verbose_name=_("申请"), related_name="tasks")
    instrument = models.ForeignKey(
        "instruments.Instrument", models.PROTECT, verbose_name=_("器具"), related_name="tasks"
    )
    sub_unit = models.ForeignKey(
        "instruments.SubUnit", models.PROTECT, verbose_name=_("分部件"), null=True, blank=True, related_name="tasks"
    )
    procedure = models.ForeignKey(
        "standards.ProcedureVersion", models.PROTECT, verbose_name=_("检定依据"), related_name="tasks"
    )
    kind = models.CharField(_("检定类别"), max_length=12, choices=Kind)
    state = models.CharField(_("状态"), max_length=12, choices=State, default=State.ACCEPTED)
    version = models.PositiveIntegerField(default=1)
    technician = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("检定员"), null=True, related_name="tasks_to_verify"
    )
    checker = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("核验员"), null=True, related_name="tasks_to_check"
    )
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("批准人"), null=True, related_name="tasks_to_approve"
    )
    place = models.CharField(_("检定地点"), max_length=200, blank=True)
    due_on = models.DateField(_("承诺完成日期"), null=True, blank=True)
    last_reason = models.CharField(
        _("理由"), max_length=500, blank=True, help_text="why it was last returned, cancelled or voided"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    search = models.TextField(blank=True, editable=False)

    search_index = SearchIndex("search")
    frozen = Frozen(columns=("number", "application", "instrument", "sub_unit", "procedure", "kind", "created_at"))

    class Meta:
        verbose_name = _("检定任务")
        constraints = [
            models.CheckConstraint(
                condition=(Q(technician=None) | Q(checker=None) | ~Q(technician=F("checker")))
                & (Q(technician=None) | Q(approver=None) | ~Q(technician=F("approver")))
                & (Q(checker=None) | Q(approver=None) | ~Q(checker=F("approver"))),
                name="task_three_people",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["accepted", "cancelled"]) | Q(technician__isnull=False),
                name="task_work_has_technician",
            ),
        ]
        indexes = [
            # Read by selectors.work.tasks: the list, newest first, and the lists of one state.
            models.Index(fields=["-created_at", "-id"], name="task_newest"),
            models.Index(fields=["state", "-created_at", "-id"], name="task_by_state"),
            models.Index(fields=["technician", "state"], name="task_by_technician"),
            models.Index(fields=["instrument", "-created_at"], name="task_by_instrument"),
        ]

    def __str__(self) -> str:
        return self.number


class PreflightException(models.Model):
    """A pre-flight refusal that the technical lead lets pass for one task, with the reason that the record prints."""

    task = models.ForeignKey(Task, models.PROTECT, related_name="exceptions")
    code = models.CharField(_("规则"), max_length=60)
    where = models.CharField(_("对象"), max_length=120, blank=True)
    refusal_zh = models.CharField(max_length=500)
    refusal_en = models.CharField(max_length=500)
    reason = models.CharField(_("理由"), max_length=500)
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    granted_at = models.DateTimeField()

    frozen = Frozen()

    class Meta:
        verbose_name = _("条件例外")
        constraints = [models.UniqueConstraint(fields=["task", "code", "where"], name="exception_once")]

    def __str__(self) -> str:
        return f"{self.task} {self.code} {self.where}".strip()
