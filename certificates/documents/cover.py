"""The cover: who certifies what for whom, the conclusion, three names, the place of the seal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from certificates.sealplace import SEAL_CENTRE, SEAL_RADIUS
from lims.core.text import Text

from . import wording as w
from .facts import Facts, both, chinese_day
from .fonts import SANS, SERIF, one_line
from .geometry import FRAME, LEFT, PAGE, RIGHT
from .ornament import circle, emblem, frame, qr
from .pen import BLACK, GREY, HAIR, Colour, Pen
from .typeset import fit, width
from .wording import Wording

_FIELDS_TOP, _FIELDS_BOTTOM = 590.0, 322.0
_LABEL = 112.0
_SIZES = (11.0, 10.0, 9.0, 8.0, 7.0)
_SMALL = (7.4, 6.6, 6.0)
_AMBER: Colour = (0.99, 0.95, 0.84)
_AMBER_INK: Colour = (0.55, 0.33, 0.02)


@dataclass(frozen=True)
class Field:
    """A labelled entry of the cover: one text, or Chinese with English beneath."""

    label: Text
    value: Text
    strong: bool = False


@dataclass(frozen=True)
class _Set:
    """An entry laid out: lines of (text, size, colour), their height, and whether all of it is there."""

    lines: tuple[tuple[str, float, Colour], ...]
    height: float
    whole: bool


def fields(facts: Facts, words: Wording) -> list[tuple[Field, ...]]:
    """Rows of one or two entries, in the order of the cover."""
    instrument, client = facts["instrument"], facts["client"]
    name = both(instrument["name"])
    procedure, conclusion = facts["procedure"], facts["conclusion"]
    method = both(procedure["title"])
    rows: list[tuple[Field, ...]] = [
        (Field(w.CLIENT, Text(client["name"], client["address"])),),
        (Field(w.INSTRUMENT, name),),
        (Field(w.MODEL, Text(instrument["model"], "")), Field(w.SERIAL, Text(instrument["serial"], ""))),
        (Field(w.CLASS, Text(instrument["accuracy_class"], "")), Field(w.RANGE, Text(instrument["range"], ""))),
        (Field(w.MANUFACTURER, Text(instrument["manufacturer"], "")),),
    ]
    if instrument["part"]:
        rows.append((Field(w.PART, Text(instrument["part"], "")),))
    rows.append((Field(words.method, Text(f"{procedure['label']}《{method.zh}》", method.en)),))
    if facts["kind"] == "calibration":
        rows.append((Field(w.RECEIVED, Text(chinese_day(facts["dates"]["received"]), "")),))
    verdict = both(conclusion["text"])
    if verdict.zh:
        rows.append((Field(words.conclusion, verdict, strong=True),))
    failed = [both(one) for one in conclusion["failed_items"]]
    if failed:
        listed = Text("、".join(one.zh for one in failed), "; ".join(one.en for one in failed if one.en))
        rows.append((Field(w.FAILED, listed, strong=True),))
    return rows


def layout(rows: Sequence[tuple[Field, ...]]) -> tuple[list[list[_Set]], list[Field]]:
    """The entries set so that all rows fit, and the entries that had to be cut."""
    room = _FIELDS_TOP - _FIELDS_BOTTOM
    for most in (3, 2, 1):
        rows_set = [[_set(one, len(row), at, most) for at, one in enumerate(row)] for row in rows]
        if sum(max(one.height for one in row) for row in rows_set) <= room:
            break
    cut = [
        field
        for row, row_set in zip(rows, rows_set, strict=True)
        for field, one in zip(row, row_set, strict=True)
        if not one.whole
    ]
    return rows_set, cut


def _span(columns: int, column: int) -> tuple[float, float, float]:
    """Left edge, where the value begins, right edge of one entry of a row."""
    wide = (RIGHT - LEFT) / columns
    left = LEFT + wide * column + (8 if column else 0)
    right = LEFT + wide * (column + 1) - (8 if column + 1 < columns else 0)
    return left, left + (_LABEL if column == 0 else _LABEL - 32), right


def _set(field: Field, columns: int, column: int, most: int) -> _Set:
    _, value, right = _span(columns, column)
    room = right - value
    font = SERIF if field.strong else SANS
    size, lines, whole = fit(field.value.zh or "—", font, (12.5, *_SIZES) if field.strong else _SIZES, room, most)
    out = [(line, size, BLACK) for line in lines]
    if field.value.en and field.value.en != field.value.zh:
        small, beneath, all_there = fit(field.value.en, SANS, _SMALL, room, most)
        out += [(line, small, GREY) for line in beneath]
        whole = whole and all_there
    return _Set(tuple(out), max(25.0, sum(size * 1.3 for _, size, _ in out) + 6), whole)


def draw(pen: Pen, facts: Facts, words: Wording, pages: int) -> None:
    """Draw the cover on the current page; the place of the seal stays free."""
    frame(pen, *FRAME, words.colour)
    _header(pen, facts, words)
    _title(pen, facts, words)
    _fields(pen, facts, words)
    _seal_place(pen, words)
    _persons_and_dates(pen, facts, words)
    _footer(pen, facts, pages)


def _header(pen: Pen, facts: Facts, words: Wording) -> None:
    name = both(facts["institute"]["name"])
    room = RIGHT - LEFT - 60
    size, lines, _ = fit(name.zh, SERIF, (21.0, 19.0, 17.0, 15.0, 13.0, 11.0), room, 1)
    small, english, _ = fit(name.en, SANS, (9.0, 8.0, 7.0, 6.0), room, 1)
    tracking = 2.0 if size == 21.0 and width(lines[0], SERIF, size) + 2 * len(lines[0]) < room else 0.0
    wide = max(width(lines[0], SERIF, size) + tracking * (len(lines[0]) - 1), width(english[0], SANS, small))
    start = PAGE[0] / 2 - (wide + 58) / 2
    emblem(pen, start + 22, 766, 44, words.colour)
    pen.text(start + 58, 768, lines[0], font=SERIF, size=size, colour=words.colour, tracking=tracking)
    pen.text(start + 58.5, 752, english[0], font=SANS, size=small, colour=GREY)
    pen.rule(LEFT, 735, RIGHT, weight=1.2, colour=words.colour)
    pen.rule(LEFT, 732.4, RIGHT, weight=0.4, colour=words.colour)
    if facts["demonstration"]:
        pen.box(LEFT, 702, RIGHT - LEFT, 20, fill=_AMBER, stroke=_AMBER_INK, weight=0.5)
        middle = PAGE[0] / 2
        text = f"{w.DEMONSTRATION.zh}　{w.DEMONSTRATION.en}"
        pen.text(middle, 708.4, text, font=SERIF, size=10, colour=_AMBER_INK, align="center")


def _title(pen: Pen, facts: Facts, words: Wording) -> None:
    middle = PAGE[0] / 2
    tracking = 14.0 if len(words.title.zh) <= 4 else 7.0
    pen.text(middle, 658, words.title.zh, font=SERIF, size=33, colour=words.colour, align="center", tracking=tracking)
    english = words.title.en.upper()
    pen.text(middle, 638, english, font=SERIF, size=10.5, colour=words.colour, align="center", tracking=2.2)
    label = f"{w.NUMBER.zh} {w.NUMBER.en}"
    size, shown, _ = fit(facts["number"], SANS, (12.5, 11.0, 9.5, 8.0, 6.5), 320, 1)
    wide = width(label, SANS, 8) + 10 + width(shown[0], SANS, size)
    y = 615 if facts.get("replaces") or facts.get("supplements") else 611
    pen.text(middle - wide / 2, y, label, font=SANS, size=8, colour=GREY)
    pen.text(middle + wide / 2, y, shown[0], font=SANS, size=size, align="right")
    for name, words_of in (("replaces", w.REPLACES), ("supplements", w.SUPPLEMENTS)):
        if facts.get(name):
            line = f"{words_of.zh}　{words_of.en}".format(number=one_line(facts[name]))
            size, shown, _ = fit(line, SANS, (8.6, 7.6, 6.6, 5.6), RIGHT - LEFT, 1)
            pen.text(middle, 598, shown[0], font=SANS, size=size, colour=words.colour, align="center")


def _fields(pen: Pen, facts: Facts, words: Wording) -> None:
    rows = fields(facts, words)
    rows_set, cut = layout(rows)
    heights = [max(one.height for one in row) for row in rows_set]
    slack = max(0.0, _FIELDS_TOP - _FIELDS_BOTTOM - sum(heights))
    extra = min(6.0, slack / len(heights))
    top = _FIELDS_TOP - max(0.0, slack - extra * len(heights)) * 0.35
    for row, row_set, height in zip(rows, rows_set, heights, strict=True):
        for column, (field, one) in enumerate(zip(row, row_set, strict=True)):
            left, value, right = _span(len(row), column)
            bottom = top - height - extra
            _label(pen, left, bottom + 13.2, field.label)
            y = bottom + 4.5 + sum(size * 1.3 for _, size, _ in one.lines)
            if len(one.lines) == 1:
                y += 4.0
            for text, size, colour in one.lines:
                y -= size * 1.3
                strong = field.strong and colour == BLACK
                pen.text(value, y + size * 0.3, text, font=SERIF if strong else SANS, size=size, colour=colour)
            if field in cut:
                pen.text(
                    right,
                    bottom - 6.5,
                    w.CONTINUED.zh + " " + w.CONTINUED.en,
                    font=SANS,
                    size=5,
                    colour=GREY,
                    align="right",
                )
            pen.rule(value - 4, bottom, right, weight=0.4, colour=HAIR)
        top -= height + extra


def _label(pen: Pen, x: float, y: float, label: Text) -> None:
    pen.text(x, y, label.zh, font=SERIF, size=10)
    pen.text(x, y - 9.2, label.en, font=SANS, size=6.6, colour=GREY)


def _seal_place(pen: Pen, words: Wording) -> None:
    x, y = SEAL_CENTRE
    pen.path(circle(x, y, SEAL_RADIUS - 2), stroke=HAIR, weight=0.5, dash="2 2.4")
    below = y - SEAL_RADIUS - 11
    pen.text(x, below, f"（{words.seal.zh} {words.seal.en}）", font=SANS, size=7, colour=GREY, align="center")


def _persons_and_dates(pen: Pen, facts: Facts, words: Wording) -> None:
    people, dates = facts["people"], facts["dates"]
    title = both(people["approver"]["title"])
    rows: list[tuple[Text, str, str, str]] = [
        (w.APPROVER, people["approver"]["name"], title.zh, title.en),
        (w.CHECKER, people["checker"]["name"], "", ""),
        (words.technician, people["technician"]["name"], "", ""),
        (words.performed, chinese_day(dates["verified"]), dates["verified"], ""),
        (w.ISSUED, chinese_day(dates["issued"]), dates["issued"], ""),
    ]
    if dates["valid_until"]:
        rows.append((w.VALID_UNTIL, chinese_day(dates["valid_until"]), dates["valid_until"], ""))
    left, value, right = 272.0, 352.0, RIGHT
    pitch = 28.6
    top = SEAL_CENTRE[1] + pitch * len(rows) / 2 + 4
    for index, (label, main, aside, aside_en) in enumerate(rows):
        y = top - pitch * (index + 1) + 8
        _label(pen, left, y + 5, label)
        if aside == main:
            aside = ""
        size, lines, _ = fit(main, SANS, (11.5, 10.0, 8.5, 7.0, 6.0), (right - value) * (0.62 if aside else 1.0), 1)
        pen.text(value, y, lines[0], font=SANS, size=size)
        if aside:
            room = right - value - width(lines[0], SANS, size) - 8
            small, shown, _ = fit(aside, SANS, (7.6, 6.6, 5.6), room, 1)
            pen.text(right, y + (4.2 if aside_en else 0), shown[0], font=SANS, size=small, colour=GREY, align="right")
            if aside_en:
                small, shown, _ = fit(aside_en, SANS, (6.6, 5.8, 5.0), room, 1)
                pen.text(right, y - 3.4, shown[0], font=SANS, size=small, colour=GREY, align="right")
        pen.rule(value - 4, y - 5.2, right, weight=0.4, colour=HAIR)


def _footer(pen: Pen, facts: Facts, pages: int) -> None:
    institute = facts["institute"]
    pen.rule(LEFT, 132, RIGHT, weight=0.4, colour=HAIR)
    qr(pen, LEFT, 57, 66, facts["verify_url"], BLACK)
    x = LEFT + 82
    pen.text(x, 116, f"{w.VERIFY.zh} {w.VERIFY.en}", font=SERIF, size=8)
    if facts["check_value"]:
        label = f"{w.CHECK_VALUE.zh} {w.CHECK_VALUE.en}"
        size, shown, _ = fit(facts["check_value"], SANS, (11.0, 9.0, 7.0), 130, 1)
        tracking = 1.5 if size == 11.0 and len(shown[0]) <= 10 else 0.0
        wide = pen.text(RIGHT, 116, shown[0], font=SANS, size=size, align="right", tracking=tracking)
        pen.text(RIGHT - wide - 6, 116, label, font=SANS, size=7, colour=GREY, align="right")
    address = both(institute["address"])
    contact = [
        f"{label.zh} {label.en}：{institute[key]}"
        for label, key in ((w.POSTCODE, "postcode"), (w.PHONE, "phone"), (w.EMAIL, "email"))
        if institute[key]
    ]
    lines = [facts["verify_url"]]
    if institute["authorisation_number"]:
        lines.append(f"{w.AUTHORISATION.zh} {w.AUTHORISATION.en}：{institute['authorisation_number']}")
    if address.zh:
        lines.append(
            f"{w.ADDRESS.zh} {w.ADDRESS.en}：{address.zh}"
            + (f"　{address.en}" if address.en not in ("", address.zh) else "")
        )
    if contact:
        lines.append("　".join(contact))
    y = 103.5
    for line in lines:
        size, shown, _ = fit(one_line(line), SANS, (7.2, 6.6, 6.0, 5.4), RIGHT - x, 1)
        pen.text(x, y, shown[0], font=SANS, size=size, colour=GREY)
        y -= 11.0
    page = f"第 1 页 共 {pages} 页　Page 1 of {pages}"
    pen.text(RIGHT, 55, page, font=SANS, size=7, colour=GREY, align="right")
