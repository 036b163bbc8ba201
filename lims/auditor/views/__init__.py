"""Pages of the auditor. Nothing is written here but what the auditor ticks and comments."""

from lims.auditor.views.asof import as_of
from lims.auditor.views.samples import item, report, sample, sample_list
from lims.auditor.views.trace import index, trace

__all__ = ["as_of", "index", "item", "report", "sample", "sample_list", "trace"]
