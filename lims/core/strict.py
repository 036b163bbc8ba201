"""The strict reader of data files (TOML): every fault is one sentence with its path inside the file.

Nothing is raised while a document is read. Faults are collected, so that one check names them all, and a stand-in is
returned for each, so that reading can go on. Plain Python: usable without Django.
"""

import difflib
import re
import tomllib
from collections.abc import Iterable
from datetime import date, time
from typing import Any, Final, TypeVar

from lims.core.text import DataError, Text

IDENTIFIER: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}", re.ASCII)
NUMBER: Final = re.compile(r"[+-]?\d{1,20}(?:\.\d{1,20})?", re.ASCII)

_KINDS: Final[dict[type, tuple[str, str]]] = {
    dict: ("表", "a table"),
    list: ("数组", "an array"),
    str: ("带引号的文字", "a quoted string"),
    bool: (" true 或 false", "true or false"),
    int: ("整数", "an integer"),
}
_EMPTY: Final = ("不能为空。", "This must not be empty.")
_MOST_HINTS: Final = 20
"""Unknown fields of one table for which a near name is looked up, which is slow: a hostile file has thousands."""
_Value = TypeVar("_Value")


def parse(text: str, *, longest: int, name: str = "") -> dict[str, Any]:
    """The document as TOML gives it. Raises DataError, with `name` (the file's) in place of a path."""
    if len(text) > longest:
        raise DataError(name, f"文件超过 {longest} 个字符。", f"The file is longer than {longest} characters.")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(name, f"不是有效的 TOML：{error}。", f"Not valid TOML: {error}.") from None
    except (RecursionError, ValueError):  # ValueError: an integer of more digits than Python reads
        raise DataError(
            name, "TOML 嵌套太深或数字太长。", "The TOML is nested too deeply or has an over-long number."
        ) from None


def misfit(path: str, value: object, kind: type) -> DataError:
    """What to say of a value that is not of this type."""
    if kind is str and isinstance(value, (int, float)) and not isinstance(value, bool):
        return DataError(path, '数字要写在引号里，如 "0.01"。', 'Numbers are written in quotes, such as "0.01".')
    if kind is str and isinstance(value, (date, time)):
        return DataError(
            path, '日期要写在引号里，如 "2024-05-01"。', 'Dates are written in quotes, such as "2024-05-01".'
        )
    zh, en = _KINDS[kind]
    return DataError(path, f"这里应是{zh}。", f"This must be {en}.")


