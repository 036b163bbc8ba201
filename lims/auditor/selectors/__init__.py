"""Reads of the auditor, by topic: `trace` walks a certificate, `asof` shows an object as it stood, `samples` what was drawn and found."""

from lims.auditor.selectors.trace import Evidence, Step, Walk, looks_inside, traceable

__all__ = ["Evidence", "Step", "Walk", "looks_inside", "traceable"]
