"""Pieces of a rig profile that several of its tables hold: numbers in quotes, spans, names, expressions, refusals."""

import re
from decimal import Decimal

from devices.profiles.model import Sentence
from devices.protocols.exchange import Quality
from devices.protocols.line import Reject
from devices.protocols.pattern import Pattern, PatternError
from lims.core.strict import NUMBER, Table

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


def name(table: Table, key: str) -> str:
    """An identifier."""
    return table.matching(
        key,
        _NAME,
        "应以字母开头，只含字母、数字、- 和 _，最多 64 个字符。",
        "must start with a letter and hold only letters, digits, - and _, at most 64.",
    )


def decimal(
    table: Table, key: str, default: str | None = None, *, positive: bool = False, whole: bool = False
) -> Decimal | None:
    """A number written as a quoted string; None when absent (default "") or wrong."""
    text = table.number(key, default)
    if not text:
        return None
    value = Decimal(text)
    if positive and value <= 0:
        table.fault(key, "应大于零。", "This must be greater than zero.")
        return None
    if whole and value != value.to_integral_value():
        table.fault(key, "应为整数。", "This must be a whole number.")
        return None
    return value


def span(table: Table, key: str) -> tuple[Decimal | None, Decimal | None]:
    """A range of two quoted numbers, low first; (None, None) when absent or wrong."""
    values = table.strings(key)
    if not table.has(key):
        return None, None
    if len(values) != 2 or not all(NUMBER.fullmatch(value) for value in values):
        table.fault(
            key, '应为两个带引号的数字，如 ["0", "500"]。', 'This must be two quoted numbers, such as ["0", "500"].'
        )
        return None, None
    low, high = map(Decimal, values)
    if high < low:
        table.fault(key, "上限小于下限。", "The upper limit is below the lower one.")
    return low, high


def scale(table: Table, key: str = "scale") -> Decimal:
    """The factor from the number of the wire to the unit; 1 when absent, and as a stand-in when it is wrong."""
    value = decimal(table, key, "1")
    if value == 0:
        table.fault(key, "换算系数不能为零。", "The scale must not be zero.")
    return value or Decimal(1)


def pattern(table: Table, key: str, expression: str) -> Pattern:
    """A compiled expression; the empty one in place of a wrong one."""
    if len(expression) > 300:
        table.fault(key, "表达式超过 300 个字符。", "The expression is longer than 300 characters.")
        return Pattern("")
    try:
        return Pattern(expression)
    except PatternError as error:
        column = error.column + 1
        table.fault(key, f"第 {column} 个字符：{error.zh}。", f"Character {column}: {error.en}.")
        return Pattern("")


def line_to_send(table: Table, key: str, default: str | None = None) -> str:
    """What a line question sends: printable ASCII, perhaps behind an escape character."""
    send = table.text(key, default)
    if not send.isascii() or not send.removeprefix("\x1b").isprintable():
        table.fault(key, "应为可打印的 ASCII 字符。", "This must be printable ASCII.")
        return ""
    return send


def sentence(table: Table, *, default_send: str | None = None, must_answer: bool = True) -> Sentence:
    """`send`, `expect` and `reject` of a line question."""
    send = line_to_send(table, "send", default_send)
    rejects = []
    for expression, quality in table.pairs("reject").items():
        if quality not in tuple(Quality) or quality == Quality.OK:
            table.fault(f"reject.{expression}", f"不认识的状态“{quality}”。", f"Unknown quality “{quality}”.")
            continue
        rejects.append(Reject(pattern(table, f"reject.{expression}", expression), Quality(quality)))
    if not must_answer and not table.has("expect"):
        return Sentence(send, None, tuple(rejects))
    return Sentence(send, pattern(table, "expect", table.text("expect")), tuple(rejects))
