"""Evaluate one measured item: rows × runs, each formula in its scope, limits, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from lims.core.text import Text
from lims.metrology.rounding import RoundingError, round_to_interval
from standards.procedures.context import Context, read_correction, try_evaluate, worst
from standards.procedures.corrections import Used
from standards.procedures.limits import judge
from standards.procedures.points import LaidPoint, demanded, laid, laid_points, most_allowed
from standards.procedures.program import CompiledCorrection, CompiledFormula, ItemProgram, Step
from standards.procedures.record import Row, parse_number, plain
from standards.procedures.results import (
    Cell,
    Conclusion,
    ItemResult,
    LimitResult,
    RowResult,
    RunResult,
    State,
    Values,
)
from standards.procedures.schema import UNKNOWN, Item, Reading
from standards.procedures.uncertainty import row_uncertainty

Absent = dict[str, State]


def evaluate_measured(context: Context, item: Item, imported: Values, gone: Absent) -> ItemResult:
    """All rows of the item; `imported` and `gone` are the values taken from other items and those that are not there."""
    return _Measured(context, item, imported, gone).result()


def touched(row: Row) -> bool:
    return any(row.readings.values()) or any(any(run.values()) for run in row.runs)


class _Measured:
    def __init__(self, context: Context, item: Item, imported: Values, gone: Absent) -> None:
        self.context = context
        self.item = item
        self.program: ItemProgram = context.program.items[item.id]
        self.names: Values = {**context.numbers, **imported}
        self.absent: Absent = {**context.absent, **gone}
        self.path = f"items.{item.id}"
        self.readings = {scope: item.readings_of(scope) for scope in ("run", "row")}
        stages = self.program.stages
        self.of_rows = tuple(name for name, stage in stages.items() if stage != "run")
        self.of_runs = tuple(name for name, stage in stages.items() if stage == "run")
        self.run_names = (
            *(one.name for one in self.readings["run"]),
            *(one.name for one in item.formulas_of("run")),
            *self.of_runs,
        )

    def result(self) -> ItemResult:
        rows_data = self.context.record.items.get(self.item.id, ())
        if self.item.before and not any(touched(row) for row in rows_data):
            return self._left_out(rows_data)
        expected = {point.id: point for point in laid_points(self.context, self.item)}
        blank = self._blank_rows(rows_data, expected)
        rows = [
            self._row(index, row, expected.get(row.point), blank=index in blank) for index, row in enumerate(rows_data)
        ]
        used = [row for row in rows if not row.blank]
        names, absent = dict(self.names), dict(self.absent)
        self._gather(
            used,
            names,
            absent,
            (
                *(value.name for value in self.item.values),
                *(one.name for one in self.readings["row"]),
                *(one.name for one in self.item.formulas_of("row")),
                *self.of_rows,
            ),
        )
        columns = self._formulas(self.program.item, names, absent, self.path, [])
        limits = self._limits("item", columns, names, absent)
        return ItemResult(
            id=self.item.id,
            title=self.item.title,
            conclusion=self._conclusion(used, columns, limits),
            rows=tuple(rows),
            columns=columns,
            limits=limits,
            names=names,
        )

    def _left_out(self, rows: tuple[Row, ...]) -> ItemResult:
        """Readings from before an adjustment that nobody took."""
        blank = tuple(
            RowResult(row.point, row.values, {}, tuple(RunResult({}, {}, True) for _ in row.runs), (), {}, True)
            for row in rows
        )
        return ItemResult(id=self.item.id, title=self.item.title, conclusion="recorded", rows=blank)

    def _blank_rows(self, rows: tuple[Row, ...], expected: Mapping[str, LaidPoint]) -> set[int]:
        """Rows without any reading that nobody demands; missing rows are noted here."""
        empty = {at for at, row in enumerate(rows) if not touched(row)}
        if self.item.rows is None:
            present = {row.point for row in rows}
            for point in expected.values():
                if point.id not in present:
                    self.context.miss(
                        f"{self.path}.rows",
                        f"缺少检定点“{point.title.zh}”。",
                        f"The test point “{point.title.en}” is missing.",
                    )
            return {at for at in empty if rows[at].point not in expected}
        wanted = demanded(self.item.rows)
        for at in range(len(rows), wanted):
            self.context.miss(
                f"{self.path}.rows[{at}]", f"至少要 {wanted} 个检定点。", f"At least {wanted} test point(s) are needed."
            )
        spare = max(0, len(rows) - wanted)
        return set(sorted(empty, reverse=True)[:spare])

    def _row(self, index: int, row: Row, expected: LaidPoint | None, *, blank: bool) -> RowResult:
        path = f"{self.path}.rows[{index}]"
        if blank:
            untouched = tuple(RunResult({}, {}, True) for _ in row.runs)
            return RowResult(row.point, row.values, {}, untouched, (), {}, True)
        names, absent = dict(self.names), dict(self.absent)
        self._values(row, expected, names, absent, path)
        self._unknown_names(row, path)
        self._readings("row", row.readings, names, absent, f"{path}.readings")
        corrections: list[Used] = []
        for one in self.program.before:
            self._correct(one, names, absent, path, corrections)
        runs = self._runs(row, names, absent, path)
        used = [run for run in runs if not run.blank]
        for name in self.run_names:
            names.pop(name, None)
        self._gather(used, names, absent, self.run_names)
        columns = self._formulas(self.program.row, names, absent, path, corrections)
        by_name = self._by_name(corrections, used) if self.program.stages else {}
        found = row_uncertainty(self.context, self.item, columns, names, absent, by_name)
        expanded = {str(one["column"]): parse_number(str(one.get("U", ""))) for one in found}
        limits = self._limits("row", columns, names, absent, expanded)
        return RowResult(row.point, row.values, columns, tuple(runs), limits, names, False, found, tuple(corrections))

    def _by_name(self, corrections: list[Used], runs: list[RunResult]) -> dict[str, tuple[Used, ...]]:
        """The corrections of a row: one of the row itself, or one of each run."""
        found: dict[str, tuple[Used, ...]] = {one.name: (one,) for one in corrections}
        for name in self.of_runs:
            found[name] = tuple(one for run in runs for one in run.corrections if one.name == name)
        return found

    def _values(self, row: Row, expected: LaidPoint | None, names: Values, absent: Absent, path: str) -> None:
        for value in self.item.values:
            where = f"{path}.values.{value.name}"
            number = self.context.number(row.values.get(value.name, ""), where, value.label)
            if number is None:
                absent[value.name] = "missing"
                self.context.miss(where, f"缺少{value.label.zh}。", f"{value.label.en} is missing.")
                continue
            names[value.name] = number
            planned = parse_number(expected.values.get(value.name, "")) if expected else None
            if planned is not None and planned != number:
                self.context.warn(
                    where,
                    f"{value.label.zh} {plain(number)} 与规程给出的 {plain(planned)} 不同。",
                    f"{value.label.en} {plain(number)} differs from the procedure's {plain(planned)}.",
                )
            self._bounds(value.name, value.label, number, where)

    def _bounds(self, name: str, label: Text, number: Decimal, path: str) -> None:
        for bound, above in zip(self.program.bounds.get(name, (None, None)), (False, True), strict=True):
            if bound is None:
                continue
            limit = try_evaluate(bound, self.names, self.absent)[0]
            if isinstance(limit, Decimal) and (number > limit if above else number < limit):
                zh, en = ("大于", "above") if above else ("小于", "below")
                self.context.warn(
                    path,
                    f"{label.zh} {plain(number)} {zh}允许的 {plain(limit)}。",
                    f"{label.en} {plain(number)} is {en} {plain(limit)}.",
                )

    def _unknown_names(self, row: Row, path: str) -> None:
        known = {one.name for one in self.readings["row"]}
        runs = {one.name for one in self.readings["run"]}
        strange = [(f"{path}.readings.{name}", name) for name in sorted(row.readings) if name not in known]
        strange += [
            (f"{path}.runs[{at}].{name}", name)
            for at, run in enumerate(row.runs)
            for name in sorted(run)
            if name not in runs
        ]
        for where, name in strange:
            self.context.warn(where, f"规程没有读数“{name}”。", f"The procedure has no reading “{name}”.")

    def _readings(self, scope: str, cells: Mapping[str, str], names: Values, absent: Absent, path: str) -> None:
        for reading in self.readings[scope]:
            where = f"{path}.{reading.name}"
            number = self.context.number(cells.get(reading.name, ""), where, reading.label)
            if number is None:
                names.pop(reading.name, None)
                absent[reading.name] = "missing" if reading.required else "skipped"
                if reading.required:
                    self.context.miss(
                        where, f"缺少读数：{reading.label.zh}。", f"The reading is missing: {reading.label.en}."
                    )
                continue
            names[reading.name] = number
            absent.pop(reading.name, None)
            self._resolution(reading, number, where)

    def _resolution(self, reading: Reading, number: Decimal, path: str) -> None:
        compiled = self.program.resolutions.get(reading.name)
        if compiled is None:
            return
        step = try_evaluate(compiled, self.names, self.absent)[0]
        if isinstance(step, Decimal) and step > 0 and (Fraction(number) / Fraction(step)).denominator != 1:
            unit = self.context.unit(reading.unit)
            self.context.warn(
                path,
                f"{reading.label.zh} {plain(number)} {unit} 不是分辨力 {plain(step)} {unit} 的整数倍。",
                f"{reading.label.en} {plain(number)} {unit} is not a multiple of the resolution {plain(step)} {unit}.",
            )

    def _runs(self, row: Row, names: Values, absent: Absent, path: str) -> list[RunResult]:
        if not self.readings["run"]:
            return []
        wanted = demanded(self.item.repeats)
        empty = [at for at, run in enumerate(row.runs) if not any(run.values())]
        blank = set(empty[::-1][: max(0, len(row.runs) - wanted)])
        for at in range(len(row.runs), wanted):
            self.context.miss(
                f"{path}.runs[{at}]", f"至少要 {wanted} 次测量。", f"At least {wanted} run(s) are needed."
            )
        planned = laid(self.item.repeats)
        counted = len(row.runs) - len(blank)
        most = most_allowed(self.item.repeats)
        if counted > most:
            self.context.miss(
                f"{path}.runs",
                f"最多 {most} 次测量，这里有 {counted} 次。",
                f"At most {most} run(s), there are {counted}.",
            )
        made = len(row.runs) - len(empty)
        if self.item.repeats is not None and self.item.repeats.at_least == UNKNOWN and 0 < made < planned:
            self.context.warn(
                f"{path}.runs",
                f"做了 {made} 次，惯例是 {planned} 次；规程要求的次数尚未确认。",
                f"{made} run(s) made, {planned} are usual; the number the regulation demands is not confirmed.",
            )
        results = []
        for at, run in enumerate(row.runs):
            if at in blank:
                results.append(RunResult({}, {}, True))
                continue
            own, gone = dict(names), dict(absent)
            self._readings("run", run, own, gone, f"{path}.runs[{at}]")
            corrections: list[Used] = []
            columns = self._formulas(self.program.run, own, gone, f"{path}.runs[{at}]", corrections)
            limits = self._limits("run", columns, own, gone)
            results.append(RunResult(columns, own, limits=limits, corrections=tuple(corrections)))
        return results

    def _gather(self, parts: list[Any], names: Values, absent: Absent, wanted: tuple[str, ...]) -> None:
        """Turn the values of rows or runs into series; a series with a hole has no value."""
        for name in wanted:
            series = tuple(part.names[name] for part in parts if name in part.names)
            if series and len(series) == len(parts):
                names[name] = series
                absent.pop(name, None)
                continue
            names.pop(name, None)
            states: list[State] = [part.columns[name].state for part in parts if name in part.columns]
            reading = self.item.reading(name)
            fallback: State = "skipped" if reading is not None and not reading.required else "missing"
            state = worst([state for state in states if state != "ok"])
            absent[name] = state if state != "ok" else fallback

    def _formulas(
        self, steps: list[Step], names: Values, absent: Absent, path: str, corrections: list[Used]
    ) -> dict[str, Cell]:
        """The columns; `corrections` takes in what was read from certificates between them."""
        columns = {}
        for compiled in steps:
            if isinstance(compiled, CompiledCorrection):
                self._correct(compiled, names, absent, path, corrections)
                continue
            formula = compiled.formula
            cell = self._cell(compiled, names, absent, path)
            columns[formula.name] = cell
            if cell.value is not None:
                names[formula.name] = cell.value
            else:
                absent[formula.name] = cell.state
        return {formula.name: columns[formula.name] for formula in self.item.formulas if formula.name in columns}

    def _correct(
        self, one: CompiledCorrection, names: Values, absent: Absent, path: str, corrections: list[Used]
    ) -> None:
        name = one.correction.name
        found = read_correction(self.context, name, one.expression, names, absent, path)
        if isinstance(found, Used):
            names[name] = found.value
            corrections.append(found)
        else:
            absent[name] = found

    def _cell(self, compiled: CompiledFormula, names: Values, absent: Absent, path: str) -> Cell:
        formula = compiled.formula
        unit = self.context.unit(formula.unit)
        value, state, failure = try_evaluate(compiled.expression, names, absent)
        if failure is not None:
            self.context.warn(
                f"{path}.{formula.name}",
                f"{formula.label.zh}算不出：{failure.zh}",
                f"{formula.label.en} has no result: {failure.en}",
            )
        if not isinstance(value, Decimal):
            return Cell(None, None, "", unit, state)
        rounded = value
        if formula.round is not None and compiled.interval is not None:
            interval, state, failure = try_evaluate(compiled.interval, names, absent)
            if not isinstance(interval, Decimal):
                return Cell(value, None, "", unit, state)
            try:
                rounded = round_to_interval(value, interval, mode=formula.round.mode)
            except RoundingError as error:
                self.context.warn(f"{path}.{formula.name}", error.zh, error.en)
                return Cell(value, None, "", unit, "error")
        printed = plain(rounded)
        if formula.sign and rounded > 0:
            printed = f"+{printed}"
        return Cell(value, rounded, printed, unit)

    def _limits(
        self,
        scope: str,
        columns: Mapping[str, Cell],
        names: Values,
        absent: Absent,
        expanded: Mapping[str, Decimal | None] | None = None,
    ) -> tuple[LimitResult, ...]:
        found = []
        for index, limit in enumerate(self.item.limits):
            formula = self.item.formula(limit.column)
            if formula is None or formula.scope != scope or limit.column not in columns:
                continue
            size = (expanded or {}).get(limit.column)
            found.append(judge(self.context, self.item, index, formula, columns[limit.column], names, absent, size))
        return tuple(found)

    def _conclusion(
        self, rows: list[RowResult], columns: Mapping[str, Cell], limits: tuple[LimitResult, ...]
    ) -> Conclusion:
        judged = [*limits, *(limit for row in rows for limit in row.all_limits())]
        prefix = f"{self.path}."
        if any(one.path.startswith(prefix) for one in self.context.missing) or any(
            one.result == "missing" for one in judged
        ):
            return "incomplete"
        cells = [*columns.values(), *(cell for row in rows for cell in row.columns.values())]
        if any(cell.state in ("missing", "error") for cell in cells):
            return "incomplete"
        for limit in judged:
            if limit.effect == "void" and limit.result == "fail":
                self.context.warn(
                    self.path,
                    f"{limit.title.zh}不满足，本项目应重做。",
                    f"{limit.title.en} is not met; this item has to be repeated.",
                )
                return "undecided"
        found = {limit.result for limit in judged}
        if "fail" in found:
            return "fail"
        if "undecided" in found:
            return "undecided"
        return "pass" if "pass" in found else "recorded"
