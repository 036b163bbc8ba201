"""Reads of the auditor, by topic: `trace` walks a certificate, `asof` shows an object as it stood."""

from lims.auditor.selectors.trace import Evidence, Step, Walk, traceable

__all__ = ["Evidence", "Step", "Walk", "traceable"]
