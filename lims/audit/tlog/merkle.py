"""The Merkle tree of RFC 6962: hashes, and checking proofs as RFC 9162 sections 2.1.3.2 and 2.1.4.2 tell.

Every hash is 32 bytes of SHA-256; a proof is a list of such hashes, lowest first.
"""

import hashlib
from collections.abc import Iterable, Sequence

SIZE = 32
EMPTY = hashlib.sha256(b"").digest()
"""Root of the tree without leaves."""


class ProofError(ValueError):
    """A proof does not show what it claims; the message says what is wrong with it."""


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """Root over a power of two of hashes that stand side by side at one height."""
    row = list(hashes)
    while len(row) > 1:
        # Spelled out: a large log has as many nodes as leaves.
        row = [hashlib.sha256(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0]


def root_of(entries: Iterable[bytes]) -> bytes:
    """Root of the tree over these entries."""
    return root_over(map(leaf_hash, entries))


def root_over(leaves: Iterable[bytes]) -> bytes:
    """Root over leaf hashes. One pass; keeps one hash for each height."""
    peaks: list[tuple[int, bytes]] = []  # (height, hash), highest first
    for leaf in leaves:
        height, found = 0, leaf
        while peaks and peaks[-1][0] == height:
            found = node_hash(peaks.pop()[1], found)
            height += 1
        peaks.append((height, found))
    if not peaks:
        return EMPTY
    root = peaks.pop()[1]
    while peaks:
        root = node_hash(peaks.pop()[1], root)
    return root


def check_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Raises ProofError unless the proof shows that the hash `leaf` is number `index` (from 0) of the tree (size, root)."""
    _all_hashes([leaf, root, *proof])
    if not 0 <= index < size:
        raise ProofError(f"leaf {index} does not exist in a tree of {size}")
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofError("the inclusion proof is too long")
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofError("the inclusion proof is too short")
    if found != root:
        raise ProofError("the inclusion proof leads to another root")


def check_consistency(old_size: int, new_size: int, old: bytes, new: bytes, proof: Sequence[bytes]) -> None:
    """Raises ProofError unless the proof shows that the tree (old_size, old) is the beginning of (new_size, new)."""
    _all_hashes([old, new, *proof])
    if not 0 <= old_size <= new_size:
        raise ProofError(f"a tree of {old_size} cannot be the beginning of one of {new_size}")
    if old_size in (0, new_size):
        if proof:
            raise ProofError("nothing is to be proven here, the consistency proof must be empty")
        if old != (EMPTY if old_size == 0 else new):
            raise ProofError("the roots differ")
        return
    if not proof:
        raise ProofError("the consistency proof is empty")
    path = list(proof)
    if old_size & (old_size - 1) == 0:  # the old tree is a complete subtree: its root is where the path begins
        path.insert(0, old)
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    was = now = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofError("the consistency proof is too long")
        if node & 1 or node == last:
            was, now = node_hash(sibling, was), node_hash(sibling, now)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            now = node_hash(now, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofError("the consistency proof is too short")
    if was != old:
        raise ProofError("the consistency proof does not lead to the old root")
    if now != new:
        raise ProofError("the consistency proof does not lead to the new root")


def _all_hashes(hashes: Iterable[bytes]) -> None:
    if any(len(one) != SIZE for one in hashes):
        raise ProofError(f"a hash must have {SIZE} bytes")
