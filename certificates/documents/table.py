"""Tables as slabs: columns sized by their content, heads repeated over page breaks, numbers aligned.

Ruled as Chinese scientific tables are: a strong line above and below, a thin one under the head, hairlines between rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .facts import both
from .flow import Slab
from .fonts import SANS, SERIF, clean
from .pen import BLACK, GREY, HAIR, Colour, Pen
from .typeset import fit, widest_unit, width, wrap

_NUMBER = re.compile(r"[+\-−±]?\d[\d ]*(\.\d+)?(%|‰)?|[—–/-]")
_PAD = 4.0
_LEAD = 1.32
_SIZES = (8.6, 8.0, 7.4, 6.8, 6.2)
# A row of more lines than this is divided between pages.
_MOST_LINES = 24
# A head is repeated on every page: one that would fill it is cut.
_MOST_HEAD_LINES = 12


@dataclass(frozen=True)
class Part:
    """One paragraph of a cell: its relative size and colour."""

    text: str
    scale: float = 1.0
    colour: Colour = BLACK
    font: str = SANS


Cell = tuple[Part, ...]


def cell(zh: str, en: str = "", *, colour: Colour = BLACK) -> Cell:
    """A cell: one text, or Chinese with its English beneath."""
    parts = (Part(clean(zh), colour=colour),)
    return (*parts, Part(clean(en), 0.82, GREY)) if en and en != zh else parts


def named(name: Any, model: str = "") -> Cell:
    """A name of the facts in both languages, a model behind it."""
    text = both(name)
    return cell(f"{text.zh} {model}".strip(), text.en)


def head_cell(zh: str, en: str = "", unit: str = "") -> Cell:
    parts = (Part(clean(zh + (f" / {unit}" if unit and unit != "1" else "")), font=SERIF),)
    return (*parts, Part(clean(en), 0.8, GREY)) if en and en != zh else parts


Line = tuple[str, str, float, Colour]  # text, font, size, colour


@dataclass(frozen=True)
class _Layout:
    size: float
    edges: tuple[float, ...]
    numeric: tuple[float, ...]  # width of the widest number per column, 0 for a column of words
    centred: tuple[bool, ...]


def table(
    head: Sequence[Cell],
    rows: Sequence[Sequence[Cell]],
    left: float,
    right: float,
    rule: Colour,
    caption: str = "",
) -> list[Slab]:
    """The slabs of one table. Rows shorter than the head are filled with empty cells.

    After a page break the head is repeated, under `caption` marked as continued.
    """
    columns = len(head)
    full = [[*row, *([cell("")] * (columns - len(row)))][:columns] for row in rows]
    layout = _columns(head, full, left, right)
    titles = [one[:_MOST_HEAD_LINES] for one in _lines(head, layout)]
    top = _row(titles, layout, head=True, rule=rule, last=not full)
    again = _continued(caption, top, left, right) if caption else top
    slabs = [Slab(top.height, top.draw, keep=True)]
    for index, row in enumerate(full):
        last = index == len(full) - 1
        lines = _lines(row, layout)
        pieces = _divide(lines)
        for number, piece in enumerate(pieces):
            done = number == len(pieces) - 1
            drawn = _row(piece, layout, head=False, rule=rule, last=last and done, open_below=not done)
            together = len(pieces) == 1 and not last and index in (0, len(full) - 2)
            slabs.append(Slab(drawn.height, drawn.draw, keep=together, head=again))
    return slabs


def _continued(caption: str, head: Slab, left: float, right: float) -> Slab:
    _, lines, _ = fit(f"{caption}（续）", SERIF, (8.6,), right - left - 60, 1)

    def draw(pen: Pen, top: float) -> None:
        wide = pen.text(left, top - 9.5, lines[0], font=SERIF, size=8.6)
        pen.text(left + wide + 4, top - 9.5, "continued", font=SANS, size=6.8, colour=GREY)
        head.draw(pen, top - 14)

    return Slab(head.height + 14, draw)


def _columns(head: Sequence[Cell], rows: Sequence[Sequence[Cell]], left: float, right: float) -> _Layout:
    """Column edges at the largest size at which no word has to be broken."""
    available = right - left - 2 * _PAD * len(head)
    for size in _SIZES:
        least, wanted = [], []
        for column in range(len(head)):
            cells = [head[column], *(row[column] for row in rows)]
            parts = {(part.text, part.font, part.scale) for one in cells for part in one}
            least.append(max(widest_unit(text, font, size * scale) for text, font, scale in parts))
            wanted.append(
                max(width(line, font, size * scale) for text, font, scale in parts for line in text.split("\n"))
            )
        if sum(least) <= available:
            break
    share = _share(least, wanted, available)
    edges = [left]
    for one in share:
        edges.append(edges[-1] + one + 2 * _PAD)
    numeric, centred = [], []
    for column in range(len(head)):
        texts = [row[column][0].text for row in rows if row[column][0].text]
        single = all(len(row[column]) == 1 for row in rows)
        widest = max((width(text, SANS, size) for text in texts if "\n" not in text), default=0.0)
        is_number = single and all(_NUMBER.fullmatch(text) for text in texts) and widest <= share[column]
        numeric.append(widest if is_number else 0.0)
        centred.append(column > 0 and single and widest <= share[column] and not any("\n" in text for text in texts))
    return _Layout(size, tuple(edges), tuple(numeric), tuple(centred))


def _share(least: list[float], wanted: list[float], available: float) -> list[float]:
    total = sum(wanted)
    if total <= available:
        spare = (available - total) / len(wanted)
        return [one + spare for one in wanted]
    slack = available - sum(least)
    if slack < 0:
        return _fair(least, available)
    extra = [most - low for low, most in zip(least, wanted, strict=True)]
    return [low + slack * more / sum(extra) for low, more in zip(least, extra, strict=True)]


def _fair(least: list[float], available: float) -> list[float]:
    """Narrow columns get what they need; the wide ones, whose words must be broken anyway, share the rest evenly."""
    share = [0.0] * len(least)
    left, room = len(least), available
    for column in sorted(range(len(least)), key=least.__getitem__):
        share[column] = min(least[column], room / left)
        room -= share[column]
        left -= 1
    return share


def _lines(row: Sequence[Cell], layout: _Layout) -> list[list[Line]]:
    out = []
    for column, one in enumerate(row):
        room = layout.edges[column + 1] - layout.edges[column] - 2 * _PAD + 0.01
        out.append(
            [
                (line, part.font, layout.size * part.scale, part.colour)
                for part in one
                for line in wrap(part.text, part.font, layout.size * part.scale, room)
            ]
        )
    return out


def _divide(lines: list[list[Line]]) -> list[list[list[Line]]]:
    longest = max(len(one) for one in lines)
    if longest <= _MOST_LINES:
        return [lines]
    return [[one[start : start + _MOST_LINES] for one in lines] for start in range(0, longest, _MOST_LINES)]


def _row(
    lines: list[list[Line]], layout: _Layout, *, head: bool, rule: Colour, last: bool, open_below: bool = False
) -> Slab:
    def depth(one: list[Line]) -> float:
        return sum(size * _LEAD for _, _, size, _ in one)

    pad = 3.4 if head else 2.7
    height = max(depth(one) for one in lines) + 2 * pad
    edges = layout.edges

    def draw(pen: Pen, top: float) -> None:
        if head:
            pen.rule(edges[0], top, edges[-1], weight=1.0, colour=rule)
        for column, one in enumerate(lines):
            y = top - (height - depth(one)) / 2
            left, right = edges[column] + _PAD, edges[column + 1] - _PAD
            for text, font, size, colour in one:
                y -= size * _LEAD
                base = y + size * 0.36
                if head and (layout.numeric[column] or layout.centred[column]):
                    pen.text((left + right) / 2, base, text, font=font, size=size, colour=colour, align="center")
                elif layout.numeric[column] and not head:
                    edge = (left + right + layout.numeric[column]) / 2
                    pen.text(edge, base, text, font=font, size=size, colour=colour, align="right")
                elif layout.centred[column]:
                    pen.text((left + right) / 2, base, text, font=font, size=size, colour=colour, align="center")
                else:
                    pen.text(left, base, text, font=font, size=size, colour=colour)
        if last:
            pen.rule(edges[0], top - height, edges[-1], weight=1.0, colour=rule)
        elif head:
            pen.rule(edges[0], top - height, edges[-1], weight=0.5, colour=rule)
        elif not open_below:
            pen.rule(edges[0], top - height, edges[-1], weight=0.25, colour=HAIR)

    return Slab(height, draw)
