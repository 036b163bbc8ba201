"""Writes: the evening's reminders."""

from lims.home.services.reminding import deliver, evening, remind, schedule

__all__ = ["deliver", "evening", "remind", "schedule"]
