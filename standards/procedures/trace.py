"""Which formula and which inputs made a digit: one level at a time, so that a page can walk down to the readings."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from lims.core.text import Text
from standards.procedures.compiler import program
from standards.procedures.program import CompiledFormula
from standards.procedures.record import plain
from standards.procedures.results import Cell, Evaluation, Values
from standards.procedures.schema import Item, Pack


def trace(
    pack: Pack, evaluation: Evaluation, item: str, row: int | None, run: int | None, column: str
) -> dict[str, Any]:
    """The formula of one cell with every name in it, its value and where that came from.

    `row` and `run` are None for columns of a wider scope. Raises KeyError for a cell that does not exist.
    """
    definition = pack.item(item)
    formula = definition.formula(column)
    if formula is None:
        raise KeyError(column)
    result = evaluation.items[item]
    names: Values
    if formula.scope == "item":
        cell, names, where = result.columns[column], result.names, f"items.{item}"
    elif formula.scope == "row":
        at = _index(row)
        cell, names, where = result.rows[at].columns[column], result.rows[at].names, f"items.{item}.rows[{at}]"
    else:
        at, place = _index(row), _index(run)
        one = result.rows[at].runs[place]
        cell, names, where = one.columns[column], one.names, f"items.{item}.rows[{at}].runs[{place}]"
    compiled = _compiled(pack, definition, column)
    inputs = [
        _input(pack, evaluation, definition, name, names.get(name), where) for name in sorted(compiled.expression.names)
    ]
    return {
        "item": item,
        "path": f"{where}.{column}",
        "column": column,
        "label": formula.label.as_json(),
        "unit": cell.unit,
        **_cell(cell),
        "formula": {
            "text": formula.expression,
            "latex": compiled.expression.latex(),
            "round": _round(compiled, names),
            "compare": [limit.compare.value for limit in definition.limits if limit.column == column],
        },
        "inputs": inputs,
    }


def _index(value: int | None) -> int:
    if value is None:
        raise KeyError("row or run")
    return value


def _cell(cell: Cell) -> dict[str, str]:
    return {"value": "" if cell.value is None else plain(cell.value), "printed": cell.printed}


def _compiled(pack: Pack, item: Item, column: str) -> CompiledFormula:
    own = program(pack).items[item.id]
    steps = (*own.run, *own.row, *own.item)
    return next(one for one in steps if isinstance(one, CompiledFormula) and one.formula.name == column)


def _round(compiled: CompiledFormula, names: Values) -> str:
    """The rounding interval that was used, empty without one."""
    if compiled.interval is None or any(name not in names for name in compiled.interval.names):
        return ""
    interval = compiled.interval(names)
    return plain(interval) if isinstance(interval, Decimal) else ""


def _input(
    pack: Pack, evaluation: Evaluation, item: Item, name: str, value: Decimal | tuple[Decimal, ...] | None, where: str
) -> dict[str, Any]:
    """One name of a formula: what it is, its value, the paths of the cells it was taken from."""
    row = where.partition(".runs[")[0]
    whole = f"items.{item.id}"
    count = len(value) if isinstance(value, tuple) else 0
    entry: dict[str, Any] = {
        "name": name,
        "value": plain(value) if isinstance(value, Decimal) else "",
        "values": [plain(one) for one in value] if isinstance(value, tuple) else [],
        "formula": "",
    }
    reading, formula = item.reading(name), item.formula(name)
    if reading is not None:
        if reading.scope == "run":
            places = [at for at, run in enumerate(_runs(evaluation, item, row)) if not run] if count else []
            paths = [f"{row}.runs[{at}].{name}" for at in places] if count else [f"{where}.{name}"]
        else:
            paths = _rows(evaluation, item, f"readings.{name}") if count else [f"{row}.readings.{name}"]
        return {
            **entry,
            "kind": "reading",
            "source": reading.source,
            **_said(reading.label, reading.unit, evaluation),
            "paths": paths,
        }
    if formula is not None:
        if formula.scope == "run":
            places = [at for at, blank in enumerate(_runs(evaluation, item, row)) if not blank]
            paths = [f"{row}.runs[{at}].{name}" for at in places] if count else [f"{where}.{name}"]
        elif formula.scope == "row":
            paths = _rows(evaluation, item, name) if count else [f"{row}.{name}"]
        else:
            paths = [f"{whole}.{name}"]
        return {
            **entry,
            "kind": "formula",
            **_said(formula.label, formula.unit, evaluation),
            "paths": paths,
            "formula": formula.expression,
        }
    for correction in pack.corrections:
        if correction.name == name:
            said = _said(correction.label, correction.unit, evaluation)
            return {**entry, "kind": "correction", **said, "paths": [f"corrections.{name}"] * max(1, count)}
    for point_value in item.values:
        if point_value.name == name:
            paths = _rows(evaluation, item, f"values.{name}") if count else [f"{row}.values.{name}"]
            return {**entry, "kind": "point", **_said(point_value.label, point_value.unit, evaluation), "paths": paths}
    return {**entry, **_general(pack, evaluation, item, name)}


def _general(pack: Pack, evaluation: Evaluation, item: Item, name: str) -> dict[str, Any]:
    """A name that holds for the whole record, or one imported from another item."""
    for kind, group in (("parameter", pack.parameters), ("constant", pack.constants), ("lookup", pack.lookups)):
        for one in group:
            if one.name == name:
                return {"kind": kind, **_said(one.label, one.unit, evaluation), "paths": [f"{kind}s.{name}"]}
    for use in item.uses:
        other, _, wanted = use.partition(".")
        formula = pack.item(other).formula(wanted)
        if wanted == name and formula is not None:
            said = _said(formula.label, formula.unit, evaluation)
            return {"kind": "import", **said, "paths": [f"items.{other}.{name}"], "formula": formula.expression}
    unit = next((one.unit for one in pack.conversions if one.name == name), "1")
    return {"kind": "conversion", **_said(Text(name, name), unit, evaluation), "paths": [f"conversions.{name}"]}


def _said(label: Text, unit: str, evaluation: Evaluation) -> dict[str, Any]:
    shown = evaluation.choices.get(unit[1:], "") if unit.startswith("@") else unit
    return {"label": label.as_json(), "unit": shown}


def _runs(evaluation: Evaluation, item: Item, row: str) -> list[bool]:
    """Whether each run of the row at this path is blank."""
    if "[" not in row:
        return []
    at = int(row.rpartition("[")[2].rstrip("]"))
    return [run.blank for run in evaluation.items[item.id].rows[at].runs]


def _rows(evaluation: Evaluation, item: Item, name: str) -> list[str]:
    rows = evaluation.items[item.id].rows
    return [f"items.{item.id}.rows[{at}].{name}" for at, row in enumerate(rows) if not row.blank]
