"""The formula language of procedures and uncertainty budgets: infix text over Decimal, checked before it runs.

Formulas are parsed by an allow-list grammar into closures; no text is ever handed to Python. See `parser` for the
grammar, `functions` for the list of functions, `kinds` and `dimensions` for the static checks.
"""

from lims.metrology.expression.compiled import Expression, Result, Value, compile_expression
from lims.metrology.expression.errors import EvaluationError, ExpressionError
from lims.metrology.expression.functions import DEFAULT, Function
from lims.metrology.expression.kinds import Kind, Symbol

__all__ = [
    "DEFAULT",
    "EvaluationError",
    "Expression",
    "ExpressionError",
    "Function",
    "Kind",
    "Result",
    "Symbol",
    "Value",
    "compile_expression",
]
