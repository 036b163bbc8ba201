"""A PDF file as this house writes it, read strictly: every byte is accounted for (ISO 32000-1, 7.5; ISO 19005-3, 6.1).

The PDF/A validator reads objects through a library that forgives what is wrong around them; this looks around them.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from reportlab.lib.rl_accel import asciiBase85Decode

_HEADER = re.compile(rb"%PDF-1\.7\n%[\x80-\xff]{4}\n")
_TAIL = re.compile(rb"startxref\n(\d{1,10})\n%%EOF\n\Z")
_TABLE = re.compile(rb"xref\n0 (\d{1,7})\n0000000000 65535 f \n((?:\d{10} 00000 n \n)+)")
_TRAILER = re.compile(
    rb"trailer\n<< /Size (\d+) /Root (\d+) 0 R /Info (\d+) 0 R /ID \[<([0-9A-F]{32})> <([0-9A-F]{32})>\] >>\n"
)
_TOKEN = re.compile(
    rb"\s*(?:(?P<ref>\d{1,7} 0 R)(?![\w.])|(?P<number>[+-]?(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9}))(?![\w.])"
    rb"|(?P<name>/[!-~]*?)(?=[\s/<>\[\]()]|\Z)|(?P<text>\((?:[^()\\]|\\[0-7]{3}|\\[()\\nrtbf])*\)|<[0-9A-Fa-f]*>(?!>))"
    rb"|(?P<mark><<|>>|\[|\])|(?P<word>true|false|null)(?!\w))"
)
_NAME = re.compile(rb"/[A-Za-z0-9+.#_-]+\Z")
LONGEST = 32767  # bytes of a string and of a name's file limit (ISO 19005-3, 6.1.13)


class Malformed(ValueError):
    """The file is not built as PDF/A asks; the message says where."""


class Ref(NamedTuple):
    """A reference to an object by its number."""

    number: int


class Number(str):
    """A number as it is written."""


class Text(bytes):
    """A string as it is written, brackets included."""


Value = Ref | Number | Text | str | list["Value"] | dict[str, "Value"]


@dataclass(frozen=True)
class Object:
    """What stands under a number: a value, and the bytes of the stream as they are stored."""

    value: Value
    stored: bytes | None = None

    def data(self) -> bytes:
        """The stream without its filters. Raises Malformed for any filter but the two that are written here."""
        if self.stored is None or not isinstance(self.value, dict):
            raise Malformed("a stream was expected")
        data = self.stored
        filters = self.value.get("/Filter", [])
        for one in filters if isinstance(filters, list) else [filters]:
            try:
                if one == "/ASCII85Decode":
                    data = asciiBase85Decode(data)
                elif one == "/FlateDecode":
                    data = _inflated(data)
                else:
                    raise Malformed(f"filter {one} is not one that is written here")
            except (ValueError, zlib.error) as error:
                raise Malformed(f"a stream cannot be unpacked: {error}") from error
        return data


@lru_cache(maxsize=64)
def _inflated(data: bytes) -> bytes:
    """Remembered, since documents share fonts and drawings."""
    inflate = zlib.decompressobj()
    plain = inflate.decompress(data)
    if not inflate.eof or inflate.unused_data.strip():
        raise Malformed("a compressed stream does not end with its data")
    return plain


@dataclass(frozen=True)
class Structure:
    """The objects of a file by number, and which are the catalogue and the document information."""

    objects: dict[int, Object]
    root: int
    info: int


def read(pdf: bytes) -> Structure:
    """Raises Malformed for anything that is not exactly as it is written here, hidden bytes between objects included."""
    header, tail = _HEADER.match(pdf), _TAIL.search(pdf, max(len(pdf) - 64, 0))
    if not header:
        raise Malformed("6.1.2: the header is not that of PDF 1.7 with a binary comment")
    if not tail:
        raise Malformed("6.1.3: the file does not end with its trailer")
    start = int(tail[1])
    table = _TABLE.match(pdf, start)
    trailer = _TRAILER.match(pdf, table.end()) if table else None
    if not table or not trailer or trailer.end() != tail.start():
        raise Malformed("6.1.4: cross-reference table or trailer is not as it should be")
    if trailer[4] != trailer[5]:
        raise Malformed("6.1.3: the file was changed after it was written")
    offsets = [int(line[:10]) for line in table[2].splitlines()]
    if int(table[1]) != len(offsets) + 1 or int(trailer[1]) != len(offsets) + 1:
        raise Malformed("6.1.4: the cross-reference table does not count its objects")
    if not offsets or offsets[0] != header.end():
        raise Malformed("6.1.9: there are bytes before the first object")
    objects = {
        number: _object(number, pdf[begin:end])
        for number, (begin, end) in enumerate(zip(offsets, [*offsets[1:], start], strict=True), start=1)
    }
    root, info = int(trailer[2]), int(trailer[3])
    if root not in objects or info not in objects:
        raise Malformed("6.1.3: the trailer names objects that are not there")
    return Structure(objects, root, info)


def _object(number: int, data: bytes) -> Object:
    head = b"%d 0 obj\n" % number
    if not data.startswith(head) or not data.endswith(b"\nendobj\n"):
        raise Malformed(f"6.1.9: object {number} does not stand where the table says, between its marks")
    body = data[len(head) : -len(b"endobj\n")]
    begin = body.find(b">>\nstream\n")
    if begin < 0:
        return Object(_value(number, body))
    value = _value(number, body[: begin + 2])
    if not body.endswith(b"\nendstream\n"):
        raise Malformed(f"6.1.7.1: endstream of object {number} does not stand on a line of its own")
    stored = body[begin + len(b">>\nstream\n") : -len(b"\nendstream\n")]
    if not isinstance(value, dict) or value.get("/Length") != str(len(stored)):
        raise Malformed(f"6.1.7.1: the length of stream {number} is not what it says")
    return Object(value, stored)


@lru_cache(maxsize=512)
def _value(number: int, text: bytes) -> Value:
    """The one value that a piece of text is. Remembered, since many objects are alike in every document; nobody changes one."""
    open_: list[list[Value]] = [[]]
    marks: list[bytes] = []
    place = 0
    while text[place:].strip():
        found = _TOKEN.match(text, place)
        if not found:
            raise Malformed(f"object {number} cannot be read at {text[place : place + 20]!r}")
        place = found.end()
        kind, word = found.lastgroup, found[found.lastgroup or 0]
        if kind == "mark" and word in (b"<<", b"["):
            open_.append([])
            marks.append(word)
        elif kind == "mark":
            if not marks or marks.pop() != (b"<<" if word == b">>" else b"["):
                raise Malformed(f"object {number} closes what it did not open")
            closed = open_.pop()
            open_[-1].append(closed if word == b"]" else _dictionary(number, closed))
        else:
            open_[-1].append(_scalar(number, kind, word))
    if len(open_) != 1 or len(open_[0]) != 1:
        raise Malformed(f"object {number} is not one value")
    return open_[0][0]


def _scalar(number: int, kind: str | None, word: bytes) -> Value:
    if kind == "ref":
        return Ref(int(word[:-4]))
    if kind == "text":
        if len(word) > LONGEST:
            raise Malformed(f"6.1.13: object {number} has a string of {len(word)} bytes")
        return Text(word)
    if kind == "name" and (not _NAME.match(word) or len(word) > 127):
        raise Malformed(f"6.1.8: object {number} has the name {word[:40]!r}")
    return Number(word.decode()) if kind == "number" else word.decode()


def _dictionary(number: int, items: list[Value]) -> dict[str, Value]:
    keys = items[::2]
    if len(items) % 2 or len({str(key) for key in keys}) != len(keys) or not all(_is_name(key) for key in keys):
        raise Malformed(f"object {number} has a dictionary that is none")
    return {str(key): value for key, value in zip(keys, items[1::2], strict=True)}


def _is_name(value: Value) -> bool:
    return isinstance(value, str) and not isinstance(value, Number) and value.startswith("/")
