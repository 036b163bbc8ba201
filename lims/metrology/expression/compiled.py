"""`compile_expression` and the `Expression` it returns: checked once, evaluated many times."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, DivisionByZero, InvalidOperation, Overflow, getcontext, setcontext
from operator import itemgetter
from typing import Any, NoReturn

from lims.metrology.expression import dimensions
from lims.metrology.expression.arithmetic import CONTEXT, DomainError, working
from lims.metrology.expression.closures import build
from lims.metrology.expression.derivatives import Jet, evaluate
from lims.metrology.expression.errors import EvaluationError, ExpressionError
from lims.metrology.expression.functions import DEFAULT, Function
from lims.metrology.expression.kinds import Kind, Symbol, infer
from lims.metrology.expression.latex import to_latex
from lims.metrology.expression.nodes import Choice, Name, Node, children, walk
from lims.metrology.expression.parser import parse
from lims.metrology.rounding import RoundingError

Value = Decimal | Sequence[Decimal] | bool
Result = Decimal | tuple[Decimal, ...] | bool

_FAILURES = (DomainError, RoundingError, DivisionByZero, InvalidOperation, Overflow)


def compile_expression(
    text: str, symbols: Mapping[str, Symbol], *, functions: Mapping[str, Function] = DEFAULT
) -> Expression:
    """Parse and check a formula against the names it may use. Raises ExpressionError with the column."""
    root = parse(text)
    kinds = infer(root, symbols, functions)
    units = dimensions.infer(root, symbols, functions)
    used = frozenset(node.name for node in walk(root) if isinstance(node, Name))
    return Expression(text, root, kinds, units, {name: symbols[name] for name in used}, functions)


class Expression:
    """A formula ready to evaluate. Immutable; safe to share between threads."""

    __slots__ = (
        "_closure",
        "_fetch",
        "_functions",
        "_kinds",
        "_others",
        "_root",
        "_scalars",
        "_symbols",
        "_units",
        "kind",
        "text",
    )

    def __init__(
        self,
        text: str,
        root: Node,
        kinds: Mapping[int, Kind],
        units: dimensions.Units,
        symbols: Mapping[str, Symbol],
        functions: Mapping[str, Function],
    ) -> None:
        self.text = text
        self._root = root
        self._kinds = dict(kinds)
        self._units = units
        self._symbols = symbols
        self._functions = functions
        self.kind: Kind = kinds[id(root)]
        self._closure = build(root, self._kinds, functions)
        self._scalars = tuple(sorted(name for name, symbol in symbols.items() if symbol.kind == "scalar"))
        self._fetch = _fetcher(self._scalars)
        self._others = tuple(sorted(name for name, symbol in symbols.items() if symbol.kind != "scalar"))

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    @property
    def names(self) -> frozenset[str]:
        """The names the formula uses."""
        return frozenset(self._symbols)

    @property
    def unit(self) -> str | None:
        """Unit of the result where it follows from the names; None for a condition or where it is open."""
        return None if self.kind == "boolean" else self._units.text(self._symbols.values())

    def fits_unit(self, unit: str) -> bool:
        """Whether the result may be stated in this unit: ``(a-b)/b*100`` fits both ``1`` and ``%``."""
        return self._units.fits(unit)

    @property
    def root(self) -> Node:
        """The syntax tree, for readers of the formula such as Monte Carlo."""
        return self._root

    @property
    def functions(self) -> Mapping[str, Function]:
        """The functions the formula was checked with."""
        return self._functions

    def __call__(self, values: Mapping[str, Value]) -> Result:
        """Evaluate at 34 digits. Raises EvaluationError: a name missing, a wrong kind, or a step without result."""
        try:
            for value in self._fetch(values):
                if not value.is_finite():
                    raise self._wrong(values)
            if self._others:
                self._check_others(values)
        except (KeyError, AttributeError):
            raise self._wrong(values) from None
        outer = getcontext()
        if outer is not CONTEXT:
            setcontext(CONTEXT)
        try:
            result = self._closure(values)
        except _FAILURES as failure:
            self._explain(values, failure)
        finally:
            if outer is not CONTEXT:
                setcontext(outer)
        return tuple(result) if self.kind == "vector" else result

    def derivatives(self, values: Mapping[str, Value]) -> dict[str, Decimal]:
        """Partial derivative of the (scalar) result after every scalar name, exact to the working precision.

        Raises EvaluationError where there is none: a condition, a series, ``abs`` at zero, ``round_to``.
        """
        return self._jet(values, 1).first()

    def second_derivatives(self, values: Mapping[str, Value]) -> dict[tuple[str, str], Decimal]:
        """Second partial derivatives after pairs of scalar names (each pair once, in sorted order)."""
        return self._jet(values, 2).second()

    def latex(self) -> str:
        """The formula for print, without the left-hand side."""
        return to_latex(self._root, self._functions)

    def _jet(self, values: Mapping[str, Value], order: int) -> Jet:
        if self.kind != "scalar":
            raise EvaluationError("只有单个值的公式才有导数。", "Only a formula for one value has derivatives.")
        self(values)
        try:
            with working():
                return evaluate(self._root, self._kinds, self._functions, values, self._scalars, order)
        except _FAILURES as failure:
            raise EvaluationError(*_sentence(failure)) from None

    def _check_others(self, values: Mapping[str, Value]) -> None:
        """Series and conditions: raises EvaluationError, KeyError or AttributeError when one does not fit."""
        for name in self._others:
            value: Any = values[name]
            if self._symbols[name].kind == "boolean":
                if type(value) is not bool:
                    raise self._wrong(values)
            elif type(value) is not list and type(value) is not tuple:
                raise self._wrong(values)
            else:
                for item in value:
                    if not item.is_finite():
                        raise self._wrong(values)

    def _wrong(self, values: Mapping[str, Value]) -> EvaluationError:
        """What does not fit, found slowly, because it is needed only once."""
        for name in (*self._scalars, *self._others):
            if name not in values:
                return EvaluationError(f"缺少“{name}”的值。", f"The value of “{name}” is missing.")
            kind, value = self._symbols[name].kind, values[name]
            series = kind == "vector" and isinstance(value, list | tuple)
            for item in value if series else (value,):  # type: ignore[union-attr]
                if kind != "boolean" and isinstance(item, Decimal) and (series or kind == "scalar"):
                    if not item.is_finite():
                        return EvaluationError(f"“{name}”不是有限的数。", f"“{name}” is not a finite number.")
                elif kind != "boolean" or not isinstance(item, bool):
                    shown = type(item).__name__
                    zh, en = f"“{name}”的值类型不对：{shown}。", f"The value of “{name}” has the wrong type: {shown}."
                    return EvaluationError(zh, en)
        return EvaluationError("给的值不适合这个公式。", "The values given do not fit this formula.")

    def _explain(self, values: Mapping[str, Any], failure: ArithmeticError | ValueError) -> NoReturn:
        """Raise the failure again with the column of the smallest part that fails by itself."""
        node = self._root
        while True:
            for part in self._parts_in_use(node, values):
                try:
                    build(part, self._kinds, self._functions)(values)
                except _FAILURES as inner:
                    node, failure = part, inner
                    break
            else:
                raise EvaluationError(*_sentence(failure), node.at) from None

    def _parts_in_use(self, node: Node, values: Mapping[str, Any]) -> Iterator[Node]:
        """The parts a failing node has evaluated: of a choice, only the branch that was taken."""
        if isinstance(node, Choice):
            yield node.condition
            test = build(node.condition, self._kinds, self._functions)
            yield node.yes if test(values) else node.no
        else:
            yield from children(node)


def _fetcher(names: tuple[str, ...]) -> Callable[[Mapping[str, Value]], tuple[Any, ...]]:
    """The values of the names in one go."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: tuple([values[name] for name in names])


def _sentence(failure: ArithmeticError | ValueError) -> tuple[str, str]:
    if isinstance(failure, DomainError | RoundingError):
        return failure.zh, failure.en
    if isinstance(failure, Overflow):
        return "结果超出可表示的范围。", "The result is beyond what can be represented."
    if isinstance(failure, DivisionByZero):
        return "除数为零。", "Division by zero."
    return "这一步没有确定的结果（例如 0/0）。", "This step has no defined result (for example 0/0)."


__all__ = ["Expression", "ExpressionError", "Result", "Value", "compile_expression"]
