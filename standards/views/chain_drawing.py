"""A chain of traceability as boxes with coordinates for an SVG: the national standards on top, what it is about below them, and
what rests on it further down, one box a line and indented like the list of a table of contents."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lims.core.text import Text
from standards.selectors.chain import Link

WIDE, HIGH, GAP_X, GAP_Y, MARGIN = 208, 84, 18, 38, 8
WIDE_BELOW, HIGH_BELOW, GAP_BELOW, INDENT = 400, 46, 12, 30
LONGEST, LONGEST_BELOW = 30, 56
LINE = 16
MOST = 250
"""More boxes below than these are not drawn: the list has them all."""

KINDS = {
    "standard": Text("计量标准", "Measurement standard"),
    "device": Text("设备", "Device"),
    "certificate": Text("设备证书", "Certificate of a device"),
    "issuer": Text("出具机构", "Issuer"),
    "stated": Text("出具机构的计量标准", "Standard of the issuer"),
    "national": Text("国家计量基准", "National standard"),
    "issued": Text("证书", "Certificate"),
    "use": Text("检定/校准", "Verification and calibration"),
    "hidden": Text("范围之外", "Out of scope"),
}


@dataclass(frozen=True)
class Row:
    """One line of words in a box: `style` is title, line or fault; `anchor` as SVG has it."""

    x: int
    y: int
    text: Text
    style: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Box:
    """One link where it is drawn; `x`, `y` are its upper left corner."""

    link: Link
    x: int
    y: int
    width: int
    height: int
    rows: tuple[Row, ...]
    address: str

    @property
    def middle(self) -> int:
        return self.x + self.width // 2

    @property
    def kind(self) -> Text:
        return KINDS[self.link.kind]


@dataclass(frozen=True)
class Drawing:
    """Boxes from top to bottom and the lines between them: (x1, y1, x2, y2, broken). `left_out`: boxes too many to be drawn."""

    boxes: tuple[Box, ...]
    lines: tuple[tuple[int, int, int, int, bool], ...]
    width: int
    height: int
    left_out: int = 0

    @property
    def faults(self) -> int:
        return sum(one.link.fault is not None for one in self.boxes)


@dataclass
class _Sheet:
    """What has been drawn so far."""

    address: Callable[[Link], str]
    boxes: list[Box] = field(default_factory=list)
    lines: list[tuple[int, int, int, int, bool]] = field(default_factory=list)
    left_out: int = 0

    def add(self, box: Box) -> Box:
        self.boxes.append(box)
        return box


def draw(root: Link, address: Callable[[Link], str] = lambda link: link.address) -> Drawing:
    """The whole chain. address: where the box of a link leads; empty for a box that leads nowhere."""
    sheet = _Sheet(address)
    depth = _depth(root)
    columns = iter(range(10_000))

    def place(link: Link, level: int) -> Box:
        above = [place(one, level + 1) for one in link.above]
        if above:
            x = (above[0].x + above[-1].x) // 2
        else:
            x = MARGIN + next(columns) * (WIDE + GAP_X)
        box = sheet.add(_upper(link, x, MARGIN + (depth - level) * (HIGH + GAP_Y), address(link)))
        for one in above:
            sheet.lines.append((box.middle, box.y, one.middle, one.y + HIGH, one.link.fault is not None))
        return box

    bottom = _hang(sheet, place(root, 0), root.below)
    boxes = tuple(sorted(sheet.boxes, key=lambda one: (one.y, one.x)))
    width = max(one.x + one.width for one in boxes) + MARGIN
    return Drawing(boxes, tuple(sheet.lines), width, bottom + MARGIN, sheet.left_out)


def _hang(sheet: _Sheet, parent: Box, links: tuple[Link, ...]) -> int:
    """Draws what rests on a box; the lowest edge reached."""
    bottom, stem = parent.y + parent.height, parent.x + INDENT // 2
    for link in links:
        if len(sheet.boxes) >= MOST:
            sheet.left_out += sum(1 for _level, _one in walk_down(link))
            continue
        box = sheet.add(_lower(link, parent.x + INDENT, bottom + GAP_BELOW, sheet.address(link)))
        middle, broken = box.y + HIGH_BELOW // 2, link.fault is not None
        sheet.lines.append((stem, parent.y + parent.height, stem, middle, False))
        sheet.lines.append((stem, middle, box.x, middle, broken))
        bottom = _hang(sheet, box, link.below)
    return bottom


def _upper(link: Link, x: int, y: int, address: str) -> Box:
    middle = x + WIDE // 2
    shown = [one for one in link.lines if one.zh][: 2 if link.fault else 3]
    rows = [Row(middle, y + 20, shortened(link.title), "title")]
    rows += [Row(middle, y + 36 + LINE * at, shortened(one), "line") for at, one in enumerate(shown)]
    if link.fault:
        rows.append(Row(middle, y + 72, Text(f"✕ {link.fault.zh}", f"✕ {link.fault.en}"), "fault"))
    return Box(link, x, y, WIDE, HIGH, tuple(rows), address)


def _lower(link: Link, x: int, y: int, address: str) -> Box:
    left, told = x + 12, [KINDS[link.kind], *(one for one in link.lines if one.zh)]
    line = Text(" · ".join(one.zh for one in told), " · ".join(one.en for one in told))
    rows = [
        Row(left, y + 18, shortened(link.title, LONGEST_BELOW), "title", "start"),
        Row(left, y + 36, shortened(line, LONGEST_BELOW), "line", "start"),
    ]
    if link.fault:
        rows.append(Row(left, y + 36 + LINE, Text(f"✕ {link.fault.zh}", f"✕ {link.fault.en}"), "fault", "start"))
    return Box(link, x, y, WIDE_BELOW, HIGH_BELOW + (LINE if link.fault else 0), tuple(rows), address)


def _depth(link: Link) -> int:
    return max((1 + _depth(one) for one in link.above), default=0)


def walk(link: Link, level: int = 0) -> Iterator[tuple[int, Link]]:
    """Every link with its level, from the root upwards: the list for those who do not see the drawing."""
    yield level, link
    for one in link.above:
        yield from walk(one, level + 1)


def walk_down(link: Link, level: int = 0) -> Iterator[tuple[int, Link]]:
    """Every link with its level, from the root downwards."""
    yield level, link
    for one in link.below:
        yield from walk_down(one, level + 1)


def shortened(text: Text, longest: int = LONGEST) -> Text:
    """As much as a box takes. A Chinese character is as wide as two Latin ones."""

    def cut(words: str) -> str:
        room, kept = longest, ""
        for sign in words:
            room -= 2 if ord(sign) > 0x2E7F else 1
            if room < 0:
                return kept[:-1] + "…"
            kept += sign
        return kept

    return Text(cut(text.zh), cut(text.en))
