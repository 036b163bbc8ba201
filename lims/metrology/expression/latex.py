"""Formula to LaTeX for the printed page: fractions, roots, Greek letters and upright word indices."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from lims.metrology.expression.functions import Function, Rounding
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

_GREEK_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
    "omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
)
_GREEK = frozenset(_GREEK_NAMES.split())
_COMPARE = {"<": "<", "<=": r"\le", ">": ">", ">=": r"\ge", "==": "=", "!=": r"\ne"}
_CHOICE, _OR, _AND, _COMPARISON, _SUM, _SIGN, _PRODUCT, _POWER, _ATOM = range(9)


def to_latex(node: Node, functions: Mapping[str, Function]) -> str:
    """The formula as LaTeX mathematics (without dollar signs)."""
    return _render(node, functions)[0]


def _render(node: Node, functions: Mapping[str, Function]) -> tuple[str, int]:
    """The LaTeX of a node and how tightly it binds."""

    def part(inner: Node, least: int) -> str:
        text, binding = _render(inner, functions)
        return text if binding >= least else rf"\left({text}\right)"

    match node:
        case Number(value=value):
            return number(value), _ATOM
        case Name(name=name):
            return symbol(name), _ATOM
        case Negate(operand=operand):
            return "-" + part(operand, _PRODUCT), _SIGN
        case Power(base=base, exponent=exponent):
            return f"{{{part(base, _ATOM)}}}^{{{exponent}}}", _POWER
        case Binary(operator="/", left=left, right=right):
            return rf"\frac{{{part(left, _CHOICE)}}}{{{part(right, _CHOICE)}}}", _PRODUCT
        case Binary(operator="*", left=left, right=right):
            return rf"{part(left, _SIGN)} \cdot {part(right, _PRODUCT)}", _PRODUCT
        case Binary(operator=sign, left=left, right=right):
            return f"{part(left, _SUM)} {sign} {part(right, _PRODUCT)}", _SUM
        case Compare(first=first, rest=rest):
            chain = "".join(f" {_COMPARE[sign]} {part(inner, _SUM)}" for sign, inner in rest)
            return part(first, _SUM) + chain, _COMPARISON
        case Logic(operator=word, parts=parts):
            level = _AND if word == "and" else _OR
            return (r" \land " if word == "and" else r" \lor ").join(part(inner, level + 1) for inner in parts), level
        case Not(operand=operand):
            return r"\lnot " + part(operand, _SIGN), _SIGN
        case Choice(condition=condition, yes=yes, no=no):
            return _cases(part(yes, _OR), part(condition, _OR), part(no, _OR)), _ATOM
        case Call(function=name, arguments=arguments):
            return _call(functions[name], [part(argument, _CHOICE) for argument in arguments]), _ATOM


def _cases(yes: str, condition: str, no: str) -> str:
    return rf"\begin{{cases}}{yes} & {condition} \\ {no} & \text{{else}}\end{{cases}}"


def _call(function: Function, arguments: list[str]) -> str:
    if isinstance(function, Rounding):
        return rf"\left[{arguments[0]}\right]_{{{arguments[1]}}}"
    return function.latex.format(", ".join(arguments))


def number(value: Decimal) -> str:
    """A number as written; a power of ten becomes a product with 10."""
    mantissa, _, exponent = str(value).partition("E")
    if not exponent:
        return mantissa
    power = f"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa} \times {power}"


def symbol(name: str) -> str:
    r"""A name as a symbol: ``E_std_start`` becomes ``E_{\mathrm{std,start}}``, ``delta_t`` becomes ``\delta_{t}``."""
    head, *indices = [piece for piece in name.split("_") if piece]
    base = f"\\{head}" if head in _GREEK else head if len(head) == 1 else rf"\mathrm{{{head}}}"
    if not indices:
        return base
    inner = ",".join(indices)
    if len(indices) == 1 and indices[0] in _GREEK:
        return f"{base}_{{\\{inner}}}"
    return f"{base}_{{{inner}}}" if len(inner) == 1 else rf"{base}_{{\mathrm{{{inner}}}}}"
