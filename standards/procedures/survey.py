"""What makes reading a pack pointless, found before it is read: bare numbers and dates, depth, size."""

from __future__ import annotations

from typing import Any, Final

from lims.core.strict import misfit
from lims.core.text import DataError

DEEPEST: Final = 12
MOST_NODES: Final = 60_000
LONGEST_TEXT: Final = 2_000


def survey(data: Any) -> list[DataError]:
    """Faults of the raw document, free-form parts such as the records of examples included."""
    errors: list[DataError] = []
    stack: list[tuple[str, Any, int]] = [("", data, 0)]
    nodes = 0
    while stack:
        path, value, depth = stack.pop()
        nodes += 1
        if nodes > MOST_NODES:
            return [
                DataError(
                    "", f"文件太大：超过 {MOST_NODES} 个值。", f"The file is too large: more than {MOST_NODES} values."
                )
            ]
        if depth > DEEPEST:
            return [DataError(path[:80], f"嵌套超过 {DEEPEST} 层。", f"Nested more than {DEEPEST} levels deep.")]
        if isinstance(value, dict):
            stack.extend((f"{path}.{key}" if path else str(key), one, depth + 1) for key, one in value.items())
        elif isinstance(value, list):
            stack.extend((f"{path}[{index}]", one, depth + 1) for index, one in enumerate(value))
        elif not isinstance(value, (str, bool)):
            errors.append(misfit(path, value, str))
        elif isinstance(value, str) and len(value) > LONGEST_TEXT:
            errors.append(
                DataError(path, f"文字超过 {LONGEST_TEXT} 个字符。", f"Longer than {LONGEST_TEXT} characters.")
            )
    return sorted(errors, key=lambda error: error.path)
