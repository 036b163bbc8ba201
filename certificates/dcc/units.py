"""Units as D-SI writes them (SmartCom D-SI, after the SI brochure and its table 8), and the few that D-SI does not know.

A unit that stands in neither table is refused: a machine acts on what it reads, so nothing is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass

from lims.core.text import Text

from .errors import DccError


@dataclass(frozen=True)
class Foreign:
    """A unit outside the SI: its code, and what the code means. Values in it are written as text with this declaration."""

    code: str
    definition: str


_CURRENCY = "Renminbi yuan, currency code CNY of ISO 4217"
_FOREIGN = {
    "元": Foreign("CNY", _CURRENCY),
    "元/kWh": Foreign("CNY/(kW h)", f"{_CURRENCY}, per kilowatt hour"),
    "元/L": Foreign("CNY/L", f"{_CURRENCY}, per litre"),
}
# Impulses are counted; a count has the unit one.
_SI = {
    "": r"\one", "1": r"\one", "%": r"\percent", "%RH": r"\percent", "imp": r"\one",
    "m": r"\metre", "cm": r"\centi\metre", "mm": r"\milli\metre", "μm": r"\micro\metre", "µm": r"\micro\metre",
    "kg": r"\kilogram", "g": r"\gram", "mg": r"\milli\gram", "t": r"\tonne",
    "s": r"\second", "ms": r"\milli\second", "min": r"\minute", "h": r"\hour", "d": r"\day", "Hz": r"\hertz",
    "A": r"\ampere", "mA": r"\milli\ampere", "V": r"\volt", "mV": r"\milli\volt", "kV": r"\kilo\volt",
    "W": r"\watt", "kW": r"\kilo\watt", "Wh": r"\watt\hour", "kWh": r"\kilo\watt\hour", "J": r"\joule",
    "Ω": r"\ohm", "kΩ": r"\kilo\ohm", "MΩ": r"\mega\ohm",
    "Pa": r"\pascal", "hPa": r"\hecto\pascal", "kPa": r"\kilo\pascal", "MPa": r"\mega\pascal",
    "K": r"\kelvin", "℃": r"\degreecelsius", "°C": r"\degreecelsius",
    "1/℃": r"\one\per\degreecelsius", "1/°C": r"\one\per\degreecelsius", "℃⁻¹": r"\one\per\degreecelsius",
    "L": r"\litre", "mL": r"\milli\litre", "m³": r"\metre\tothe{3}",
    "L/min": r"\litre\per\minute", "L/h": r"\litre\per\hour", "m³/h": r"\metre\tothe{3}\per\hour",
    "mL/mm": r"\milli\litre\per\milli\metre", "kg/m³": r"\kilogram\per\metre\tothe{3}", "g/cm³": r"\gram\per\centi\metre\tothe{3}",
    "imp/kWh": r"\one\per\kilo\watt\hour",
}  # fmt: skip


def unit(text: str, path: str) -> str | Foreign:
    """The D-SI spelling of a printed unit, or the declaration of one outside the SI. Raises DccError for any other."""
    found = _SI.get(text) or _FOREIGN.get(text)
    if found is None:
        raise DccError(
            path,
            Text(
                f"单位“{text}”没有登记 D-SI 写法，无法写入数字校准证书。",
                f"No D-SI spelling is known for the unit “{text}”.",
            ),
            Text(
                "请在规程数据中改用 SI 单位，或登记该单位。", "Use an SI unit in the procedure, or register this one."
            ),
        )
    return found
