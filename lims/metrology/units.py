"""A small algebra of units: products and powers of named units, compared by dimension and scale.

A unit is a product of *atoms* with rational exponents. Atoms are the base units, any name this module does not know
(``imp``, ``div``), and the prime factors of the scale: kWh = 2^7·3^2·5^5 · kg m^2 s^-2. So a scale multiplies and
takes roots exactly like a dimension, ``V*A`` equals ``W``, and ``mL`` differs from ``L``. ``%`` is 1/100.
Temperatures are intervals: °C and K are the same unit here, because a difference is what formulas work with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final


class UnitError(ValueError):
    """A unit that cannot be read; one sentence in Chinese and one in English."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


@dataclass(frozen=True)
class Unit:
    """A unit as sorted (atom, exponent) pairs without zero exponents; equal units compare equal."""

    powers: tuple[tuple[str, Fraction], ...] = ()

    def __mul__(self, other: Unit) -> Unit:
        return _collect((*self.powers, *other.powers))

    def __truediv__(self, other: Unit) -> Unit:
        return self * other ** Fraction(-1)

    def __pow__(self, exponent: Fraction | int) -> Unit:
        return _collect((atom, power * exponent) for atom, power in self.powers)

    @property
    def dimension(self) -> Unit:
        """The same unit with its scale left out; two units of one dimension differ by a factor only."""
        return Unit(tuple((atom, power) for atom, power in self.powers if not atom[0].isdigit()))

    def __str__(self) -> str:
        return _NAME_OF.get(self) or _compose(self)


def _collect(pairs: Iterable[tuple[str, Fraction]]) -> Unit:
    total: dict[str, Fraction] = {}
    for atom, power in pairs:
        total[atom] = total.get(atom, Fraction(0)) + power
    return Unit(tuple(sorted((atom, power) for atom, power in total.items() if power)))


def factor(number: Fraction | int | str) -> Unit:
    """The dimensionless unit of this scale: ``factor("0.01")`` is the percent. Raises ValueError at or below zero."""
    value = Fraction(number)
    if value <= 0:
        raise ValueError("a scale is above zero")
    pairs: list[tuple[str, Fraction]] = []
    for part, sign in ((value.numerator, 1), (value.denominator, -1)):
        divisor = 2
        while part > 1:
            if divisor * divisor > part:
                divisor = part
            while part % divisor == 0:
                part //= divisor
                pairs.append((str(divisor), Fraction(sign)))
            divisor += 1
    return _collect(pairs)


ONE: Final = Unit()
PERCENT: Final = factor("0.01")

_BASE = ("m", "kg", "s", "A", "K", "mol", "cd")
_ATOM: dict[str, Unit] = {name: Unit(((name, Fraction(1)),)) for name in _BASE}
_KNOWN: dict[str, Unit] = dict(_ATOM)


def _define(name: str, scale: str | Fraction, **powers: int) -> None:
    unit = factor(scale)
    for base, power in powers.items():
        unit = unit * _KNOWN[base] ** power
    _KNOWN[name] = unit


_define("1", "1")
_define("rad", "1")
_define("%", "0.01")
_define("‰", "0.001")
_define("ppm", "0.000001")
_define("g", "0.001", kg=1)
_define("t", "1000", kg=1)
_define("L", "0.001", m=3)
_define("min", "60", s=1)
_define("h", "3600", s=1)
_define("d", "86400", s=1)
_define("Hz", "1", s=-1)
_define("N", "1", kg=1, m=1, s=-2)
_define("Pa", "1", N=1, m=-2)
_define("bar", "100000", Pa=1)
_define("J", "1", N=1, m=1)
_define("W", "1", J=1, s=-1)
_define("V", "1", W=1, A=-1)
_define("C", "1", A=1, s=1)
_define("ohm", "1", V=1, A=-1)
_define("S", "1", A=1, V=-1)
_define("F", "1", C=1, V=-1)
_define("H", "1", ohm=1, s=1)
_define("Wb", "1", V=1, s=1)
_define("T", "1", Wb=1, m=-2)
_define("Wh", "3600", J=1)
_define("VA", "1", V=1, A=1)
_define("var", "1", V=1, A=1)
_define("varh", "3600", J=1)
_define("degC", "1", K=1)
_define("mmHg", Fraction("133.322387415"), Pa=1)
_define("in", "0.0254", m=1)
_KNOWN["°"] = Unit((("°", Fraction(1)),))

