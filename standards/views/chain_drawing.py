"""A chain of traceability as boxes with coordinates for an SVG: the national standards on top, the own standard at the bottom."""

from collections.abc import Iterator
from dataclasses import dataclass

from lims.core.text import Text
from standards.selectors.chain import Link

WIDE, HIGH, GAP_X, GAP_Y, MARGIN = 208, 84, 18, 38, 8
LONGEST = 30


@dataclass(frozen=True)
class Box:
    """One link where it is drawn; `x`, `y` are its upper left corner."""

    link: Link
    x: int
    y: int
    width: int = WIDE
    height: int = HIGH

    @property
    def middle(self) -> int:
        return self.x + WIDE // 2

    @property
    def rows(self) -> list[tuple[int, Text]]:
        """The lines below the title with the height of each, shortened to fit the box."""
        shown = [one for one in self.link.lines if one.zh][:3]
        return [(self.y + 36 + 16 * place, shortened(one)) for place, one in enumerate(shown)]

    @property
    def title(self) -> Text:
        return shortened(self.link.title)


@dataclass(frozen=True)
class Drawing:
    """Boxes and the lines between them: (x1, y1, x2, y2, broken)."""

    boxes: tuple[Box, ...]
    lines: tuple[tuple[int, int, int, int, bool], ...]
    width: int
    height: int


def draw(root: Link) -> Drawing:
    """Every leaf has a column of its own; a link stands in the middle below those it is traced to."""
    depth = _depth(root)
    boxes: list[Box] = []
    lines: list[tuple[int, int, int, int, bool]] = []
    columns = iter(range(10_000))

    def place(link: Link, level: int) -> Box:
        above = [place(one, level + 1) for one in link.above]
        if above:
            x = (above[0].x + above[-1].x) // 2
        else:
            x = MARGIN + next(columns) * (WIDE + GAP_X)
        box = Box(link, x, MARGIN + (depth - level) * (HIGH + GAP_Y))
        boxes.append(box)
        for one in above:
            lines.append((box.middle, box.y, one.middle, one.y + HIGH, one.link.fault is not None))
        return box

    place(root, 0)
    width = max(one.x for one in boxes) + WIDE + MARGIN
    return Drawing(tuple(reversed(boxes)), tuple(lines), width, 2 * MARGIN + depth * (HIGH + GAP_Y) + HIGH)


def _depth(link: Link) -> int:
    return max((1 + _depth(one) for one in link.above), default=0)


def walk(link: Link, level: int = 0) -> Iterator[tuple[int, Link]]:
    """Every link with its level, from the standard upwards: the list for those who do not see the drawing."""
    yield level, link
    for one in link.above:
        yield from walk(one, level + 1)


def shortened(text: Text) -> Text:
    """As much as a box takes. A Chinese character is as wide as two Latin ones."""

    def cut(words: str) -> str:
        room, kept = LONGEST, ""
        for sign in words:
            room -= 2 if ord(sign) > 0x2E7F else 1
            if room < 0:
                return kept[:-1] + "…"
            kept += sign
        return kept

    return Text(cut(text.zh), cut(text.en))
