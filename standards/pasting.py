"""Rows of certified values from text copied out of a spreadsheet. Plain Python; every fault names its row and column."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from lims.core.text import Text

MOST_ROWS = 500
LONGEST_CELL = 40
# The order of columns where no heading says otherwise.
ORDER = ("name", "at", "at_unit", "value", "unit", "expanded_uncertainty", "k")
_HEADINGS = {
    "名称": "name", "name": "name",
    "测量点": "at", "点": "at", "at": "at", "point": "at",
    "测量点单位": "at_unit", "at_unit": "at_unit", "point unit": "at_unit",
    "值": "value", "修正值": "value", "误差": "value", "value": "value", "correction": "value", "error": "value",
    "单位": "unit", "unit": "unit",
    "u": "expanded_uncertainty", "扩展不确定度": "expanded_uncertainty", "扩展不确定度 u": "expanded_uncertainty",
    "u的单位": "uncertainty_unit", "u 的单位": "uncertainty_unit", "u unit": "uncertainty_unit",
    "k": "k", "包含因子": "k", "包含因子 k": "k",
    "适用下限": "range_lower", "lower": "range_lower", "适用上限": "range_upper", "upper": "range_upper",
    "出处": "source", "source": "source",
}  # fmt: skip
LABELS = {
    "name": Text("名称", "Name"),
    "at": Text("测量点", "Point"),
    "at_unit": Text("测量点单位", "Unit of the point"),
    "value": Text("值", "Value"),
    "unit": Text("单位", "Unit"),
    "expanded_uncertainty": Text("U", "U"),
    "uncertainty_unit": Text("U 的单位", "Unit of U"),
    "k": Text("k", "k"),
    "range_lower": Text("适用下限", "Lower end of the range"),
    "range_upper": Text("适用上限", "Upper end of the range"),
    "source": Text("出处", "Source"),
}
_NUMBERS = {"at", "value", "expanded_uncertainty", "k", "range_lower", "range_upper"}


@dataclass(frozen=True)
class Fault:
    """One cell that cannot be taken: its line from 1 as pasted, its column, and the sentence."""

    line: int
    column: str
    text: Text

    def __str__(self) -> str:
        label = LABELS.get(self.column, Text("", ""))
        return f"第 {self.line} 行{f'“{label.zh}”' if label.zh else ''}：{self.text.zh}"

    def english(self) -> str:
        label = LABELS.get(self.column, Text("", ""))
        return f"Line {self.line}{f', {label.en}' if label.en else ''}: {self.text.en}"


def parse(text: str) -> tuple[list[dict[str, str]], list[Fault]]:
    """The rows, and every fault. Cells are separated by tabs, or by semicolons or commas where there is no tab."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        return [], []
    if len(lines) > MOST_ROWS:
        return [], [Fault(lines[-1][0], "", Text(f"超过 {MOST_ROWS} 行。", f"There are more than {MOST_ROWS} lines."))]
    separator = next((one for one in ("\t", ";", "；", ",") if one in lines[0][1]), "\t")
    columns, faults = _columns(lines[0], separator)
    if faults:
        return [], faults
    if columns is not None:
        lines = lines[1:]
    rows: list[dict[str, str]] = []
    for number, line in lines:
        cells = [_cell(one) for one in line.split(separator)]
        while cells and not cells[-1]:
            cells.pop()
        wanted = columns or ORDER
        if len(cells) > len(wanted):
            zh = f"有 {len(cells)} 列，应不超过 {len(wanted)} 列。"
            faults.append(
                Fault(number, "", Text(zh, f"There are {len(cells)} cells where {len(wanted)} are expected."))
            )
            continue
        row = {column: cell for column, cell in zip(wanted, cells, strict=False) if cell}
        faults += _faults(number, row)
        rows.append(row)
    return rows, faults


def _cell(text: str) -> str:
    """The cell without blanks and quotes around it; a typographic minus becomes a sign."""
    return text.strip().strip('"').strip().replace("−", "-").replace("－", "-")


def _columns(line: tuple[int, str], separator: str) -> tuple[list[str] | None, list[Fault]]:
    """The columns that a heading names, None when the first line is data."""
    cells = [_cell(one) for one in line[1].split(separator)]
    known = [_HEADINGS.get(one.casefold()) for one in cells]
    # A name such as “error” or “correction” is a heading elsewhere; a line with a number is data.
    if sum(one is not None for one in known) < 2 or any(_is_number(one) for one in cells):
        return None, []
    faults = [
        Fault(line[0], "", Text(f"不认识列名“{cell}”。", f"The column “{cell}” is not known."))
        for cell, one in zip(cells, known, strict=True)
        if one is None
    ]
    columns = [one for one in known if one is not None]
    if len(set(columns)) < len(columns):
        faults.append(Fault(line[0], "", Text("同一列出现了两次。", "A column stands twice.")))
    return columns, faults


def _faults(line: int, row: dict[str, str]) -> list[Fault]:
    found = [
        Fault(line, column, Text("没有填写。", "This is missing.")) for column in ("name", "value") if column not in row
    ]
    for column, cell in row.items():
        if len(cell) > (300 if column == "source" else LONGEST_CELL):
            found.append(Fault(line, column, Text("太长。", "This is too long.")))
        elif column in _NUMBERS and not _is_number(cell):
            hint = ("；请用小数点", "; write a decimal point") if "," in cell or "，" in cell else ("", "")
            found.append(
                Fault(
                    line,
                    column,
                    Text(f"“{cell}”不是十进制数{hint[0]}。", f"“{cell}” is not a decimal number{hint[1]}."),
                )
            )
    return found


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite() and "_" not in text
    except InvalidOperation:
        return False
