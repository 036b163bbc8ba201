"""Writes of the audit: `granting` by the quality manager, `samples` by the auditor. There are no others."""

from lims.auditor.services.granting import grant, revoke
from lims.auditor.services.samples import draw, tick, write_report

__all__ = ["draw", "grant", "revoke", "tick", "write_report"]
