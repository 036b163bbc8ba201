"""Measuring text and breaking it into lines, Chinese and Latin mixed.

A line may break at a space, and before or after a Chinese character; never before a closing mark or after an opening one
(GB/T 15834 5.1). A word wider than the line is broken where it must be. All widths are in points.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from .errors import MissingGlyph, MissingGlyphs
from .fonts import clean, place

_ATOM = re.compile(r"\s+|[\u0021-\u2017\u2020-\u206f\u2070-\u24ff\u2600-\u2e7f]+|.", re.DOTALL)
_NO_START = frozenset("=≤≥×，。、；：！？）》】」』〉〕｝…—～·%％‰℃°′″’”,.;:!?)]}%")
_NO_END = frozenset("=≤≥×～（《【「『〈〔｛“‘([{±＋－￥$")


@dataclass(frozen=True)
class Span:
    """A piece of a line in one font, size and rise; `actual` is what it stands for when something else is drawn."""

    text: str
    font: str
    size: float
    rise: float
    actual: str = ""


def advance(char: str, font: str) -> float:
    """Advance width in em. Raises MissingGlyphs, although the facts are checked before anything is measured."""
    placed = place(char, font)
    if placed is None:
        raise MissingGlyphs((MissingGlyph(char, ""),))
    return placed[4]


@lru_cache(maxsize=16384)
def _em(text: str, font: str) -> float:
    return sum([advance(char, font) for char in text])


def width(text: str, font: str, size: float) -> float:
    return _em(text, font) * size


@lru_cache(maxsize=8192)
def spans(text: str, font: str, size: float) -> tuple[Span, ...]:
    """Cut a line into pieces that need one font setting each. Labels recur on every certificate, hence the memory."""
    out: list[Span] = []
    for char in text:
        placed = place(char, font)
        if placed is None:
            raise MissingGlyphs((MissingGlyph(char, ""),))
        name, drawn, relative, rise, _ = placed
        own = Span(drawn, name, size * relative, rise * size, "" if drawn == char else char)
        last = out[-1] if out else None
        if last and (last.font, last.size, last.rise, bool(last.actual)) == (
            name,
            own.size,
            own.rise,
            bool(own.actual),
        ):
            out[-1] = Span(last.text + drawn, name, own.size, own.rise, last.actual + own.actual)
        else:
            out.append(own)
    return tuple(out)


@lru_cache(maxsize=4096)
def wrap(text: str, font: str, size: float, limit: float) -> tuple[str, ...]:
    """Lines no wider than `limit`; an empty text is one empty line, so that its row keeps its height."""
    lines: list[str] = []
    for paragraph in clean(text).split("\n"):
        lines += _fill(_units(paragraph), font, size, limit)
    while len(lines) > 1 and not lines[-1]:
        lines.pop()
    return tuple(lines)


def widest_unit(text: str, font: str, size: float) -> float:
    """Width of the longest stretch that would rather not be broken."""
    lines = clean(text).split("\n")
    return max((width(unit.rstrip(), font, size) for line in lines for unit in _units(line)), default=0.0)


def _units(paragraph: str) -> list[str]:
    """The stretches between break opportunities; spaces hang on the stretch before them."""
    units: list[str] = []
    for atom in _ATOM.findall(paragraph):
        if units and (atom[0].isspace() or atom[0] in _NO_START or units[-1].rstrip()[-1:] in _NO_END):
            units[-1] += atom
        else:
            units.append(atom)
    return units


def _fill(units: list[str], font: str, size: float, limit: float) -> list[str]:
    lines: list[str] = []
    line, used = "", 0.0
    for unit in units:
        wide = width(unit, font, size)
        bare = width(unit.rstrip(), font, size)
        if line and used + bare > limit:
            lines.append(line.rstrip())
            line, used = "", 0.0
        if bare <= limit:
            line, used = line + unit, used + wide
            continue
        for char in unit:
            step = advance(char, font) * size
            if line and used + step > limit:
                lines.append(line.rstrip())
                line, used = "", 0.0
            line, used = line + char, used + step
    lines.append(line.rstrip())
    return lines


def fit(text: str, font: str, sizes: tuple[float, ...], limit: float, most: int) -> tuple[float, tuple[str, ...], bool]:
    """The largest of `sizes` at which the text needs no more than `most` lines: (size, lines, whole).

    At the smallest size the rest is cut, marked with an ellipsis, and `whole` is False: the caller prints it elsewhere.
    """
    for size in sizes:
        lines = wrap(text, font, size, limit)
        if len(lines) <= most:
            return size, lines, True
    lines = lines[:most]
    last = lines[-1]
    while last and width(last + "……", font, size) > limit:
        last = last[:-1]
    return size, (*lines[:-1], last + "……"), False
