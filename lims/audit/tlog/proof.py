"""A proof in a file of its own: that a leaf stands in a log whose head is signed (https://c2sp.org/tlog-proof)."""

from collections.abc import Sequence
from dataclasses import dataclass

from lims.audit.tlog import checkpoint
from lims.audit.tlog.checkpoint import Head
from lims.audit.tlog.merkle import SIZE, check_inclusion, leaf_hash
from lims.audit.tlog.note import NoteError, Verifier, decode, encode

FIRST_LINE = "c2sp.org/tlog-proof@v1"
MOST_HASHES = 64


@dataclass(frozen=True)
class Proof:
    """`extra` is not covered by anything: ours holds the leaf itself, which the proof then shows to be in the log."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None

    def text(self) -> str:
        extra = f"extra {encode(self.extra)}\n" if self.extra is not None else ""
        return f"{FIRST_LINE}\n{extra}index {self.index}\n{_lines(self.hashes)}\n{self.checkpoint}"

    def check(self, leaf: bytes, log: Verifier) -> Head:
        """The head that vouches for this leaf. Raises NoteError when the log did not sign it, ProofError when the leaf is
        not at this place."""
        head = checkpoint.opened(self.checkpoint, log)
        check_inclusion(self.index, head.size, leaf_hash(leaf), self.hashes, head.root)
        return head


def parse(text: str) -> Proof:
    """Raises NoteError when the text is no such file."""
    top, blank, note = text.partition("\n\n")
    first, *lines = top.split("\n")
    if first != FIRST_LINE or not blank or not lines:
        raise NoteError(f"not a proof file: its first line is not {FIRST_LINE}")
    extra = decode(lines.pop(0).removeprefix("extra ")) if lines[0].startswith("extra ") else None
    index = lines.pop(0).removeprefix("index ") if lines and lines[0].startswith("index ") else ""
    if not index.isascii() or not index.isdecimal() or str(int(index)) != index:
        raise NoteError("the proof file does not say which leaf it is about")
    hashes = tuple(decode(line) for line in lines)
    if len(hashes) > MOST_HASHES or any(len(one) != SIZE for one in hashes):
        raise NoteError("the hashes of the proof file are malformed")
    return Proof(int(index), hashes, note, extra)


def _lines(hashes: Sequence[bytes]) -> str:
    return "".join(f"{encode(one)}\n" for one in hashes)
