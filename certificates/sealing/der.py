"""Writing DER (ITU-T X.690), as much of it as CMS and time stamps need. Parsing is asn1crypto's work."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


def tlv(tag: int, *content: bytes) -> bytes:
    """Tag, length, value."""
    value = b"".join(content)
    size = len(value)
    if size < 0x80:
        return bytes((tag, size)) + value
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + value


def sequence(*content: bytes) -> bytes:
    return tlv(0x30, *content)


def set_of(*content: bytes) -> bytes:
    """DER orders the elements of a SET OF by their encoding."""
    return tlv(0x31, *sorted(content))


def octets(value: bytes) -> bytes:
    return tlv(0x04, value)


def integer(value: int) -> bytes:
    """A non-negative INTEGER."""
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def boolean(value: bool) -> bytes:
    return tlv(0x01, b"\xff" if value else b"\x00")


def generalized_time(at: datetime) -> bytes:
    return tlv(0x18, at.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode("ascii"))


@lru_cache(maxsize=64)
def oid(dotted: str) -> bytes:
    first, second, *rest = (int(part) for part in dotted.split("."))
    out = bytearray([first * 40 + second])
    for arc in rest:
        group = [arc & 0x7F]
        while arc := arc >> 7:
            group.append(arc & 0x7F | 0x80)
        out += bytes(reversed(group))
    return tlv(0x06, bytes(out))


NULL = b"\x05\x00"
