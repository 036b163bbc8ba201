"""An empty record for a kind of verification and an instrument, and the description of every field in it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from standards.procedures.context import Context, make_context, try_evaluate
from standards.procedures.evaluation import items_of
from standards.procedures.points import laid, laid_points
from standards.procedures.record import plain, read_record
from standards.procedures.schema import Correction, Item, Pack, Reading


def template(pack: Pack, kind: str, parameters: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Record data with every row and run laid out and empty. Raises RecordErrors for an unknown kind."""
    context = _context(pack, kind, parameters or {})
    items = items_of(pack, kind, parameters or {})
    return {
        "schema": "record/1",
        "kind": kind,
        "parameters": {one.name: context.choices.get(one.name, "") for one in pack.parameters},
        "constants": {one.name: one.default for one in pack.constants},
        **({"corrections": {}} if pack.corrections else {}),
        "environment": {one.name: ["", ""] for one in pack.environment},
        "judged": {
            item.id: {
                check.id: {"result": "", "remark": ""} for check in item.checks if check.when.holds(context.choices)
            }
            for item in items
            if item.type == "judged"
        },
        "items": {item.id: {"rows": _rows(context, item)} for item in items if item.type == "measured"},
        "adjustment": {"kind": "", "text": "", "text_en": ""},
    }


def _context(pack: Pack, kind: str, parameters: Mapping[str, str]) -> Context:
    record = read_record({"schema": "record/1", "kind": kind, "parameters": dict(parameters)})
    return make_context(pack, record)


def _rows(context: Context, item: Item) -> list[dict[str, Any]]:
    runs = item.readings_of("run")
    return [
        {
            "point": point.id,
            "values": dict(point.values),
            "readings": {reading.name: "" for reading in item.readings_of("row")},
            "runs": [{reading.name: "" for reading in runs} for _ in range(laid(item.repeats) if runs else 0)],
        }
        for point in laid_points(context, item)
    ]


def describe(pack: Pack, kind: str, parameters: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What every field of the template means: label, unit, resolution, options. For people and for entry forms."""
    context = _context(pack, kind, parameters or {})
    return {
        "parameters": {
            one.name: {
                "label": one.label.as_json(),
                "unit": context.unit(one.unit),
                "options": [{"value": option.value, "label": option.label.as_json()} for option in one.options],
            }
            for one in pack.parameters
        },
        "constants": {
            one.name: {"label": one.label.as_json(), "unit": one.unit, "role": one.role} for one in pack.constants
        },
        **(
            {"corrections": {one.name: _correction(context, one) for one in pack.corrections}}
            if pack.corrections
            else {}
        ),
        "environment": {
            one.name: {"label": one.label.as_json(), "unit": one.unit, "lower": one.lower, "upper": one.upper}
            for one in pack.environment
        },
        "items": {item.id: _describe(context, item) for item in items_of(pack, kind, parameters or {})},
    }


def _correction(context: Context, one: Correction) -> dict[str, Any]:
    return {
        "label": one.label.as_json(),
        "unit": context.unit(one.unit),
        "role": one.role,
        "certified": one.certified,
        "at": one.at,
        "at_unit": context.unit(one.at_unit),
        "interpolation": one.interpolation,
        "default": one.default,
    }


def _describe(context: Context, item: Item) -> dict[str, Any]:
    head: dict[str, Any] = {"title": item.title.as_json(), "type": item.type}
    if item.type == "judged":
        return {**head, "checks": {check.id: check.title.as_json() for check in item.checks}}
    return {
        **head,
        "points": {point.id: point.title.as_json() for point in laid_points(context, item)},
        "values": {one.name: {"label": one.label.as_json(), "unit": context.unit(one.unit)} for one in item.values},
        "readings": {one.name: _reading(context, item, one) for one in item.readings},
    }


def _reading(context: Context, item: Item, reading: Reading) -> dict[str, Any]:
    found: dict[str, Any] = {
        "label": reading.label.as_json(),
        "unit": context.unit(reading.unit),
        "resolution": resolution(context, item, reading),
        "scope": reading.scope,
        "source": reading.source,
        "required": reading.required,
    }
    if reading.source == "rig":
        found |= {"quantity": reading.quantity, "role": reading.role}
    return found


def resolution(context: Context, item: Item, reading: Reading) -> str:
    """The resolution as a number, empty where it is not known (yet)."""
    compiled = context.program.items[item.id].resolutions.get(reading.name)
    if compiled is None:
        return ""
    step = try_evaluate(compiled, dict(context.numbers), context.absent)[0]
    return plain(step) if isinstance(step, Decimal) else ""
