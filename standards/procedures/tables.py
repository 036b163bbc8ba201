"""Results as tables of text, for the certificate and for the printed record."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, Literal

from lims.core.text import Text
from lims.metrology.rounding import round_to_interval
from standards.procedures.claims import interval
from standards.procedures.corrections import Used
from standards.procedures.provenance import certificates_used, provenance
from standards.procedures.record import trimmed
from standards.procedures.results import CONCLUSIONS, Evaluation, ItemResult, LimitResult, RowResult, RunResult
from standards.procedures.rounded import short
from standards.procedures.schema import Item, Pack

_ROW = Text("序号", "No.")

Audience = Literal["certificate", "record"]
MOST_COLUMNS: Final = 8
"""What an A4 page holds beside one another in a size that is read without effort."""

_FACTOR_STEP: Final = Decimal("0.01")

Printed = str | dict[str, str]
"""The text of a cell; where the two languages say it differently, both."""


def result_tables(
    pack: Pack, data: Mapping[str, Any], evaluation: Evaluation, *, audience: Audience = "certificate"
) -> list[dict[str, Any]]:
    """One entry per item evaluated.

    `before` names the item that a table repeats from before an adjustment or repair; without readings it is left out.

    The certificate shows columns marked for both and one line per test point; the record shows every reading with one
    line per run, and gives the same once more as `parts`: tables narrow enough for a page. `data` is the record evaluated, kept in the signature because a printed record shows raw text.
    """
    return [
        _table(pack, pack.item(name), result, evaluation, audience)
        for name, result in evaluation.items.items()
        if not (pack.item(name).before and all(row.blank for row in result.rows))
    ]


def _table(pack: Pack, item: Item, result: ItemResult, evaluation: Evaluation, audience: Audience) -> dict[str, Any]:
    columns = _columns(pack, item, result, evaluation, audience)
    lines = _lines(columns, evaluation, item, result)
    before = {"before": item.before} if item.before else {}
    parts = {"parts": _parts(columns, evaluation, item, result)} if audience == "record" else {}
    verdict = CONCLUSIONS[result.conclusion] if _states_conformity(evaluation, audience) else Text("", "")
    return {
        "item": item.id,
        "title": item.title.as_json(),
        "conclusion": verdict.as_json(),
        "columns": _told(columns),
        "rows": lines,
        "summary": _summary(item, result, evaluation, audience),
        "checks": [
            {"title": check.title.as_json(), "result": CONCLUSIONS[check.result].as_json(), "remark": check.remark}
            for check in result.checks
        ],
        **before,
        **parts,
        **_corrections(pack, result, evaluation, audience),
    }


def _corrections(pack: Pack, result: ItemResult, evaluation: Evaluation, audience: Audience) -> dict[str, Any]:
    """Where the corrections come from: on the record value by value, on the certificate once for those it shows."""
    if not pack.corrections:
        return {}
    shown = {one.name for one in pack.corrections if one.show == "both"}
    lines = (
        provenance(evaluation).get(result.id, [])
        if audience == "record"
        else certificates_used([one for one in _used(result) if one.name in shown])
    )
    return {"corrections": [one.as_json() for one in lines]} if lines else {}


def _used(result: ItemResult) -> list[Used]:
    return [
        one for row in result.rows for one in (*row.corrections, *(one for run in row.runs for one in run.corrections))
    ]


def _states_conformity(evaluation: Evaluation, audience: Audience) -> bool:
    """A calibration certificate gives values with their uncertainty and leaves the judging to its reader."""
    return audience == "record" or evaluation.kind != "calibration"


def _told(columns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`probability`: the coverage probability of an uncertainty, where the procedure states one."""
    told = ("key", "label", "unit", "probability")
    return [{key: column[key] for key in told if key in column} for column in columns]


def _lines(
    columns: list[dict[str, Any]], evaluation: Evaluation, item: Item, result: ItemResult
) -> list[list[Printed]]:
    """One line per run where a column is of the run, otherwise one per row; blank rows and runs are left out."""
    lines: list[list[Printed]] = []
    by_run = any(column["scope"] == "run" for column in columns)
    for index, row in enumerate(result.rows):
        if row.blank:
            continue
        runs = range(len(row.runs)) if by_run and row.runs else range(1)
        shown = [at for at in runs if not (row.runs and row.runs[at].blank)]
        for place, at in enumerate(shown):
            lines.append([_text(column, evaluation, item, result, index, at, first=place == 0) for column in columns])
    return lines


