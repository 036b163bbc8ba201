"""Writes of the audit: `granting` by the quality manager, `samples` and `reporting` by the auditor. There are no others."""

from lims.auditor.services.granting import grant, revoke
from lims.auditor.services.reporting import ask_report
from lims.auditor.services.samples import draw, tick

__all__ = ["ask_report", "draw", "grant", "revoke", "tick"]
