"""The inner pages: method, standards and devices, place and conditions, results, notes, end mark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lims.core.text import Text

from . import wording as w
from .blocks import entries, heading, paragraph
from .cover import Field
from .facts import Facts, both
from .flow import Page, Slab, gap
from .fonts import SANS, SERIF
from .geometry import INNER_TOP, LEFT, PAGE, RIGHT
from .ornament import emblem
from .pen import GREY, Colour, Pen
from .results import results
from .table import Cell, cell, head_cell, named, table
from .typeset import fit, width
from .wording import Wording

_AMBER_INK: Colour = (0.55, 0.33, 0.02)


def slabs(facts: Facts, words: Wording, cut: list[Field]) -> list[Slab]:
    """Everything on the inner pages, top to bottom. `cut`: cover entries that did not fit there."""
    procedure, title = facts["procedure"], both(facts["procedure"]["title"])
    out: list[Slab] = []
    out += entries(
        [
            (words.method, Text(f"{procedure['label']}《{title.zh}》", title.en)),
            (w.RECORD, Text(facts["record_number"], "")),
            (w.RECEIVED, Text(facts["dates"]["received"], "")),
            (w.METHOD_DATA, Text(procedure["sha256"], "")),
        ]
    )
    if cut:
        out += heading(w.COVER_CONTINUED, words)
        out += entries((field.label, field.value) for field in cut)
    out += _standards(facts, words)
    out += _conditions(facts, words)
    out += results(facts, words)
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
                named(one["name"]),
                cell(one["range"]),
                cell(one["accuracy"]),
                _dated(one["certificate_number"], one["valid_until"]),
            ]
            for one in facts["standards"]
        ]
        out += [*heading(w.STANDARDS, words), *table(head, rows, LEFT, RIGHT, words.colour)]
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
                named(one["name"], one["model"]),
                cell(one["serial"]),
                cell(one["range"]),
                cell(one["accuracy"]),
                _certificate(one),
            ]
            for one in facts["devices"]
        ]
        out += [*heading(w.DEVICES, words), *table(head, rows, LEFT, RIGHT, words.colour)]
    return out


def _certificate(device: Mapping[str, Any]) -> Cell:
    beneath = device["issuer"] + (f"\n{w.VALID_UNTIL.zh} {device['valid_until']}" if device["valid_until"] else "")
    return cell(device["certificate_number"], beneath.strip())


def _conditions(facts: Facts, words: Wording) -> list[Slab]:
    measured = [
        (_capital(both(one["name"])), f"{one['value']} {one['unit']}".strip())
        for one in facts["environment"]
        if one["value"]
    ]
    lines = [(w.PLACE, Text(facts["place"], "")), *((name, Text(value, "")) for name, value in measured)]
    return [*heading(w.ENVIRONMENT, words), *entries(lines)] if facts["place"] or measured else []


def _capital(label: Text) -> Text:
    return Text(label.zh, label.en[:1].upper() + label.en[1:])


def _remarks(facts: Facts, words: Wording) -> list[Slab]:
    out: list[Slab] = []
    if not facts.get("supplements"):  # which says nothing of its own about the instrument
        out += heading(w.ADJUSTMENT, words) + paragraph(_adjusted(facts))
    if facts["exceptions"]:
        out += heading(w.EXCEPTIONS, words)
        for one in facts["exceptions"]:
            text = both(one["text"])
            zh = f"{text.zh}（原因：{one['reason']}；批准：{one['approved_by']}）"
            out += paragraph(Text(zh, text.en), indent=8, mark="·")
    if facts["unconfirmed"]:
        out += heading(w.UNCONFIRMED, words) + paragraph(w.UNCONFIRMED_NOTE, keep=True) + [gap(3, keep=True)]
        head = [head_cell("项目", "Item"), head_cell("数值", "Value"), head_cell("出处", "Source")]
        rows = [[named(one["what"]), cell(one["value"]), cell(one["source"])] for one in facts["unconfirmed"]]
        out += table(head, rows, LEFT, RIGHT, words.colour)
    if facts["notes"]:
        out += heading(w.NOTES, words)
        for one in facts["notes"]:
            out += paragraph(both(one), indent=8, mark="·")
    return out


def _adjusted(facts: Facts) -> Text:
    adjustment = facts.get("adjustment")
    if not adjustment:
        return w.NO_ADJUSTMENT
    done, text = w.ADJUSTED[adjustment["kind"]], both(adjustment["text"])
    return Text(f"{done.zh}：{text.zh}", f"{done.en}: {text.en or text.zh}")


def _statements(facts: Facts, words: Wording) -> list[Slab]:
    lines = [words.statement, *words.more, w.STATEMENT_COPY, w.STATEMENT_SEAL]
    if facts["demonstration"]:
        lines.append(w.STATEMENT_DEMO)
    out = heading(w.STATEMENTS, words)
    for number, text in enumerate(lines, start=1):
        out += paragraph(text, indent=8, mark=f"{number}")
    # The statements stay together, and the end mark never stands alone on a page.
    out = [replace(slab, keep=True) for slab in out]

    def end(pen: Pen, top: float) -> None:
        middle, text = PAGE[0] / 2, f"{w.END.zh}　{w.END.en}"
        half = width(text, SERIF, 8.4) / 2 + 10
        pen.text(middle, top - 22, text, font=SERIF, size=8.4, colour=words.colour, align="center")
        pen.rule(LEFT, top - 19.4, middle - half, weight=0.6, colour=words.colour)
        pen.rule(middle + half, top - 19.4, RIGHT, weight=0.6, colour=words.colour)

    return [*out, Slab(30, end)]
