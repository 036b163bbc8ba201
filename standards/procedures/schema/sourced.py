"""What every sourced value carries, the conditions it may hang on, and the exceptions for files that are wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lims.core.text import DataError, Text

UNKNOWN: Final = "unknown"
"""Stands for a value that no source gave and that the institute has to fill in."""

CONFIDENCES: Final = ("A", "B", "C", "D", "U", "NF")


class FileErrors(ValueError):
    """An input that is wrong: every fault found, each with its path inside the file and one sentence."""

    def __init__(self, errors: list[DataError]) -> None:
        self.errors = errors
        super().__init__("\n".join(str(error) for error in errors))


class PackErrors(FileErrors):
    """A procedure pack that cannot be used."""


class RecordErrors(FileErrors):
    """Record data whose shape is wrong (not merely incomplete)."""


@dataclass(frozen=True)
class Claim:
    """Where a value comes from, how far that can be trusted, and whether the institute confirmed it on paper."""

    source: str
    confidence: str
    confirmed: bool
    clause: str = ""
    note: Text | None = None


@dataclass(frozen=True)
class Sourced:
    """One sourced value of a pack, as listed by `Pack.claims()`."""

    path: str
    what: Text
    value: str
    claim: Claim

    def as_json(self) -> dict[str, object]:
        """The entry of the `unconfirmed` list."""
        return {
            "path": self.path,
            "what": self.what.as_json(),
            "value": self.value,
            "source": self.claim.source,
            "confidence": self.claim.confidence,
        }


@dataclass(frozen=True)
class When:
    """Holds when each named parameter (or `kind`) has one of the listed values; empty always holds."""

    tests: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def holds(self, values: dict[str, str]) -> bool:
        return all(values.get(name, "") in allowed for name, allowed in self.tests)
