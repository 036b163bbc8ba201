"""The results: tables and checks item by item, those from before an adjustment or repair first, and the conclusion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lims.core.text import Text

from . import wording as w
from .blocks import heading, paragraph
from .facts import Facts, both, has_uncertainty
from .flow import Slab, gap
from .fonts import SANS, SERIF
from .geometry import LEFT, RIGHT
from .pen import BLACK, GREY, Colour, Pen
from .table import Cell, cell, head_cell, named, table
from .typeset import fit, wrap
from .wording import Wording

_FAIL: Colour = (0.66, 0.10, 0.12)
_FAILED = ("不合格", "不符合", "fail")


def results(facts: Facts, words: Wording) -> list[Slab]:
    """All of them under one heading; under two when the instrument was adjusted or repaired in between."""
    adjustment, out = facts.get("adjustment"), []
    if adjustment and adjustment["results"]:
        before, after = w.BEFORE_AND_AFTER[adjustment["kind"]]
        out += heading(_joined(words.results, before), words) + _items(adjustment["results"], words)
        out += heading(_joined(words.results, after), words) + _items(facts["results"], words)
    elif facts["results"]:
        out += heading(words.results, words) + _items(facts["results"], words)
    if any(has_uncertainty(one) for one in facts["results"]):
        out += paragraph(w.UNCERTAINTY_NOTE)
    return out + _conclusion(facts, words)


def _joined(what: Text, when: Text) -> Text:
    return Text(f"{what.zh}（{when.zh}）", f"{what.en}, {when.en}")


def _items(listed: Sequence[dict[str, Any]], words: Wording) -> list[Slab]:
    out: list[Slab] = []
    for number, result in enumerate(listed, start=1):
        title, verdict = both(result["title"]), both(result["conclusion"])
        out += _item(f"{number}　{title.zh}", title.en, verdict, first=number == 1)
        if result["columns"]:
            head = [
                head_cell(both(column["label"]).zh, both(column["label"]).en, str(column.get("unit") or ""))
                for column in result["columns"]
            ]
            rows = [[named(value) for value in row] for row in result["rows"]]
            out += table(head, rows, LEFT, RIGHT, words.colour, f"{number}　{title.zh}")
        if result["checks"]:
            head = [head_cell("检查项目", "Check"), head_cell("结果", "Result"), head_cell("备注", "Remark")]
            rows = [
                [named(one["title"]), _verdict(one["result"]), cell(str(one.get("remark") or ""))]
                for one in result["checks"]
            ]
            if not any(one.get("remark") for one in result["checks"]):
                head, rows = head[:2], [row[:2] for row in rows]
            out += table(head, rows, LEFT, RIGHT, words.colour, f"{number}　{title.zh}")
        for line in result.get("corrections", ()):
            out += [gap(2), *paragraph(both(line))]
        for one in result["summary"]:
            label, unit = both(one["label"]), str(one.get("unit") or "")
            value = f"{one['value']} {unit if unit != '1' else ''}".strip()
            out += [gap(2), *paragraph(Text(f"{label.zh}：{value}", f"{label.en}: {value}" if label.en else ""))]
        out.append(gap(7))
    return out


def _conclusion(facts: Facts, words: Wording) -> list[Slab]:
    out: list[Slab] = []
    conclusion, failed = both(facts["conclusion"]["text"]), facts["conclusion"]["failed_items"]
    if conclusion.zh:
        out += heading(words.conclusion, words) + paragraph(conclusion, keep=bool(failed))
        if failed:
            names = [both(one) for one in failed]
            out += paragraph(
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
