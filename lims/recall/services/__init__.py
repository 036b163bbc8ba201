"""Writes of recall cases: `opening` states what is known, `tracing` lists what it touches, `computing` computes that again,
`deciding` says what is done about each certificate."""

from lims.recall.services.computing import compute
from lims.recall.services.deciding import Outcome, close, decide, decide_many
from lims.recall.services.opening import Finding, open_case, restate, supersede
from lims.recall.services.tracing import trace

__all__ = [
    "Finding",
    "Outcome",
    "close",
    "compute",
    "decide",
    "decide_many",
    "open_case",
    "restate",
    "supersede",
    "trace",
]
