r"""Units of D-SI (SmartCom D-SI, after the SI brochure) in our own names: `\milli\volt` is mV, `\metre\tothe{3}` is m³.

What stands in no table here has no name: it is shown as the file spells it and its values are not used.
"""

from __future__ import annotations

import re

_PREFIX = {
    "deca": "da", "hecto": "h", "kilo": "k", "mega": "M", "giga": "G", "tera": "T",
    "deci": "d", "centi": "c", "milli": "m", "micro": "µ", "nano": "n", "pico": "p", "femto": "f",
}  # fmt: skip
_NAME = {
    "metre": "m", "kilogram": "kg", "gram": "g", "tonne": "t", "second": "s", "minute": "min", "hour": "h", "day": "d",
    "ampere": "A", "kelvin": "K", "degreecelsius": "℃", "mole": "mol", "candela": "cd", "radian": "rad", "degree": "°",
    "hertz": "Hz", "newton": "N", "pascal": "Pa", "bar": "bar", "joule": "J", "watt": "W", "coulomb": "C", "volt": "V",
    "farad": "F", "ohm": "Ω", "siemens": "S", "weber": "Wb", "tesla": "T", "henry": "H", "litre": "L", "mmHg": "mmHg",
    "var": "var", "percent": "%", "ppm": "ppm", "one": "1",
}  # fmt: skip
_WITHOUT_PREFIX = {
    "kilogram", "tonne", "minute", "hour", "day", "degreecelsius", "degree", "mmHg", "percent", "ppm", "one",
}  # fmt: skip
_TOKEN = re.compile(r"\\(?P<word>[A-Za-z]+)(?:\{(?P<power>-?[0-9]{1,2})\})?")
_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_LONGEST = 120


def our_name(dsi: str) -> str | None:
    r"""Our name of a D-SI unit, or None when one of its parts is not known or it is not well-formed.

    There is one `\per` at most, and everything behind it divides.
    """
    text = dsi.strip()
    over, per, under = text.partition("\\per\\")
    if not text or len(text) > _LONGEST:
        return None
    numerator = _product(over)
    if not per:
        return numerator and _USUAL.get(numerator, numerator)
    denominator = _product("\\" + under)
    if numerator is None or denominator is None:
        return None
    numerator, denominator = _USUAL.get(numerator, numerator), _USUAL.get(denominator, denominator)
    return f"{numerator}/({denominator})" if "·" in denominator else f"{numerator}/{denominator}"


def _product(text: str) -> str | None:
    """Units one after the other, each with its prefix and power."""
    parts: list[str] = []
    position, prefix, may_be_raised = 0, "", False
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            return None
        position, word, power = match.end(), match["word"], match["power"]
        if word == "tothe":
            if power is None or not may_be_raised:
                return None
            parts[-1] += power.translate(_SUPERSCRIPT)
            may_be_raised = False
        elif power is not None:
            return None
        elif word in _PREFIX and not prefix:
            prefix = _PREFIX[word]
        elif word in _NAME and not (prefix and word in _WITHOUT_PREFIX):
            parts.append(prefix + _NAME[word])
            prefix, may_be_raised = "", True
        else:
            return None
    return "·".join(parts) if parts and not prefix else None


# As our own pages write them.
_USUAL = {"W·h": "Wh", "kW·h": "kWh", "MW·h": "MWh", "V·A": "VA", "var·h": "varh", "kvar·h": "kvarh"}
