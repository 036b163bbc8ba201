"""Reader of the TOML budget file. Everything wrong is one sentence with the path inside the file.

Top level: ``probability`` (0.95), ``k``, ``digits`` (1 or 2), ``rounding`` (half_even, up), ``whole_dof``,
``second_order``; ``[outputs]`` name = "formula"; ``[[input]]``; ``[[correlated_readings]]``; ``[[correlation]]``.
An input has ``name``, optional ``unit`` and ``title``, and exactly one of

* ``readings`` (with ``s`` and its ``dof`` when the standard deviation is established earlier),
* ``value`` with ``u``, * ``value`` with ``U`` and ``k``,
* ``value`` with ``half_width`` and ``distribution`` (``beta`` for trapezoidal; ``k`` for normal, 3 when absent because
  limits are taken to hold 99.73 % (JJF 1059.1-2012, 4.3.3.3); ``tolerance`` for curvilinear_trapezoidal),

and optional ``dof``. A constant says ``u = "0"``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Final

from lims.metrology.budget.model import INFINITE, Budget, BudgetError, Distribution, Input
from lims.metrology.expression import Expression, ExpressionError, Symbol, compile_expression
from lims.metrology.expression.arithmetic import CONTEXT, DomainError
from lims.metrology.statistics import correlation, type_a
from lims.metrology.units import UnitError, parse_unit

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_LONGEST_NUMBER: Final = 60
_LARGEST_EXPONENT: Final = 100
_MOST_INPUTS: Final = 200

_TOP: Final = (
    *("probability", "k", "digits", "rounding", "whole_dof", "second_order"),
    *("outputs", "input", "correlated_readings", "correlation"),
)
_INPUT: Final = (
    *("name", "unit", "title", "readings", "s", "value", "u", "U", "k"),
    *("half_width", "distribution", "beta", "tolerance", "dof"),
)
_SQUARED_DIVISORS: Final[Mapping[str, Decimal]] = {
    "rectangular": Decimal(3),
    "triangular": Decimal(6),
    "arcsine": Decimal(2),
    "curvilinear_trapezoidal": Decimal(3),
}
"""Divisor of the half width, squared (JJF 1059.1-2012 table 3)."""
_DISTRIBUTIONS = (*_SQUARED_DIVISORS, "normal", "trapezoidal")


def load_budget(text: str) -> Budget:
    """Read and check a budget file. Raises BudgetError: path inside the file and one sentence."""
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError; so is an endless integer
        raise BudgetError("", f"文件不是有效的 TOML：{error}。", f"The file is not valid TOML: {error}.") from None
    _known_fields("", data, _TOP)
    inputs = _inputs(data.get("input"))
    by_name = {item.name: item for item in inputs}
    correlations = _from_readings(data.get("correlated_readings", []), by_name)
    _given(data.get("correlation", []), by_name, correlations)
    probability = _number(data, "", "probability") if "probability" in data else Decimal("0.95")
    if not Decimal("0.5") <= probability < 1:
        raise BudgetError("probability", "概率应在 0.5 与 1 之间。", "The probability lies between 0.5 and 1.")
    k = _positive(data, "", "k") if "k" in data else None
    digits = data.get("digits", 2)
    if type(digits) is not int or digits not in (1, 2):
        raise BudgetError("digits", "不确定度取 1 或 2 位有效数字。", "An uncertainty has 1 or 2 significant digits.")
    rounding = data.get("rounding", "half_even")
    if rounding not in ("half_even", "up"):
        raise BudgetError("rounding", "只能是 half_even 或 up。", "Either half_even or up.")
    second_order = _flag(data, "second_order", False)
    if second_order and correlations:
        raise BudgetError(
            "second_order",
            "高阶项只适用于不相关的输入量。",
            "Second-order terms are for uncorrelated inputs only.",
        )
    budget = Budget(
        inputs=tuple(inputs),
        outputs=_outputs(data.get("outputs"), by_name),
        probability=probability,
        k=k,
        correlations=correlations,
        whole_dof=_flag(data, "whole_dof", True),
        second_order=second_order,
        digits=digits,
        rounding=rounding,
    )
    _refuse_contradiction(budget)
    return budget


def _inputs(found: object) -> list[Input]:
    tables = _tables("input", found)
    if not tables:
        raise BudgetError("input", "没有输入量。", "There are no inputs.")
    if len(tables) > _MOST_INPUTS:
        raise BudgetError("input", f"输入量不能超过 {_MOST_INPUTS} 个。", f"There are more than {_MOST_INPUTS} inputs.")
    inputs: list[Input] = []
    for index, table in enumerate(tables):
        item = _input(f"input[{index}]", table)
        if any(other.name == item.name for other in inputs):
            raise BudgetError(f"input[{index}].name", f"“{item.name}”重复。", f"“{item.name}” occurs twice.")
        inputs.append(item)
    return inputs


def _input(path: str, table: Mapping[str, Any]) -> Input:
    _known_fields(path, table, _INPUT)
    name, unit = _text(table, path, "name"), _text(table, path, "unit", "")
    if not _NAME.fullmatch(name):
        raise BudgetError(
            f"{path}.name",
            f"“{name}”不能作名称：字母开头，只含字母、数字、下划线。",
            f"“{name}” cannot be a name: a letter, then letters, digits and underscores.",
        )
    if unit:
        try:
            parse_unit(unit)
        except UnitError as error:
            raise BudgetError(f"{path}.unit", error.zh, error.en) from None
    common: dict[str, Any] = {"name": name, "unit": unit, "title": _text(table, path, "title", "")}
    ways = [way for way in ("readings", "u", "U", "half_width") if way in table]
    if len(ways) != 1:
        raise BudgetError(
            path,
            f'“{name}”应恰好给出 readings、u、U、half_width 之一；常数写 u = "0"。',
            f'“{name}” needs exactly one of readings, u, U, half_width; a constant says u = "0".',
        )
    way = ways[0]
    allowed = {
        "readings": {"readings", "s", "dof"},
        "u": {"value", "u", "dof"},
        "U": {"value", "U", "k", "dof"},
        "half_width": {"value", "half_width", "distribution", "beta", "tolerance", "k", "dof"},
    }[way]
    for field in table:
        if field not in allowed and field not in ("name", "unit", "title"):
            raise BudgetError(f"{path}.{field}", f"与 {way} 不能同时使用。", f"This does not go with {way}.")
    dof = _positive(table, path, "dof") if "dof" in table else INFINITE
    if way == "readings":
        return _type_a(path, table, common)
    value = _number(table, path, "value")
    if way == "half_width":
        return _limits(path, table, common, value, dof)
    u = _not_negative(table, path, way)
    if way == "U":
        u = CONTEXT.divide(u, _positive(table, path, "k"))
    shape: Distribution = "constant" if not u else "normal" if dof == INFINITE else "t"
    return Input(value=value, u=u, dof=dof, distribution=shape, evaluation="B", **common)


def _type_a(path: str, table: Mapping[str, Any], common: dict[str, Any]) -> Input:
    listed = table["readings"]
    if not isinstance(listed, list):
        raise BudgetError(f"{path}.readings", "应是一列读数。", "This must be a list of readings.")
    readings = tuple(_decimal(f"{path}.readings[{index}]", item) for index, item in enumerate(listed))
    established = _positive(table, path, "s") if "s" in table else None
    if established is None and "dof" in table:
        raise BudgetError(
            f"{path}.dof",
            "读数的自由度由个数决定；只有给出 s 时才能另写。",
            "The degrees of freedom follow from the readings; they are given only together with s.",
        )
    dof = _positive(table, path, "dof") if "dof" in table else None
    try:
        found = type_a(readings, established_s=established, dof=dof)
    except DomainError as error:
        raise BudgetError(f"{path}.readings", error.zh, error.en) from None
    shape: Distribution = "constant" if not found.u else "normal" if found.dof == INFINITE else "t"
    return Input(
        value=found.mean,
        u=found.u,
        dof=found.dof,
        distribution=shape,
        evaluation="A",
        readings=readings if established is None else (),
        **common,
    )


def _limits(path: str, table: Mapping[str, Any], common: dict[str, Any], value: Decimal, dof: Decimal) -> Input:
    half = _positive(table, path, "half_width")
    shape = _text(table, path, "distribution")
    if shape not in _DISTRIBUTIONS:
        raise BudgetError(
            f"{path}.distribution",
            f"分布只能是 {'、'.join(_DISTRIBUTIONS)}。",
            f"The distribution is one of {', '.join(_DISTRIBUTIONS)}.",
        )
    for field, owner in (("beta", "trapezoidal"), ("tolerance", "curvilinear_trapezoidal"), ("k", "normal")):
        if field in table and shape != owner:
            raise BudgetError(f"{path}.{field}", f"只用于 {owner} 分布。", f"This belongs to {owner} only.")
    beta = tolerance = Decimal(0)
    if shape == "normal":
        u = CONTEXT.divide(half, _positive(table, path, "k") if "k" in table else Decimal(3))
        given: Distribution = "normal" if dof == INFINITE else "t"
        return Input(value=value, u=u, dof=dof, distribution=given, evaluation="B", half_width=half, **common)
    square = CONTEXT.multiply(half, half)
    if shape == "trapezoidal":
        beta = _not_negative(table, path, "beta")
        if beta > 1:
            raise BudgetError(f"{path}.beta", "beta 在 0 与 1 之间。", "beta lies between 0 and 1.")
        variance = CONTEXT.divide(CONTEXT.multiply(square, 1 + beta * beta), Decimal(6))
    else:
        variance = CONTEXT.divide(square, _SQUARED_DIVISORS[shape])
    if shape == "curvilinear_trapezoidal":
        tolerance = _positive(table, path, "tolerance")
        if tolerance >= half:
            raise BudgetError(f"{path}.tolerance", "应小于半宽。", "This is below the half width.")
        variance = CONTEXT.add(variance, CONTEXT.divide(CONTEXT.multiply(tolerance, tolerance), Decimal(9)))
    return Input(
        value=value,
        u=CONTEXT.sqrt(variance),
        dof=dof,
        distribution=shape,  # type: ignore[arg-type]
        evaluation="B",
        half_width=half,
        beta=beta,
        tolerance=tolerance,
        **common,
    )


def _outputs(found: object, inputs: Mapping[str, Input]) -> dict[str, Expression]:
    if not isinstance(found, dict) or not found:
        raise BudgetError("outputs", "没有写要求的量。", "No measurand is given.")
    symbols = {name: Symbol(name, "scalar", item.unit) for name, item in inputs.items()}
    outputs: dict[str, Expression] = {}
    for name, formula in found.items():
        path = f"outputs.{name}"
        if not _NAME.fullmatch(name) or not isinstance(formula, str):
            raise BudgetError(path, '应写成 名称 = "公式"。', 'This is written name = "formula".')
        if name in inputs:
            raise BudgetError(path, f"“{name}”已是输入量。", f"“{name}” is an input already.")
        try:
            outputs[name] = compile_expression(formula, symbols)
        except ExpressionError as error:
            zh = f"第 {error.column} 个字符：{error.message_zh}" if error.column else error.message_zh
            en = f"At character {error.column}: {error.message_en}" if error.column else error.message_en
            raise BudgetError(path, zh, en) from None
        if outputs[name].kind != "scalar":
            raise BudgetError(path, "结果应是单个值。", "The result must be one value.")
    return outputs


def _names(path: str, table: Mapping[str, Any], inputs: Mapping[str, Input], pair: bool) -> list[str]:
    names = table.get("names")
    if not isinstance(names, list) or len(names) < 2 or (pair and len(names) != 2):
        raise BudgetError(f"{path}.names", "应列出两个名称。", "This lists two names.")
    for index, name in enumerate(names):
        if not isinstance(name, str) or name not in inputs:
            raise BudgetError(f"{path}.names[{index}]", f"没有输入量“{name}”。", f"There is no input “{name}”.")
        if name in names[:index]:
            raise BudgetError(f"{path}.names[{index}]", f"“{name}”重复。", f"“{name}” occurs twice.")
    return names


def _from_readings(found: object, inputs: Mapping[str, Input]) -> dict[tuple[str, str], Decimal]:
    correlations: dict[tuple[str, str], Decimal] = {}
    for index, table in enumerate(_tables("correlated_readings", found)):
        path = f"correlated_readings[{index}]"
        _known_fields(path, table, {"names"})
        names = _names(path, table, inputs, pair=False)
        for second_index, second in enumerate(names):
            readings = inputs[second].readings
            if not readings:
                raise BudgetError(
                    f"{path}.names[{second_index}]", f"“{second}”没有读数。", f"“{second}” has no readings."
                )
            for first in names[:second_index]:
                _add_correlation(correlations, first, second, path)
                try:
                    correlations[first, second] = correlation(inputs[first].readings, readings)
                except DomainError as error:
                    raise BudgetError(f"{path}.names[{second_index}]", error.zh, error.en) from None
    return correlations


def _given(found: object, inputs: Mapping[str, Input], correlations: dict[tuple[str, str], Decimal]) -> None:
    for index, table in enumerate(_tables("correlation", found)):
        path = f"correlation[{index}]"
        _known_fields(path, table, {"names", "r"})
        first, second = _names(path, table, inputs, pair=True)
        r = _number(table, path, "r")
        if abs(r) > 1:
            raise BudgetError(f"{path}.r", "相关系数在 −1 与 1 之间。", "A correlation lies between −1 and 1.")
        _add_correlation(correlations, first, second, path)
        correlations[first, second] = r


def _add_correlation(known: Mapping[tuple[str, str], Decimal], first: str, second: str, path: str) -> None:
    if (first, second) in known or (second, first) in known:
        raise BudgetError(
            f"{path}.names", f"“{first}”与“{second}”的相关重复。", f"“{first}” and “{second}” are correlated twice."
        )


def _refuse_contradiction(budget: Budget) -> None:
    """Every correlated set must have a possible matrix: no pivot of its factorisation clearly below zero."""
    for group in budget.groups:
        size = len(group)
        rows = [[budget.correlation(a.name, b.name) for b in group] for a in group]
        for pivot in range(size):
            head = rows[pivot][pivot]
            loose = [abs(rows[row][pivot]) for row in range(pivot + 1, size)]
            if head < Decimal("-1e-6") or (head < Decimal("1e-9") and max(loose, default=Decimal(0)) > Decimal("1e-3")):
                names = ", ".join(item.name for item in group)
                raise BudgetError(
                    "correlation",
                    f"相关系数互相矛盾（{names}）。",
                    f"The correlations contradict each other ({names}).",
                )
            if head < Decimal("1e-9"):
                continue
            for row in range(pivot + 1, size):
                share = CONTEXT.divide(rows[row][pivot], head)
                for column in range(pivot, size):
                    taken = CONTEXT.multiply(share, rows[pivot][column])
                    rows[row][column] = CONTEXT.subtract(rows[row][column], taken)


def _tables(path: str, found: object) -> list[dict[str, Any]]:
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(table, dict) for table in found):
        raise BudgetError(path, f"应写成 [[{path}]]。", f"This is written [[{path}]].")
    return found


def _known_fields(path: str, table: Mapping[str, Any], known: Iterable[str]) -> None:
    for field in table:
        if field not in known:
            close = get_close_matches(field, list(known), 1)
            zh, en = (f"是否指 {close[0]}？", f" Did you mean {close[0]}?") if close else ("", "")
            where = f"{path}.{field}" if path else field
            raise BudgetError(where, f"没有这个字段。{zh}", f"There is no such field.{en}")


def _text(table: Mapping[str, Any], path: str, field: str, default: str | None = None) -> str:
    value = table.get(field, default)
    if value is None:
        raise BudgetError(f"{path}.{field}", "缺少这个字段。", "This field is missing.")
    if not isinstance(value, str):
        raise BudgetError(f"{path}.{field}", "应是带引号的文字。", "This must be text in quotes.")
    return value


def _decimal(path: str, value: object) -> Decimal:
    if type(value) is int:
        value = str(value) if abs(value) < 10**_LONGEST_NUMBER else "?"
    if not isinstance(value, str):
        raise BudgetError(path, '数字要带引号，例如 "0.05"。', 'A number is written in quotes, such as "0.05".')
    if len(value) > _LONGEST_NUMBER or not _NUMBER.fullmatch(value):
        raise BudgetError(path, f"“{value[:40]}”不是数。", f"“{value[:40]}” is not a number.")
    number = Decimal(value)
    if number and abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise BudgetError(path, f"“{value}”太大或太小。", f"“{value}” is too large or too small.")
    return number


def _number(table: Mapping[str, Any], path: str, field: str) -> Decimal:
    where = f"{path}.{field}" if path else field
    if field not in table:
        raise BudgetError(where, "缺少这个字段。", "This field is missing.")
    return _decimal(where, table[field])


def _positive(table: Mapping[str, Any], path: str, field: str) -> Decimal:
    number = _number(table, path, field)
    if number <= 0:
        raise BudgetError(f"{path}.{field}" if path else field, "应大于零。", "This must be above zero.")
    return number


def _not_negative(table: Mapping[str, Any], path: str, field: str) -> Decimal:
    number = _number(table, path, field)
    if number < 0:
        raise BudgetError(f"{path}.{field}", "不能小于零。", "This cannot be below zero.")
    return number


def _flag(table: Mapping[str, Any], field: str, default: bool) -> bool:
    value = table.get(field, default)
    if not isinstance(value, bool):
        raise BudgetError(field, "只能是 true 或 false。", "Either true or false.")
    return value
