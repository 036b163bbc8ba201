"""What the first page, the search box and the evening's reminders show."""

from lims.home.selectors.endings import Ending, Group, endings, grouped, is_reminded, newest_mail, newest_run
from lims.home.selectors.front import (
    Expiring,
    Figure,
    expiring,
    figures,
    found_by,
    latest_certificates,
    waiting,
)

__all__ = [
    "Ending",
    "Expiring",
    "Figure",
    "Group",
    "endings",
    "expiring",
    "figures",
    "found_by",
    "grouped",
    "is_reminded",
    "latest_certificates",
    "newest_mail",
    "newest_run",
    "waiting",
]
