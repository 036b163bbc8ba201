"""Versions of written procedures, and what the technical lead confirmed about their values."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from lims.core.frozen import Frozen


class ProcedureVersion(models.Model):
    """One edition of one procedure as data. Identified by the SHA-256 of its content; fixed once approved.

    `source` is the pack file's text. `in_force_from` may come from the pack or, where the pack leaves it open, from the
    technical lead at approval.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("待批准")
        APPROVED = "approved", _("已批准")
        RETIRED = "retired", _("已停用")

    code = models.CharField(_("规程代号"), max_length=40)
    edition = models.CharField(_("版本年号"), max_length=20)
    title = models.CharField(_("名称"), max_length=200)
    title_en = models.CharField(_("英文名称"), max_length=240, blank=True)
    categories = models.JSONField(_("适用类别"), default=list)
    sha256 = models.CharField(max_length=64, unique=True)
    source = models.TextField()
    in_force_from = models.DateField(_("实施日期"), null=True, blank=True)
    in_force_to = models.DateField(_("废止日期"), null=True, blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.DRAFT)
    loaded_at = models.DateTimeField(auto_now_add=True)
    loaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)

    frozen = Frozen(
        columns=(
            "code", "edition", "title", "title_en", "categories", "sha256", "source", "in_force_from", "in_force_to",
            "loaded_at", "loaded_by", "approved_by", "approved_at",
        ),
        when="OLD.state <> 'draft'",
    )  # fmt: skip

    class Meta:
        verbose_name = _("规程版本")
        constraints = [
            models.UniqueConstraint(
                fields=["code", "edition"], condition=Q(state="approved"), name="procedure_edition_approved_once"
            ),
            models.CheckConstraint(
                condition=Q(state="draft")
                | Q(state="retired")
                | Q(in_force_from__isnull=False, approved_by__isnull=False),
                name="procedure_approved_has_dates",
            ),
            models.CheckConstraint(
                condition=Q(in_force_to=None) | Q(in_force_from=None) | Q(in_force_to__gte=F("in_force_from")),
                name="procedure_dates",
            ),
        ]
        indexes = [models.Index(fields=["code", "state", "-in_force_from"], name="procedure_by_code")]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """As it is cited: `JJG 1148-2022`."""
        return f"{self.code}-{self.edition}"


class ConfirmedValue(models.Model):
    """The technical lead compared one value of a procedure version with the printed regulation and answers for it."""

    version = models.ForeignKey(ProcedureVersion, models.PROTECT, related_name="confirmations")
    path = models.CharField(_("路径"), max_length=200)
    value = models.TextField(_("值"))
    source = models.CharField(_("依据"), max_length=300)
    reason = models.CharField(_("说明"), max_length=500)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(auto_now_add=True)

    frozen = Frozen()

    class Meta:
        verbose_name = _("已确认的值")
        constraints = [models.UniqueConstraint(fields=["version", "path"], name="value_confirmed_once")]

    def __str__(self) -> str:
        return f"{self.version} {self.path}"
