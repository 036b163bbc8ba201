"""Which key signed, when the log has changed its key since the reader learned one."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lims.audit.tlog import checkpoint
from lims.audit.tlog.checkpoint import Head
from lims.audit.tlog.note import NoteError, Verifier

FOLDER = "keys"


def handovers(folder: Path) -> list[str]:
    """The heads beside what is checked with which one key handed over to the next, oldest first."""
    found = [one for one in (folder / FOLDER).glob("*") if one.name.isdecimal()]
    notes = []
    for path in sorted(found, key=lambda one: int(one.name)):
        try:
            notes.append(path.read_text("utf-8"))
        except (OSError, ValueError):
            continue  # what cannot be read hands nothing over
    return notes


def of_note(note: str, log: Verifier, folder: Path) -> Verifier:
    """The key with which to check a note: the newest to which the key known to the reader was handed over and that signed it.
    The known key itself when none did."""
    for key in reversed(checkpoint.followed(log, handovers(folder))):
        try:
            checkpoint.opened(note, key)
        except NoteError:
            continue
        return key
    return log


@dataclass(frozen=True)
class Step:
    """One change of the key: the head with which the old one handed over to the new one."""

    old: Verifier
    new: Verifier
    head: Head


def steps(log: Verifier, key: Verifier, folder: Path) -> list[Step]:
    """The changes that lead from the key the reader knows to this one; none when they are the same."""
    found, current = [], log
    for note in handovers(folder):
        if str(current) == str(key):
            break
        try:
            new = checkpoint.handed_over(note, current)
        except NoteError:
            continue
        if new:
            found.append(Step(current, new, checkpoint.opened(note, current)))
            current = new
    return found


def opened_by_any(note: str, keys: Iterable[Verifier]) -> Head:
    """The head of a checkpoint that at least one of these keys signed. Raises NoteError."""
    error = NoteError("there is no key to check it with")
    for key in keys:
        try:
            return checkpoint.opened(note, key)
        except NoteError as found:
            error = found
    raise error
