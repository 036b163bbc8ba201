"""Numbers as instruments put them into bytes, turned into Decimal without passing through rounding of our own.

Word orders are named by the order in which the bytes of the big-endian number arrive: ABCD plain, CDAB words swapped,
BADC bytes swapped inside words, DCBA both (the naming of libmodbus; 123456.0 = 47 F1 20 00 in ABCD).
"""

import math
import struct
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache

WIDTHS = {
    "u16": 2,
    "i16": 2,
    "u32": 4,
    "i32": 4,
    "u64": 8,
    "i64": 8,
    "f32": 4,
    "f64": 8,
    "bcd16": 2,
    "bcd32": 4,
    "bcd64": 8,
}
"""Bytes taken by each number type that registers carry."""

ORDERS: dict[int, tuple[str, ...]] = {
    2: ("AB", "BA"),
    4: ("ABCD", "CDAB", "BADC", "DCBA"),
    8: ("ABCDEFGH", "GHEFCDAB", "BADCFEHG", "HGFEDCBA"),
}
"""Admitted word orders by width in bytes; the first is the plain one."""

EXACT = Context(prec=60)

SMALLEST_NORMAL_F32 = 2.0**-126

_ONE = Decimal(1)
_F32 = struct.Struct(">f")


class NotANumber(ValueError):
    """The bytes stand for no number: NaN, an infinity, or a BCD nibble above nine."""


def reorder(data: bytes, order: str) -> bytes:
    """The bytes in plain big-endian order. Its own inverse for every order of ORDERS."""
    if order not in ORDERS.get(len(data), ()):
        raise ValueError(f"{order} is no order of {len(data)} bytes")
    if order == ORDERS[len(data)][0]:
        return data
    return bytes(data[ord(letter) - ord("A")] for letter in order)


def decode(kind: str, data: bytes, order: str) -> Decimal:
    """One number from the bytes of its registers. Raises NotANumber; ValueError when there are too few or too many bytes."""
    if len(data) != WIDTHS[kind]:
        raise ValueError(f"{kind} takes {WIDTHS[kind]} bytes, not {len(data)}")
    return decoder(kind, order)(data)


@lru_cache(maxsize=1024)
def decoder(kind: str, order: str, begin: int = 0) -> Callable[[bytes], Decimal]:
    """What `decode` does for one type and word order, put together once, for a number that begins at that byte.

    Raises ValueError for an order of another width; what it returns, when the bytes end before the number.
    """
    width = WIDTHS[kind]
    if order not in ORDERS[width]:
        raise ValueError(f"{order} is no order of {width} bytes")
    end = begin + width
    number = _plain(kind)
    picks = [begin + ord(letter) - ord("A") for letter in order]

    def in_order(data: bytes) -> Decimal:
        plain = data[begin:end]
        if len(plain) != width:
            raise ValueError(f"{kind} takes {width} bytes, not {len(plain)}")
        return number(plain)

    def reordered(data: bytes) -> Decimal:
        if len(data) < end:
            raise ValueError(f"{kind} takes {width} bytes, not {len(data) - begin}")
        return number(bytes([data[index] for index in picks]))

    return in_order if order == ORDERS[width][0] else reordered


def _plain(kind: str) -> Callable[[bytes], Decimal]:
    """From bytes in plain order to the number."""
    if kind == "f32":
        return float32
    if kind == "f64":
        return float64
    if kind.startswith("bcd"):
        return lambda plain: Decimal(bcd(plain))
    signed = kind.startswith("i")
    return lambda plain: Decimal(int.from_bytes(plain, "big", signed=signed))


def encode(kind: str, value: Decimal, order: str) -> bytes:
    """The inverse of `decode`, for simulators and tests. Raises ValueError when the value does not fit."""
    width = WIDTHS[kind]
    if kind not in ("f32", "f64") and value != value.to_integral_value():
        raise ValueError(f"{value} does not fit into {kind}")
    if kind in ("f32", "f64"):
        plain = struct.pack(">f" if kind == "f32" else ">d", float(value))
    elif kind.startswith("bcd"):
        plain = bytes.fromhex(f"{int(value):0{2 * width}d}")
        if len(plain) != width:
            raise ValueError(f"{value} does not fit into {kind}")
    else:
        try:
            plain = int(value).to_bytes(width, "big", signed=kind.startswith("i"))
        except OverflowError as error:
            raise ValueError(f"{value} does not fit into {kind}") from error
    return reorder(plain, order)


def float32(data: bytes) -> Decimal:
    """The shortest decimal that names this IEEE 754 binary32 number (big-endian), as a person would write it.

    230.1 arrives as 230.10000610351562. A decimal of at most six digits survives the way through a normal binary32, so
    rounding to six finds it if there is one (its zeros at the end fall away); else seven to nine are tried. The few
    numbers below the normal range are tried from one digit upwards.
    """
    (number,) = _F32.unpack(data)
    if not math.isfinite(number):
        raise NotANumber("NaN" if math.isnan(number) else "infinity")
    if abs(number) >= SMALLEST_NORMAL_F32:
        text, longer = f"{number:.6g}", range(7, 10)
    else:
        text, longer = f"{number:.1g}", range(2, 10)
    for digits in longer:
        if _names(text, data):
            break
        text = f"{number:.{digits}g}"
    value = Decimal(text)
    return value or value.copy_abs()


def _names(text: str, data: bytes) -> bool:
    """Whether the decimal, brought to binary32, is this number."""
    try:
        return _F32.pack(float(text)) == data
    except OverflowError:  # rounding up the largest finite number leaves the range
        return False


def float64(data: bytes) -> Decimal:
    """The shortest decimal that names this IEEE 754 binary64 number (big-endian)."""
    number: float = struct.unpack(">d", data)[0]
    if not math.isfinite(number):
        raise NotANumber("NaN" if math.isnan(number) else "infinity")
    value = Decimal(repr(number))
    return value or value.copy_abs()


def bcd(plain: bytes) -> int:
    """Packed decimal digits, most significant first. Raises NotANumber for a nibble above nine."""
    digits = plain.hex()
    if not digits.isdecimal():
        raise NotANumber(f"BCD digits {digits.upper()}")
    return int(digits)


def at_resolution(value: Decimal, resolution: Decimal) -> Decimal:
    """The nearest multiple of the declared resolution, ties to the even multiple, with the resolution's decimals.

    Raises decimal.InvalidOperation when that has more digits than EXACT holds.
    """
    return rounder(resolution)(value)


def rounder(resolution: Decimal) -> Callable[[Decimal], Decimal]:
    """What `at_resolution` does for one resolution, put together once."""
    if resolution.as_tuple().digits == (1,):  # a power of ten: the same in one step

        def quantized(value: Decimal) -> Decimal:
            value = value.quantize(resolution, ROUND_HALF_EVEN, EXACT)
            return value or value.copy_abs()

        return quantized

    def rounded(value: Decimal) -> Decimal:
        steps = EXACT.divide(value, resolution).quantize(_ONE, ROUND_HALF_EVEN, EXACT)
        value = EXACT.multiply(steps, resolution)
        return value or value.copy_abs()

    return rounded
