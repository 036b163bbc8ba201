"""The text on the pages of a certificate, read out of the PDF itself, and whether the printed results stand there.

Reads what this institute's documents are made of: content streams packed with Flate (with or without ASCII85), fonts with one byte
per character and a ToUnicode table. Of any other PDF it reads nothing, and that is told.
"""

import base64
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lims.audit.verify.report import Report
from lims.core.text import Text

LARGEST = 64 << 20
_OBJECT = re.compile(rb"(?:^|[\r\n])(\d{1,7}) 0 obj\b(.*?)(?:stream\r?\n|endobj)", re.S)
_FONT = re.compile(rb"/Name\s*/([A-Za-z0-9+]+)")
_UNICODE = re.compile(rb"/ToUnicode\s+(\d{1,7}) 0 R")
_SHOWN = re.compile(rb"/([A-Za-z0-9+]+)\s+[-\d.]+\s+Tf|\(((?:[^\\()]|\\.)*)\)\s*(?:Tj|')|(\bET\b)", re.S)
_CHAR = re.compile(rb"<([0-9A-Fa-f]{2})>\s*<([0-9A-Fa-f]{4,16})>")
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.S)
_PLAIN = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def check(report: Report, pdf: bytes, facts: Mapping[str, Any]) -> None:
    """Number, serial number, conclusion, dates, and every row of the result tables."""
    page = text(pdf)
    if not page:
        report.note(
            "PDF 页面上的文字不能由本程序读出：请自行对照下列证书内容与页面",
            "the text on the pages of the PDF cannot be read by this program: compare the pages with the facts yourself",
        )
        return
    rows = list(_rows(facts["results"]))
    wanted = [*_heads(facts), *rows]
    missing = [one for one in wanted if _packed(one) not in page]
    report.several(
        [
            Text(
                f"证书内容“{one}”没有印在 PDF 页面上：PDF 与证书内容不一致",
                f"{one!r} of the facts does not stand on the pages of the PDF: they differ",
            )
            for one in missing
        ]
    )
    if not missing:
        report.good(
            f"由 PDF 页面读出的文字含有编号、出厂编号、结论、日期与结果表的全部 {len(rows)} 行，逐字相同",
            f"the text read from the pages of the PDF holds number, serial number, conclusion, dates and all {len(rows)} rows of the "
            "result tables, character by character",
        )


def text(pdf: bytes) -> str:
    """The words on all pages without blanks, in the order in which they were drawn; empty when nothing could be read."""
    heads = {int(match[1]): (match[2], match.end()) for match in _OBJECT.finditer(pdf)}
    fonts: dict[bytes, dict[int, str]] = {}
    for head, _end in heads.values():
        name, table = _FONT.search(head), _UNICODE.search(head)
        if name and table and int(table[1]) in heads:
            fonts[name[1]] = _characters(_stream(pdf, *heads[int(table[1])]))
    if not fonts:
        return ""
    found = []
    for head, end in heads.values():
        if b"/Length" in head and b"/Subtype" not in head and b"/Type" not in head:
            content = _stream(pdf, head, end)
            if b" Tf" in content:
                found.append("".join(_drawn(content, fonts)))
    return _packed("".join(found))


def _stream(pdf: bytes, head: bytes, begin: int) -> bytes:
    """The unpacked bytes of a stream object; empty for anything that is packed in another way."""
    end = pdf.find(b"endstream", begin)
    raw = pdf[begin:end].strip(b"\r\n") if end > 0 else b""
    try:
        if b"ASCII85Decode" in head:
            raw = base64.a85decode(raw.strip().removesuffix(b"~>"))
        return zlib.decompressobj().decompress(raw, LARGEST) if b"FlateDecode" in head else raw
    except (ValueError, zlib.error):
        return b""


def _characters(table: bytes) -> dict[int, str]:
    """Which character each byte of a font stands for."""
    return {
        int(code, 16): bytes.fromhex(value.decode()).decode("utf-16-be", "replace")
        for code, value in _CHAR.findall(table)
    }


def _drawn(content: bytes, fonts: Mapping[bytes, Mapping[int, str]]) -> Iterator[str]:
    font: Mapping[int, str] = {}
    for name, shown, _end in _SHOWN.findall(content):
        if name:
            font = fonts.get(name, {})
        elif shown:
            yield "".join(font.get(byte, "") for byte in _ESCAPE.sub(_unescaped, shown))


def _unescaped(match: re.Match[bytes]) -> bytes:
    given = match[1]
    return bytes([int(given, 8) & 0xFF]) if given[:1] in b"01234567" else _PLAIN.get(given, given)


def _heads(facts: Mapping[str, Any]) -> list[str]:
    given = [facts["number"], facts["instrument"]["serial"], facts["conclusion"]["text"]["zh"]]
    return [one for one in (*given, facts["dates"]["verified"], facts["dates"]["valid_until"]) if one]


def _rows(results: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Every row of the tables as it is drawn, cell after cell, and the values of the summaries."""
    for result in results:
        for row in result["rows"]:
            cells = [
                one if isinstance(one, str) else one["zh"] + (one["en"] if one["en"] != one["zh"] else "")
                for one in row
            ]
            yield "".join(cells)
        yield from (str(line["value"]) for line in result["summary"])


def _packed(given: str) -> str:
    return "".join(given.split()).replace("-", "−")