class Table:
    """One table of the document: ask for each field, then `close` to report those nobody asked for.

    A field is required unless its reader is given a default.
    """

    def __init__(self, data: dict[str, Any], path: str, errors: list[DataError]) -> None:
        self.data, self.path, self.errors = data, path, errors
        self._asked: dict[str, None] = {}

    def where(self, key: str) -> str:
        return ".".join(part for part in (self.path, key) if part)

    def fault(self, key: str, zh: str, en: str) -> None:
        """Note a fault of this field; of the table itself when `key` is empty."""
        self.errors.append(DataError(self.where(key), zh, en))

    def has(self, key: str) -> bool:
        self._asked[key] = None
        return key in self.data

    def text(self, key: str, default: str | None = None) -> str:
        """A string; not blank if required."""
        value = self._field(key, str, default is None)
        if value is None:
            return default or ""
        if default is None and not value.strip():
            self.fault(key, *_EMPTY)
        return value

    def matching(self, key: str, pattern: re.Pattern[str], zh: str, en: str, default: str | None = None) -> str:
        """A string of this form, or "". `zh` and `en` go on after the value: “…” is not …"""
        value = self.text(key, default)
        if value and not pattern.fullmatch(value):
            self.fault(key, f"“{value[:40]}”{zh}", f"“{value[:40]}” {en}")
            return ""
        return value

    def identifier(self, key: str) -> str:
        return self.matching(
            key,
            IDENTIFIER,
            "不是名称：以字母开头，只用字母、数字和下划线，最多 40 个字符。",
            "is not a name: a letter first, then letters, digits and underscores, at most 40.",
        )

    def number(self, key: str, default: str | None = None, *, also: str = "") -> str:
        """A decimal number in quotes, or the word `also`."""
        if also and self.data.get(key) == also:
            return self.text(key)
        return self.matching(key, NUMBER, "不是十进制数。", "is not a decimal number.", default)

    def choice(self, key: str, allowed: Iterable[str], default: str | None = None) -> str:
        options = tuple(allowed)
        fallback = options[0] if default is None else default
        value = self._field(key, str, default is None)
        if value is None or value in options:
            return fallback if value is None else value
        self.fault(
            key,
            f"“{value[:40]}”不在允许的值之中：{'、'.join(options)}。",
            f"“{value[:40]}” is not one of: {', '.join(options)}.",
        )
        return fallback

    def flag(self, key: str, default: bool | None = None) -> bool:
        value = self._field(key, bool, default is None)
        return bool(default) if value is None else value

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number without quotes, for settings that count."""
        value = self._field(key, int, default is None)
        if value is None:
            return low if default is None else default
        if not low <= value <= high:
            self.fault(key, f"应在 {low} 到 {high} 之间。", f"This must be between {low} and {high}.")
            return low
        return value

    def pair(self, key: str, high: int) -> tuple[int, int]:
        """Two whole numbers from 0 to `high`, the lower first; (0, 0) when wrong."""
        values = self._field(key, list, True)
        if values is None:
            return 0, 0
        if len(values) == 2 and all(type(one) is int for one in values) and 0 <= values[0] <= values[1] <= high:
            return values[0], values[1]
        self.fault(
            key,
            f"应为 0 到 {high} 之间的两个整数，小的在前。",
            f"This must be two whole numbers from 0 to {high}, the lower first.",
        )
        return 0, 0

    def strings(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """An array of strings, not empty if required; a single string counts as an array of one."""
        if isinstance(self.data.get(key), str):
            return (self.text(key),)
        entries = [self._checked(place, one, str) for place, one in self._entries(key, required)]
        return tuple(one for one in entries if one is not None)

    def pairs(self, key: str) -> dict[str, str]:
        """A table of strings under names of the writer's choice; empty when absent."""
        table = self.table(key, required=False)
        entries = {name: table._field(name, str, False) for name in table.data}
        return {name: one for name, one in entries.items() if one is not None}

    def words(self, key: str) -> Text:
        """A bilingual text: { zh = "…", en = "…" }."""
        return self.table(key).as_words()

    def optional_words(self, key: str) -> Text | None:
        return self.words(key) if self.has(key) else None

    def as_words(self) -> Text:
        """This table itself as a bilingual text."""
        text = Text(self.text("zh"), self.text("en"))
        self.close()
        return text

    def table(self, key: str, *, required: bool = True) -> "Table":
        return self._inner(key, self._field(key, dict, required))

    def tables(self, key: str, *, required: bool = False, most: int = 200) -> list["Table"]:
        """An array of tables, not empty if required."""
        entries = self._entries(key, required)
        if len(entries) > most:
            self.fault(
                key, f"最多 {most} 项，这里有 {len(entries)} 项。", f"At most {most} entries, there are {len(entries)}."
            )
        return [self._inner(place, self._checked(place, one, dict)) for place, one in entries[:most]]

    def close(self) -> None:
        """Report every field that nobody asked for, with the nearest name that was."""
        unknown = [key for key in self.data if key not in self._asked]
        for index, key in enumerate(unknown):
            near = difflib.get_close_matches(key, self._asked, 1) if index < _MOST_HINTS else []
            zh, en = (f"；是否想写“{near[0]}”？", f"; did you mean “{near[0]}”?") if near else ("。", ".")
            self.fault(key[:60], f"未知字段{zh}", f"Unknown field{en}")

    def _field(self, key: str, kind: type[_Value], required: bool) -> _Value | None:
        """The field if it is there and of this type, else None."""
        if self.has(key):
            return self._checked(key, self.data[key], kind)
        if required:
            self.fault(key, "缺少这个字段。", "This field is missing.")
        return None

    def _checked(self, key: str, value: object, kind: type[_Value]) -> _Value | None:
        if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
            return value
        self.errors.append(misfit(self.where(key), value, kind))
        return None

    def _entries(self, key: str, required: bool) -> list[tuple[str, object]]:
        """The entries of an array, each with its place."""
        values = self._field(key, list, required)
        if required and values == []:
            self.fault(key, *_EMPTY)
        return [(f"{key}[{index}]", value) for index, value in enumerate(values or [])]

    def _inner(self, key: str, data: dict[str, Any] | None) -> "Table":
        """The table there. In place of none stands one whose faults are nobody's: what is wrong has been said."""
        return Table(data or {}, self.where(key), [] if data is None else self.errors)
