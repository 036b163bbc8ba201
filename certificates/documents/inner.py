"""The inner pages: method, standards and devices, place and conditions, results, notes, end mark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lims.core.text import Text

from . import wording as w
from .cover import Field
from .facts import Facts, both
from .flow import Page, Slab, gap
from .fonts import SANS, SERIF, one_line
from .geometry import INNER_TOP, LEFT, PAGE, RIGHT
from .ornament import emblem
from .pen import BLACK, GREY, Colour, Pen
from .table import Cell, cell, head_cell, table
from .typeset import fit, width, wrap
from .wording import Wording

_AMBER_INK: Colour = (0.55, 0.33, 0.02)
# Where values begin beside their labels.
_VALUES = LEFT + 118
_FAIL: Colour = (0.66, 0.10, 0.12)
_FAILED = ("不合格", "不符合", "fail")


def slabs(facts: Facts, words: Wording, cut: list[Field]) -> list[Slab]:
    """Everything on the inner pages, top to bottom. `cut`: cover entries that did not fit there."""
    procedure, title = facts["procedure"], both(facts["procedure"]["title"])
    out: list[Slab] = []
    out += _facts_lines(
        [
            (words.method, Text(f"{procedure['label']}《{title.zh}》", title.en)),
            (w.RECORD, Text(facts["record_number"], "")),
            (w.RECEIVED, Text(facts["dates"]["received"], "")),
            (w.METHOD_DATA, Text(procedure["sha256"], "")),
        ]
    )
    if cut:
        out += _heading(w.COVER_CONTINUED, words)
        out += _facts_lines((field.label, field.value) for field in cut)
    out += _standards(facts, words)
    out += _conditions(facts, words)
    out += _results(facts, words)
    out += _remarks(facts, words)
    out += _statements(facts, words)
    return out


def draw(pen: Pen, facts: Facts, words: Wording, page: Page, number: int, pages: int) -> None:
    """One inner page with its running head and foot."""
    institute = both(facts["institute"]["name"])
    emblem(pen, LEFT + 10, 796, 20, words.colour)
    size, name, _ = fit(institute.zh, SERIF, (10.0, 9.0, 8.0, 7.0), 230, 1)
    pen.text(LEFT + 26, 797.5, name[0], font=SERIF, size=size, colour=words.colour)
    small, english, _ = fit(institute.en, SANS, (6.4, 5.6, 5.0), 230, 1)
    pen.text(LEFT + 26, 788.5, english[0], font=SANS, size=small, colour=GREY)
    title = f"{words.title.zh} {words.title.en}"
    pen.text(RIGHT, 797.5, title, font=SERIF, size=8, colour=words.colour, align="right")
    size, shown, _ = fit(f"{w.NUMBER.zh} {w.NUMBER.en}：{facts['number']}", SANS, (7.6, 6.6, 5.6), 205, 1)
    pen.text(RIGHT, 787.5, shown[0], font=SANS, size=size, align="right")
    pen.rule(LEFT, 781, RIGHT, weight=0.9, colour=words.colour)
    for offset, slab in page:
        slab.draw(pen, INNER_TOP - offset)
    pen.rule(LEFT, 52, RIGHT, weight=0.4, colour=words.colour)
    if facts["demonstration"]:
        text = f"{w.DEMONSTRATION.zh} {w.DEMONSTRATION.en}"
        pen.text(LEFT, 41, text, font=SERIF, size=7, colour=_AMBER_INK)
    counter = f"第 {number} 页 共 {pages} 页　Page {number} of {pages}"
    pen.text(RIGHT, 41, counter, font=SANS, size=7, colour=GREY, align="right")


def _heading(label: Text, words: Wording) -> list[Slab]:
    def paint(pen: Pen, top: float) -> None:
        pen.box(LEFT, top - 13.2, 3.2, 11.6, fill=words.colour)
        wide = pen.text(LEFT + 9, top - 11.6, label.zh, font=SERIF, size=11, colour=words.colour)
        pen.text(LEFT + 9 + wide + 7, top - 11.4, label.en, font=SANS, size=7.6, colour=GREY)

    return [gap(12, keep=True), Slab(19, paint, keep=True)]


def _paragraph(
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


def _facts_lines(pairs: Iterable[tuple[Text, Text]]) -> list[Slab]:
    """Label and value, one under the other; long values flow on."""
    out: list[Slab] = []
    for given, value in pairs:
        if not value.zh:
            continue
        label = Text(one_line(given.zh), one_line(given.en))
        if max(width(label.zh, SERIF, 8.8), width(label.en, SANS, 6.4)) > _VALUES - LEFT - 6:
            out += _paragraph(Text(f"{label.zh}：{value.zh}", label.en))
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


def _dated(number: str, until: str) -> Cell:
    return cell(number, f"{w.VALID_UNTIL.zh} {until}" if until else "")


def _standards(facts: Facts, words: Wording) -> list[Slab]:
    out: list[Slab] = []
    if facts["standards"]:
        head = [
            head_cell("名称", "Name"),
            head_cell("测量范围", "Measuring range"),
            head_cell("不确定度/准确度等级/最大允许误差", "Uncertainty / class / MPE"),
            head_cell("计量标准证书号", "Certificate No."),
        ]
        rows = [
            [
                _named(one["name"]),
                cell(one["range"]),
                cell(one["accuracy"]),
                _dated(one["certificate_number"], one["valid_until"]),
            ]
            for one in facts["standards"]
        ]
        out += [*_heading(w.STANDARDS, words), *table(head, rows, LEFT, RIGHT, words.colour)]
    if facts["devices"]:
        head = [
            head_cell("名称与型号", "Name and model"),
            head_cell("编号", "Serial No."),
            head_cell("测量范围", "Range"),
            head_cell("准确度", "Accuracy"),
            head_cell("证书编号与签发单位", "Certificate No., issuer"),
        ]
        rows = [
            [
                _named(one["name"], one["model"]),
                cell(one["serial"]),
                cell(one["range"]),
                cell(one["accuracy"]),
                _certificate(one),
            ]
            for one in facts["devices"]
        ]
        out += [*_heading(w.DEVICES, words), *table(head, rows, LEFT, RIGHT, words.colour)]
    return out


def _named(name: Any, model: str = "") -> Cell:
    text = both(name)
    return cell(f"{text.zh} {model}".strip(), text.en)


def _certificate(device: Mapping[str, Any]) -> Cell:
    beneath = device["issuer"] + (f"\n{w.VALID_UNTIL.zh} {device['valid_until']}" if device["valid_until"] else "")
    return cell(device["certificate_number"], beneath.strip())


def _conditions(facts: Facts, words: Wording) -> list[Slab]:
    measured = [
        (both(one["name"]), f"{one['value']} {one['unit']}".strip()) for one in facts["environment"] if one["value"]
    ]
    lines = [(w.PLACE, Text(facts["place"], "")), *((name, Text(value, "")) for name, value in measured)]
    return [*_heading(w.ENVIRONMENT, words), *_facts_lines(lines)] if facts["place"] or measured else []


def _results(facts: Facts, words: Wording) -> list[Slab]:
    out = _heading(words.results, words) if facts["results"] else []
    for number, result in enumerate(facts["results"], start=1):
        title, verdict = both(result["title"]), both(result["conclusion"])
        out += _item(f"{number}　{title.zh}", title.en, verdict, first=number == 1)
        if result["columns"]:
            head = [
                head_cell(both(column["label"]).zh, both(column["label"]).en, str(column.get("unit") or ""))
                for column in result["columns"]
            ]
            rows = [[_named(value) for value in row] for row in result["rows"]]
            out += table(head, rows, LEFT, RIGHT, words.colour, f"{number}　{title.zh}")
        if result["checks"]:
            head = [head_cell("检查项目", "Check"), head_cell("结果", "Result"), head_cell("备注", "Remark")]
            rows = [
                [_named(one["title"]), _verdict(one["result"]), cell(str(one.get("remark") or ""))]
                for one in result["checks"]
            ]
            if not any(one.get("remark") for one in result["checks"]):
                head, rows = head[:2], [row[:2] for row in rows]
            out += table(head, rows, LEFT, RIGHT, words.colour)
        for one in result["summary"]:
            label, unit = both(one["label"]), str(one.get("unit") or "")
            value = f"{one['value']} {unit if unit != '1' else ''}".strip()
            out += [gap(2), *_paragraph(Text(f"{label.zh}：{value}", f"{label.en}: {value}" if label.en else ""))]
        out.append(gap(7))
    conclusion, failed = both(facts["conclusion"]["text"]), facts["conclusion"]["failed_items"]
    if conclusion.zh:
        out += _heading(words.conclusion, words) + _paragraph(conclusion, keep=bool(failed))
        if failed:
            names = [both(one) for one in failed]
            out += _paragraph(
                Text(
                    f"{w.FAILED.zh}：" + "、".join(one.zh for one in names),
                    f"{w.FAILED.en}: " + "; ".join(one.en or one.zh for one in names),
                ),
                colour=_FAIL,
            )
    return out


def _item(zh: str, en: str, verdict: Text, *, first: bool) -> list[Slab]:
    """The title of one result, with its conclusion at the right; long titles wrap."""
    room = (RIGHT - LEFT) * 0.72
    lines = [(line, 9.2, BLACK, SERIF) for line in wrap(zh, SERIF, 9.2, room)]
    lines += [(line, 6.8, GREY, SANS) for line in wrap(en, SANS, 6.8, room)] if en and en != zh else []
    bad = any(word in verdict.zh for word in _FAILED)
    size, shown, _ = fit(f"{verdict.zh} {verdict.en}".strip(), SERIF, (8.6, 7.6, 6.6), (RIGHT - LEFT) * 0.26, 1)
    out = [] if first else [gap(3, keep=True)]
    for index, (line, each, ink, font) in enumerate(lines):
        last = index == len(lines) - 1

        def paint(
            pen: Pen,
            top: float,
            line: str = line,
            each: float = each,
            ink: Colour = ink,
            font: str = font,
            opening: bool = index == 0,
        ) -> None:
            pen.text(LEFT, top - each * 1.1, line, font=font, size=each, colour=ink)
            if opening:
                colour = _FAIL if bad else GREY
                pen.text(RIGHT, top - 10.1, shown[0], font=SERIF, size=size, colour=colour, align="right")

        # A title of many lines may be divided, but its end stays with the table.
        out.append(Slab(each * 1.42 + (3 if last else 0), paint, keep=len(lines) <= 6 or index >= len(lines) - 2))
    return out


def _verdict(value: Any) -> Cell:
    text = both(value)
    bad = any(word in text.zh for word in _FAILED)
    return cell(f"{text.zh} {text.en}".strip(), colour=_FAIL if bad else BLACK)


def _remarks(facts: Facts, words: Wording) -> list[Slab]:
    out: list[Slab] = []
    if not facts.get("supplements"):  # which says nothing of its own about the instrument
        adjustment = facts.get("adjustment")
        out += _heading(w.ADJUSTMENT, words) + _paragraph(both(adjustment) if adjustment else w.NO_ADJUSTMENT)
    if facts["exceptions"]:
        out += _heading(w.EXCEPTIONS, words)
        for one in facts["exceptions"]:
            text = both(one["text"])
            zh = f"{text.zh}（原因：{one['reason']}；批准：{one['approved_by']}）"
            out += _paragraph(Text(zh, text.en), indent=8, mark="·")
    if facts["unconfirmed"]:
        out += _heading(w.UNCONFIRMED, words) + _paragraph(w.UNCONFIRMED_NOTE, keep=True) + [gap(3, keep=True)]
        head = [head_cell("项目", "Item"), head_cell("数值", "Value"), head_cell("出处", "Source")]
        rows = [[_named(one["what"]), cell(one["value"]), cell(one["source"])] for one in facts["unconfirmed"]]
        out += table(head, rows, LEFT, RIGHT, words.colour)
    if facts["notes"]:
        out += _heading(w.NOTES, words)
        for one in facts["notes"]:
            out += _paragraph(both(one), indent=8, mark="·")
    return out


def _statements(facts: Facts, words: Wording) -> list[Slab]:
    lines = [words.statement, *words.more, w.STATEMENT_COPY, w.STATEMENT_SEAL]
    if facts["demonstration"]:
        lines.append(w.STATEMENT_DEMO)
    out = _heading(w.STATEMENTS, words)
    for number, text in enumerate(lines, start=1):
        out += _paragraph(text, indent=8, mark=f"{number}")
    # The end mark never stands alone on a page.
    out[-1] = Slab(out[-1].height, out[-1].draw, keep=True)

    def end(pen: Pen, top: float) -> None:
        middle, text = PAGE[0] / 2, f"{w.END.zh}　{w.END.en}"
        half = width(text, SERIF, 8.4) / 2 + 10
        pen.text(middle, top - 22, text, font=SERIF, size=8.4, colour=words.colour, align="center")
        pen.rule(LEFT, top - 19.4, middle - half, weight=0.6, colour=words.colour)
        pen.rule(middle + half, top - 19.4, RIGHT, weight=0.6, colour=words.colour)

    return [*out, Slab(30, end)]
