"""What a witness does: cosign a head only if it continues the last one it saw (https://c2sp.org/tlog-witness).

The same care keeps the log's own signer from ever signing two histories, even when the database was set back to a backup.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from lims.audit.tlog import checkpoint
from lims.audit.tlog.checkpoint import Head
from lims.audit.tlog.merkle import EMPTY, ProofError, check_consistency
from lims.audit.tlog.note import NoteError, Signer, Verifier, decode, encode, split

MOST_BODY = 64 * 1024
_MOST_HASHES = 63


class Memory(Protocol):
    """Where the last head of each log is kept. `locked` admits one caller at a time, across processes."""

    def locked(self, origin: str) -> AbstractContextManager[None]: ...

    def last(self, origin: str) -> Head | None: ...

    def key(self, origin: str) -> Verifier | None:
        """The key this log has handed over to since, None while it is the one we were given."""

    def keep(self, head: Head, key: Verifier | None = None) -> None: ...


@dataclass(frozen=True)
class Answer:
    """An HTTP status with its body."""

    status: int
    body: str
    content_type: str = "text/plain; charset=utf-8"


def continues(last: Head | None, head: Head, proof: list[bytes]) -> None:
    """Raises ProofError unless `head` continues `last`."""
    old = last or Head(head.origin, 0, EMPTY)
    check_consistency(old.size, head.size, old.root, head.root, proof)


def request(old_size: int, proof: list[bytes], note: str) -> str:
    """The body of a call to add-checkpoint."""
    return f"old {old_size}\n{''.join(encode(one) + chr(10) for one in proof)}\n{note}"


def add_checkpoint(
    body: str, *, logs: Mapping[str, Verifier], signer: Signer, memory: Memory, now: Callable[[], int]
) -> Answer:
    """Answers one call to add-checkpoint. `logs`: the keys of the logs this witness watches, by origin.

    A head that names the log's next key, signed by both, is how the witness learns it; from then on the old key alone is not
    enough.
    """
    try:
        top, _, note = body.partition("\n\n")
        first, *lines = top.split("\n")
        size = first.removeprefix("old ")
        if not first.startswith("old ") or not size.isascii() or not size.isdecimal() or str(int(size)) != size:
            raise NoteError("the first line is not 'old' and a size")
        if len(lines) > _MOST_HASHES:
            raise NoteError("the consistency proof is too long")
        proof, old = [decode(line) for line in lines], int(size)
        claimed = checkpoint.unchecked(note)
    except NoteError as error:
        return Answer(400, f"{error}\n")
    if claimed.origin not in logs:
        return Answer(404, f"the log {claimed.origin} is unknown here\n")
    with memory.locked(claimed.origin):
        learned = memory.key(claimed.origin)
        log = learned or logs[claimed.origin]
        try:
            head = checkpoint.opened(note, log)
            learned = checkpoint.handed_over(note, log) or learned
        except NoteError as error:
            return Answer(403, f"{error}\n")
        if old > head.size:
            return Answer(400, "the old size is larger than the new one\n")
        last = memory.last(head.origin)
        known = last.size if last else 0
        if old != known:
            return Answer(409, f"{known}\n", "text/x.tlog.size")
        try:
            continues(last, head, proof)
        except ProofError as error:
            return Answer(422, f"{error}\n")
        memory.keep(head, learned)
    return Answer(200, signer.cosign(split(note)[0], now()))
