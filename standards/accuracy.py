"""Reading accuracy as it is printed (0.05级, 二等, MPE: ±0.2 ℃, U=0.025 % k=2), to tell whether it is good enough.

Plain Python. What is not understood stays unjudged; nothing is guessed.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

_NUMBER = r"(\d+(?:\.\d+)?)"
_CLASS = (re.compile(_NUMBER + r"\s*级"), re.compile(r"class\s*" + _NUMBER, re.IGNORECASE))
_ORDER = re.compile("([一二三四五])等")
_LIMIT = re.compile(r"(?:MPE|最大允许误差)\s*(?:为|[:：=])?\s*±\s*" + _NUMBER + r"\s*([^\s,，;；。()（）]*)")
_BARE_LIMIT = re.compile(r"^\s*±\s*" + _NUMBER + r"\s*([^\s,，;；。()（）]*)\s*$")
_EXPANDED = re.compile(r"(?:U(?:rel|95)?|不确定度)\s*[:：=为]?\s*" + _NUMBER + r"\s*([^\s,，;；。()（）]*)")


@dataclass(frozen=True)
class Accuracy:
    """`kind`: class (级), order (等), limit (maximum permissible error) or expanded (U). Smaller is better for all."""

    kind: Literal["class", "order", "limit", "expanded"]
    value: Decimal
    unit: str = ""


def parse(text: str) -> Accuracy | None:
    """The accuracy a text states; None when it states none that is understood."""
    for pattern in _CLASS:
        if found := pattern.search(text):
            return Accuracy("class", Decimal(found[1]))
    if found := _ORDER.search(text):
        return Accuracy("order", Decimal("一二三四五".index(found[1]) + 1))
    if found := _LIMIT.search(text) or _BARE_LIMIT.search(text):
        return Accuracy("limit", Decimal(found[1]), found[2])
    if found := _EXPANDED.search(text):
        return Accuracy("expanded", Decimal(found[1]), found[2])
    return None


def sufficient(available: Accuracy | None, required: Accuracy | None) -> bool | None:
    """Whether the available accuracy is at least as good; None when the two cannot be compared."""
    if available is None or required is None:
        return None
    if (available.kind, available.unit) != (required.kind, required.unit):
        return None
    return available.value <= required.value
