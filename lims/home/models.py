"""Reminders of what ends: which evening was done, the letter to each person, and what each letter named."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from lims.core.frozen import Frozen


class ReminderRun(models.Model):
    """An evening whose reminders were written. `missed_since`: the first evening before it that was not, caught up with it."""

    day = models.DateField(unique=True)
    ran_at = models.DateTimeField()
    missed_since = models.DateField(null=True)
    letters = models.PositiveIntegerField()

    frozen = Frozen()

    class Meta:
        verbose_name = _("到期提醒")

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}"


class ReminderMail(models.Model):
    """The letter of one evening to one person, as it was written. Sent again under the same Message-ID after a failure."""

    class State(models.TextChoices):
        WAITING = "waiting", _("待发送")
        SENT = "sent", _("已发送")
        REFUSED = "refused", _("被拒收")
        UNADDRESSED = "unaddressed", _("没有登记电子邮件")

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("收件人"))
    day = models.DateField(_("日期"))
    address = models.EmailField(_("电子邮件"), blank=True)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    message_id = models.CharField(max_length=120, unique=True)
    made_at = models.DateTimeField()
    state = models.CharField(_("状态"), max_length=12, choices=State)
    attempts = models.PositiveIntegerField(default=0, help_text="how often the letter was handed over, or tried to be")
    sent_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)

    frozen = Frozen(columns=("recipient", "day", "address", "subject", "body", "message_id", "made_at"))

    class Meta:
        verbose_name = _("提醒邮件")
        constraints = [models.UniqueConstraint(fields=["recipient", "day"], name="reminder_once_an_evening")]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} → {self.recipient}"


class Reminded(models.Model):
    """That a person was told of a thing at a step: `180`, `90`, `30`, `1` or `0` days before, or `late-n`, n weeks after."""

    mail = models.ForeignKey(ReminderMail, models.PROTECT, related_name="named")
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    thing = models.CharField(max_length=160)
    ends_on = models.DateField()
    step = models.CharField(max_length=12)

    frozen = Frozen()

    class Meta:
        verbose_name = _("已提醒的事项")
        constraints = [
            models.UniqueConstraint(fields=["recipient", "thing", "ends_on", "step"], name="reminded_once_a_step")
        ]

    def __str__(self) -> str:
        return f"{self.thing} {self.ends_on:%Y-%m-%d} {self.step}"
