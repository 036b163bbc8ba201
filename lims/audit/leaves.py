"""The bytes of an event as a leaf of the log: canonical JSON of its public part and the salted digest of the rest.

Plain functions over plain values, so that the stand-alone verifier can carry them.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lims.core import canonical

FORMAT = 1
OWN = frozenset({"at", "data", "event", "v"})
"""The fields every leaf has; public fields of an event stand beside them."""
_AT, _DATA, _EVENT = (
    rb'"at":"([0-9]{4}-[0-9T:.-]{10,30}\+00:00)"',
    rb'"data":"([0-9a-f]{64})"',
    rb'"event":"([a-z][a-z_.]*)"',
)
_PLAIN = re.compile(rb"\{" + _AT + b"," + _DATA + b"," + _EVENT + rb',"v":1\}')
_NUMBERED = re.compile(
    rb"\{" + _AT + rb',"cert":"([A-Za-z0-9.-]+)",' + _DATA + b"," + _EVENT + rb'(?:,"pdf":"([0-9a-f]{64})")?,"v":1\}'
)


def private_digest(salt: str, content: dict[str, Any]) -> str:
    """Hex SHA-256 over the 16 salt bytes and the canonical JSON: reveals nothing, yet fixes every field."""
    return hashlib.sha256(bytes.fromhex(salt) + canonical.dumps(content).encode()).hexdigest()


def leaf(*, at: str, verb: str, salt: str, content: dict[str, Any], public: Mapping[str, str] | None = None) -> bytes:
    """The leaf of an event: time (RFC 3339, UTC), verb, salted digest of the content, and what of it is public.

    For certificates the public fields are `cert` (number), `pdf` (hex SHA-256 of the sealed file) and `by` (successor).
    """
    own = {"at": at, "data": private_digest(salt, content), "event": verb, "v": FORMAT}
    return canonical.dumps({**(public or {}), **own}).encode()


def time_of_plain(entry: bytes) -> datetime | None:
    """The time of a leaf without public fields, as nearly all are; None for any other, which `read` then judges.

    What the pattern admits is canonical JSON with exactly the fields every leaf has, so nothing is judged less strictly here,
    only sooner: a large log is read several times faster.
    """
    found = _PLAIN.fullmatch(entry)
    try:
        return datetime.fromisoformat(found[1].decode()) if found else None
    except ValueError:
        return None


def read(entry: bytes) -> dict[str, Any]:
    """The fields of a leaf. Raises ValueError unless it is canonical JSON with the fields every leaf has."""
    if found := _NUMBERED.fullmatch(entry):  # canonical by its pattern, and common
        at, cert, data, event, pdf = (one.decode() if one else None for one in found.groups())
        return {"at": at, "cert": cert, "data": data, "event": event, **({"pdf": pdf} if pdf else {}), "v": FORMAT}
    try:
        fields = json.loads(entry)
        fits = isinstance(fields, dict) and canonical.dumps(fields).encode() == entry
    except (UnicodeDecodeError, TypeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    if not fits or not fields.keys() >= OWN:
        raise ValueError("a leaf is canonical JSON with " + ", ".join(sorted(OWN)))
    if fields["v"] != FORMAT:
        raise ValueError(f"a leaf of format {fields['v']!r}, newer than this program")
    return dict(fields)
