"""The tables `[[commands]]` of a rig profile: what the instrument can be told, and how it is seen that it obeyed."""

from collections.abc import Mapping
from decimal import Decimal

from devices.profiles import parts
from devices.profiles.drive import VALUE
from devices.profiles.model import (
    QUANTITIES,
    Channel,
    Command,
    Confirm,
    Dlt645,
    Field,
    Input,
    Line,
    Modbus,
    Registering,
    Sentence,
)
from devices.protocols import values
from devices.protocols.modbus_rtu import WRITE_COIL, WRITE_REGISTER, WRITES
from devices.protocols.values import EXACT
from lims.core.strict import Table
from lims.core.text import Text


def load_commands(
    root: Table, protocol: Modbus | Dlt645 | Line, channels: Mapping[str, Channel]
) -> tuple[Command, ...]:
    """Every command of the profile; `channels` by id are those that can confirm one."""
    known: set[str] = set()
    return tuple(_command(table, protocol, channels, known) for table in root.tables("commands"))


def _command(
    table: Table, protocol: Modbus | Dlt645 | Line, channels: Mapping[str, Channel], known: set[str]
) -> Command:
    identifier = parts.name(table, "id")
    if identifier in known:
        table.fault("id", f"“{identifier}”用了两次。", f"“{identifier}” is used twice.")
    known.add(identifier)
    wanted = _input(table.table("input")) if table.has("input") else None
    value = None if wanted else parts.decimal(table, "value", "")
    order: Registering | Sentence
    if isinstance(protocol, Modbus):
        order = _registering(table, wanted, value)
    elif isinstance(protocol, Line):
        order = parts.sentence(table, must_answer=False)
        _check_place(table, order.send, wanted is not None or value is not None)
    else:
        table.fault("", "此协议不支持命令。", "This protocol takes no commands.")
        order = Sentence("", None, ())
    confirm = _confirm(table.table("confirm"), wanted, channels)
    result = Command(
        identifier, table.optional_words("title") or Text(identifier, identifier), order, value, wanted, confirm
    )
    table.close()
    return result


def _input(table: Table) -> Input:
    quantity = table.choice("quantity", [one for one, units in QUANTITIES.items() if units != ("",)])
    unit = table.choice("unit", QUANTITIES[quantity])
    low, high = parts.span(table, "range")
    if low is None and not table.has("range"):
        table.fault("range", "缺少这个字段。", "This field is missing.")
    resolution = parts.decimal(table, "resolution", positive=True)
    scale = parts.scale(table)
    table.close()
    return Input(quantity, unit, low or Decimal(0), high or Decimal(0), resolution or Decimal(1), scale)


def _registering(table: Table, wanted: Input | None, value: Decimal | None) -> Registering:
    function = table.integer("fc", 1, 16)
    if function not in WRITES:
        table.fault("fc", "应为 5、6 或 16。", "This must be 5, 6 or 16.")
        function = WRITE_REGISTER
    if function == WRITE_COIL:
        kinds: tuple[str, ...] = ("bit",)
    else:
        kinds = tuple(one for one, width in values.WIDTHS.items() if function != WRITE_REGISTER or width == 2)
    kind = table.choice("type", kinds)
    field = Field(kind=kind)
    words = 1
    if kind != "bit":
        orders = values.ORDERS[values.WIDTHS[kind]]
        field = Field(kind=kind, order=table.choice("order", orders, orders[0]))
        words = values.WIDTHS[kind] // 2
    address = table.integer("address", 0, 0x10000 - words)
    _check_fit(table, kind, wanted, value)
    return Registering(function, address, field)


def _check_fit(table: Table, kind: str, wanted: Input | None, value: Decimal | None) -> None:
    """Whether everything that may be sent can be written in this type."""
    if wanted is None:
        if value is None:
            if not table.has("value"):
                table.fault("value", "缺少 value 或 input。", "Either value or input is missing.")
            return
        sent, place = [value], "value"
    else:
        sent, place = [EXACT.divide(one, wanted.scale) for one in (wanted.low, wanted.high)], "input.range"
        if kind not in ("f32", "f64") and EXACT.remainder(wanted.resolution, abs(wanted.scale)) != 0:
            table.fault(
                "input.scale",
                "整数类型只能写入整数：分辨力应为换算系数的整数倍。",
                "An integer type holds whole numbers only: the resolution must be a multiple of the scale.",
            )
            return
    for one in sent:
        if kind == "bit":
            fits = one in (0, 1)
        else:
            try:
                values.encode(kind, one, values.ORDERS[values.WIDTHS[kind]][0])
                fits = True
            except (ValueError, OverflowError):
                fits = False
        if not fits:
            table.fault(place, f"{one} 不能写成 {kind}。", f"{one} cannot be written as {kind}.")


def _check_place(table: Table, send: str, has_value: bool) -> None:
    if has_value and send.count(VALUE) != 1:
        table.fault("send", f"应含一个 {VALUE}，即数值的位置。", f"This must hold {VALUE} once, where the number goes.")
    if not has_value and VALUE in send:
        table.fault(
            "value",
            f"send 中有 {VALUE}，却没有 value 或 input。",
            f"send holds {VALUE}, but there is no value or input.",
        )


def _confirm(table: Table, wanted: Input | None, channels: Mapping[str, Channel]) -> Confirm:
    name = table.text("channel")
    equals = parts.decimal(table, "equals", "")
    tolerance = parts.decimal(table, "tolerance", "")
    if tolerance is not None and tolerance < 0:
        table.fault("tolerance", "不能为负。", "This must not be negative.")
    within = table.integer("within_ms", 100, 600_000)
    channel = channels.get(name)
    if name and channel is None:
        table.fault("channel", f"没有名为“{name}”的通道。", f"There is no channel “{name}”.")
    elif channel is not None and channel.quantity == "clock":
        table.fault("channel", "时钟通道不是数值。", "A clock is no number.")
    if equals is None and not table.has("equals"):
        _check_entered(table, wanted, channel)
    elif (
        equals is not None and channel is not None and channel.states is not None and channel.states.of(equals) is None
    ):
        table.fault("equals", f"通道“{name}”没有状态 {equals}。", f"Channel “{name}” has no state {equals}.")
    table.close()
    return Confirm(name, equals, tolerance or Decimal(0), within)


def _check_entered(table: Table, wanted: Input | None, channel: Channel | None) -> None:
    """Without `equals` the reading is compared with what was entered, so both must be of the same unit."""
    if wanted is None:
        table.fault("equals", "没有输入值时必须写明 equals。", "Without an input, equals must say what to read.")
        return
    if not table.has("tolerance"):
        table.fault("tolerance", "缺少这个字段。", "This field is missing.")
    if channel is not None and channel.unit != wanted.unit:
        table.fault(
            "channel",
            f"通道的单位是“{channel.unit}”，输入的是 {wanted.unit}。",
            f"The channel reads “{channel.unit}”, the input is in {wanted.unit}.",
        )
