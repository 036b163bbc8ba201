"""Pages of the auditor. Nothing is written here but what the auditor ticks and comments."""

from lims.auditor.views.asof import as_of
from lims.auditor.views.clauses import clause_map
from lims.auditor.views.events import event_list
from lims.auditor.views.grants import grant_list, revoke
from lims.auditor.views.samples import item, report, report_archive, report_new, sample, sample_list
from lims.auditor.views.trace import document, index, trace

__all__ = [
    "as_of",
    "clause_map",
    "document",
    "event_list",
    "grant_list",
    "index",
    "item",
    "report",
    "report_archive",
    "report_new",
    "revoke",
    "sample",
    "sample_list",
    "trace",
]
