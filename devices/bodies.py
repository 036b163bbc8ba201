"""What a bench sends, taken apart strictly: every wrong type, number or text is one DataError with its path.

A body comes from a computer that may be broken or hostile. Nothing of it reaches the database before its type, its range
and its length are known: SQLite would take what PostgreSQL refuses, and neither refusal would say where the fault is.
"""

import json
import re
import uuid
from typing import Any, NoReturn

from lims.core.text import DataError

DEEPEST = 8
"""Levels of arrays and objects in a body; a session header has two."""
LONGEST_TEXT = 100_000
INT64 = 2**63 - 1
SEQ = 2**32 - 1
"""A frame number takes four bytes in the chain."""
LATEST_NS = 4_102_444_800 * 10**9
"""The year 2100: a clock beyond it is broken."""

_HEX = re.compile(r"(?:[0-9a-f]{2})*")


def parse(raw: bytes) -> dict[str, Any]:
    """The object of a body. Raises DataError for what is no JSON, for NaN and infinities, and for endless nesting."""
    try:
        body = json.loads(raw, parse_constant=_no_constant)
    except RecursionError:
        raise DataError("", "JSON 嵌套太深", "The JSON is nested too deeply") from None
    except ValueError as error:
        raise DataError("", f"不是有效的 JSON：{error}"[:200], f"Not valid JSON: {error}"[:200]) from None
    if not isinstance(body, dict):
        raise DataError("", "需要一个 JSON 对象", "A JSON object is expected")
    # What a database cannot keep comes in by an escape, as an encoded surrogate, or in a body that is no UTF-8.
    _shallow(body, DEEPEST, "", texts=b"\\u" in raw or b"\xed" in raw or b"\0" in raw)
    return body


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _shallow(value: Any, left: int, path: str, *, texts: bool) -> None:
    """Walks everything once: not too deep; with `texts`, no text that a database cannot keep."""
    if isinstance(value, str):
        _storable(value, path)
    elif isinstance(value, (dict, list)):
        if not left:
            raise DataError(path[:200], "JSON 嵌套太深", "The JSON is nested too deeply")
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            if texts and isinstance(key, str):
                _storable(key, path)
            if isinstance(one, (dict, list)) or (texts and isinstance(one, str)):
                place = f"{path}.{key}" if isinstance(key, str) else f"{path}[{key}]"
                _shallow(one, left - 1, place, texts=texts)


def _storable(text: str, path: str) -> None:
    if "\0" in text:
        raise DataError(path[:200].lstrip("."), "文字中含有空字符", "The text contains a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise DataError(path[:200].lstrip("."), "文字不是有效的 Unicode", "The text is not valid Unicode") from None


class Part:
    """One object of a body with its path. Readers raise DataError; a field is required unless a default is given."""

    def __init__(self, value: object, path: str = "") -> None:
        if not isinstance(value, dict):
            raise DataError(path, "这里应是一个对象", "This must be an object")
        self.data, self.path = value, path

    def where(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def has(self, key: str) -> bool:
        """Whether the field is there and says something; null counts as absent."""
        return self.data.get(key) is not None

    def integer(self, key: str, low: int, high: int) -> int:
        value = self._required(key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise DataError(self.where(key), "这里应是整数", "This must be an integer")
        if not low <= value <= high:
            raise DataError(self.where(key), f"应在 {low} 到 {high} 之间", f"This must be between {low} and {high}")
        return value

    def optional_integer(self, key: str, low: int, high: int) -> int | None:
        return self.integer(key, low, high) if self.has(key) else None

    def text(self, key: str, longest: int, default: str | None = None) -> str:
        if default is not None and not self.has(key):
            return default
        value = self._required(key)
        if not isinstance(value, str):
            raise DataError(self.where(key), "这里应是文字", "This must be a string")
        if len(value) > longest:
            raise DataError(
                self.where(key), f"文字超过 {longest} 个字符", f"The text is longer than {longest} characters"
            )
        return value

    def said(self, key: str, longest: int) -> tuple[str, str]:
        """A sentence in both languages: a plain string stands for both, {"zh", "en"} for each. Cut to length."""
        value = self.data.get(key)
        if isinstance(value, dict):
            both = Part(value, self.where(key))
            return both.text("zh", LONGEST_TEXT, "")[:longest], both.text("en", LONGEST_TEXT, "")[:longest]
        text = self.text(key, LONGEST_TEXT, "")[:longest]
        return text, text

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        value = self.text(key, 100)
        if value not in allowed:
            listed = ", ".join(allowed)
            raise DataError(self.where(key), f"应为以下之一：{listed}", f"This must be one of: {listed}")
        return value

    def raw(self, key: str, longest: int) -> bytes:
        """Bytes as lower-case hex digits, `longest` of them at most."""
        value = self.text(key, 2 * longest)
        if not _HEX.fullmatch(value):
            raise DataError(self.where(key), "应为成对的十六进制数字", "This must be pairs of lower-case hex digits")
        return bytes.fromhex(value)

    def digest(self, key: str) -> str:
        if len(self.raw(key, 32)) != 32:
            raise DataError(self.where(key), "应为 64 位十六进制数字", "This must be 64 hex digits")
        return str(self.data[key])

    def identifier(self, key: str) -> uuid.UUID:
        value = self.text(key, 60)
        try:
            return uuid.UUID(value)
        except ValueError:
            raise DataError(self.where(key), "应为 UUID", "This must be a UUID") from None

    def flag(self, key: str) -> bool:
        value = self._required(key)
        if not isinstance(value, bool):
            raise DataError(self.where(key), "应为 true 或 false", "This must be true or false")
        return value

    def part(self, key: str) -> "Part":
        return Part(self._required(key), self.where(key))

    def parts(self, key: str, most: int) -> list["Part"]:
        """An array of objects; empty when absent."""
        value = self.data.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise DataError(self.where(key), "这里应是数组", "This must be an array")
        if len(value) > most:
            raise DataError(
                self.where(key), f"最多 {most} 项，这里有 {len(value)} 项", f"At most {most} entries, not {len(value)}"
            )
        return [Part(one, f"{self.where(key)}[{index}]") for index, one in enumerate(value)]

    def _required(self, key: str) -> object:
        if key not in self.data:
            raise DataError(self.where(key), "缺少这一项", "This is missing")
        return self.data[key]
