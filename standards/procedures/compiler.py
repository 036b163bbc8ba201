"""Compile the formulas of a pack: names in reach, order of evaluation, units. Faults carry their path in the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from lims.core.text import DataError
from lims.metrology.expression import Expression, ExpressionError, Symbol, compile_expression
from lims.metrology.units import UnitError, parse_unit
from standards.procedures.mentions import conditions, words_in
from standards.procedures.program import (
    MEASURAND,
    CompiledCase,
    CompiledCorrection,
    CompiledFormula,
    ItemProgram,
    Program,
    Stage,
    Step,
)
from standards.procedures.schema import UNKNOWN, Correction, Item, Pack, PackErrors, UncertaintyInput, UncertaintyModel

Symbols = dict[str, Symbol]


class _Compiler:
    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.errors: list[DataError] = []
        self.base: Symbols = {}

    def fault(self, path: str, zh: str, en: str) -> None:
        self.errors.append(DataError(path, zh, en))

    def declare(self, symbols: Symbols, name: str, kind: Literal["scalar", "vector"], unit: str, path: str) -> None:
        """Add a name to a scope, checking its unit."""
        if unit.startswith("@"):
            chooser = self.pack.parameter(unit[1:])
            if chooser is None or not chooser.options:
                self.fault(
                    path,
                    f"单位“{unit}”应指一个有选项的参数。",
                    f"The unit “{unit}” must name a parameter with options.",
                )
        try:
            parse_unit(algebra_unit(unit))
        except UnitError as error:
            self.fault(path, error.zh, error.en)
            unit = "1"
        symbols[name] = Symbol(name, kind, algebra_unit(unit))

    def compile(
        self, text: str, symbols: Mapping[str, Symbol], path: str, *, kind: str = "scalar", unit: str = ""
    ) -> Expression | None:
        """Compile one expression; None (and a fault noted) if it is wrong. Empty and unknown texts give None silently."""
        if not text or text == UNKNOWN:
            return None
        try:
            expression = compile_expression(text, symbols)
        except ExpressionError as error:
            column = f"（第 {error.column} 列）" if error.column else ""
            at = f" (column {error.column})" if error.column else ""
            self.fault(path, f"{error.message_zh}{column}", f"{error.message_en}{at}")
            return None
        if expression.kind != kind:
            self.fault(path, *_WRONG_KIND[kind])
            return None
        if unit and not self._fits(expression, unit, path):
            return None
        return expression

    def _fits(self, expression: Expression, unit: str, path: str) -> bool:
        try:
            if expression.fits_unit(algebra_unit(unit)):
                return True
        except UnitError:
            return True
        found = expression.unit or "?"
        self.fault(
            path,
            f"单位不符：结果是“{found}”，声明的是“{unit}”。",
            f"Units clash: the result is “{found}”, declared is “{unit}”.",
        )
        return False

    def run(self) -> Program:
        result = Program()
        self._base(result)
        for index, item in enumerate(self.pack.items):
            if item.type == "measured":
                result.items[item.id] = self._item(item, f"items[{index}]")
        self._unused_corrections(result)
        self._uses_cycle()
        for index, model in enumerate(self.pack.uncertainty):
            self._uncertainty(result, model, f"uncertainty[{index}]")
        self._conditions()
        return result

    def _base(self, result: Program) -> None:
        pack = self.pack
        for index, parameter in enumerate(pack.parameters):
            if parameter.numeric:
                self._new(parameter.name, parameter.unit, f"parameters[{index}]")
        for index, constant in enumerate(pack.constants):
            self._new(constant.name, constant.unit, f"constants[{index}]")
        for index, correction in enumerate(pack.corrections):
            self.declare({}, correction.name, "scalar", correction.at_unit, f"corrections[{index}].at_unit")
        for index, conversion in enumerate(pack.conversions):
            self._new(conversion.name, conversion.unit, f"conversions[{index}]")
        for index, lookup in enumerate(pack.lookups):
            path = f"lookups[{index}]"
            cases = [
                self.compile(
                    case.value, self.base, f"{path}.cases[{at}].value", unit="" if _bare(case.value) else lookup.unit
                )
                for at, case in enumerate(lookup.cases)
            ]
            self._new(lookup.name, lookup.unit, path)
            result.lookups.append((lookup.name, cases))

    def _unused_corrections(self, result: Program) -> None:
        used = {name for item in result.items.values() for name in item.stages}
        for index, correction in enumerate(self.pack.corrections):
            if correction.name not in used:
                self.fault(
                    f"corrections[{index}].name",
                    f"没有公式、限值或不确定度分量用到“{correction.name}”。",
                    f"No formula, limit or component of uncertainty uses “{correction.name}”.",
                )

    def _new(self, name: str, unit: str, path: str) -> None:
        if name in self.base:
            self.fault(f"{path}.name", f"名称“{name}”重复。", f"The name “{name}” is used twice.")
        self.declare(self.base, name, "scalar", unit, f"{path}.unit")

    def _item(self, item: Item, path: str) -> ItemProgram:
        out = ItemProgram()
        shared = dict(self.base)
        for at, use in enumerate(item.uses):
            other, _, name = use.partition(".")
            source = self.pack.index.get(other)
            formula = source.formula(name) if source else None
            if formula is None or formula.scope != "item":
                self.fault(
                    f"{path}.uses[{at}]",
                    f"“{use}”不是另一项目的项目级公式。",
                    f"“{use}” is no item-scope formula of another item.",
                )
                continue
            self.declare(shared, name, "scalar", formula.unit, f"{path}.uses[{at}]")
        scopes: dict[str, Symbols] = {"run": dict(shared), "row": dict(shared), "item": dict(shared)}
        for at, value in enumerate(item.values):
            self._taken(scopes["row"], value.name, f"{path}.values[{at}].name")
            for scope, kind in (("run", "scalar"), ("row", "scalar"), ("item", "vector")):
                self.declare(scopes[scope], value.name, _kind(kind), value.unit, f"{path}.values[{at}].unit")
        values = {value.name for value in item.values}
        for at, reading in enumerate(item.readings):
            where = f"{path}.readings[{at}]"
            if not (reading.scope == "row" and reading.name in values):
                self._taken(scopes["row"], reading.name, f"{where}.name")
            kinds = ("scalar", "vector", "") if reading.scope == "run" else ("scalar", "scalar", "vector")
            for scope, kind in zip(("run", "row", "item"), kinds, strict=True):
                if kind:
                    self.declare(scopes[scope], reading.name, _kind(kind), reading.unit, f"{where}.unit")
            compiled = self.compile(
                reading.resolution,
                self.base,
                f"{where}.resolution",
                unit="" if _bare(reading.resolution) else reading.unit,
            )
            if compiled is not None:
                out.resolutions[reading.name] = compiled
        for at, formula in enumerate(item.formulas):
            self._taken(
                scopes["row"] if formula.scope != "item" else scopes["item"],
                formula.name,
                f"{path}.formulas[{at}].name",
            )
            kinds = {"run": ("scalar", "vector", ""), "row": ("", "scalar", "vector"), "item": ("", "", "scalar")}[
                formula.scope
            ]
            for scope, kind in zip(("run", "row", "item"), kinds, strict=True):
                if kind:
                    self.declare(scopes[scope], formula.name, _kind(kind), formula.unit, f"{path}.formulas[{at}].unit")
        corrections = self._corrections(item, shared, scopes, out)
        self._formulas(item, scopes, out, path, corrections)
        self._limits(item, scopes, out, path)
        self._points(item, out, path)
        return out

    def _taken(self, symbols: Symbols, name: str, path: str) -> None:
        if name in symbols:
            self.fault(path, f"名称“{name}”已被占用。", f"The name “{name}” is already taken.")

    def _corrections(
        self, item: Item, shared: Symbols, scopes: dict[str, Symbols], out: ItemProgram
    ) -> dict[Stage, dict[str, CompiledCorrection]]:
        """The corrections that this item uses, each where its point is known first; their names enter the scopes."""
        found: dict[Stage, dict[str, CompiledCorrection]] = {"before": {}, "run": {}, "row": {}}
        if not self.pack.corrections:
            return found
        before = dict(shared)
        for value in item.values:
            before[value.name] = scopes["row"][value.name]
        for reading in item.readings_of("row"):
            before[reading.name] = scopes["row"][reading.name]
        texts = {kind: words_in(self.pack, item, kind) for kind in ("run", "any")}
        reach: tuple[tuple[Stage, Symbols], ...] = (
            ("before", before),
            ("row", dict(scopes["row"])),
            ("run", dict(scopes["run"])),
        )
        for index, correction in enumerate(self.pack.corrections):
            if correction.name not in texts["any"]:
                continue
            path, name, unit = f"corrections[{index}]", correction.name, correction.unit
            for scope in ("row", "item"):
                self._taken(scopes[scope], name, f"{path}.name")
            stage, expression = self._point(correction, reach, f"{path}.at", item)
            if stage == "row" and name in texts["run"]:
                self.fault(
                    f"{path}.at",
                    f"项目“{item.id}”的逐次公式用到“{name}”，但它的点要等全部次数测完才知道。",
                    f"The item “{item.id}” uses “{name}” in a formula of the runs, but its point is known after all runs only.",
                )
                self.declare(scopes["run"], name, "scalar", unit, f"{path}.unit")
            kinds = {
                "before": ("scalar", "scalar", "vector"),
                "row": ("", "scalar", "vector"),
                "run": ("scalar", "vector", ""),
            }
            for scope, kind in zip(("run", "row", "item"), kinds[stage], strict=True):
                if kind:
                    self.declare(scopes[scope], name, _kind(kind), unit, f"{path}.unit")
            out.stages[name] = stage
            if expression is not None:
                found[stage][name] = CompiledCorrection(correction, expression)
                out.names |= expression.names | {name}
        out.before = list(found["before"].values())
        return found

    def _point(
        self, correction: Correction, reach: tuple[tuple[Stage, Symbols], ...], path: str, item: Item
    ) -> tuple[Stage, Expression | None]:
        """The first scope in which the point is one number; a fault naming the item where there is none."""
        failure: ExpressionError | None = None
        for stage, symbols in reach:
            try:
                expression = compile_expression(correction.at, symbols)
            except ExpressionError as error:
                failure = error
                continue
            if expression.kind == "scalar":
                fits = self._fits(expression, correction.at_unit, f"{path}_unit")
                return stage, expression if fits else None
        zh, en = (failure.message_zh, failure.message_en) if failure else _WRONG_KIND["scalar"]
        self.fault(path, f"用于项目“{item.id}”时：{zh}", f"Used in the item “{item.id}”: {en}")
        return "before", None

    def _formulas(
        self,
        item: Item,
        scopes: dict[str, Symbols],
        out: ItemProgram,
        path: str,
        corrections: Mapping[Stage, Mapping[str, CompiledCorrection]],
    ) -> None:
        place = {formula.name: index for index, formula in enumerate(item.formulas)}
        targets: tuple[tuple[str, list[Step], Mapping[str, CompiledCorrection]], ...] = (
            ("run", out.run, corrections["run"]),
            ("row", out.row, corrections["row"]),
            ("item", out.item, {}),
        )
        for scope, target, points in targets:
            ready: dict[str, Step] = dict(points)
            for formula in item.formulas_of(scope):
                where = f"{path}.formulas[{place[formula.name]}]"
                expression = self.compile(formula.expression, scopes[scope], f"{where}.expression", unit=formula.unit)
                interval = None
                if formula.round is not None:
                    unit = "" if _bare(formula.round.interval) else formula.unit
                    interval = self.compile(formula.round.interval, scopes[scope], f"{where}.round.interval", unit=unit)
                if expression is not None:
                    ready[formula.name] = CompiledFormula(formula, expression, interval)
                    out.names |= expression.names | (interval.names if interval else frozenset())
            target.extend(self._ordered(ready, path, place))

    def _ordered(self, ready: dict[str, Step], path: str, place: dict[str, int]) -> list[Step]:
        """Formulas after the formulas and corrections they use; a circle is a fault."""
        done: list[Step] = []
        waiting = dict(ready)
        while waiting:
            free = [name for name, one in waiting.items() if not (one.expression.names & waiting.keys())]
            if not free:
                name = min(waiting.keys() & place.keys(), key=place.__getitem__)
                circle = "、".join(sorted(waiting))
                self.fault(
                    f"{path}.formulas[{place[name]}].expression",
                    f"公式互相引用成环：{circle}。",
                    f"Formulas refer to each other in a circle: {circle.replace('、', ', ')}.",
                )
                break
            done.extend(waiting.pop(name) for name in free)
        return done

    def _limits(self, item: Item, scopes: dict[str, Symbols], out: ItemProgram, path: str) -> None:
        for index, limit in enumerate(item.limits):
            formula = item.formula(limit.column)
            if formula is None:
                continue
            symbols = scopes[formula.scope]
            cases = []
            for at, case in enumerate(limit.cases):
                where = f"{path}.limits[{index}].cases[{at}]"
                compiled = CompiledCase(
                    self.compile(case.only_if, symbols, f"{where}.only_if", kind="boolean"),
                    self.compile(case.lower, symbols, f"{where}.lower", unit="" if _bare(case.lower) else formula.unit),
                    self.compile(case.upper, symbols, f"{where}.upper", unit="" if _bare(case.upper) else formula.unit),
                )
                for one in (compiled.only_if, compiled.lower, compiled.upper):
                    out.names |= one.names if one else frozenset()
                cases.append(compiled)
            out.limits.append(cases)

    def _points(self, item: Item, out: ItemProgram, path: str) -> None:
        units = {value.name: value.unit for value in item.values}
        for at, value in enumerate(item.values):
            where = f"{path}.values[{at}]"
            out.bounds[value.name] = (
                self.compile(value.lower, self.base, f"{where}.lower", unit="" if _bare(value.lower) else value.unit),
                self.compile(value.upper, self.base, f"{where}.upper", unit="" if _bare(value.upper) else value.unit),
            )
        for at, point in enumerate(item.points):
            where = f"{path}.points[{at}]"
            computed = {}
            for name, text in point.values:
                unit = "" if _bare(text) else units.get(name, "")
                expression = self.compile(text, self.base, f"{where}.values.{name}", unit=unit)
                if expression is not None:
                    computed[name] = expression
            out.points[point.id] = (
                self.compile(point.only_if, self.base, f"{where}.only_if", kind="boolean"),
                computed,
            )
        if item.series is not None:
            unit = units.get(item.series.value, "")
            parts = [
                self.compile(text, self.base, f"{path}.series.{key}", unit="" if _bare(text) else unit)
                for key, text in (("start", item.series.start), ("stop", item.series.stop), ("step", item.series.step))
            ]
            if parts[0] and parts[1] and parts[2]:
                out.series = (parts[0], parts[1], parts[2])

    def _uses_cycle(self) -> None:
        needs = {item.id: {use.partition(".")[0] for use in item.uses} for item in self.pack.items}
        while True:
            free = [name for name, wanted in needs.items() if not (wanted & needs.keys())]
            if not free:
                break
            for name in free:
                del needs[name]
        if needs:
            circle = ", ".join(sorted(needs))
            index = next(at for at, item in enumerate(self.pack.items) if item.id in needs)
            self.fault(
                f"items[{index}].uses",
                f"项目互相引用成环：{circle}。",
                f"Items refer to each other in a circle: {circle}.",
            )

    def _uncertainty(self, result: Program, model: UncertaintyModel, path: str) -> None:
        item = self.pack.index.get(model.item)
        formula = item.formula(model.column) if item else None
        if item is None or formula is None or formula.scope != "row":
            self.fault(
                f"{path}.column",
                f"“{model.item}.{model.column}”不是行级公式。",
                f"“{model.item}.{model.column}” is no row-scope formula.",
            )
            return
        scope = dict(self.base)
        for value in item.values:
            self.declare(scope, value.name, "scalar", value.unit, path)
        for reading in item.readings_of("row"):
            self.declare(scope, reading.name, "scalar", reading.unit, path)
        vectors = {one.name: one.unit for one in item.readings_of("run")}
        vectors |= {one.name: one.unit for one in item.formulas_of("run")}
        for name, unit in vectors.items():
            self.declare(scope, name, "vector", unit, path)
        for one in item.formulas_of("row"):
            self.declare(scope, one.name, "scalar", one.unit, path)
        stages = result.items[item.id].stages
        corrections = {one.name: one for one in self.pack.corrections if one.name in stages}
        for name, correction in corrections.items():
            self.declare(scope, name, "vector" if stages[name] == "run" else "scalar", correction.unit, path)
        compiled: dict[str, Expression] = {}
        names: Symbols = {}
        for at, part in enumerate(model.inputs):
            where = f"{path}.inputs[{at}]"
            self._taken({**names, MEASURAND: Symbol(MEASURAND, "scalar")}, part.name, f"{where}.name")
            self.declare(names, part.name, "scalar", part.unit, f"{where}.unit")
            if part.readings and part.readings not in vectors:
                self.fault(
                    f"{where}.readings", f"“{part.readings}”不是逐次列。", f"“{part.readings}” is no column of runs."
                )
            if part.certificate:
                self._certified_input(part, corrections.get(part.certificate), f"{where}.certificate")
            for key, text in (
                ("value", part.value),
                ("u", part.u),
                ("U", part.expanded),
                ("half_width", part.half_width),
            ):
                expression = self.compile(text, scope, f"{where}.{key}", unit="" if _bare(text) else part.unit)
                if expression is not None:
                    compiled[f"{part.name}.{key}"] = expression
        expression = self.compile(model.expression, names, f"{path}.expression", unit=model.unit)
        if expression is not None:
            result.models[(model.item, model.column)] = expression
        result.uncertainty[(model.item, model.column)] = compiled

    def _certified_input(self, part: UncertaintyInput, correction: Correction | None, path: str) -> None:
        name = part.certificate
        if correction is None:
            self.fault(path, f"没有名为“{name}”的修正。", f"There is no correction named “{name}”.")
        elif algebra_unit(correction.unit) != algebra_unit(part.unit):
            self.fault(
                path,
                f"单位不符：修正是“{correction.unit}”，分量是“{part.unit}”。",
                f"Units clash: the correction is in “{correction.unit}”, the component in “{part.unit}”.",
            )

    def _conditions(self) -> None:
        """Conditions must name parameters that exist and values that can occur."""
        known = {one.name: {option.value for option in one.options} for one in self.pack.parameters}
        known["kind"] = {kind.id for kind in self.pack.kinds} | {
            "initial",
            "subsequent",
            "in_use",
            "arbitration",
            "calibration",
        }
        for path, when in conditions(self.pack):
            for name, values in when:
                if name not in known:
                    self.fault(f"{path}.when.{name}", f"没有名为“{name}”的参数。", f"There is no parameter “{name}”.")
                    continue
                for value in values:
                    if value not in known[name]:
                        self.fault(
                            f"{path}.when.{name}",
                            f"参数“{name}”没有选项“{value}”。",
                            f"Parameter “{name}” has no option “{value}”.",
                        )


def compile_pack(pack: Pack) -> tuple[Program, list[DataError]]:
    """Compile everything and return it with every fault found."""
    compiler = _Compiler(pack)
    return compiler.run(), compiler.errors


@lru_cache(maxsize=64)
def program(pack: Pack) -> Program:
    """The compiled pack, kept by content hash. Raises PackErrors."""
    compiled, errors = compile_pack(pack)
    if errors:
        raise PackErrors(errors)
    return compiled


def algebra_unit(unit: str) -> str:
    """The unit for the algebra: `@name` (unit chosen by a parameter) becomes a unit of its own."""
    if not unit.startswith("@"):
        return unit
    return "unit" + re.sub(r"[^A-Za-z]", "", unit)


_WRONG_KIND = {
    "scalar": ("这里要得到一个数。", "This must give one number."),
    "boolean": ("这里要得到是或否。", "This must give true or false."),
}


def _kind(name: str) -> Literal["scalar", "vector"]:
    return "vector" if name == "vector" else "scalar"


def _bare(text: str) -> bool:
    """Whether the text is a number alone, which takes the unit declared beside it."""
    return re.fullmatch(r"\s*[+-]?\s*[0-9.]+\s*", text) is not None
