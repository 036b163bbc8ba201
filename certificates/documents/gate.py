"""The gate before sealing: a file that is not PDF/A-3b is not sealed."""

from __future__ import annotations

import io


def check_pdfa(pdf: bytes) -> list[str]:
    """What keeps the file from being PDF/A-3b, one sentence each; empty when it conforms.

    Ask before sealing: the validator does not judge signed files.
    """
    # The validator takes 0.4 s to import, which every command would pay at its start.
    from pikepdf import pdfa

    report = pdfa.validate_written(io.BytesIO(pdf), "3b")
    if report.passed:
        return []
    return [f"{one.rule}: {one.message}" for one in report.findings] or [f"verdict: {report.verdict}"]
