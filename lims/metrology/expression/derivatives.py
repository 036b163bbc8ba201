"""Derivatives by forward automatic differentiation in Decimal: a value carries its first and second partials along.

Exact to the working precision, no step width to choose. Second partials serve the higher-order terms of GUM 5.1.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from lims.metrology.expression.arithmetic import CONTEXT, ONE, ZERO, DomainError
from lims.metrology.expression.closures import build
from lims.metrology.expression.functions import Elementwise, Extreme, Function, Reduction
from lims.metrology.expression.kinds import Kinds
from lims.metrology.expression.nodes import Binary, Call, Choice, Name, Negate, Node, Number, Power

Pair = tuple[str, str]
_add, _multiply = CONTEXT.add, CONTEXT.multiply


@dataclass(slots=True)
class Jet:
    """A value with its partial derivatives; a missing key is a zero. Pairs are in sorted order."""

    value: Decimal
    gradient: dict[str, Decimal] = field(default_factory=dict)
    curvature: dict[Pair, Decimal] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    def first(self) -> dict[str, Decimal]:
        """First partials after every name asked for."""
        return {name: self.gradient.get(name, ZERO) for name in self.names}

    def second(self) -> dict[Pair, Decimal]:
        """Second partials after every pair of names asked for."""
        names = self.names
        return {(a, b): self.curvature.get((a, b), ZERO) for i, a in enumerate(names) for b in names[i:]}


@dataclass(frozen=True, slots=True)
class _Setting:
    kinds: Kinds
    functions: Mapping[str, Function]
    values: Mapping[str, Any]
    second: bool


def evaluate(
    root: Node,
    kinds: Kinds,
    functions: Mapping[str, Function],
    values: Mapping[str, Any],
    names: tuple[str, ...],
    order: int,
) -> Jet:
    """Value and partials of a scalar tree after `names`. Raises DomainError where a derivative does not exist."""
    jet = _scalar(root, _Setting(kinds, functions, values, order > 1))
    return Jet(jet.value, jet.gradient, jet.curvature, tuple(sorted(names)))


def _scalar(node: Node, setting: _Setting) -> Jet:
    result = _jet(node, setting)
    assert isinstance(result, Jet)
    return result


def _jet(node: Node, setting: _Setting) -> Jet | list[Jet]:
    match node:
        case Number(value=value):
            return Jet(value)
        case Name(name=name):
            if setting.kinds[id(node)] == "vector":
                return [Jet(item) for item in setting.values[name]]
            return Jet(setting.values[name], {name: ONE})
        case Negate(operand=operand):
            return _each(lambda jet: _chain(jet, CONTEXT.minus(jet.value), -ONE, ZERO, setting), _jet(operand, setting))
        case Power(base=base, exponent=exponent):
            return _each(lambda jet: _powered(jet, exponent, setting), _jet(base, setting))
        case Binary(operator=sign, left=left, right=right):
            return _zip(lambda a, b: _binary(sign, a, b, setting), _jet(left, setting), _jet(right, setting))
        case Choice(condition=condition, yes=yes, no=no):
            chosen = build(condition, setting.kinds, setting.functions)(setting.values)
            return _jet(yes if chosen else no, setting)
        case Call(function=name, arguments=arguments):
            return _called(setting.functions[name], [_jet(argument, setting) for argument in arguments], setting)
        case _:
            raise DomainError("是否判断没有导数。", "A condition has no derivative.")


def _each(function: Callable[[Jet], Jet], operand: Jet | list[Jet]) -> Jet | list[Jet]:
    return [function(item) for item in operand] if isinstance(operand, list) else function(operand)


def _zip(function: Callable[[Jet, Jet], Jet], left: Jet | list[Jet], right: Jet | list[Jet]) -> Jet | list[Jet]:
    if isinstance(left, list) and isinstance(right, list):
        return [function(a, b) for a, b in zip(left, right, strict=True)]
    if isinstance(left, list) and isinstance(right, Jet):
        return [function(item, right) for item in left]
    if isinstance(left, Jet) and isinstance(right, list):
        return [function(left, item) for item in right]
    assert isinstance(left, Jet) and isinstance(right, Jet)
    return function(left, right)


def _combine(value: Decimal, parts: Sequence[tuple[Decimal, Jet]], setting: _Setting) -> Jet:
    """A jet whose derivatives are the weighted sum of those of `parts`."""
    result = Jet(value)
    for weight, jet in parts:
        if not weight:
            continue
        for name, slope in jet.gradient.items():
            result.gradient[name] = _add(result.gradient.get(name, ZERO), _multiply(weight, slope))
        if setting.second:
            for pair, bend in jet.curvature.items():
                result.curvature[pair] = _add(result.curvature.get(pair, ZERO), _multiply(weight, bend))
    return result


def _cross(result: Jet, weight: Decimal, left: Jet, right: Jet) -> None:
    """Add ``weight · (∂left ∂rightᵀ + ∂right ∂leftᵀ) / 2`` to the curvature: the mixed term of a product."""
    if not weight:
        return
    names = sorted({*left.gradient, *right.gradient})
    for index, a in enumerate(names):
        for b in names[index:]:
            both = _add(
                _multiply(left.gradient.get(a, ZERO), right.gradient.get(b, ZERO)),
                _multiply(left.gradient.get(b, ZERO), right.gradient.get(a, ZERO)),
            )
            term = CONTEXT.divide(_multiply(weight, both), Decimal(2))
            result.curvature[a, b] = _add(result.curvature.get((a, b), ZERO), term)


def _chain(jet: Jet, value: Decimal, first: Decimal, second: Decimal, setting: _Setting) -> Jet:
    """The jet of a function of one argument from its slopes."""
    result = _combine(value, [(first, jet)], setting)
    if setting.second:
        _cross(result, second, jet, jet)
    return result


def _powered(jet: Jet, exponent: int, setting: _Setting) -> Jet:
    def term(factor: int, power: int) -> Decimal:
        if factor == 0:
            return ZERO
        raised = ONE if power == 0 else CONTEXT.power(jet.value, Decimal(power))
        return _multiply(Decimal(factor), raised)

    second = term(exponent * (exponent - 1), exponent - 2) if setting.second else ZERO
    return _chain(jet, term(1, exponent), term(exponent, exponent - 1), second, setting)


def _binary(sign: str, left: Jet, right: Jet, setting: _Setting) -> Jet:
    if sign == "+":
        return _combine(_add(left.value, right.value), [(ONE, left), (ONE, right)], setting)
    if sign == "-":
        return _combine(CONTEXT.subtract(left.value, right.value), [(ONE, left), (-ONE, right)], setting)
    if sign == "*":
        result = _combine(_multiply(left.value, right.value), [(right.value, left), (left.value, right)], setting)
        if setting.second:
            _cross(result, Decimal(2), left, right)
        return result
    if not right.gradient:
        inverse = CONTEXT.divide(ONE, right.value)
        return _combine(CONTEXT.divide(left.value, right.value), [(inverse, left)], setting)
    return _binary("*", left, _powered(right, -1, setting), setting)


def _called(function: Function, arguments: Sequence[Jet | list[Jet]], setting: _Setting) -> Jet | list[Jet]:
    first = arguments[0]
    if isinstance(function, Elementwise):
        return _each(lambda jet: _elementwise(function, jet, setting), first)
    if isinstance(function, Reduction):
        assert isinstance(first, list)
        return _reduced(function, first, setting)
    if isinstance(function, Extreme):
        if len(arguments) == 1:
            assert isinstance(first, list)
            return _extreme(function, first)
        result = first
        for other in arguments[1:]:
            result = _zip(lambda a, b: _extreme(function, [a, b]), result, other)
        return result
    raise DomainError(
        "round_to 没有导数；不确定度用未修约的公式。", "round_to has no derivative; use the unrounded formula."
    )


def _elementwise(function: Elementwise, jet: Jet, setting: _Setting) -> Jet:
    value = function.value(jet.value)
    if not jet.gradient:
        return Jet(value)
    first, second = function.slopes(jet.value, value)
    return _chain(jet, value, first, second, setting)


def _reduced(function: Reduction, items: Sequence[Jet], setting: _Setting) -> Jet:
    numbers = [item.value for item in items]
    value = function.value(numbers)
    if not any(item.gradient for item in items):
        return Jet(value)
    weights = function.weights(numbers, value)
    if setting.second and not function.linear:
        raise DomainError("这个函数没有二阶导数。", "This function has no second derivative here.")
    return _combine(value, list(zip(weights, items, strict=True)), setting)


def _extreme(function: Extreme, items: Sequence[Jet]) -> Jet:
    value = function.value([item.value for item in items])
    at = [item for item in items if item.value == value]
    if len(at) > 1 and any(item.gradient != at[0].gradient for item in at):
        raise DomainError("最大、最小值相等处没有导数。", "There is no derivative where the extremes are equal.")
    return at[0]
