"""The embedded fonts: coverage, advance widths, and what stands in for a character without a glyph.

Fonts are loaded once per process (about 0.15 s each) and shared. reportlab keeps a font's per-document state on the font
itself, so drawing is serialised by `DRAWING` (see `render`).
"""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from reportlab.lib.rl_accel import fp_str
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import SUBSETN, TTFont

from . import alphabet

FOLDER = Path(__file__).resolve().parent.parent / "fonts"
SANS = "Certificate-Sans"
SERIF = "Certificate-Serif"
# Rare characters of names that the two lack, mostly beyond the BMP.
RARE = ("Certificate-Rare-JP", "Certificate-Rare-TC")
_FILES = {
    SANS: "NotoSansSC-Regular.ttf",
    SERIF: "NotoSerifSC-SemiBold.ttf",
    RARE[0]: "NotoSansJP-Supplement.ttf",
    RARE[1]: "NotoSansTC-Supplement.ttf",
}

_COMMON = {SANS: alphabet.SANS, SERIF: alphabet.SERIF}

DRAWING = threading.Lock()
_LOADING = threading.Lock()

# A raised or lowered stand-in: size relative to the text, baseline shift in em.
RAISED = (0.62, 0.36)
LOWERED = (0.62, -0.14)


@lru_cache(maxsize=64)
def to_unicode(name: str, subset: tuple[int, ...]) -> str:
    """The ToUnicode CMap of one font subset (ISO 32000-1, 9.10.3); code i of the subset stands for character subset[i].

    At most 100 entries per block, and UTF-16BE so that characters beyond the BMP copy and search rightly.
    """
    rows = [f"<{code:02X}> <{chr(char).encode('utf-16-be').hex().upper()}>" for code, char in enumerate(subset)]
    lines = [
        "/CIDInit /ProcSet findresource begin",
        "12 dict begin",
        "begincmap",
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
        f"/CMapName /{name} def",
        "/CMapType 2 def",
        "1 begincodespacerange",
        "<00> <FF>",
        "endcodespacerange",
    ]
    for start in range(0, len(rows), 100):
        block = rows[start : start + 100]
        lines += [f"{len(block)} beginbfchar", *block, "endbfchar"]
    lines += ["endcmap", "CMapName currentdict /CMap defineresource pop", "end", "end"]
    return "\n".join(lines)


class CertificateFont(TTFont):
    """A subset font whose ToUnicode map is right beyond U+FFFF too.

    reportlab writes five hex digits there, which readers take for another character.
    """

    def begin(self, doc: Any) -> None:
        """Gives the common characters their codes, the same in every document; the rest go into parts of their own."""
        self.splitString(_COMMON[self.fontName], doc)
        self.state[doc].nextCode = 256

    def addObjects(self, doc: Any) -> None:
        subsets = [tuple(one) for one in self.state[doc].subsets]
        internal = [self.getSubsetInternalName(number, doc)[1:] for number in range(len(subsets))]
        super().addObjects(doc)
        face = self.face.name + self.face.subfontNameX
        for number, subset in enumerate(subsets):
            name = (SUBSETN(number) + b"+" + face).decode("ascii")
            doc.idToObject[f"toUnicodeCMap:{name}"].content = to_unicode(name, subset)
            doc.idToObject["BasicFonts"].dict[internal[number]].Widths = _widths(self.fontName, subset)


@lru_cache(maxsize=64)
def _widths(name: str, subset: tuple[int, ...]) -> str:
    """The array of advance widths as it is written."""
    return f"[ {' '.join(fp_str(font(name).face.getCharWidth(char)) for char in subset)} ]"


def _remembering(cut: Callable[[Sequence[int]], bytes]) -> Callable[[Sequence[int]], bytes]:
    """Cutting out the same characters gives the same bytes: those of the common part are kept."""
    kept = lru_cache(maxsize=16)(cut)
    return lambda subset: kept(tuple(subset))


@cache
def _load(name: str) -> CertificateFont:
    path = FOLDER / _FILES[name]
    font = CertificateFont(name, str(path), asciiReadable=0, shapable=False)
    # Subsetting asks for whole tables again and again, and each answer is a copy of megabytes.
    font.face.get_table = lru_cache(maxsize=None)(font.face.get_table)
    font.face.makeSubset = _remembering(font.face.makeSubset)
    pdfmetrics.registerFont(font)
    return font


def font(name: str) -> CertificateFont:
    """The font object, loaded and registered with reportlab at the first call."""
    with _LOADING:
        return _load(name)


def has_glyph(char: str, name: str) -> bool:
    return ord(char) in font(name).face.charToGlyph


def candidates(name: str) -> tuple[str, ...]:
    """A font, and those that stand in for it when it lacks a character."""
    return (name, SANS if name == SERIF else SERIF, *RARE)


@lru_cache(maxsize=8192)
def place(char: str, name: str) -> tuple[str, str, float, float, float] | None:
    """How one character is drawn in a font: (font, what is drawn, relative size, rise in em, advance in em).

    None when no embedded font has it. Raised and lowered characters without a glyph (₂, ⁻ …) are drawn from the plain
    character, smaller and shifted, as their Unicode decomposition says.
    """
    for candidate in candidates(name):
        if has_glyph(char, candidate):
            return candidate, char, 1.0, 0.0, font(candidate).face.charWidths[ord(char)] / 1000
    kind, _, plain = unicodedata.decomposition(char).partition(" ")
    if kind in ("<super>", "<sub>"):
        size, rise = RAISED if kind == "<super>" else LOWERED
        drawn = "".join(chr(int(code, 16)) for code in plain.split())
        if all(has_glyph(one, name) for one in drawn):
            width = sum(font(name).face.charWidths[ord(one)] for one in drawn) / 1000
            return name, drawn, size, rise, width * size
    return None


def is_invisible(char: str) -> bool:
    """Characters that show nothing by themselves: controls, direction and join marks, variation selectors, soft hyphen.

    They arrive by copy and paste, change nothing a reader could see, and are left out.
    """
    return (
        unicodedata.category(char) in ("Cc", "Cf")
        or "\ufe00" <= char <= "\ufe0f"
        or "\U000e0100" <= char <= "\U000e01ef"
    )


@lru_cache(maxsize=4096)
def clean(text: str) -> str:
    """The text as it can be drawn: invisible characters left out, every kind of space plain, line ends kept."""
    if text.isascii() and text.isprintable():
        return text
    kept = []
    for char in text.replace("\r\n", "\n").replace("\u2028", "\n").replace("\u2029", "\n"):
        if char in "\n\r\v\f\x85":
            kept.append("\n")
        elif char == "\t" or (char != "\u3000" and unicodedata.category(char) == "Zs"):
            kept.append(" ")
        elif not is_invisible(char):
            kept.append(char)
    return "".join(kept)


def one_line(text: str) -> str:
    """The text as it can be drawn on a single line."""
    return " ".join(clean(text).split("\n")).strip()
