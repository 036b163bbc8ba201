"""What was entered about a device, said back as a sentence, so that a wrong sign is seen before anything is computed."""

from decimal import Decimal, InvalidOperation

from lims.core.text import Text
from lims.recall.models import RecallLine
from standards.procedures.exact import difference

_S = RecallLine.Statement
_ROUND = Decimal(100)


def said(
    device: object,
    statement: str,
    amount: str = "",
    unit: str = "",
    quantity: str = "",
    old: object = "",
    new: object = "",
) -> Text | None:
    """The statement in words, with an example in numbers; None while something is still missing or cannot be read."""
    if not str(device):
        return None
    if statement == _S.UNKNOWN:
        return Text(
            f"设备 {device} 超差，误差大小不明：列出涉及的证书，对每份的影响不明。",
            f"Device {device} is out of tolerance by an unknown amount: the certificates are listed, the effect on each is unknown.",
        )
    if statement == _S.CERTIFICATE:
        if not (str(old) and str(new)):
            return None
        return Text(
            f"设备 {device} 的证书 {old} 所给的值，改按证书 {new} 所给的值计算。",
            f"What certificate {old} said of device {device} is read as certificate {new} says.",
        )
    return _error(device, statement, amount, unit, quantity)


def _error(device: object, statement: str, amount: str, unit: str, quantity: str) -> Text | None:
    value = _number(amount)
    if value is None or not unit.strip() or statement not in (_S.RELATIVE, _S.ABSOLUTE):
        return None
    unit, size = unit.strip(), f"{abs(value)} {unit.strip()}"
    only = Text(f"（只涉及{quantity}）", f" ({quantity} only)") if quantity.strip() else Text("", "")
    high = value > 0
    if statement == _S.RELATIVE:
        share = difference(unit, "1")
        if share is None:
            return None
        shown, of = _ROUND + _ROUND * value * share, Text("真值为 100 时显示", "where 100 is true it shows")
        example = Text(f"{of.zh} {_plain(shown)}", f"{of.en} {_plain(shown)}")
    else:
        shown = _ROUND + value
        example = Text(
            f"真值为 100 {unit} 时显示 {_plain(shown)} {unit}",
            f"where 100 {unit} is true it shows {_plain(shown)} {unit}",
        )
    return Text(
        f"设备 {device} 示值偏{'高' if high else '低'} {size}{only.zh}：{example.zh}。",
        f"Device {device} reads {size} too {'much' if high else 'little'}{only.en}: {example.en}.",
    )


def of_line(line: RecallLine) -> Text:
    """A kept line in words."""
    found = said(
        line.device,
        line.statement,
        line.amount,
        line.unit,
        line.quantity,
        line.old_certificate or "",
        line.new_certificate or "",
    )
    return found or Text(str(line), str(line))


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() and value and abs(value.adjusted()) < 20 else None


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
