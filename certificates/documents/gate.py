"""The gate before sealing: a file that is not PDF/A-3b is not sealed.

The validator (pikepdf.pdfa) takes more processor time than rendering and sealing together, most of it for reading the same outlines
and judging the same objects again. So it judges a document whole when any part of it was not approved before in this process, when
the caller asks, and for one file in `SAMPLE`, chosen by its digest. Every other document is made of approved parts only, and the
rules that depend on its words and amounts are checked on it each time (`familiar`).
"""

from __future__ import annotations

import hashlib
import io

from .familiar import parts
from .glyphs import Unfamiliar
from .structure import Malformed, read

SAMPLE = 64
MOST = 20_000  # parts kept; a worker that lives for months meets few hundred
_approved: set[str] = set()


def check_pdfa(pdf: bytes, *, thorough: bool = False) -> list[str]:
    """What keeps the file from being PDF/A-3b, one sentence each; empty when it conforms.

    thorough: judge the whole file whatever was judged before. Ask before sealing: the validator does not judge signed files.
    """
    made_of: frozenset[str] = frozenset()
    try:
        structure = read(pdf)
        made_of = parts(structure)
    except Malformed as error:
        return [str(error), *_validate(pdf)]
    except Unfamiliar:
        thorough = True
    if made_of <= _approved and not thorough and not _sampled(pdf):
        return []
    faults = _validate(pdf)
    if not faults:
        if len(_approved) > MOST:
            _approved.clear()
        _approved.update(made_of)
    return faults


def _sampled(pdf: bytes) -> bool:
    return int.from_bytes(hashlib.sha256(pdf).digest()[:4]) % SAMPLE == 0


def _validate(pdf: bytes) -> list[str]:
    # The validator takes 0.4 s to import, which every command would pay at its start.
    from pikepdf import pdfa

    report = pdfa.validate_written(io.BytesIO(pdf), "3b")
    if report.passed:
        return []
    return [f"{one.rule}: {one.message}" for one in report.findings] or [f"verdict: {report.verdict}"]
