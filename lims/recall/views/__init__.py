"""Pages of recall cases: opening one, the list of certificates touched, one certificate, what is given out."""

from lims.recall.views.cases import (
    case,
    case_close,
    case_compute,
    case_list,
    case_progress,
    case_trace,
    decide_many,
    uncertified,
)
from lims.recall.views.files import items_csv, letters_page
from lims.recall.views.items import item
from lims.recall.views.opening import case_edit, case_new, case_supersede, line, line_said

__all__ = [
    "case",
    "case_close",
    "case_compute",
    "case_edit",
    "case_list",
    "case_new",
    "case_progress",
    "case_supersede",
    "case_trace",
    "decide_many",
    "item",
    "items_csv",
    "letters_page",
    "line",
    "line_said",
    "uncertified",
]
