"""Constants and corrections of a record from what the devices' certificates say: parts of `record/1`.

The same functions serve who makes a record and who checks one, so the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lims.metrology.units import UnitError, ratio
from standards.procedures.exact import scaled
from standards.procedures.schema import Correction, Pack


def constants_of(pack: Pack, devices: Iterable[Mapping[str, Any]], parameters: Mapping[str, str]) -> dict[str, str]:
    """Every constant (V0, h0, d …) that the first device of its role is certified for, in the unit of the pack.

    A name certified at several points or by an equation is no constant and is left out, as is a value in a unit that does not
    convert exactly. `parameters` of the instrument choose the unit where the pack leaves that to them.
    """
    held = list(devices)
    found: dict[str, str] = {}
    for constant in pack.constants:
        rows: list[Mapping[str, str]] = next((one["values"] for one in held if one["role"] == constant.role), [])
        matching = [one for one in rows if one["name"] == constant.name]
        if len(matching) == 1 and matching[0]["value"]:
            moved = _moved(matching[0]["value"], matching[0]["unit"], _unit(pack, constant.unit, parameters))
            if moved:
                found[constant.name] = moved
    return found


def _unit(pack: Pack, unit: str, parameters: Mapping[str, str]) -> str:
    if not unit.startswith("@"):
        return unit
    chooser = pack.parameter(unit[1:])
    return parameters.get(unit[1:], "") or (chooser.default if chooser else "")


def _moved(text: str, old: str, new: str) -> str:
    """The digits as certified where the units are the same or one is not stated; otherwise moved exactly, or empty."""
    if not old or not new or old == new:
        return text
    try:
        share = ratio(old, new)
    except UnitError:
        return ""
    return text if share == 1 else scaled(text, share)


def corrections_of(pack: Pack, devices: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Every correction of the pack as the first device of its role gives it; without a device in the role it is left out.

    devices: facts of the devices in their roles (`role`, `asset_number`, `certificate_number`, `certificate_sha256`, `values`)
    as of the day of measurement. A device that is not certified for it gives an entry of empty form: then it can be said
    which certificate lacks the value. Further devices that are certified too are named under `others`.
    """
    held = list(devices)
    found: dict[str, dict[str, Any]] = {}
    for correction in pack.corrections:
        candidates = [one for one in held if one["role"] == correction.role]
        able = [one for one in candidates if any(row["name"] == correction.certified for row in one["values"])]
        if candidates:
            found[correction.name] = _entry(correction, (able or candidates)[0])
        if others := list(dict.fromkeys(one["asset_number"] for one in able[1:])):
            found[correction.name]["others"] = others
    return found


def _entry(correction: Correction, device: Mapping[str, Any]) -> dict[str, Any]:
    rows = [one for one in device["values"] if one["name"] == correction.certified]
    entry: dict[str, Any] = {
        "device": device["asset_number"],
        "certificate": device["certificate_number"],
        "certificate_sha256": device["certificate_sha256"],
        "form": "",
        "unit": "",
        "at_unit": "",
        "rows": [],
        "equation": "",
        "variable": "x",
        "lower": "",
        "upper": "",
    }
    form = _form(rows)
    if not form:
        return entry
    first = rows[0]
    if form == "table" and first.get("interpolation"):
        entry["interpolation"] = first["interpolation"]
    return entry | {
        "form": form,
        "unit": first["unit"],
        "at_unit": first["at_unit"],
        "rows": [_row(one) for one in rows],
        "equation": first.get("equation", ""),
        "variable": first.get("variable") or "x",
        "lower": first["range_lower"],
        "upper": first["range_upper"],
    }


def _form(rows: Sequence[Mapping[str, str]]) -> str:
    """Empty where nothing is certified, or where rows of one name do not make one table."""
    if len(rows) == 1 and rows[0].get("equation"):
        return "equation"
    if len(rows) == 1 and not rows[0]["at"]:
        return "single"
    uniform = len({(one["unit"], one["at_unit"], one.get("interpolation", "")) for one in rows}) == 1
    return "table" if uniform and all(one["at"] and not one.get("equation") for one in rows) else ""


def _row(value: Mapping[str, str]) -> dict[str, str]:
    """U in the unit of the value; left empty where it is stated in a unit that does not convert exactly."""
    expanded = _moved(value["U"], value["U_unit"], value["unit"]) if value["U"] else ""
    return {"at": value["at"], "value": value["value"], "U": expanded, "k": value["k"]}
