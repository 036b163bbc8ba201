"""What the inner pages are put together from: headings, paragraphs, labelled entries."""

from __future__ import annotations

from collections.abc import Iterable

from lims.core.text import Text

from .flow import Slab, gap
from .fonts import SANS, SERIF, one_line
from .geometry import LEFT, RIGHT
from .pen import BLACK, GREY, Colour, Pen
from .typeset import width, wrap
from .wording import Wording

# Where values begin beside their labels.
_VALUES = LEFT + 118


def heading(label: Text, words: Wording) -> list[Slab]:
    def paint(pen: Pen, top: float) -> None:
        pen.box(LEFT, top - 13.2, 3.2, 11.6, fill=words.colour)
        wide = pen.text(LEFT + 9, top - 11.6, label.zh, font=SERIF, size=11, colour=words.colour)
        pen.text(LEFT + 9 + wide + 7, top - 11.4, label.en, font=SANS, size=7.6, colour=GREY)

    return [gap(12, keep=True), Slab(19, paint, keep=True)]


def paragraph(
    text: Text, *, colour: Colour = BLACK, indent: float = 0.0, keep: bool = False, mark: str = ""
) -> list[Slab]:
    """A paragraph, Chinese then English, one slab per line; the first two lines and the last two stay together."""
    left = LEFT + 9 + indent
    lines = [(line, 8.8, colour) for line in wrap(text.zh, SANS, 8.8, RIGHT - left)] if text.zh else []
    if text.en and text.en != text.zh:
        lines += [(line, 7.2, GREY) for line in wrap(text.en, SANS, 7.2, RIGHT - left)]
    out = []
    for index, (line, size, ink) in enumerate(lines):

        def paint(
            pen: Pen, top: float, line: str = line, size: float = size, ink: Colour = ink, first: bool = index == 0
        ) -> None:
            if first and mark:
                pen.text(left - 6, top - size * 1.12, mark, font=SANS, size=size, align="right")
            pen.text(left, top - size * 1.12, line, font=SANS, size=size, colour=ink)

        together = keep or (len(lines) > 1 and index in (0, len(lines) - 2))
        out.append(Slab(size * 1.5, paint, keep=together))
    return out


def entries(pairs: Iterable[tuple[Text, Text]]) -> list[Slab]:
    """Label and value, one under the other; long values flow on."""
    out: list[Slab] = []
    for given, value in pairs:
        if not value.zh:
            continue
        label = Text(one_line(given.zh), one_line(given.en))
        if max(width(label.zh, SERIF, 8.8), width(label.en, SANS, 6.4)) > _VALUES - LEFT - 6:
            out += paragraph(Text(f"{label.zh}：{value.zh}", label.en))
            continue
        lines = [(line, 8.8, BLACK) for line in wrap(value.zh, SANS, 8.8, RIGHT - _VALUES)]
        if value.en and value.en != value.zh:
            lines += [(line, 7.2, GREY) for line in wrap(value.en, SANS, 7.2, RIGHT - _VALUES)]
        if len(lines) == 1:
            lines.append(("", 6.4, GREY))
        for index, (line, size, ink) in enumerate(lines):

            def paint(
                pen: Pen,
                top: float,
                line: str = line,
                size: float = size,
                ink: Colour = ink,
                label: Text | None = label if index == 0 else None,
            ) -> None:
                if label:
                    pen.text(LEFT, top - 9.9, label.zh, font=SERIF, size=8.8)
                    pen.text(LEFT, top - 18.2, label.en, font=SANS, size=6.4, colour=GREY)
                pen.text(_VALUES, top - size * 1.12, line, font=SANS, size=size, colour=ink)

            out.append(Slab(size * 1.36, paint, keep=index + 1 < min(len(lines), 3)))
        out.append(gap(4.0))
    return out
