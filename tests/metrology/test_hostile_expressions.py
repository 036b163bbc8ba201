"""Texts that try to reach beyond arithmetic, or to exhaust the machine. Every one is refused; none executes."""

from decimal import Decimal

import pytest

from lims.metrology.expression import EvaluationError, ExpressionError, Symbol, compile_expression

SYMBOLS = {
    "x": Symbol("x", "scalar", ""),
    "y": Symbol("y", "scalar", ""),
    "r": Symbol("r", "vector", ""),
    "ok": Symbol("ok", "boolean"),
}

REACHING = [
    "__import__('os').system('true')",
    "().__class__.__bases__[0].__subclasses__()",
    "x.__class__",
    "x.real",
    "(1).__class__",
    "1 .__class__",
    "r[0]",
    "r[0:1]",
    "abs.__globals__",
    "mean.__globals__['__builtins__']",
    "getattr(x, 'y')",
    "eval('1')",
    "exec('1')",
    "open('/etc/passwd')",
    "compile('1', '', 'eval')",
    "globals()",
    "locals()",
    "vars()",
    "dir()",
    "print(x)",
    "input()",
    "breakpoint()",
    "type(x)",
    "lambda: 1",
    "(lambda x: x)(1)",
    "[x for x in r]",
    "{x for x in r}",
    "{x: y for x in r}",
    "(x for x in r)",
    "[1, 2]",
    "(1, 2)",
    "{1: 2}",
    "{1}",
    "x := 1",
    "(x := 1)",
    "x = 1",
    "x += 1",
    "'a'",
    '"a"',
    "'a' * 100000000",
    "b'a'",
    "f'{x}'",
    "x if",
    "yield x",
    "await x",
    "import os",
    "del x",
    "assert x",
    "raise x",
    "return x",
    "while x: 1",
    "x; y",
    "x\x00",
    "x # comment",
    "x \\\n + y",
    "$x",
    "`x`",
    "x!",
    "@x",
    "max(*r)",
    "max(**r)",
    "max(x, key=y)",
    "abs(x=1)",
    "max(x, y,)",
    "max(x)(y)",
    "abs",
    "True",
    "None",
    "Ellipsis",
    "...",
    "x is y",
    "x in r",
    "x & y",
    "x | y",
    "x ^ y",
    "~x",
    "x << 3",
    "x >> 3",
    "x // y",
    "x % y",
    "x @ y",
    "x <> y",
]
LETTERS = [
    "ａbs(x)",  # full-width letters that some parsers fold to ASCII
    "ſum(r)",  # long s, folded to s
    "x₁",
    "х",  # Cyrillic
    "１ + x",  # full-width digit
    "٣ + x",  # Arabic digit
    "x\u200b + 1",
    "x\u00a0+ 1",
    "x \u202e + 1",
    "x² + 1",
    "½",
    "∞",
    "＿x",
]
NUMBERS = [
    "0x10",
    "0b1",
    "0o7",
    "1_000",
    "1j",
    "1.",
    ".5",
    "1e",
    "1e+",
    "1.2.3",
    "1e41",
    "1e-41",
    "1e999999999",
    "1E99999999999999999999",
    "9" * 35,
    "0." + "1" * 40,
    "Infinity",
    "NaN",
    "inf",
]
EXHAUSTING = [
    "9**9999999",
    "9**9**9",
    "x**y",
    "x**13",
    "x**-13",
    "x**2.0",
    "x**(2)",
    "2**x",
    "(" * 400 + "x" + ")" * 400,
    "(" * 400,
    ")" * 400,
    "-" * 5000 + "x",
    "-" * 600 + "x",
    "not " * 240 + "ok",
    "abs(" * 60 + "x" + ")" * 60,
    "+".join(["x"] * 400),
    "max(" + ",".join(["x"] * 500) + ")",
    "x if ok else " * 40 + "x",
    "x<" * 450 + "x",
    "ok and " * 140 + "ok and x",
    " " * 100000,
    "x" * 5000,
    "x" * 500,
    "",
    "   ",
    "\n",
]


@pytest.mark.parametrize("text", REACHING + LETTERS + NUMBERS + EXHAUSTING, ids=lambda text: repr(text)[:30])
def test_hostile_text_is_refused_with_a_sentence(text):
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text, SYMBOLS)
    assert not isinstance(caught.value, EvaluationError)
    assert caught.value.message_zh
    assert len(caught.value.message_en) < 200


def test_there_are_enough_of_them():
    assert len(set(REACHING + LETTERS + NUMBERS + EXHAUSTING)) > 130


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("exp(exp(exp(exp(x))))", {"x": "9"}),
        ("(((x**12)**12)**12)**12", {"x": "9e40"}),
        ("exp(-exp(exp(exp(x))))", {"x": "9"}),
        ("sin(x**12)", {"x": "1e40"}),
        ("round_to(x, y)", {"x": "1e400", "y": "1e-400"}),
        ("round_to(x**12, 1e-40)", {"x": "1e40"}),
        ("1/(x - y)", {"x": "1", "y": "1"}),
    ],
)
def test_runaway_values_end_in_a_sentence_not_in_time_or_memory(text, values):
    expression = compile_expression(text, SYMBOLS)
    with pytest.raises(EvaluationError):
        expression({name: Decimal(value) for name, value in values.items()})


def test_the_largest_formula_allowed_still_evaluates():
    text = "+".join(["x"] * 150)
    assert compile_expression(text, SYMBOLS)({"x": Decimal(1)}) == 150
    nested = "(" * 25 + "x" + "+1)" * 25
    assert compile_expression(nested, SYMBOLS)({"x": Decimal(1)}) == 26
