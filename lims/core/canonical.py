"""Canonical JSON: the one spelling of a document that digests are taken over.

For ASCII keys and the types admitted here the output equals RFC 8785 (JCS). Binary floats are refused: they have no
place in evidence. Plain Python: the stand-alone verifier carries this module.
"""

import hashlib
import json
from decimal import Decimal
from typing import Any


def plain(value: Any) -> Any:
    """The value with every Decimal as its string. Raises TypeError for floats and foreign types, ValueError for non-ASCII keys."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str) or not key.isascii():
                raise ValueError(f"canonical JSON takes ASCII keys only, not {key!r}")
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    raise TypeError(f"canonical JSON cannot hold {type(value).__name__}: {value!r}")


def dumps(value: Any) -> str:
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256(value: Any) -> str:
    """Hex SHA-256 of the canonical UTF-8 text."""
    return hashlib.sha256(dumps(value).encode()).hexdigest()
