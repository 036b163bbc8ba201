"""The head of a log as a signed note: origin, size, root (https://c2sp.org/tlog-checkpoint)."""

from collections.abc import Iterable
from dataclasses import dataclass

from lims.audit.tlog.merkle import SIZE
from lims.audit.tlog.note import ED25519, NoteError, Verifier, decode, encode, read, split

_NEXT_KEY = "next-key "


@dataclass(frozen=True)
class Head:
    """A tree of `size` leaves with its root, of the log named `origin`."""

    origin: str
    size: int
    root: bytes

    def text(self, next_key: str = "") -> str:
        """The text to sign. next_key: the public key (vkey) that is taking over, while the log changes its key."""
        more = f"{_NEXT_KEY}{next_key}\n" if next_key else ""
        return f"{self.origin}\n{self.size}\n{encode(self.root)}\n{more}"


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


def next_key(text: str) -> str:
    """The public key that the text of a checkpoint says is taking over; empty when it names none."""
    found = (line.removeprefix(_NEXT_KEY) for line in text.split("\n")[3:] if line.startswith(_NEXT_KEY))
    return next(found, "")


def handed_over(note: str, log: Verifier) -> Verifier | None:
    """The key to which this log hands over in this checkpoint, None when it does not. Raises NoteError unless both the key
    known so far and the new one have signed."""
    head = opened(note, log)
    named = next_key(split(note)[0])
    if not named:
        return None
    new = Verifier(named)
    if new.name != head.origin or new.kind != ED25519:
        raise NoteError("a log cannot hand over to a key of another name or kind")
    read(note, [new])
    return new if str(new) != str(log) else None


def followed(log: Verifier, handovers: Iterable[str]) -> list[Verifier]:
    """The keys of a log one after the other, beginning with one that is known. handovers: checkpoints that tell the next key,
    oldest first; those that the key reached so far did not sign are passed over."""
    keys = [log]
    for note in handovers:
        try:
            new = handed_over(note, keys[-1])
        except NoteError:
            continue
        if new:
            keys.append(new)
    return keys
