"""What holds for a whole record: parameters, constants and looked-up numbers, and why a name has no value."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from lims.core.text import Text
from lims.metrology.expression import EvaluationError, Expression
from standards.procedures.compiler import program
from standards.procedures.corrections import Reader, Used, reader
from standards.procedures.program import Program
from standards.procedures.record import Record, parse_number
from standards.procedures.results import Remark, State, Values
from standards.procedures.schema import UNKNOWN, Pack, Parameter

_ORDER: tuple[State, ...] = ("error", "missing", "open", "skipped", "ok")


def worst(states: list[State]) -> State:
    """The state of something that needs all of these; ok when there are none."""
    return min(states, key=_ORDER.index, default="ok")


@dataclass
class Context:
    """Shared names of one record. `absent` says why a name in reach has no value.

    `readers` are the corrections of the pack, `defaults` the names of those for which the pack's own value was taken, `unread` why
    one could not be read.
    """

    pack: Pack
    program: Program
    record: Record
    choices: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, Decimal] = field(default_factory=dict)
    absent: dict[str, State] = field(default_factory=dict)
    applied: dict[str, str] = field(default_factory=dict)
    readers: dict[str, Reader] = field(default_factory=dict)
    defaults: set[str] = field(default_factory=set)
    unread: list[Remark] = field(default_factory=list)
    missing: list[Remark] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)

    def miss(self, path: str, zh: str, en: str) -> None:
        self.missing.append(Remark(path, Text(zh, en)))

    def warn(self, path: str, zh: str, en: str) -> None:
        self.warnings.append(Remark(path, Text(zh, en)))

    def unit(self, unit: str) -> str:
        """The unit to show: `@name` is the instrument's choice."""
        return self.choices.get(unit[1:], "") if unit.startswith("@") else unit

    def number(self, text: str, path: str, label: Text) -> Decimal | None:
        """Read a cell; text that is no number is warned about and counts as not read."""
        if not text:
            return None
        number = parse_number(text)
        if number is None:
            self.warn(path, f"{label.zh}：“{text[:40]}”不是数。", f"{label.en}: “{text[:40]}” is not a number.")
        return number


def try_evaluate(
    expression: Expression, values: Values, absent: dict[str, State]
) -> tuple[Decimal | bool | None, State, Text | None]:
    """The result; or None with the state and, for an arithmetic error, the sentence."""
    gone = [absent.get(name, "missing") for name in expression.names if name not in values]
    if gone:
        return None, worst(gone), None
    try:
        result = expression(values)
    except EvaluationError as error:
        return None, "error", Text(error.message_zh, error.message_en)
    assert not isinstance(result, tuple)
    return result, "ok", None


def make_context(pack: Pack, record: Record, wanted: frozenset[str] = frozenset()) -> Context:
    """Resolve parameters, constants and lookups. `wanted` are the names whose absence counts as missing."""
    context = Context(pack, program(pack), record)
    context.choices["kind"] = record.kind
    for parameter in pack.parameters:
        _parameter(context, parameter, parameter.name in wanted)
    for name in sorted(record.parameters):
        if pack.parameter(name) is None:
            context.warn(f"parameters.{name}", f"规程没有参数“{name}”。", f"The procedure has no parameter “{name}”.")
    known = {constant.name for constant in pack.constants}
    for constant in pack.constants:
        path = f"constants.{constant.name}"
        number = context.number(record.constants.get(constant.name, "") or constant.default, path, constant.label)
        if number is not None:
            context.numbers[constant.name] = number
            continue
        context.absent[constant.name] = "missing"
        if constant.name in wanted:
            context.miss(
                path,
                f"缺少{constant.label.zh}（取自标准器证书）。",
                f"{constant.label.en} is missing (from the device's certificate).",
            )
    for name in sorted(record.constants):
        if name not in known:
            context.warn(f"constants.{name}", f"规程没有常量“{name}”。", f"The procedure has no constant “{name}”.")
    if pack.corrections or record.corrections:
        _corrections(context)
    for conversion in pack.conversions:
        context.numbers[conversion.name] = Decimal(conversion.value)
    _lookups(context)
    return context


def _parameter(context: Context, parameter: Parameter, wanted: bool) -> None:
    path = f"parameters.{parameter.name}"
    text = context.record.parameters.get(parameter.name, "") or parameter.default
    if parameter.options and text and text not in {option.value for option in parameter.options}:
        context.warn(
            path,
            f"{parameter.label.zh}“{text[:40]}”不在允许的值之中。",
            f"{parameter.label.en} “{text[:40]}” is not one of the allowed values.",
        )
        text = ""
    context.choices[parameter.name] = text
    number = context.number(text, path, parameter.label) if parameter.numeric else None
    if number is not None:
        context.numbers[parameter.name] = number
    elif parameter.numeric:
        context.absent[parameter.name] = "missing"
    if wanted and (not text or (parameter.numeric and number is None)):
        context.miss(path, f"缺少参数：{parameter.label.zh}。", f"The parameter is missing: {parameter.label.en}.")


def _corrections(context: Context) -> None:
    given = context.record.corrections
    known = {one.name: one for one in context.pack.corrections}
    for name, one in known.items():
        unit, at_unit = context.unit(one.unit), context.unit(one.at_unit)
        context.readers[name] = reader(one, given.get(name), unit, at_unit)
        if name in given and (others := given[name].others):
            context.warn(
                f"corrections.{name}",
                f"有几台设备的证书都给出{one.label.zh}：用 {given[name].device} 的，未用 {'、'.join(others)} 的。",
                f"Several devices are certified for {one.label.en}: that of {given[name].device} is used, "
                f"not that of {', '.join(others)}.",
            )
    for name in sorted(given.keys() - known.keys()):
        context.warn(f"corrections.{name}", f"规程没有修正“{name}”。", f"The procedure has no correction “{name}”.")


def read_correction(
    context: Context, name: str, expression: Expression, values: Values, absent: dict[str, State], path: str
) -> Used | State:
    """The correction at the point that `expression` gives; otherwise the state, its reason noted under the path."""
    point, state, failure = try_evaluate(expression, values, absent)
    label = context.readers[name].correction.label
    if failure is not None:
        context.warn(
            f"{path}.{name}",
            f"{label.zh}的点算不出：{failure.zh}",
            f"The point of {label.en} has no result: {failure.en}",
        )
    if not isinstance(point, Decimal):
        return state
    found = context.readers[name].at(point)
    if isinstance(found, Text):
        context.miss(f"{path}.{name}", found.zh, found.en)
        context.unread.append(context.missing[-1])
        return "missing"
    if found.by_default:
        context.defaults.add(name)
    return found


def _lookups(context: Context) -> None:
    compiled = dict(context.program.lookups)
    for lookup in context.pack.lookups:
        context.absent[lookup.name] = "missing"
        for index, case in enumerate(lookup.cases):
            if not case.when.holds(context.choices):
                continue
            context.applied[lookup.name] = f"lookups.{lookup.name}.cases[{index}]"
            expression = compiled[lookup.name][index]
            if case.value == UNKNOWN or expression is None:
                context.absent[lookup.name] = "open"
                break
            values: Values = dict(context.numbers)
            result, state, _ = try_evaluate(expression, values, context.absent)
            if isinstance(result, Decimal):
                context.numbers[lookup.name] = result
                del context.absent[lookup.name]
            else:
                context.absent[lookup.name] = state
            break
