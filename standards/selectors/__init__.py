"""Reads. The viewer comes first wherever rows are shown to a person; functions of a day serve the rules."""

from standards.selectors.snapshots import constants_for, snapshot

__all__ = ["constants_for", "snapshot"]
