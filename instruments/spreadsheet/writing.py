"""Writing a ledger file: the export, and the empty template people fill in."""

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from instruments.spreadsheet.columns import COLUMNS

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_HEAD = PatternFill("solid", fgColor="E4EEF8")


def _cell(sheet: Any, value: str | date) -> WriteOnlyCell:
    """Text stays text: one that begins with = must not become a formula, a serial number not a number."""
    if isinstance(value, date):
        cell = WriteOnlyCell(sheet, value)
        cell.number_format = "yyyy-mm-dd"
        return cell
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value))
    cell.data_type = "s"
    cell.number_format = "@"
    return cell


def _begin(sheet: Any) -> None:
    sheet.freeze_panes = "A2"
    head = []
    for index, column in enumerate(COLUMNS, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = column.width
        cell = WriteOnlyCell(sheet, column.headers[0] + ("*" if column.required else ""))
        cell.font, cell.fill, cell.alignment = Font(bold=True), _HEAD, Alignment(wrap_text=True, vertical="center")
        head.append(cell)
    sheet.append(head)


def write(rows: Iterable[Mapping[str, str | date]]) -> bytes:
    """A ledger file with one row per mapping (column name -> text or date)."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("计量器具台账")
    _begin(sheet)
    for row in rows:
        sheet.append([_cell(sheet, row[column.name]) if row.get(column.name) else None for column in COLUMNS])
    return _bytes(book)


def template(*, categories: Sequence[str], states: Sequence[str], parameters: Iterable[tuple[str, str]]) -> bytes:
    """An empty file with lists to choose from, and a second sheet that explains it.

    parameters: category label and the parameter names its procedures need.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet("计量器具台账")
    for name, choices in (("category", categories), ("state", states)):
        index = next(place for place, column in enumerate(COLUMNS, start=1) if column.name == name)
        letter = get_column_letter(index)
        rule = DataValidation(type="list", formula1=f'"{",".join(choices)}"', allow_blank=True)
        rule.add(f"{letter}2:{letter}2000")
        sheet.data_validations.append(rule)
    _begin(sheet)
    notes = book.create_sheet("填写说明")
    notes.column_dimensions["A"].width, notes.column_dimensions["B"].width = 24, 90
    for line in (
        ("带 * 的列", "必须填写。一行一台；制造单位、型号规格、出厂编号三者相同即为同一台。"),
        ("台账号", "由系统编号，新增时留空；导出的文件改后可再导入，按台账号或三者对应到原有器具。"),
        ("单位名称", "必须与系统中登记的单位名称完全一致。"),
        ("检定到期日", "写成 2026-11-20。"),
        ("参数", "写成 名=值，用分号隔开，例如 U_nominal=220；I_max=32；time_of_use=yes"),
        *((f"参数：{label}", names) for label, names in parameters),
    ):
        notes.append([_cell(notes, part) for part in line])
    return _bytes(book)


def _bytes(book: Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
