"""Reading a ledger file that anybody may have made: wrong type, zip bomb, XML entities, formulas, endless empty rows.

The file as a whole is refused with DataError; a bad cell only spoils its own row.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.datetime import from_excel

from instruments.spreadsheet.columns import COLUMNS, Column, column_of
from lims.core.text import DataError, Reason, reason

LARGEST_FILE = 16 * 1024 * 1024
LARGEST_CONTENT = 96 * 1024 * 1024
MOST_PARTS = 500
MOST_ROWS = 20_000
EMPTY_ROWS_BEFORE_END = 1_000
MOST_COLUMNS = 60
LONGEST_CELL = 2_000
# Beyond fifteen digits a spreadsheet has already lost some: IEEE 754 double.
MOST_DIGITS_OF_A_NUMBER = 15
_DOCTYPES = tuple("<!DOCTYPE".encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be")) + tuple(
    "<!ENTITY".encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be")
)


@dataclass
class Row:
    """One row of the file: `number` as the spreadsheet shows it, texts by column name, and what is wrong with cells."""

    number: int
    values: dict[str, str] = field(default_factory=dict)
    faults: list[Reason] = field(default_factory=list)


@dataclass(frozen=True)
class Sheet:
    """What was read. `ignored` are headings that are not ours; `cut` says that rows after a long gap were not read."""

    rows: tuple[Row, ...]
    ignored: tuple[str, ...]
    cut: bool


def read(data: bytes) -> Sheet:
    """The rows of the first sheet. Raises DataError when the file cannot be taken at all."""
    _check_package(data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
    except Exception as error:  # openpyxl raises whatever a broken part makes it raise
        raise DataError(
            "", "文件已损坏，无法打开", f"The file is damaged and cannot be opened ({type(error).__name__})"
        ) from error
    try:
        if not book.worksheets:
            raise DataError("", "文件中没有工作表", "The file has no worksheet")
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        return _rows(enumerate(sheet.iter_rows(max_col=MOST_COLUMNS), start=1), book.epoch)
    except DataError:
        raise
    except Exception as error:
        raise DataError("", "工作表已损坏，无法读取", f"The worksheet is damaged ({type(error).__name__})") from error
    finally:
        book.close()


def _check_package(data: bytes) -> None:
    if len(data) > LARGEST_FILE:
        raise DataError(
            "", f"文件超过 {LARGEST_FILE // 1024 // 1024} MB", f"The file exceeds {LARGEST_FILE // 1024 // 1024} MB"
        )
    if not data.startswith(b"PK\x03\x04"):
        raise DataError(
            "",
            "这不是 XLSX 文件（旧版 .xls 请另存为 .xlsx）",
            "This is not an XLSX file (save an old .xls as .xlsx first)",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
            names = {part.filename for part in parts}
            if "xl/workbook.xml" not in names or "[Content_Types].xml" not in names:
                raise DataError("", "这不是 XLSX 文件", "This is not an XLSX file")
            if any(name.lower().endswith("vbaproject.bin") for name in names):
                raise DataError("", "文件含有宏，请另存为不含宏的 .xlsx", "The file has macros; save it without them")
            # zipfile never gives more bytes than declared, so the declared sizes bound what will be unpacked.
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_CONTENT:
                raise DataError("", "文件解压后过大，已拒绝", "The file is too large when unpacked and was refused")
            for part in parts:
                if part.filename.lower().endswith((".xml", ".rels")):
                    _check_part(package, part)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise DataError("", "文件已损坏，无法打开", "The file is damaged and cannot be opened") from error


def _check_part(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Refuses document types and entities: a spreadsheet needs none, and they are how XML reads foreign files."""
    tail = b""
    with package.open(part) as stream:
        while chunk := stream.read(1 << 20):
            window = tail + chunk
            if any(mark in window for mark in _DOCTYPES):
                raise DataError(
                    part.filename, "文件含有不允许的 XML 声明", "The file has an XML declaration that is not allowed"
                )
            tail = chunk[-32:]


