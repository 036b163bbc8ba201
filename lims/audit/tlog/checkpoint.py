"""The head of a log as a signed note: origin, size, root (https://c2sp.org/tlog-checkpoint)."""

from dataclasses import dataclass

from lims.audit.tlog.merkle import SIZE
from lims.audit.tlog.note import NoteError, Verifier, decode, encode, read, split


@dataclass(frozen=True)
class Head:
    """A tree of `size` leaves with its root, of the log named `origin`."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{encode(self.root)}\n"


def parse(text: str) -> Head:
    """The head in the text of a checkpoint; further lines are admitted and passed over. Raises NoteError."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() != "" or not all(lines):
        raise NoteError("a checkpoint is the lines origin, size and root")
    origin, size, root = lines[:3]
    if not size.isascii() or not size.isdecimal() or str(int(size)) != size:
        raise NoteError(f"not a tree size: {size!r}")
    digest = decode(root)
    if len(digest) != SIZE:
        raise NoteError("the root of a checkpoint has the wrong length")
    return Head(origin, int(size), digest)


def opened(note: str, log: Verifier) -> Head:
    """The head of a checkpoint signed by this log. Raises NoteError when it is not, or names another log."""
    head = parse(read(note, [log]).text)
    if head.origin != log.name:
        raise NoteError(f"the checkpoint is of the log {head.origin!r}, not of {log.name!r}")
    return head


def unchecked(note: str) -> Head:
    """The head a note claims, whoever signed it. Raises NoteError when it is malformed."""
    return parse(split(note)[0])
