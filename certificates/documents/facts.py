"""Reading certificate facts: their shape, every string in them, and what the fonts cannot show.

The facts are the frozen JSON of one certificate (`certificate-facts/1`). Nothing here changes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from lims.core.text import Text

from .errors import FactsError, MissingGlyph, MissingGlyphs
from .fonts import SANS, clean, place
from .wording import ADJUSTED, WORDING

SCHEMA = "certificate-facts/1"
Facts = Mapping[str, Any]

# The number of an earlier certificate, or null; certificates issued before these fields existed lack them.
PREDECESSORS = ("replaces", "supplements")
_TEXT = {"zh": str, "en": str}
_PERSON = {"name": str, "id": str}
# A text that both languages share, or one in each.
_CELL = (str, _TEXT)
_RESULTS = [{"title": _TEXT, "conclusion": _TEXT, "columns": list, "rows": [[_CELL]], "summary": list, "checks": list}]
# What was done to the instrument in between, and what it showed before.
_ADJUSTMENT = {"kind": str, "text": _TEXT, "results": _RESULTS}
_SHAPE: dict[str, Any] = {
    "number": str,
    "check_value": str,
    "verify_url": str,
    "record_number": str,
    "demonstration": bool,
    "institute": {
        "name": _TEXT,
        "authorisation_number": str,
        "address": _TEXT,
        "postcode": str,
        "phone": str,
        "email": str,
    },
    "client": {"name": str, "address": str},
    "instrument": {
        "name": _TEXT,
        "model": str,
        "serial": str,
        "manufacturer": str,
        "accuracy_class": str,
        "range": str,
        "part": str,
    },
    "procedure": {"label": str, "title": _TEXT, "sha256": str},
    "conclusion": {"outcome": str, "text": _TEXT, "failed_items": [_TEXT]},
    "dates": {"received": str, "verified": str, "issued": str, "valid_until": str},
    "people": {"technician": _PERSON, "checker": _PERSON, "approver": {**_PERSON, "title": _TEXT}},
    "standards": [{"name": _TEXT, "range": str, "accuracy": str, "certificate_number": str, "valid_until": str}],
    "devices": [
        {
            "name": _TEXT,
            "model": str,
            "serial": str,
            "range": str,
            "accuracy": str,
            "certificate_number": str,
            "issuer": str,
            "valid_until": str,
        }
    ],
    "place": str,
    "environment": [{"name": _TEXT, "value": str, "unit": str}],
    "results": _RESULTS,
    "exceptions": [{"text": _TEXT, "approved_by": str, "reason": str}],
    "unconfirmed": [{"what": _TEXT, "value": str, "source": str}],
    "notes": [_TEXT],
}


def check(facts: Facts) -> None:
    """Raise FactsError at the first place that is not shaped as certificate facts, MissingGlyphs for what cannot be printed."""
    if not isinstance(facts, Mapping) or facts.get("schema") != SCHEMA:
        raise FactsError("schema", Text(f"应为 {SCHEMA}", f"must be {SCHEMA}"))
    if facts.get("kind") not in WORDING:
        raise FactsError("kind", Text("不认识的证书种类", "not a kind of certificate"))
    _match(facts, _SHAPE, "")
    for name in PREDECESSORS:
        if facts.get(name) is not None:
            _match(facts[name], str, name)
    if facts.get("adjustment") is not None:
        _match(facts["adjustment"], _ADJUSTMENT, "adjustment")
        if facts["adjustment"]["kind"] not in ADJUSTED:
            raise FactsError("adjustment.kind", Text("应为 adjustment 或 repair", "must be adjustment or repair"))
    issue_day(facts)
    if facts["kind"] in ("rejection", "calibration") and facts["dates"]["valid_until"]:
        raise FactsError(
            "dates.valid_until",
            Text(
                "检定结果通知书和校准证书不得给出有效期",
                "neither a rejection notice nor a calibration certificate carries a valid-until",
            ),
        )
    missing = missing_glyphs(facts)
    if missing:
        raise MissingGlyphs(missing)


def _match(value: Any, shape: Any, path: str) -> None:
    if isinstance(shape, dict):
        if not isinstance(value, Mapping):
            raise FactsError(path, Text("应为对象", "must be an object"))
        for key, inner in shape.items():
            where = f"{path}.{key}" if path else key
            if key not in value:
                raise FactsError(where, Text("缺少此项", "is missing"))
            _match(value[key], inner, where)
    elif isinstance(shape, list):
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise FactsError(path, Text("应为列表", "must be a list"))
        for index, one in enumerate(value):
            _match(one, shape[0], f"{path}[{index}]")
    elif isinstance(shape, tuple):
        plain, otherwise = shape
        if not isinstance(value, plain):
            _match(value, otherwise, path)
    elif not isinstance(value, shape):
        names = {str: ("字符串", "a string"), bool: ("是或否", "true or false"), list: ("列表", "a list")}
        zh, en = names[shape]
        raise FactsError(path, Text(f"应为{zh}", f"must be {en}"))


def issue_day(facts: Facts) -> date:
    """The day of issue, which also dates the file."""
    try:
        return date.fromisoformat(facts["dates"]["issued"])
    except ValueError:
        raise FactsError("dates.issued", Text("应为日期，如 2026-11-21", "must be a date such as 2026-11-21")) from None


def strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every string with the path of its field."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from strings(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, Sequence):
        for index, inner in enumerate(value):
            yield from strings(inner, f"{path}[{index}]")


def missing_glyphs(facts: Any, path: str = "") -> tuple[MissingGlyph, ...]:
    """Characters that no certificate font has, each with its field; empty when everything can be printed.

    Also for parts of facts: ask before a number is taken, so that a name is corrected while it still can be.
    """
    found: dict[tuple[str, str], MissingGlyph] = {}
    known: set[str] = set()
    for where, text in strings(facts, path):
        for char in clean(text):
            if char in known or char == "\n":
                continue
            if place(char, SANS) is None:
                found.setdefault((char, where), MissingGlyph(char, where))
            else:
                known.add(char)
    return tuple(found.values())


def both(value: Any) -> Text:
    """A Text of the facts; a plain string has no English of its own."""
    if isinstance(value, Mapping):
        return Text(str(value.get("zh", "")), str(value.get("en", "")))
    return Text(str(value or ""), "")


def has_uncertainty(result: Mapping[str, Any]) -> bool:
    """Whether a table of results gives an expanded uncertainty."""
    return any(str(column.get("key", "")).startswith("U:") for column in result["columns"])


def chinese_day(text: str) -> str:
    """`2026-11-20` as 2026年11月20日; anything else unchanged."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{day.year}年{day.month:02d}月{day.day:02d}日"
