"""Driving an instrument: from a command and what the operator entered to its bytes, and whether it was obeyed.

No port, no clock. A write that was not acknowledged may have happened all the same: whoever sends it reads back before
sending it again.
"""

from decimal import Decimal

from devices.profiles.decode import exchange
from devices.profiles.model import Command, Line, Modbus, Profile, Registering, Sentence
from devices.protocols import modbus_rtu, values
from devices.protocols.exchange import Exchange, Quality
from devices.protocols.values import EXACT
from lims.core.text import DataError

VALUE = "{value}"
"""Where a line command holds the number."""


def prepare(profile: Profile, command: Command, value: Decimal | None, address: str = "") -> Exchange:
    """The command as an exchange. `value` is what was entered, in the input's unit, None where nothing is entered.

    Raises DataError with the path "value" when the value is missing, not wanted, outside the range, or no multiple of
    the resolution.
    """
    sent = wire_value(command, value)
    order, protocol = command.order, profile.protocol
    if isinstance(order, Registering) and isinstance(protocol, Modbus):
        return modbus_rtu.Write(protocol.unit, order.function, order.address, _registers(order, sent))
    if isinstance(order, Sentence) and isinstance(protocol, Line):
        line = order.send if sent is None else order.send.replace(VALUE, f"{sent:f}")
        return exchange(profile, Sentence(line, order.expect, order.rejects), address)
    raise TypeError(f"{type(order).__name__} is no order of {protocol.kind}")


def wire_value(command: Command, value: Decimal | None) -> Decimal | None:
    """The number that is sent, None for a command without one. Raises DataError as `prepare` does."""
    wanted = command.input
    if wanted is None:
        if value is not None:
            raise DataError("value", "此命令不需要输入数值。", "This command takes no value.")
        return command.value
    if value is None or not value.is_finite():
        raise DataError("value", f"请输入数值（{wanted.unit}）。", f"Enter a value in {wanted.unit}.")
    if not wanted.low <= value <= wanted.high:
        raise DataError(
            "value",
            f"应在 {wanted.low}～{wanted.high} {wanted.unit} 之间。",
            f"This must be between {wanted.low} and {wanted.high} {wanted.unit}.",
        )
    exact = EXACT.quantize(value, wanted.resolution)
    if exact != value or EXACT.remainder(exact, wanted.resolution) != 0:
        raise DataError(
            "value",
            f"应为 {wanted.resolution} {wanted.unit} 的整数倍。",
            f"This must be a multiple of {wanted.resolution} {wanted.unit}.",
        )
    return exact if wanted.scale == 1 else EXACT.divide(exact, wanted.scale)


def confirmed(command: Command, value: Decimal | None, channel_value: Decimal | None, quality: Quality) -> bool:
    """Whether a reading of the confirming channel shows that the command was obeyed. Only a good reading does."""
    target = command.confirm.equals if command.confirm.equals is not None else value
    if quality is not Quality.OK or channel_value is None or target is None:
        return False
    return abs(EXACT.subtract(channel_value, target)) <= command.confirm.tolerance


def _registers(order: Registering, sent: Decimal | None) -> bytes:
    number = Decimal(0) if sent is None else sent
    if order.function == modbus_rtu.WRITE_COIL:
        return modbus_rtu.COIL_ON if number else modbus_rtu.COIL_OFF
    try:
        return values.encode(order.field.kind, number, order.field.order)
    except (ValueError, OverflowError) as error:
        raise DataError("value", f"仪器的寄存器装不下：{error}", f"The register cannot hold it: {error}") from error
