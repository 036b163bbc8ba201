"""The one source of the time of a deed."""

from datetime import date, datetime

from django.utils import timezone


def now() -> datetime:
    """The present moment, aware, UTC."""
    return timezone.now()


def today() -> date:
    """The calendar day at the institute (settings.TIME_ZONE): what a certificate prints."""
    return timezone.localdate()
