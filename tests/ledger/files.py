"""XLSX files for the tests, honest and hostile."""

import io
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any

from openpyxl import Workbook, load_workbook

from instruments.spreadsheet.columns import COLUMNS

GOOD = {
    "organisation": "示范充电有限公司",
    "site": "示范路充电站",
    "category": "交流充电桩",
    "name": "电动汽车交流充电桩",
    "model": "AC-7kW",
    "manufacturer": "示范充电设备厂",
    "serial": "CP-0100",
    "parameters": "U_nominal=220；I_max=32",
    "due_on": "2027-05-01",
}


def sheet(rows: Iterable[Mapping[str, Any]], *, headers: int = 0) -> bytes:
    """A file with the given rows; `headers` picks which of a column's headings is written (-1: the last, English)."""
    book = Workbook()
    page = book.active
    page.append([column.headers[headers] for column in COLUMNS])
    for row in rows:
        page.append([row.get(column.name) for column in COLUMNS])
    return saved(book)


def saved(book: Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def with_part(data: bytes, name: str, content: bytes) -> bytes:
    """The file with one part replaced or added."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        new.writestr(name, content)
    return stream.getvalue()


def table(data: bytes) -> list[list[Any]]:
    book = load_workbook(io.BytesIO(data))
    return [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]
