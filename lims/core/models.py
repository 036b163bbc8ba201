"""Kernel tables: work to be done, number series, stored files."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from lims.core.frozen import Frozen


class Job(models.Model):
    """One piece of work that must not be lost. Written in the business transaction; claimed by a lease that expires by itself."""

    kind = models.CharField(max_length=60)
    key = models.CharField(
        max_length=120, unique=True, help_text="idempotency key: the same work is never queued twice"
    )
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField()
    lease = models.CharField(max_length=32, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("后台工作")
        constraints = []
        indexes = [
            # Read by jobs.sweep: the open jobs that are due.
            models.Index(fields=["due_at"], condition=models.Q(done_at=None), name="job_open_by_due"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Counter(models.Model):
    """The last number taken of a series. Rolled back together with the deed that took it, so a series has no gaps."""

    series = models.CharField(max_length=60, primary_key=True)
    last = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.series}: {self.last}"


class StoredFile(models.Model):
    """A file known by the SHA-256 of its content; the bytes lie in the files directory and are never rewritten."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    size = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=100)
    stored_at = models.DateTimeField(auto_now_add=True)

    frozen = Frozen()

    def __str__(self) -> str:
        return f"{self.sha256[:12]}… ({self.media_type}, {self.size} B)"
