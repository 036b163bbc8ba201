"""Syntax tree to nested closures over Decimal. Kinds are proven before, so a closure never asks what it is given.

Closures use the plain operators of Decimal, which are twice as fast as the methods of a context: they are called with
the working context in force (`arithmetic.working`), never otherwise.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from lims.metrology.expression.arithmetic import ONE, DomainError
from lims.metrology.expression.functions import Elementwise, Extreme, Function, Reduction, Rounding
from lims.metrology.expression.kinds import Kinds
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
)

Values = Mapping[str, Any]
Closure = Callable[[Values], Any]
"""Values are Decimal, tuple of Decimal, or bool; which one is known from the kind of the node."""

_BINARY: Final[Mapping[str, Callable[[Decimal, Decimal], Decimal]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_COMPARE: Final[Mapping[str, Callable[[Decimal, Decimal], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def build(node: Node, kinds: Kinds, functions: Mapping[str, Function]) -> Closure:
    """The closure of a checked tree."""

    def of(part: Node) -> Closure:
        return build(part, kinds, functions)

    match node:
        case Number(value=value):
            return lambda values: value
        case Name(name=name):
            return operator.itemgetter(name)
        case Negate(operand=operand):
            return _unary(operator.neg, of(operand), kinds[id(operand)] == "vector")
        case Power(base=base, exponent=exponent):
            return _unary(_raiser(exponent), of(base), kinds[id(base)] == "vector")
        case Binary(operator=sign, left=left, right=right):
            sides = kinds[id(left)] == "vector", kinds[id(right)] == "vector"
            if any(sides):
                return _broadcast(_BINARY[sign], of(left), of(right), *sides)
            return _arithmetic(_BINARY[sign], left, right, of(left), of(right))
        case Compare(first=first, rest=rest):
            return _comparison(of(first), [(_COMPARE[sign], of(part)) for sign, part in rest])
        case Logic(operator=word, parts=parts):
            closures = [of(part) for part in parts]
            if word == "and":
                return lambda values: all(closure(values) for closure in closures)
            return lambda values: any(closure(values) for closure in closures)
        case Not(operand=operand):
            inner = of(operand)
            return lambda values: not inner(values)
        case Choice(condition=condition, yes=yes, no=no):
            test, first_way, second_way = of(condition), of(yes), of(no)
            return lambda values: first_way(values) if test(values) else second_way(values)
        case Call(function=name, arguments=arguments):
            vectors = [kinds[id(argument)] == "vector" for argument in arguments]
            return _call(functions[name], [of(argument) for argument in arguments], vectors)


def _raiser(exponent: int) -> Callable[[Decimal], Decimal]:
    number = Decimal(exponent)
    if exponent == 0:
        return lambda x: ONE
    return lambda x: x**number


def _unary(function: Callable[[Decimal], Decimal], inner: Closure, vector: bool) -> Closure:
    if vector:
        return lambda values: tuple(map(function, inner(values)))
    return lambda values: function(inner(values))


def _arithmetic(
    function: Callable[[Decimal, Decimal], Decimal], left: Node, right: Node, first: Closure, second: Closure
) -> Closure:
    """Scalar arithmetic. Names and numbers as operands are read in place: half of all calls of a formula are these."""
    match left, right:
        case Name(name=a), Name(name=b):
            return lambda values: function(values[a], values[b])
        case Name(name=a), Number(value=n):
            return lambda values: function(values[a], n)
        case Number(value=n), Name(name=b):
            return lambda values: function(n, values[b])
        case Name(name=a), _:
            return lambda values: function(values[a], second(values))
        case _, Name(name=b):
            return lambda values: function(first(values), values[b])
        case Number(value=n), _:
            return lambda values: function(n, second(values))
        case _, Number(value=n):
            return lambda values: function(first(values), n)
    return lambda values: function(first(values), second(values))


def _broadcast(
    function: Callable[[Decimal, Decimal], Decimal],
    left: Closure,
    right: Closure,
    left_vector: bool,
    right_vector: bool,
) -> Closure:
    """A two-argument function element by element; a scalar goes with every element."""
    if left_vector and right_vector:
        return lambda values: _pairwise(function, left(values), right(values))
    if left_vector:

        def series_with_value(values: Values) -> tuple[Decimal, ...]:
            fixed = right(values)
            return tuple([function(item, fixed) for item in left(values)])

        return series_with_value
    if right_vector:

        def value_with_series(values: Values) -> tuple[Decimal, ...]:
            fixed = left(values)
            return tuple([function(fixed, item) for item in right(values)])

        return value_with_series
    return lambda values: function(left(values), right(values))


def _pairwise(
    function: Callable[[Decimal, Decimal], Decimal], left: Sequence[Decimal], right: Sequence[Decimal]
) -> tuple[Decimal, ...]:
    if len(left) != len(right):
        raise DomainError(
            f"两列值个数不同：{len(left)} 与 {len(right)}。",
            f"The series differ in length: {len(left)} and {len(right)}.",
        )
    return tuple(map(function, left, right))


def _comparison(first: Closure, rest: Sequence[tuple[Callable[[Decimal, Decimal], bool], Closure]]) -> Closure:
    if len(rest) == 1:
        function, second = rest[0]
        return lambda values: function(first(values), second(values))

    def chain(values: Values) -> bool:
        left = first(values)
        for function, closure in rest:
            right = closure(values)
            if not function(left, right):
                return False
            left = right
        return True

    return chain


def _call(function: Function, arguments: Sequence[Closure], vectors: Sequence[bool]) -> Closure:
    first = arguments[0]
    match function:
        case Elementwise(value=value):
            return _unary(value, first, vectors[0])
        case Reduction(value=reduce):
            return lambda values: reduce(first(values))
        case Extreme(value=reduce):
            if len(arguments) == 1:
                return lambda values: reduce(first(values))
            if not any(vectors):
                return lambda values: reduce([argument(values) for argument in arguments])
            return lambda values: _columnwise(reduce, [argument(values) for argument in arguments])
        case Rounding(value=rounded):
            return _broadcast(rounded, first, arguments[1], vectors[0], False)


def _columnwise(
    reduce: Callable[[Sequence[Decimal]], Decimal], columns: Sequence[Decimal | Sequence[Decimal]]
) -> tuple[Decimal, ...]:
    lengths = {len(column) for column in columns if not isinstance(column, Decimal)}
    if len(lengths) != 1:
        low, high = min(lengths), max(lengths)
        raise DomainError(f"各列值个数不同：{low} 与 {high}。", f"The series differ in length: {low} and {high}.")
    rows = range(lengths.pop())
    return tuple(reduce([column if isinstance(column, Decimal) else column[row] for column in columns]) for row in rows)
