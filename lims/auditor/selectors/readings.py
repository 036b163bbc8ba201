"""Readings of rigs with the bytes they were decoded from, and what these say when read again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from devices.models import Reading as StoredReading
from devices.selectors import again_reading, first_broken_frame, frames_of


@dataclass(frozen=True)
class Bytes:
    """One frame as it went over the wire."""

    seq: int
    sent: bool
    hex: str


@dataclass(frozen=True)
class RigReading:
    """A value of a record beside its reading. `again`: what its frames say now. `broken_at`: the first frame of its session that
    breaks the chain of hashes, None when it is whole."""

    path: str
    value: str
    stored: StoredReading
    frames: tuple[Bytes, ...]
    again: str
    agrees: bool
    broken_at: int | None

    @property
    def good(self) -> bool:
        return self.agrees and self.broken_at is None


def read_by_rigs(values: Sequence[Mapping[str, Any]]) -> list[RigReading]:
    """`values`: entries of a frozen record that name a reading. The chain of each session is walked once."""
    rows = StoredReading.objects.select_related("session__profile", "session__equipment", "session__operator").in_bulk(
        [one["reading"]["id"] for one in values]
    )
    broken = {one.session_id: one.session for one in rows.values()}
    chains = {key: first_broken_frame(session) for key, session in broken.items()}
    found = []
    for one in values:
        stored = rows[one["reading"]["id"]]
        read = again_reading(stored)
        frames = tuple(
            Bytes(row.seq, row.direction == "t", bytes(row.raw).hex(" ").upper()) for row in frames_of(stored)
        )
        agrees = read.agrees and stored.value == one["value"]
        chain = chains[stored.session_id]
        found.append(RigReading(one["path"], one["value"], stored, frames, read.value or "", agrees, chain))
    return found
