"""Verification procedures as data: load a pack, lay out a record, evaluate it, print it, trace it. Plain Python."""

from standards.procedures.certified import constants_of, corrections_of
from standards.procedures.check import check_pack
from standards.procedures.evaluation import evaluate, open_values
from standards.procedures.loader import load_pack
from standards.procedures.provenance import provenance
from standards.procedures.results import Evaluation
from standards.procedures.schema import FileErrors, Pack, PackErrors, RecordErrors, Sourced
from standards.procedures.tables import result_tables
from standards.procedures.template import describe, template
from standards.procedures.trace import trace

__all__ = [
    "Evaluation",
    "FileErrors",
    "Pack",
    "PackErrors",
    "RecordErrors",
    "Sourced",
    "check_pack",
    "constants_of",
    "corrections_of",
    "describe",
    "evaluate",
    "load_pack",
    "open_values",
    "provenance",
    "result_tables",
    "template",
    "trace",
]
