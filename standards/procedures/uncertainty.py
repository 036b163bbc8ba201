"""The uncertainty of a row's result by the budget of `lims.metrology`; a component without a value stays visible.

A result is given only when every component has a value: a sum that leaves one out would look too good.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from lims.core.text import Text
from lims.metrology.budget import BudgetError, evaluate, load_budget
from lims.metrology.expression.arithmetic import CONTEXT
from lims.metrology.rounding import round_to_interval
from standards.procedures.context import Context, try_evaluate
from standards.procedures.corrections import Used
from standards.procedures.program import MEASURAND
from standards.procedures.record import plain
from standards.procedures.results import Cell, State, Values
from standards.procedures.schema import Item, UncertaintyInput, UncertaintyModel


def row_uncertainty(
    context: Context,
    item: Item,
    columns: Mapping[str, Cell],
    names: Values,
    absent: dict[str, State],
    corrections: Mapping[str, tuple[Used, ...]],
) -> tuple[dict[str, Any], ...]:
    """One entry per uncertainty model of the item whose column has a value in this row. `corrections`: those of the row."""
    return tuple(
        _entry(context, model, names, absent, corrections)
        for model in context.pack.uncertainty
        if model.item == (item.before or item.id) and columns[model.column].value is not None
    )


def _entry(
    context: Context,
    model: UncertaintyModel,
    names: Values,
    absent: dict[str, State],
    corrections: Mapping[str, tuple[Used, ...]],
) -> dict[str, Any]:
    lines: list[str] = [f'k = "{model.k}"'] if model.k else []
    if model.probability:
        lines.append(f'probability = "{model.probability}"')
    lines += [f'rounding = "{model.mode}"', "[outputs]", f"{MEASURAND} = {json.dumps(model.expression)}"]
    unknown: list[dict[str, Any]] = []
    for part in model.inputs:
        used = corrections.get(part.certificate, ())
        if used and not any(one.by_default for one in used):
            written, what = _certified(part, used), _silent(part, used)
        else:
            written, what = _input(context, model, part, names, absent), part.label
        if written is None:
            path = f"uncertainty.{model.item}.{model.column}.{part.name}"
            unknown.append({"path": path, "what": what.as_json()})
        else:
            lines += written
    entry: dict[str, Any] = {
        "column": model.column,
        "unit": context.unit(model.unit),
        "complete": not unknown,
        "unknown": unknown,
    }
    return entry if unknown else {**entry, **_result(model, "\n".join(lines))}


def _certified(part: UncertaintyInput, used: tuple[Used, ...]) -> list[str] | None:
    """The lines of an input whose uncertainty a certificate states: where each run has its own, the largest counts."""
    known = [(one.standard, one) for one in used if one.standard is not None]
    if len(known) < len(used):
        return None
    size, widest = max(known, key=lambda pair: pair[0])
    value = CONTEXT.divide(sum((one.value for one in used), Decimal(0)), len(used))
    lines = ["[[input]]", f'name = "{part.name}"', f'value = "{_digits(value)}"']
    if size.is_zero() or widest.expanded is None or widest.k is None:
        return [*lines, 'u = "0"']
    lines += [f'U = "{_digits(widest.expanded)}"', f'k = "{_digits(widest.k)}"']
    return [*lines, f'dof = "{part.dof}"'] if part.dof else lines


def _silent(part: UncertaintyInput, used: tuple[Used, ...]) -> Text:
    """What is unknown when a certificate gives a value without U or k."""
    one = next((one for one in used if one.standard is None), used[0]).certified
    return Text(
        f"{part.label.zh}：设备 {one.device} 的证书 {one.certificate} 没有给出 U 或 k",
        f"{part.label.en}: certificate {one.certificate} of device {one.device} states no U or k",
    )


def _input(
    context: Context, model: UncertaintyModel, part: UncertaintyInput, names: Values, absent: dict[str, State]
) -> list[str] | None:
    """The lines of one `[[input]]`; None when its value is not known (yet)."""
    lines = ["[[input]]", f'name = "{part.name}"']
    if part.readings:
        series = names.get(part.readings)
        if not isinstance(series, tuple) or len(series) < 2:
            return None
        return [*lines, f"readings = {json.dumps([_digits(one) for one in series])}"]
    compiled = context.program.uncertainty[(model.item, model.column)]
    if part.certificate and not (part.u or part.expanded or part.half_width):
        return None
    for key, text in (
        ("value", part.value or "0"),
        ("u", part.u),
        ("U", part.expanded),
        ("half_width", part.half_width),
    ):
        if not text:
            continue
        expression = compiled.get(f"{part.name}.{key}")
        if expression is None and text == "0":
            number: Decimal | bool | None = Decimal(0)
        else:
            number = None if expression is None else try_evaluate(expression, names, absent)[0]
        if not isinstance(number, Decimal):
            return None
        if key != "value" and number.is_zero():
            return [*lines, 'u = "0"']
        lines.append(f'{key} = "{_digits(number if key == "value" else abs(number))}"')
    if part.expanded:
        lines.append(f'k = "{part.k}"')
    if part.half_width:
        lines.append(f'distribution = "{part.distribution}"')
    if part.dof:
        lines.append(f'dof = "{part.dof}"')
    return lines


_FINEST: Final = Decimal("1e-30")


def _digits(number: Decimal) -> str:
    """At most thirty decimals, which is far more than any component is worth, so that every reader takes them."""
    return plain(round_to_interval(number, _FINEST)) if len(plain(number)) > 50 else plain(number)


@lru_cache(maxsize=512)
def _solve(text: str) -> Mapping[str, Any]:
    """The measurand of a budget file. A sheet is evaluated at every keystroke, most of its rows unchanged."""
    outputs = evaluate(load_budget(text)).as_json()["outputs"]
    assert isinstance(outputs, dict)
    found: Mapping[str, Any] = outputs[MEASURAND]
    return found


def _result(model: UncertaintyModel, text: str) -> dict[str, Any]:
    try:
        result = _solve(text)
    except BudgetError as failure:
        return {"complete": False, "unknown": [{"path": failure.path, "what": {"zh": failure.zh, "en": failure.en}}]}
    titles = {part.name: part.label.as_json() for part in model.inputs}
    components = [
        {"name": line["input"], "label": titles[line["input"]], "u": line["contribution"], "dof": line["dof"]}
        for line in result["contributions"]
    ]
    return {
        "u": result["u"],
        "dof": result["dof"],
        "k": result["k"],
        "U": result["U"],
        "reported": result["reported_U"],
        "components": components,
    }
