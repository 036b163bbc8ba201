"""Static checks: every name and function known, every argument of a kind that fits, before anything is evaluated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from lims.metrology.expression.errors import ExpressionError
from lims.metrology.expression.functions import Extreme, Function, Reduction, Rounding
from lims.metrology.expression.nodes import (
    Binary,
    Call,
    Choice,
    Compare,
    Logic,
    Name,
    Negate,
    Node,
    Not,
    Number,
    Power,
    children,
)

Kind = Literal["scalar", "vector", "boolean"]

_KIND_ZH: Mapping[Kind, str] = {"scalar": "单个值", "vector": "一列值", "boolean": "是否判断"}
_KIND_EN: Mapping[Kind, str] = {"scalar": "one value", "vector": "a series", "boolean": "a yes/no condition"}


@dataclass(frozen=True)
class Symbol:
    """A name a formula may use. `unit` is text such as ``kWh``; ``1`` is a plain number, empty means not known."""

    name: str
    kind: Kind
    unit: str = "1"


Kinds = dict[int, Kind]
"""Kind of every node, by ``id(node)`` of a tree that is kept alive beside it."""


def infer(root: Node, symbols: Mapping[str, Symbol], functions: Mapping[str, Function]) -> Kinds:
    """The kind of every node. Raises ExpressionError at the first node that does not fit."""
    kinds: Kinds = {}
    _infer(root, symbols, functions, kinds)
    return kinds


def _infer(node: Node, symbols: Mapping[str, Symbol], functions: Mapping[str, Function], kinds: Kinds) -> Kind:
    parts = [_infer(part, symbols, functions, kinds) for part in children(node)]
    kinds[id(node)] = kind = _kind(node, parts, symbols, functions)
    return kind


def _kind(node: Node, parts: list[Kind], symbols: Mapping[str, Symbol], functions: Mapping[str, Function]) -> Kind:
    match node:
        case Number():
            return "scalar"
        case Name(at=at, name=name):
            symbol = symbols.get(name)
            if symbol is None:
                raise _unknown("量", "quantity", name, symbols, at)
            return symbol.kind
        case Negate(at=at) | Power(at=at) | Binary(at=at):
            _refuse_boolean(parts, at)
            return "vector" if "vector" in parts else "scalar"
        case Compare(at=at):
            _refuse_boolean(parts, at)
            if "vector" in parts:
                raise ExpressionError(
                    "一列值不能直接比较，请先用 max、min 或 mean 等取一个值。",
                    "A series cannot be compared; take max, min or mean of it first.",
                    at,
                )
            return "boolean"
        case Logic(at=at) | Not(at=at):
            _need_boolean(parts, at)
            return "boolean"
        case Choice(at=at):
            _need_boolean(parts[:1], at)
            if parts[1] != parts[2]:
                raise ExpressionError(
                    f"“if … else”两侧不同类：{_KIND_ZH[parts[1]]}与{_KIND_ZH[parts[2]]}。",
                    f"The sides of “if … else” differ: {_KIND_EN[parts[1]]} and {_KIND_EN[parts[2]]}.",
                    at,
                )
            return parts[1]
        case Call(at=at, function=name):
            function = functions.get(name)
            if function is None:
                raise _unknown("函数", "function", name, functions, at)
            _refuse_boolean(parts, at)
            return _call_kind(name, function, parts, at)


def _call_kind(name: str, function: Function, parts: list[Kind], at: int) -> Kind:
    match function:
        case Reduction():
            _count(name, parts, 1, at)
            return _reduced(name, parts[0], at)
        case Extreme():
            if not parts:
                _count(name, parts, 1, at)
            if len(parts) == 1:
                return _reduced(name, parts[0], at)
            return "vector" if "vector" in parts else "scalar"
        case Rounding():
            _count(name, parts, 2, at)
            if parts[1] != "scalar":
                raise ExpressionError("修约间隔必须是单个值。", "The rounding interval must be one value.", at)
            return parts[0]
        case _:
            _count(name, parts, 1, at)
            return parts[0]


def _reduced(name: str, kind: Kind, at: int) -> Kind:
    if kind != "vector":
        raise ExpressionError(f"{name}() 需要一列值。", f"{name}() needs a series.", at)
    return "scalar"


def _count(name: str, parts: list[Kind], needed: int, at: int) -> None:
    if len(parts) != needed:
        raise ExpressionError(
            f"{name}() 需要 {needed} 个参数，给了 {len(parts)} 个。",
            f"{name}() takes {needed} argument(s), not {len(parts)}.",
            at,
        )


def _refuse_boolean(parts: Iterable[Kind], at: int) -> None:
    if "boolean" in parts:
        raise ExpressionError("是否判断不能参与计算。", "A yes/no condition cannot be calculated with.", at)


def _need_boolean(parts: Iterable[Kind], at: int) -> None:
    if any(part != "boolean" for part in parts):
        raise ExpressionError("这里需要是否判断，例如 a <= b。", "A yes/no condition such as a <= b belongs here.", at)


def _unknown(zh: str, en: str, name: str, known: Iterable[str], at: int) -> ExpressionError:
    close = get_close_matches(name, list(known), 1)
    hint_zh, hint_en = (f"是否指“{close[0]}”？", f" Did you mean “{close[0]}”?") if close else ("", "")
    return ExpressionError(f"没有名为“{name}”的{zh}。{hint_zh}", f"There is no {en} “{name}”.{hint_en}", at)
