"""What a document shows with an embedded TrueType subset: every code has its glyph, of the width the document states.

The same questions as the PDF/A validator's (ISO 19005-3, 6.2.11.4 and 6.2.11.5), put to the bytes of the font's tables. Whether an
outline can be read is asked once for each outline, not once for each document: it depends on its bytes alone.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

_TABLES = {
    b"OS/2",
    b"cmap",
    b"cvt ",
    b"fpgm",
    b"glyf",
    b"head",
    b"hhea",
    b"hmtx",
    b"loca",
    b"maxp",
    b"name",
    b"post",
    b"prep",
}
# They say nothing of single glyphs and are copied whole from the original font.
_COPIED = (b"OS/2", b"cvt ", b"fpgm", b"name", b"post", b"prep")
_NEEDED = {b"cmap", b"glyf", b"head", b"hhea", b"hmtx", b"loca", b"maxp"}
_readable: set[bytes] = set()


class Unfamiliar(ValueError):
    """Something that only the whole validator can judge; the message says what."""


@dataclass(frozen=True)
class _Program:
    """A font program with the widths a document states for it, its tables read; `good`: the codes found to be in order."""

    to_glyph: dict[int, int]
    places: tuple[int, ...]
    outlines: bytes
    advances: bytes
    metrics: int
    units: int
    first: int
    widths: tuple[float, ...]
    apart: str
    good: set[int] = field(default_factory=set)


def check(program: bytes, codes: Iterable[int], first: int, widths: tuple[str, ...]) -> str:
    """Raises Unfamiliar unless each code has a readable glyph of the stated width. Returns what the font is apart from its glyphs.

    first: the code of the first width. widths: thousandths of the em, as the document's font dictionary states them.
    """
    try:
        font = _program(program, first, widths)
        for code in codes:
            if code not in font.good:
                _code(font, code)
                font.good.add(code)
    except (struct.error, IndexError, KeyError) as error:
        raise Unfamiliar(f"a font program ends too early: {error}") from error
    return font.apart


@lru_cache(maxsize=32)
def _program(program: bytes, first: int, widths: tuple[str, ...]) -> _Program:
    """Remembered, since documents share the part of a font that holds the common characters."""
    tables = _tables(program)
    units = struct.unpack_from(">H", tables[b"head"], 18)[0]
    long_offsets = struct.unpack_from(">h", tables[b"head"], 50)[0]
    count = struct.unpack_from(">H", tables[b"maxp"], 4)[0]
    metrics = struct.unpack_from(">H", tables[b"hhea"], 34)[0]
    if not 16 <= units <= 16384 or long_offsets not in (0, 1) or not 0 < metrics <= count:
        raise Unfamiliar("head, hhea or maxp of a font program")
    if len(tables[b"hmtx"]) < 4 * metrics + 2 * (count - metrics):
        raise Unfamiliar("hmtx of a font program")
    places = struct.unpack_from(f">{count + 1}{'I' if long_offsets else 'H'}", tables[b"loca"])
    copied = hashlib.sha256(b"".join(tag + tables[tag] for tag in _COPIED if tag in tables)).hexdigest()
    return _Program(
        to_glyph=_cmap(tables[b"cmap"]),
        places=places if long_offsets else tuple(2 * place for place in places),
        outlines=tables[b"glyf"],
        advances=tables[b"hmtx"],
        metrics=metrics,
        units=units,
        first=first,
        widths=tuple(float(one) for one in widths),
        apart=f"TrueType {program[:4].hex()} {b' '.join(sorted(tables)).decode()} {units} {tables[b'cmap'][:14].hex()} {copied}",
    )


def _code(font: _Program, code: int) -> None:
    glyph = font.to_glyph.get(code, 0)
    if not 0 < glyph < len(font.places) - 1:
        raise Unfamiliar(f"code {code} shows .notdef")
    begin, end = font.places[glyph], font.places[glyph + 1]
    if not begin <= end <= len(font.outlines):
        raise Unfamiliar(f"the outline of code {code} is not in the font program")
    outline = font.outlines[begin:end]
    if outline and outline not in _readable:
        _read(outline)
    advance = struct.unpack_from(">H", font.advances, 4 * min(glyph, font.metrics - 1))[0]
    place = code - font.first
    if not 0 <= place < len(font.widths) or abs(font.widths[place] - advance * 1000 / font.units) > 1:
        raise Unfamiliar(f"the width of code {code} is not that of its glyph")


def _tables(program: bytes) -> dict[bytes, bytes]:
    number = struct.unpack_from(">H", program, 4)[0]
    tables: dict[bytes, bytes] = {}
    for index in range(number):
        tag, _, begin, size = struct.unpack_from(">4sIII", program, 12 + 16 * index)
        if tag in tables or tag not in _TABLES or begin + size > len(program):
            raise Unfamiliar(f"table {tag!r} of a font program")
        tables[tag] = program[begin : begin + size]
    if not tables.keys() >= _NEEDED:
        raise Unfamiliar("a font program lacks tables")
    return tables


def _cmap(table: bytes) -> dict[int, int]:
    """The one subtable of a subset: Macintosh Roman, format 6 (a run of codes)."""
    version, number, platform, encoding, begin = struct.unpack_from(">HHHHI", table)
    form, size, _, first, count = struct.unpack_from(">5H", table, begin)
    if (
        (version, number, platform, encoding, form) != (0, 1, 1, 0, 6)
        or size != 10 + 2 * count
        or begin + size > len(table)
    ):
        raise Unfamiliar("cmap of a font program")
    return dict(enumerate(struct.unpack_from(f">{count}H", table, begin + 10), start=first))


def _read(outline: bytes) -> None:
    """Reads an outline to its end, and remembers that it can be read. Composite ones depend on the rest of their font."""
    from fontTools.ttLib.tables._g_l_y_f import Glyph

    try:
        if struct.unpack_from(">h", outline)[0] < 0:
            raise Unfamiliar("a composite outline")
        Glyph(outline).expand(None)
    except Unfamiliar:
        raise
    except Exception as error:  # fontTools fails in ways of its own on broken outlines
        raise Unfamiliar(f"an outline cannot be read: {error!r}") from error
    if len(_readable) > 60_000:
        _readable.clear()
    _readable.add(outline)