def _parts(
    columns: list[dict[str, Any]], evaluation: Evaluation, item: Item, result: ItemResult
) -> list[dict[str, Any]]:
    """The columns divided: what is of each run, then what is of the point; each part begins with what names the point."""
    if not columns:
        return []
    divided = [columns]
    if len(columns) > MOST_COLUMNS:
        named = next((one for one in columns if one["kind"] in ("point", "value")), None)
        lead = named or {"key": "row", "label": _ROW.as_json(), "unit": "", "scope": "row", "kind": "row"}
        runs = [one for one in columns if one["scope"] == "run"]
        rest = [one for one in columns if one["scope"] == "row" and one is not named]
        number = [one for one in runs if one["kind"] == "run"]
        runs = [one for one in runs if one["kind"] != "run"]
        divided = [[lead, *number, *some] for some in _shares(runs, MOST_COLUMNS - 1 - len(number))]
        divided += [[lead, *some] for some in _shares(rest, MOST_COLUMNS - 1)]
    return [
        {
            "columns": _told(part),
            "rows": _lines(part, evaluation, item, result),
            "named": part[0]["kind"] in ("point", "value", "row"),
        }
        for part in divided
    ]


def _shares(columns: list[dict[str, Any]], most: int) -> list[list[dict[str, Any]]]:
    """The columns in as few groups as possible, of nearly equal size; limits stay beside what they limit."""
    groups = -(-len(columns) // most)
    shares: list[list[dict[str, Any]]] = []
    start = 0
    for left in range(groups, 0, -1):
        end = start + -(-(len(columns) - start) // left)
        while end < len(columns) and end - start > 1 and columns[end]["kind"] in ("limit", "U"):
            end -= 1
        if left == 1:
            end = len(columns)
        shares.append(columns[start:end])
        start = end
    return shares


def _unit(unit: str, evaluation: Evaluation) -> str:
    return evaluation.choices.get(unit[1:], "") if unit.startswith("@") else unit


def _columns(
    pack: Pack, item: Item, result: ItemResult, evaluation: Evaluation, audience: Audience
) -> list[dict[str, Any]]:
    wanted = ("both",) if audience == "certificate" else ("both", "record")
    shown: list[dict[str, Any]] = []

    def add(key: str, label: Text, unit: str, scope: str, kind: str) -> None:
        printed = _unit(unit, evaluation)
        shown.append(
            {
                "key": key,
                "label": label.as_json(),
                "unit": "" if printed == "1" else printed,
                "scope": scope,
                "kind": kind,
            }
        )

    rows_named = any(not row.blank for row in result.rows) and len(item.points) > 0
    if rows_named:
        add("point", Text("检定点", "Test point"), "", "row", "point")
    actual = {one.name for one in item.readings if one.scope == "row"}
    for value in item.values:
        if value.show in wanted:
            key = f"values.{value.name}" if value.name in actual else value.name
            add(key, value.label, value.unit, "row", "value")
    for scope in ("run", "row"):
        if scope == "run" and audience == "record" and item.readings_of("run"):
            add("run", Text("次数", "Run"), "", "run", "run")
        for reading in item.readings_of(scope):
            if reading.show in wanted and (scope == "run" or _read(item, result, reading.name)):
                add(reading.name, reading.label, reading.unit, scope, "reading")
        for correction in pack.corrections:
            if correction.show in wanted and _certified(result, correction.name, scope):
                add(correction.name, correction.label, correction.unit, scope, "correction")
                if audience == "certificate" and any(one.standard is not None for one in _used(result)):
                    label = correction.label
                    size, factor = Text(f"{label.zh} U", f"U of {label.en}"), Text(f"{label.zh} k", f"k of {label.en}")
                    add(f"U:{correction.name}", size, correction.unit, scope, "correction")
                    add(f"k:{correction.name}", factor, "", scope, "correction")
        for formula in item.formulas_of(scope):
            if formula.show in wanted:
                add(formula.name, formula.label, formula.unit, scope, "formula")
                judged = any(limit.column == formula.name for limit in item.limits)
                if judged and _states_conformity(evaluation, audience):
                    add(f"limit:{formula.name}", Text("允许范围", "Limits"), formula.unit, scope, "limit")
                if scope == "row" and _has_uncertainty(result, formula.name):
                    add(f"U:{formula.name}", Text("扩展不确定度 U", "Expanded uncertainty U"), formula.unit, scope, "U")
                    if probability := _probability(pack, item, formula.name):
                        shown[-1]["probability"] = probability
                    if audience == "certificate":
                        add(f"k:{formula.name}", Text("包含因子 k", "Coverage factor k"), "", scope, "k")
    return shown


def _certified(result: ItemResult, name: str, scope: str) -> bool:
    """Whether a certificate gave this correction in some row, or in some run."""
    parts: list[RowResult | RunResult] = (
        [*result.rows] if scope == "row" else [run for row in result.rows for run in row.runs]
    )
    return any(one.name == name and not one.by_default for part in parts for one in part.corrections)


def _has_uncertainty(result: ItemResult, column: str) -> bool:
    return any(one["column"] == column and one["complete"] for row in result.rows for one in row.uncertainty)


def _probability(pack: Pack, item: Item, column: str) -> str:
    return next(
        (one.probability for one in pack.uncertainty if (one.item, one.column) == (item.before or item.id, column)), ""
    )


def _read(item: Item, result: ItemResult, name: str) -> bool:
    """Optional row readings that nobody took need no column."""
    reading = item.reading(name)
    return reading is None or reading.required or any(name in row.names for row in result.rows)


def _text(
    column: dict[str, Any], evaluation: Evaluation, item: Item, result: ItemResult, index: int, run: int, *, first: bool
) -> Printed:
    row, kind, key = result.rows[index], column["kind"], column["key"]
    if column["scope"] == "row" and not first:
        return ""
    raw = evaluation.record.items[item.id][index]
    if kind == "point":
        title = next((point.title for point in item.points if point.id == row.point), Text(row.point, row.point))
        return title.zh if title.zh == title.en else title.as_json()
    if kind == "run":
        return str(run + 1)
    if kind == "row":
        return str(index + 1)
    if kind == "value":
        return row.values.get(key.removeprefix("values."), "")
    if kind == "reading":
        cells = raw.runs[run] if column["scope"] == "run" and run < len(raw.runs) else raw.readings
        return cells.get(key, "")
    if kind == "formula":
        columns = row.runs[run].columns if column["scope"] == "run" and row.runs else row.columns
        return columns[key].printed if key in columns else ""
    if kind == "correction":
        own = row.runs[run].corrections if column["scope"] == "run" else row.corrections
        return next((_of_correction(one, key) for one in own if one.name == key.rpartition(":")[2]), "")
    if kind in ("U", "k"):
        found = next((one for one in row.uncertainty if f"{kind}:{one['column']}" == key and one["complete"]), None)
        if found is None:
            return ""
        return str(found["reported"]) if kind == "U" else trimmed(round_to_interval(Decimal(found["k"]), _FACTOR_STEP))
    limits = row.runs[run].limits if column["scope"] == "run" else row.limits
    return next((limit_text(one) for one in limits if f"limit:{one.column}" == key), "")


def _of_correction(used: Used, key: str) -> str:
    number = {"U": used.expanded, "k": used.k}[key[0]] if ":" in key else used.value
    return "" if number is None else short(number)


def limit_text(limit: LimitResult) -> str:
    """Limits as printed beside a result, without the unit: `±2.0`, `≤ 0.10`, or 待定 for an open value."""
    if limit.lower is None and limit.upper is None:
        return "—"
    if limit.lower is not None and limit.upper is not None and limit.lower == -limit.upper:
        return f"±{short(limit.upper)}"
    return interval(
        "" if limit.lower is None else short(limit.lower), "" if limit.upper is None else short(limit.upper)
    )


def _summary(item: Item, result: ItemResult, evaluation: Evaluation, audience: Audience) -> list[dict[str, Any]]:
    wanted = ("both",) if audience == "certificate" else ("both", "record")
    lines: list[dict[str, Any]] = []
    for formula in item.formulas_of("item"):
        cell = result.columns.get(formula.name)
        if formula.show not in wanted or cell is None or cell.state != "ok":
            continue
        unit = "" if cell.unit == "1" else cell.unit
        lines.append({"label": formula.label.as_json(), "value": cell.printed, "unit": unit})
        for limit in result.limits if _states_conformity(evaluation, audience) else ():
            if limit.column == formula.name:
                label = Text(f"{limit.title.zh}允许范围", f"Limits of {limit.title.en}")
                lines.append({"label": label.as_json(), "value": limit_text(limit), "unit": unit})
    return lines
