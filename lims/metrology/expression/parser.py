"""Text to syntax tree: a tokenizer and a precedence-climbing parser for the allow-listed grammar, nothing else.

The grammar reads like Python and like a regulation: numbers, names, ``+ - * /``, ``**`` with an integer exponent,
comparisons (also chained), ``and or not``, ``a if c else b``, and calls of named functions. There are no strings,
attributes, subscripts, assignments or keywords beyond these, so there is nothing a hostile text could reach; length,
size and depth are bounded before any recursion could hurt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, cast

from lims.metrology.expression.errors import ExpressionError
from lims.metrology.expression.nodes import (
    Binary,
    BinaryOperator,
    Call,
    Choice,
    Compare,
    Comparison,
    Logic,
    Name,
    Negate,
    Node,
    Not,
    Number,
    Power,
)

MAX_LENGTH: Final = 1000
MAX_NODES: Final = 300
MAX_DEPTH: Final = 30
MAX_DIGITS: Final = 34
MAX_NAME: Final = 64
MAX_DECIMAL_EXPONENT: Final = 40
MAX_POWER: Final = 12

_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z][A-Za-z0-9_]*)"
    r"|(?P<mark>\*\*|<=|>=|==|!=|[-+*/()<>,])"
)
_WORDS = frozenset({"and", "or", "not", "if", "else"})
_COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})
_TYPEWRITER = {
    "（": "(",
    "）": ")",
    "，": ",",
    "×": "*",
    "·": "*",
    "÷": "/",
    "−": "-",
    "－": "-",
    "＋": "+",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "^": "**",
}

_TokenKind = Literal["number", "name", "word", "mark", "end"]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: _TokenKind
    text: str
    at: int


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _unknown_character(text[position], position + 1)
        kind, at, position = match.lastgroup, position + 1, match.end()
        if kind == "name" and match[0] in _WORDS:
            found.append(_Token("word", match[0], at))
        elif kind != "space":
            found.append(_Token(cast(_TokenKind, kind), match[0], at))
        if kind == "name" and len(match[0]) > MAX_NAME:
            raise ExpressionError("名称太长。", "This name is too long.", at)
        if kind == "number" and position < len(text) and (text[position].isalnum() or text[position] in "._"):
            raise ExpressionError("数字写法不对。", "This is not how a number is written.", at)
    found.append(_Token("end", "", len(text) + 1))
    return found


def _unknown_character(character: str, at: int) -> ExpressionError:
    instead = _TYPEWRITER.get(character)
    shown = character if character.isprintable() else f"U+{ord(character):04X}"
    if instead:
        return ExpressionError(f"请用“{instead}”代替“{shown}”。", f"Write “{instead}” instead of “{shown}”.", at)
    return ExpressionError(f"公式里不能有字符“{shown}”。", f"The character “{shown}” is not part of a formula.", at)


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = 0
        self._nodes = 0
        self._depth = 0

    def formula(self) -> Node:
        node = self._choice()
        token = self._peek()
        if token.kind != "end":
            raise ExpressionError(
                f"“{token.text}”前缺少运算符。", f"An operator is missing before “{token.text}”.", token.at
            )
        return node

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, kind: _TokenKind, text: str) -> _Token | None:
        token = self._tokens[self._next]
        if token.kind == kind and token.text == text:
            self._next += 1
            return token
        return None

    def _need(self, text: str, opened_at: int) -> None:
        if self._take("mark", text) is None:
            raise ExpressionError(f"缺少“{text}”。", f"“{text}” is missing.", self._peek().at or opened_at)

    def _made(self, node: Node) -> Node:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise ExpressionError("公式太大，请拆成几步。", "The formula is too large; split it into steps.", node.at)
        return node

    def _choice(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExpressionError("公式嵌套太深。", "The formula is nested too deeply.", self._peek().at)
        node = self._or()
        word = self._take("word", "if")
        if word is not None:
            condition = self._or()
            if self._take("word", "else") is None:
                raise ExpressionError("“if”缺少对应的“else”。", "“if” needs an “else”.", word.at)
            node = self._made(Choice(word.at, condition, node, self._choice()))
        self._depth -= 1
        return node

    def _or(self) -> Node:
        return self._logic("or")

    def _logic(self, word: Literal["and", "or"]) -> Node:
        parts = [self._not() if word == "and" else self._logic("and")]
        at = self._peek().at
        while self._take("word", word):
            parts.append(self._not() if word == "and" else self._logic("and"))
        return parts[0] if len(parts) == 1 else self._made(Logic(at, word, tuple(parts)))

    def _not(self) -> Node:
        words: list[int] = []
        while token := self._take("word", "not"):
            words.append(token.at)
        self._few(words)
        node = self._comparison()
        for at in reversed(words):
            node = self._made(Not(at, node))
        return node

    def _few(self, columns: list[int]) -> None:
        """Signs and negations in a row count as nesting."""
        if len(columns) > MAX_DEPTH:
            raise ExpressionError("公式嵌套太深。", "The formula is nested too deeply.", columns[0])

    def _comparison(self) -> Node:
        first = self._sum()
        rest: list[tuple[Comparison, Node]] = []
        at = self._peek().at
        while self._peek().kind == "mark" and self._peek().text in _COMPARISONS:
            operator = cast(Comparison, self._peek().text)
            self._next += 1
            rest.append((operator, self._sum()))
        return self._made(Compare(at, first, tuple(rest))) if rest else first

    def _sum(self) -> Node:
        node = self._product()
        while (token := self._peek()).kind == "mark" and token.text in "+-":
            self._next += 1
            node = self._made(Binary(token.at, cast(BinaryOperator, token.text), node, self._product()))
        return node

    def _product(self) -> Node:
        node = self._signed()
        while (token := self._peek()).kind == "mark" and token.text in ("*", "/"):
            self._next += 1
            node = self._made(Binary(token.at, cast(BinaryOperator, token.text), node, self._signed()))
        return node

    def _signed(self) -> Node:
        signs: list[_Token] = []
        while (token := self._peek()).kind == "mark" and token.text in "+-":
            self._next += 1
            signs.append(token)
        self._few([token.at for token in signs])
        node = self._power()
        for token in reversed(signs):
            if token.text == "-":
                node = self._made(Negate(token.at, node))
        return node

    def _power(self) -> Node:
        base = self._atom()
        token = self._take("mark", "**")
        if token is None:
            return base
        minus = self._take("mark", "-") is not None
        literal = self._peek()
        if literal.kind != "number" or not literal.text.isdigit() or len(literal.text) > 2:
            raise _bad_power(token.at)
        self._next += 1
        exponent = -int(literal.text) if minus else int(literal.text)
        if abs(exponent) > MAX_POWER or self._peek().text == "**":
            raise _bad_power(token.at)
        return self._made(Power(token.at, base, exponent))

    def _atom(self) -> Node:
        token = self._peek()
        self._next += 1
        if token.kind == "number":
            return self._made(Number(token.at, _number(token)))
        if token.kind == "name":
            if self._take("mark", "("):
                return self._made(Call(token.at, token.text, self._arguments(token.at)))
            return self._made(Name(token.at, token.text))
        if token.kind == "mark" and token.text == "(":
            inner = self._choice()
            self._need(")", token.at)
            return inner
        if token.kind == "end":
            raise ExpressionError("公式不完整。", "The formula is incomplete.", token.at)
        raise ExpressionError(f"此处不应有“{token.text}”。", f"“{token.text}” does not belong here.", token.at)

    def _arguments(self, opened_at: int) -> tuple[Node, ...]:
        if self._take("mark", ")"):
            return ()
        arguments = [self._choice()]
        while self._take("mark", ","):
            arguments.append(self._choice())
        self._need(")", opened_at)
        return tuple(arguments)


def _bad_power(at: int) -> ExpressionError:
    return ExpressionError(
        f"“**”后只能写 −{MAX_POWER} 到 {MAX_POWER} 的整数。",
        f"“**” takes a whole number from −{MAX_POWER} to {MAX_POWER}.",
        at,
    )


def _number(token: _Token) -> Decimal:
    """The literal exactly as written. Its digits and exponent are bounded before Decimal ever sees them."""
    mantissa, _, exponent = token.text.lower().partition("e")
    if len(mantissa.replace(".", "").lstrip("0")) > MAX_DIGITS or len(mantissa) > MAX_DIGITS + MAX_DECIMAL_EXPONENT:
        raise ExpressionError(f"数字不能超过 {MAX_DIGITS} 位。", f"A number has at most {MAX_DIGITS} digits.", token.at)
    if len(exponent) > 4 or (exponent and abs(int(exponent)) > MAX_DECIMAL_EXPONENT):
        raise ExpressionError(
            f"10 的指数不能超过 {MAX_DECIMAL_EXPONENT}。",
            f"The power of ten is at most {MAX_DECIMAL_EXPONENT}.",
            token.at,
        )
    return Decimal(token.text)


def parse(text: str) -> Node:
    """The syntax tree of one formula. Raises ExpressionError with the column."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"公式长度不能超过 {MAX_LENGTH} 个字符。", f"A formula has at most {MAX_LENGTH} characters."
        )
    if not text.strip():
        raise ExpressionError("公式是空的。", "The formula is empty.", 1)
    return _Parser(text).formula()
