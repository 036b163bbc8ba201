"""The tree stored in tiles of 256 hashes, as tlog-tiles lays them out.

Tile n of level L holds the roots of complete subtrees of 256**L leaves each. A tile that is not full yet is the beginning
of the full one, so whoever stores tiles needs one growing row for each and can still serve every earlier width.
"""

from collections.abc import Callable, Iterable, Sequence

from lims.audit.tlog.merkle import EMPTY, SIZE, fold, node_hash

WIDTH = 256
_FULL = WIDTH * SIZE
_HEIGHT = 8  # of the subtree a full tile holds

Read = Callable[[int, int], bytes]
"""Gives the bytes of tile (level, n): at least the hashes the tree in question has there."""


def path(level: int | str, n: int, width: int = WIDTH) -> str:
    """Where a tile stands below the log's address; `level` is a number or "entries". 1234067 → x001/x234/067."""
    parts = [f"{n % 1000:03d}"]
    while n := n // 1000:
        parts.append(f"x{n % 1000:03d}")
    part = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(reversed(parts))}{part}"


def parse_path(text: str) -> tuple[str, int, int]:
    """(level or "entries", n, width) of a path made by `path`. Raises ValueError for any other spelling."""
    head, _, partial = text.partition(".p/")
    root, level, *elements = head.split("/")
    digits = [one.removeprefix("x") for one in elements]
    try:
        n = int("".join(digits))
        width = int(partial) if ".p/" in text else WIDTH
        number = level if level == "entries" else int(level)
    except ValueError:
        raise ValueError(f"not a tile: {text!r}") from None
    good = root == "tile" and len(digits) <= 5 and 0 < width <= WIDTH and (number == "entries" or 0 <= int(number) < 64)
    if not good or path(number, n, width) != text:
        raise ValueError(f"not a tile: {text!r}")
    return level, n, width


def width(level: int, n: int, size: int) -> int:
    """How many hashes tile (level, n) has in a tree of `size` leaves; 0 when it does not exist."""
    return max(0, min(WIDTH, (size >> (_HEIGHT * level)) - n * WIDTH))


def all_tiles(size: int) -> Iterable[tuple[int, int, int]]:
    """(level, n, width) of every tile of a tree, partial ones included."""
    level = 0
    while row := size >> (_HEIGHT * level):
        for n in range((row + WIDTH - 1) // WIDTH):
            yield level, n, width(level, n, size)
        level += 1


def append(size: int, read: Read, leaves: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
    """The tiles that change when these leaf hashes follow a tree of `size`, each whole from its beginning."""
    changed: dict[tuple[int, int], bytes] = {}
    level, standing, fresh = 0, size, list(leaves)
    while fresh:
        n, used = divmod(standing, WIDTH)
        tile = bytearray(read(level, n)[: used * SIZE]) if used else bytearray()
        above = []
        for one in fresh:
            tile += one
            if len(tile) == _FULL:
                changed[level, n] = bytes(tile)
                above.append(fold(split(tile)))
                tile.clear()
                n += 1
        if tile:
            changed[level, n] = bytes(tile)
        level, standing, fresh = level + 1, standing >> _HEIGHT, above
    return changed


def split(data: bytes | bytearray) -> list[bytes]:
    """The hashes of a tile. Raises ValueError when it is no whole number of them."""
    if len(data) % SIZE:
        raise ValueError(f"a tile of {len(data)} bytes holds no whole number of hashes")
    return [bytes(data[at : at + SIZE]) for at in range(0, len(data), SIZE)]


class Tree:
    """The first `size` leaves of a log, read from its tiles. Tiles once read are kept."""

    def __init__(self, size: int, read: Read) -> None:
        self.size, self._read = size, read
        self._tiles: dict[tuple[int, int], bytes] = {}

    def root(self) -> bytes:
        return self._subtree(0, self.size) if self.size else EMPTY

    def leaf(self, index: int) -> bytes:
        return self._complete(0, index)

    def inclusion(self, index: int) -> list[bytes]:
        """Proof that leaf `index` belongs to this tree. Raises IndexError when there is no such leaf."""
        if not 0 <= index < self.size:
            raise IndexError(f"leaf {index} does not exist in a tree of {self.size}")
        proof = []
        low, high = 0, self.size
        while high - low > 1:
            middle = low + _left(high - low)
            if index < middle:
                proof.append(self._subtree(middle, high))
                high = middle
            else:
                proof.append(self._subtree(low, middle))
                low = middle
        return proof[::-1]

    def consistency(self, old: int) -> list[bytes]:
        """Proof that the tree of the first `old` leaves is the beginning of this one. Raises IndexError when it is longer."""
        if not 0 <= old <= self.size:
            raise IndexError(f"a tree of {old} is no beginning of one of {self.size}")
        if old in (0, self.size):
            return []
        proof = []
        low, high, whole = 0, self.size, True
        while high != old:
            middle = low + _left(high - low)
            if old <= middle:
                proof.append(self._subtree(middle, high))
                high = middle
            else:
                proof.append(self._subtree(low, middle))
                low, whole = middle, False
        if not whole:
            proof.append(self._subtree(low, high))
        return proof[::-1]

    def _subtree(self, low: int, high: int) -> bytes:
        """Root over leaves low to high; `low` is where RFC 6962 would split, so complete subtrees follow each other."""
        peaks = []
        while low < high:
            height = (high - low).bit_length() - 1
            if low:
                height = min(height, (low & -low).bit_length() - 1)
            peaks.append(self._complete(height, low >> height))
            low += 1 << height
        root = peaks.pop()
        while peaks:
            root = node_hash(peaks.pop(), root)
        return root

    def _complete(self, height: int, index: int) -> bytes:
        """Root of the complete subtree number `index` of this height."""
        level, rise = divmod(height, _HEIGHT)
        n, start = divmod(index << rise, WIDTH)
        tile = self._tiles.get((level, n))
        if tile is None:
            tile = self._tiles[level, n] = self._read(level, n)
        part = tile[start * SIZE : (start + (1 << rise)) * SIZE]
        if len(part) != SIZE << rise:
            raise ValueError(f"{path(level, n)} is too short for a tree of {self.size}")
        return fold(split(part))


def _left(leaves: int) -> int:
    """The largest power of two below this number: where RFC 6962 splits."""
    return 1 << ((leaves - 1).bit_length() - 1)


def bundle(entries: Iterable[bytes]) -> bytes:
    """An entry tile: each entry behind its length in two bytes. Raises ValueError above 65 535 bytes."""
    parts = []
    for entry in entries:
        if len(entry) > 0xFFFF:
            raise ValueError(f"an entry of {len(entry)} bytes does not fit into a bundle")
        parts.append(len(entry).to_bytes(2, "big") + entry)
    return b"".join(parts)


def unbundle(data: bytes) -> list[bytes]:
    """The entries of an entry tile. Raises ValueError when it ends in the middle of one."""
    entries, at, total = [], 0, len(data)
    while at < total:
        start = at + 2
        at = start + (data[at] << 8 | data[at + 1]) if start <= total else total + 1
        if at > total:
            raise ValueError("the entry tile ends in the middle of an entry")
        entries.append(data[start:at])
    return entries
