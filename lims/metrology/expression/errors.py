"""What goes wrong with an expression, as one sentence in Chinese and one in English with the column it concerns."""

from __future__ import annotations


class ExpressionError(ValueError):
    """A formula that is refused. `column` counts characters of the formula from 1; 0 means the formula as a whole."""

    def __init__(self, message_zh: str, message_en: str, column: int = 0) -> None:
        super().__init__(f"{message_en} (column {column})" if column else message_en)
        self.message_zh = message_zh
        self.message_en = message_en
        self.column = column


class EvaluationError(ExpressionError):
    """A sound formula that these values do not fit: a value is missing or of the wrong kind, or a step fails."""
