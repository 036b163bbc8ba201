"""The syntax tree of the expression language. `at` is the column (from 1) a message about the node points at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

BinaryOperator = Literal["+", "-", "*", "/"]
Comparison = Literal["<", "<=", ">", ">=", "==", "!="]


@dataclass(frozen=True, slots=True)
class Number:
    """A literal, exactly as written."""

    at: int
    value: Decimal


@dataclass(frozen=True, slots=True)
class Name:
    """A quantity of the record or budget."""

    at: int
    name: str


@dataclass(frozen=True, slots=True)
class Negate:
    """Minus in front."""

    at: int
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """One of ``+ - * /`` between two parts."""

    at: int
    operator: BinaryOperator
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Power:
    """A part raised to a whole number."""

    at: int
    base: Node
    exponent: int


@dataclass(frozen=True, slots=True)
class Compare:
    """A chain ``first op node op node …`` as in ``-mpe <= e <= mpe``."""

    at: int
    first: Node
    rest: tuple[tuple[Comparison, Node], ...]


@dataclass(frozen=True, slots=True)
class Logic:
    """``and`` or ``or`` over two or more conditions."""

    at: int
    operator: Literal["and", "or"]
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """A condition turned round."""

    at: int
    operand: Node


@dataclass(frozen=True, slots=True)
class Choice:
    """``yes if condition else no``."""

    at: int
    condition: Node
    yes: Node
    no: Node


@dataclass(frozen=True, slots=True)
class Call:
    """A named function with its arguments."""

    at: int
    function: str
    arguments: tuple[Node, ...]


Node = Number | Name | Negate | Binary | Power | Compare | Logic | Not | Choice | Call


def children(node: Node) -> tuple[Node, ...]:
    """The direct parts of a node, left to right."""
    match node:
        case Number() | Name():
            return ()
        case Negate(operand=operand) | Not(operand=operand):
            return (operand,)
        case Binary(left=left, right=right):
            return (left, right)
        case Power(base=base):
            return (base,)
        case Compare(first=first, rest=rest):
            return (first, *(part for _, part in rest))
        case Logic(parts=parts):
            return parts
        case Choice(condition=condition, yes=yes, no=no):
            return (condition, yes, no)
        case Call(arguments=arguments):
            return arguments


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(children(current))