_PREFIX = {
    "n": "1e-9",
    "µ": "1e-6",
    "u": "1e-6",
    "m": "1e-3",
    "c": "1e-2",
    "d": "1e-1",
    "h": "1e2",
    "k": "1e3",
    "M": "1e6",
    "G": "1e9",
}
_PREFIXED = (
    "m",
    "g",
    "s",
    "A",
    "K",
    "mol",
    "L",
    "Hz",
    "N",
    "Pa",
    "bar",
    "J",
    "W",
    "V",
    "C",
    "ohm",
    "S",
    "F",
    "H",
    "T",
    "Wh",
    "VA",
    "var",
    "varh",
)
_SPELLING = {"℃": "degC", "°C": "degC", "\u2126": "ohm", "\u03a9": "ohm", "μ": "µ", "l": "L", "分": "min"}


def _add_prefixed_units() -> None:
    for name in _PREFIXED:
        for letter, scale in _PREFIX.items():
            _KNOWN.setdefault(letter + name, factor(Fraction(scale)) * _KNOWN[name])


_add_prefixed_units()
_NAME_OF: dict[Unit, str] = {unit: name for name, unit in reversed(_KNOWN.items())}

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_TOKEN = re.compile(
    r"\s*(?:(?P<name>℃|°C|[^\W\d_]+|[%‰°])(?:(?:\^|\*\*)?(?P<power>-?\d{1,2}))?|(?P<one>1)|(?P<mark>[*·⋅/()]))\s*"
)
_LONGEST = 60


@lru_cache(maxsize=1024)
def parse_unit(text: str) -> Unit:
    """Read ``kW·h``, ``mL/mm``, ``m/s^2``, ``s⁻¹``, ``1/℃``, ``%``.

    A name this module does not know is a unit of its own. Every ``/`` divides by the next factor only. Raises UnitError with one sentence.
    """
    source = text.translate(_SUPERSCRIPTS).strip()
    for old, new in _SPELLING.items():
        if len(old) > 1 or not old.isascii():
            source = source.replace(old, new)
    tokens: list[tuple[str, str]] = []
    position = 0
    while position < len(source) <= _LONGEST:
        match = _TOKEN.match(source, position)
        if match is None:
            break
        position = match.end()
        if match["mark"]:
            tokens.append((match["mark"].replace("·", "*").replace("⋅", "*"), ""))
        else:
            tokens.append((match["name"] or "1", match["power"] or "1"))
    if not tokens or position < len(source):
        raise UnitError(f"看不懂单位“{text[:60]}”。", f"The unit “{text[:60]}” cannot be read.")
    unit, end = _product(tokens, 0, text)
    if end != len(tokens):
        raise UnitError(f"单位“{text}”的括号不配对。", f"The brackets of the unit “{text}” do not match.")
    return unit


def ratio(old: str, new: str) -> Fraction | None:
    """How many of the new unit one of the old is, exactly; None where they do not measure the same. Raises UnitError."""
    if old.strip() == new.strip():
        return Fraction(1)
    share, total = parse_unit(old) / parse_unit(new), Fraction(1)
    for atom, power in share.powers:
        if not atom[0].isdigit() or power.denominator != 1:
            return None
        total *= Fraction(int(atom)) ** int(power)
    return total


def _product(tokens: list[tuple[str, str]], start: int, text: str) -> tuple[Unit, int]:
    total, position, sign = ONE, start, 1
    expected = True
    while position < len(tokens) and tokens[position][0] != ")":
        name, power = tokens[position]
        position += 1
        if name in "*/":
            if expected:
                break
            sign, expected = (1 if name == "*" else -1), True
            continue
        if name == "(":
            unit, position = _product(tokens, position, text)
            if position >= len(tokens):
                break
            position += 1
        else:
            unit = _named(name) ** int(power)
        total = total * unit**sign
        sign, expected = 1, False
    if expected:
        raise UnitError(f"单位“{text}”不完整。", f"The unit “{text}” is incomplete.")
    return total, position


def _named(name: str) -> Unit:
    name = _SPELLING.get(name, name)
    return _KNOWN.get(name) or Unit(((name, Fraction(1)),))


def _compose(unit: Unit) -> str:
    """A readable product for a unit without a name: scale first, then base units, such as ``10^-3·m^2/s``."""
    scale = Fraction(1)
    over: list[str] = []
    under: list[str] = []
    for atom, power in unit.powers:
        if atom[0].isdigit() and power.denominator == 1:
            scale *= Fraction(int(atom)) ** int(power)
            continue
        size = abs(power)
        (over if power > 0 else under).append(atom if size == 1 else f"{atom}^{size}")
    head = [f"({scale})"] if scale != 1 else []
    return "·".join(head + over) + "".join(f"/{part}" for part in under) if head or over else "1/" + "/".join(under)


def display(unit: Unit, preferred: Mapping[Unit, str]) -> str:
    """The name to print: as the author wrote it elsewhere (`preferred`), a known name, or a product of base units."""
    return str(unit) if unit == ONE else preferred.get(unit) or str(unit)
