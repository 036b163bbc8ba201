"""Places in the record data, written as paths: `items.working_error.rows[0].runs[1].E_pile_end`, `environment.humidity[0]`."""

import re
from collections.abc import Iterator
from typing import Any

_STEP = re.compile(r"([A-Za-z_]\w*)|\[(\d+)\]")
PATH = re.compile(r"[a-z]+(?:\.[A-Za-z_]\w*|\[\d{1,3}\])+")


def leaves(data: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every text of nested dicts and lists with its path, in the order of the document."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from leaves(value, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from leaves(value, f"{prefix}[{index}]")
    else:
        yield prefix, data


def put(data: Any, path: str, value: str) -> bool:
    """Writes the text at an existing place; False when the document has no such place."""
    steps = parts(path)
    try:
        for step in steps[:-1]:
            data = data[step]
        if not isinstance(data[steps[-1]], str):
            return False
        data[steps[-1]] = value
    except (KeyError, IndexError, TypeError):
        return False
    return True


def parts(path: str) -> list[str | int]:
    """The steps of a path: `environment.humidity[0]` gives `["environment", "humidity", 0]`."""
    return [name or int(index) for name, index in _STEP.findall(path)]