def _rows(numbered: Iterator[tuple[int, Any]], epoch: datetime) -> Sheet:
    columns: dict[int, Column] = {}
    ignored: list[str] = []
    found: list[Row] = []
    empty = 0
    for number, cells in numbered:
        if all(cell.value is None for cell in cells):
            empty += 1
            if empty > EMPTY_ROWS_BEFORE_END:
                return Sheet(tuple(found), tuple(ignored), cut=True)
            continue
        empty = 0
        if not columns:
            columns, ignored = _header(cells)
            continue
        if len(found) >= MOST_ROWS:
            raise DataError(
                f"第 {number} 行",
                f"一次最多导入 {MOST_ROWS} 行，请分成几个文件",
                f"At most {MOST_ROWS} rows at a time; split the file",
            )
        row = Row(number)
        for index, column in columns.items():
            if index < len(cells):
                _take(row, column, cells[index], epoch)
        if row.values or row.faults:
            found.append(row)
    if not columns:
        raise DataError("", "工作表是空的", "The worksheet is empty")
    return Sheet(tuple(found), tuple(ignored), cut=False)


def _header(cells: Any) -> tuple[dict[int, Column], list[str]]:
    columns: dict[int, Column] = {}
    ignored: list[str] = []
    for index, cell in enumerate(cells):
        if cell.value is None:
            continue
        column = column_of(cell.value)
        if column is None:
            ignored.append(str(cell.value)[:60])
        elif column in columns.values():
            raise DataError(
                "第 1 行", f"“{column.headers[0]}”列出现了两次", f"The column “{column.headers[-1]}” occurs twice"
            )
        else:
            columns[index] = column
    missing = [column.headers[0] for column in COLUMNS if column.required and column not in columns.values()]
    if missing:
        raise DataError(
            "第 1 行",
            f"缺少列：{'、'.join(missing)}；请使用下载的模板",
            f"Missing columns: {', '.join(missing)}; use the template",
        )
    return columns, ignored


def _take(row: Row, column: Column, cell: Any, epoch: datetime) -> None:
    value = cell.value
    if value is None:
        return
    heading = column.headers[0]
    if cell.data_type == "f":
        row.faults.append(
            _fault(column, f"“{heading}”是公式", f"“{heading}” holds a formula", "请粘贴为数值", "Paste it as a value")
        )
        return
    if cell.data_type == "e":
        row.faults.append(_fault(column, f"“{heading}”是错误值 {value}", f"“{heading}” holds the error {value}"))
        return
    if column.kind == "date":
        day = _date(value, epoch)
        if day is None:
            row.faults.append(
                _fault(
                    column,
                    f"“{heading}”不是日期：{value}",
                    f"“{heading}” is not a date: {value}",
                    "请写成 2026-11-20",
                    "Write 2026-11-20",
                )
            )
        else:
            row.values[column.name] = day.isoformat()
        return
    text = _text(value)
    if text is None:
        row.faults.append(
            _fault(
                column,
                f"“{heading}”以数字形式保存，可能已丢失位数：{value}",
                f"“{heading}” is stored as a number and may have lost digits: {value}",
                "请把该列设为文本格式后重新填写",
                "Format the column as text and enter it again",
            )
        )
    elif len(text) > LONGEST_CELL:
        row.faults.append(
            _fault(column, f"“{heading}”超过 {LONGEST_CELL} 个字符", f"“{heading}” exceeds {LONGEST_CELL} characters")
        )
    elif text:
        row.values[column.name] = text


def _fault(column: Column, zh: str, en: str, zh_action: str = "", en_action: str = "") -> Reason:
    return reason("cell", zh, en, zh_action, en_action, where=column.name)


def _text(value: Any) -> str | None:
    """A cell as text; None for a number whose digits a spreadsheet cannot have kept."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, (int, float)):
        number = Decimal(repr(value))
        if not number.is_finite() or len(number.as_tuple().digits) > MOST_DIGITS_OF_A_NUMBER:
            return None
        whole = number == number.to_integral_value()
        if abs(number) >= 10**MOST_DIGITS_OF_A_NUMBER:
            return None
        return str(int(number)) if whole else format(number, "f")
    if isinstance(value, datetime):
        return value.date().isoformat()
    printable = "".join(char if char.isprintable() else " " for char in str(value))
    return " ".join(printable.split())


def _date(value: Any, epoch: datetime) -> date | None:
    """A date cell, a text such as 2026-11-20, 2026/11/20, 2026年11月20日, 20261120, or a bare spreadsheet day number."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        if value != int(value):
            return None
        if 19_000_101 <= value <= 21_001_231:
            return _date(str(int(value)), epoch)
        # 1990 to 2100 as day numbers
        return from_excel(value, epoch).date() if 32_874 <= value <= 73_415 else None
    text = (
        str(value).strip().replace("年", "-").replace("月", "-").replace("日", "").replace("/", "-").replace(".", "-")
    )
    if text.isdecimal() and len(text) == 8:
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    try:
        year, month, day = (int(piece) for piece in text.split("-"))
        return date(year, month, day)
    except ValueError:
        return None
