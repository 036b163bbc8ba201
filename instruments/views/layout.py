"""The record sheet as plain dicts, in the shapes that templates/components/sheet/ draws."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from instruments.models import Entry
from instruments.selectors.record import Sheet
from instruments.services.entries import is_corrected
from lims.core.text import Text
from standards.procedures import describe, provenance
from standards.procedures.claims import interval
from standards.procedures.schema import UNKNOWN, Formula, Item, Reading, Sourced

Cell = dict[str, Any]
OPEN_VALUE = Text("待填", "to be filled in")
# More columns than this do not fit a screen: then what is of the row as a whole gets a table of its own.
FITTING = 10


@dataclass(frozen=True)
class Channels:
    """Which channel of the rigs at hand measures a quantity in a role; nothing where several could."""

    found: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def of(self, reading: Reading) -> str:
        return self.found.get((reading.quantity, reading.role), "")


class Layout:
    """Draws one sheet. `editable` decides whether its inputs can be written in."""

    def __init__(
        self, sheet: Sheet, *, editable: bool, channels: Channels | None = None, confirmed: frozenset[str] = frozenset()
    ) -> None:
        self.sheet, self.editable, self.channels = sheet, editable, channels or Channels()
        self.meaning = describe(sheet.pack, sheet.record.task.kind, sheet.data["parameters"])
        self.result = sheet.evaluation.as_json()
        self.told = provenance(sheet.evaluation)
        self.claims: dict[str, Sourced] = {one.path: one for one in sheet.pack.claims()}
        self.confirmed = confirmed

    def parts(self) -> list[dict[str, Any]]:
        """The items in the order of the pack: {"checks": …} for what is judged by eye, {"item": …} for what is measured."""
        found = []
        for item_id in self.result["items"]:
            item = self.sheet.pack.item(item_id)
            found.append(self._judged(item) if item.type == "judged" else {"item": self._measured(item)})
        return found

    def environment(self) -> list[dict[str, Any]]:
        return [
            {
                "label": limit.label,
                "unit": limit.unit,
                "limits": OPEN_VALUE
                if UNKNOWN in (limit.lower, limit.upper)
                else interval(limit.lower, limit.upper)
                if limit.lower or limit.upper
                else "",
                "start": self._input(
                    f"environment.{limit.name}[0]", _join(limit.label, Text("开始", "start")), limit.unit
                ),
                "end": self._input(f"environment.{limit.name}[1]", _join(limit.label, Text("结束", "end")), limit.unit),
            }
            for limit in self.sheet.pack.environment
        ]

    def parameters(self) -> dict[str, Any] | None:
        """The parameters that the ledger left open, for the technician to fill in; None when it left none."""
        rows = []
        for one in self.sheet.pack.parameters:
            if self.sheet.record.parameters.get(one.name):
                continue
            cell = self._input(
                f"parameters.{one.name}", one.label, one.unit if one.unit != "1" else "", options=one.options
            )
            cell["value"] = cell["value"] or self.sheet.data["parameters"].get(one.name, "") or one.default
            rows.append({"lines": [{"cells": [{"kind": "text", "head": True, "text": one.label}, cell]}]})
        if not rows:
            return None
        columns = [{"label": Text("参数", "Parameter")}, {"label": Text("值", "Value")}]
        note = Text("台账中没有的参数；填写后刷新页面", "Not in the ledger; reload the page after filling them in")
        return {
            "id": "parameters",
            "title": Text("器具参数", "Parameters"),
            "note": note,
            "enter": "next",
            "columns": columns,
            "rows": rows,
        }

    def adjustment(self) -> dict[str, Any]:
        """What was done to the instrument before the readings that count; left empty when nothing was."""
        kinds = [
            {"value": "adjustment", "label": Text("调整", "Adjustment")},
            {"value": "repair", "label": Text("修理", "Repair")},
        ]
        cells = [
            self._input("adjustment.kind", Text("调整或修理", "Adjustment or repair"), "", options=kinds),
            self._input("adjustment.text", Text("内容", "What was done"), "", text=True),
            self._input("adjustment.text_en", Text("内容（英文）", "What was done (English)"), "", text=True),
        ]
        return {
            "id": "adjustment",
            "title": Text("调整与修理", "Adjustment and repair"),
            "note": Text("未作时留空", "Leave empty when there was none"),
            "enter": "next",
            "columns": [{"label": cell["column"]} for cell in cells],
            "rows": [{"lines": [{"cells": cells}]}],
        }

    def _judged(self, item: Item) -> dict[str, Any]:
        checks = []
        for result in self.result["items"][item.id]["checks"]:
            check = next(one for one in item.checks if one.id == result["id"])
            path = f"judged.{item.id}.{check.id}"
            checks.append(
                {
                    "path": path,
                    "title": check.title,
                    "result": self._value(f"{path}.result"),
                    "remark": self._value(f"{path}.remark"),
                    "not_applicable": True,
                    "unconfirmed": not check.claim.confirmed
                    and f"items.{item.id}.checks.{check.id}" not in self.confirmed,
                    "disabled": not self.editable,
                }
            )
        return {"id": item.id, "title": item.title, "checks": checks}

    def _measured(self, item: Item) -> dict[str, Any]:
        result = self.result["items"][item.id]
        runs = max((len(row["runs"]) for row in self.sheet.data["items"][item.id]["rows"]), default=0)
        limited = [limit.column for limit in item.limits]
        run_limits = [one for one in item.formulas_of("run") if one.name in limited]
        row_limits = [one for one in item.formulas_of("row") if one.name in limited]
        point: dict[str, Any] = {"label": Text("检定点", "Point")}
        columns = [point, *(self._head(one.label, self._unit(item, "values", one.name)) for one in item.values)]
        if runs > 1:
            columns.append({"label": Text("次数", "Run")})
        columns += self._heads(item, "run", run_limits)
        of_row = self._heads(item, "row", row_limits)
        apart = bool(item.readings_of("run")) and len(columns) + len(of_row) > FITTING
        rows, rest = [], []
        for index, row in enumerate(self.sheet.data["items"][item.id]["rows"]):
            before, middles, after = self._cells(
                item, index, row, result["rows"][index], run_limits, row_limits, numbered=runs > 1
            )
            if apart:
                rest.append({"lines": [{"cells": [before[0], *after]}]})
                after = []
            span = {"rowspan": len(middles)}
            first = [*(cell | span for cell in before), *middles[0], *(cell | span for cell in after)]
            rows.append({"lines": [{"cells": first}, *({"cells": cells} for cells in middles[1:])]})
        return {
            "id": item.id,
            "title": item.title,
            "conclusion": result["conclusion"],
            "note": item.note,
            # Several readings belong to one act at the instrument: then the next cell is beside, not below.
            "enter": "next" if len(item.readings_of("run")) > 1 else "down",
            "columns": columns if apart else [*columns, *of_row],
            "rows": rows,
            "rest": {"columns": [point, *of_row], "rows": rest} if apart else None,
            "summary": self._summary(item, result),
            # None where the item uses no certificate's values; what a certificate does not give is told there too.
            "corrections": self.told.get(item.id, []) if self.sheet.pack.corrections else None,
            "plot": self._plot(item, [*row_limits, *run_limits]),
        }

    def _heads(self, item: Item, scope: Literal["run", "row"], bounded: list[Formula]) -> list[dict[str, Any]]:
        return [
            *(self._head(one.label, self._unit(item, "readings", one.name)) for one in item.readings_of(scope)),
            *(self._head(one.label, self._shown_unit(one)) for one in item.formulas_of(scope)),
            *(self._head(_join_limit(one.label), self._shown_unit(one)) for one in bounded),
        ]

    def _cells(
        self,
        item: Item,
        index: int,
        row: dict[str, Any],
        result: dict[str, Any],
        run_limits: list[Formula],
        row_limits: list[Formula],
        *,
        numbered: bool,
    ) -> tuple[list[Cell], list[list[Cell]], list[Cell]]:
        """One row: what stands before its runs, the cells of each run, and what is of the row as a whole."""
        base = f"items.{item.id}.rows[{index}]"
        titles = self.meaning["items"][item.id]["points"]
        title = titles.get(row["point"]) or {"zh": str(index + 1), "en": str(index + 1)}
        before: list[Cell] = [{"kind": "text", "head": True, "text": title}]
        for value in item.values:
            spoken = _join(Text(title["zh"], title["en"]), value.label)
            cell = self._input(
                f"{base}.values.{value.name}", spoken, self._unit(item, "values", value.name), column=value.label
            )
            cell["value"] = cell["value"] or row["values"].get(value.name, "")
            before.append(cell)
        after = [self._reading(item, one, f"{base}.readings", title, 0) for one in item.readings_of("row")]
        after += [self._computed(one, base, result) for one in item.formulas_of("row")]
        after += [self._limit(one, base, result) for one in row_limits]
        middles = []
        for number in range(max(len(row["runs"]), 1)):
            middle: list[Cell] = (
                [{"kind": "text", "text": str(number + 1), "column": Text("次数", "Run")}] if numbered else []
            )
            if row["runs"]:
                run_base, run_result = f"{base}.runs[{number}]", result["runs"][number]
                middle += [self._reading(item, one, run_base, title, number + 1) for one in item.readings_of("run")]
                middle += [self._computed(one, run_base, run_result) for one in item.formulas_of("run")]
                middle += [
                    self._limit(one, run_base, run_result | {"limits": run_result.get("limits") or result["limits"]})
                    for one in run_limits
                ]
            middles.append(middle)
        return before, middles, after

    def _reading(self, item: Item, reading: Reading, base: str, title: Mapping[str, str], run: int) -> Cell:
        spoken = (
            [Text(title["zh"], title["en"])] + ([Text(f"第{run}次", f"run {run}")] if run else []) + [reading.label]
        )
        meaning = self.meaning["items"][item.id]["readings"][reading.name]
        return self._input(
            f"{base}.{reading.name}",
            _join(*spoken),
            meaning["unit"],
            column=reading.label,
            resolution=meaning["resolution"],
            source=reading.source,
            quantity=reading.quantity,
            role=reading.role,
            channel=self.channels.of(reading),
        )

    def _input(self, path: str, label: Text, unit: str, **more: Any) -> Cell:
        entry = self.sheet.entries.get(path)
        return {
            "kind": "input",
            "path": path,
            "value": entry.value if entry else "",
            "label": label,
            "unit": "" if unit == "1" else unit,
            "source": "typed",
            "origin": entry.origin if entry and entry.value else "",
            "corrected": is_corrected(entry),
            "disabled": not self.editable,
            "column": label,
        } | more

    def _value(self, path: str) -> str:
        entry: Entry | None = self.sheet.entries.get(path)
        return entry.value if entry else ""

    def _computed(self, formula: Formula, base: str, result: dict[str, Any]) -> Cell:
        column = result["columns"].get(formula.name, {})
        judged = [one["result"] for one in result.get("limits", []) if one["column"] == formula.name]
        return {
            "kind": "computed",
            "path": f"{base}.columns.{formula.name}",
            "printed": column.get("printed", ""),
            "unit": column.get("unit", ""),
            "result": judged[0] if judged and judged[0] in ("pass", "fail", "undecided") else "",
            "column": formula.label,
        }

    def _limit(self, formula: Formula, base: str, result: dict[str, Any]) -> Cell:
        limit = next((one for one in result.get("limits", []) if one["column"] == formula.name), None)
        cell: Cell = {
            "kind": "limit",
            "path": f"{base}.columns.{formula.name}",
            "text": "",
            "confirmed": True,
            "column": _join_limit(formula.label),
        }
        if limit is None:
            return cell
        claim = self.claims.get(limit["path"])
        known = limit["lower"] or limit["upper"]
        return cell | {
            "text": interval(limit["lower"], limit["upper"]) if known else "—",
            "confirmed": limit["confirmed"] or limit["path"] in self.confirmed,
            "claim": f"{claim.claim.source}（{claim.claim.confidence}）" if claim else "",
        }

    def _summary(self, item: Item, result: dict[str, Any]) -> list[dict[str, Any]]:
        found = []
        limited = {limit.column for limit in item.limits}
        for formula in item.formulas_of("item"):
            found.append({"label": formula.label, "cell": self._computed(formula, f"items.{item.id}", result)})
            if formula.name in limited:
                found.append(
                    {"label": _join_limit(formula.label), "cell": self._limit(formula, f"items.{item.id}", result)}
                )
        return found

    def _plot(self, item: Item, limited: list[Formula]) -> dict[str, Any] | None:
        """The first limited column over the first value that tells the points apart."""
        if not limited or not item.values:
            return None
        x, y = item.values[0], limited[0]
        return {
            "item": item.id,
            "x": f"values.{x.name}",
            "y": y.name,
            "x_label": _with_unit(x.label, self._unit(item, "values", x.name)),
            "y_label": _with_unit(y.label, self._shown_unit(y)),
        }

    def _head(self, label: Text, unit: str) -> dict[str, Any]:
        return {"label": label, "unit": "" if unit == "1" else unit, "numeric": True}

    def _unit(self, item: Item, group: str, name: str) -> str:
        return str(self.meaning["items"][item.id][group][name]["unit"])

    def _shown_unit(self, formula: Formula) -> str:
        if formula.unit.startswith("@"):
            return str(self.sheet.data["parameters"].get(formula.unit[1:], ""))
        return formula.unit


def _join(*parts: Text) -> Text:
    return Text(" ".join(one.zh for one in parts), " ".join(one.en for one in parts))


def _join_limit(label: Text) -> Text:
    return Text(f"{label.zh} 允许范围", f"Limits of {label.en}")


def _with_unit(label: Text, unit: str) -> Text:
    return label if unit in ("", "1") else Text(f"{label.zh} {unit}", f"{label.en} {unit}")
