"""From a poll to its question on the wire, and from the answer to readings. No port, no clock: a stored session replays here."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from devices.profiles.model import (
    Channel,
    Dlt645,
    Field,
    Item,
    Line,
    Modbus,
    Poll,
    Profile,
    Question,
    Registers,
    Sentence,
    States,
)
from devices.protocols import dlt645, modbus_rtu, values
from devices.protocols.exchange import Answer, Exchange, Outcome, Quality, Trouble, bad
from devices.protocols.line import Ask
from devices.protocols.values import EXACT, NotANumber
from lims.core.text import Text


class Reading(NamedTuple):
    """One channel's value from one answer. `value` is None when nothing could be read; `text` says why not, or holds
    the digits of a clock."""

    channel: Channel
    value: Decimal | None
    quality: Quality
    text: Text

    @property
    def printed(self) -> str:
        """The value as a plain decimal string, empty when there is none."""
        return "" if self.value is None else f"{self.value:f}"


NOTHING = Text("", "")


def exchange(profile: Profile, question: Question, address: str = "") -> Exchange:
    """The question as an exchange. `address` is the meter's own where the profile holds the wildcard."""
    protocol = profile.protocol
    if isinstance(question, Registers) and isinstance(protocol, Modbus):
        return modbus_rtu.Read(protocol.unit, question.function, question.address, question.count)
    if isinstance(question, Item) and isinstance(protocol, Dlt645):
        if not question.di:
            return dlt645.ReadAddress(protocol.preamble)
        return dlt645.Read(address or protocol.address, question.di, protocol.preamble)
    if isinstance(question, Sentence) and isinstance(protocol, Line):
        return Ask(
            question.send,
            question.expect,
            question.rejects,
            terminator=protocol.terminator,
            send_terminator=protocol.send_terminator,
            longest=protocol.longest,
        )
    raise TypeError(f"{type(question).__name__} is no question of {protocol.kind}")


def checked(poll: Poll, outcome: Outcome) -> Outcome:
    """The outcome, turned into trouble when the answer is not of this poll: wrong length or a missing constant."""
    if not isinstance(outcome, Answer):
        return outcome
    if isinstance(poll.question, Item) and len(outcome.data) != _length(poll):
        return bad(
            "length",
            f"数据长 {len(outcome.data)} 字节，应为 {_length(poll)}",
            f"The data are {len(outcome.data)} bytes long instead of {_length(poll)}",
        )
    for constant in poll.constants:
        try:
            found: Decimal | None = register(constant.field, outcome.data)
        except NotANumber:
            found = None
        if found != constant.equals:
            return bad(
                "constant",
                f"固定标志应为 {constant.equals}，收到 {found}：这不是本次询问的回答",
                f"The marker reads {found} instead of {constant.equals}: this answers another question",
            )
    return outcome


def _length(poll: Poll) -> int:
    return max(channel.field.at + dlt645.width(channel.field.kind) for channel in poll.channels)


def readings(poll: Poll, outcome: Outcome) -> tuple[Reading, ...]:
    """One reading per channel of the poll, whatever happened."""
    outcome = checked(poll, outcome)
    if isinstance(outcome, Trouble):
        text = Text(outcome.zh, outcome.en)
        return tuple(Reading(channel, None, outcome.quality, text) for channel in poll.channels)
    found = tuple(_reading(channel, outcome) for channel in poll.channels)
    for state in poll.states:
        if int(_number(state.field, outcome.data)) >> state.bit & 1:
            return tuple(Reading(one.channel, one.value, state.quality, state.text) for one in found)
    return found


def agreed(before: tuple[Reading, ...], now: tuple[Reading, ...]) -> tuple[Reading, ...]:
    """The readings of now, unsettled unless those before were the same, or as near as the profile asks."""
    return now if all(_same(*pair) for pair in zip(before, now, strict=True)) else unsettled(now)


def unsettled(found: tuple[Reading, ...]) -> tuple[Reading, ...]:
    """Two answers in a row differ: the reading moves, or a byte was hurt where no check sum could tell."""
    text = Text("连续两次读数不一致", "Two readings in a row differ")
    return tuple(
        Reading(one.channel, one.value, Quality.UNSTABLE if one.quality is Quality.OK else one.quality, text)
        for one in found
    )


def _same(before: Reading, now: Reading) -> bool:
    within = now.channel.agree_within
    if within is None or before.value is None or now.value is None:
        return before == now
    near = abs(EXACT.subtract(before.value, now.value)) <= within
    return near and before.quality is now.quality and before.channel == now.channel


def _reading(channel: Channel, answer: Answer) -> Reading:
    field = channel.field
    try:
        if channel.states is not None:
            return _state(channel, channel.states, answer)
        if field.group and channel.quantity == "clock":
            said = answer.groups.get(field.group, "")
            return Reading(channel, None, Quality.OK, Text(said, said))
        if field.group:
            return _from_line(channel, answer.groups)
        if channel.quantity == "clock":
            digits = dlt645.text(answer.data[field.at : field.at + dlt645.width(field.kind)])
            return Reading(channel, None, Quality.OK, Text(digits, digits))
        return _judged(channel, _number(field, answer.data))
    except NotANumber as error:
        return Reading(channel, None, Quality.NAN, Text(f"仪器给出的不是数值：{error}", f"Not a number: {error}"))


def _state(channel: Channel, states: States, answer: Answer) -> Reading:
    """The number of a state with its meaning in words; one that the profile does not know cannot be trusted."""
    if channel.field.group:
        said = answer.groups.get(channel.field.group, "").strip()
        meaning = next((one for one in states.meanings if one.says == said), None)
        value = meaning.value if meaning else None
    else:
        value = _number(channel.field, answer.data)
        if states.bits is not None:
            low, high = states.bits
            value = Decimal(int(value) >> low & (1 << high - low + 1) - 1)
        meaning, said = states.of(value), f"{value:f}"
    if meaning is None:
        return Reading(
            channel,
            value,
            Quality.OUT_OF_RANGE,
            Text(f"方案中没有的状态：{said}", f"A state unknown to the profile: {said}"),
        )
    return Reading(channel, value, Quality.OK, meaning.text)


def _number(field: Field, data: bytes) -> Decimal:
    """The number of a field of a binary protocol. Raises NotANumber."""
    if field.kind in values.WIDTHS or field.kind == "bit":
        return register(field, data)
    part = data[field.at : field.at + dlt645.width(field.kind)]
    return dlt645.binary(part) if field.kind in dlt645.BINARY else dlt645.number(part, field.kind, signed=field.signed)


def register(field: Field, data: bytes) -> Decimal:
    """The number of a Modbus field. Raises NotANumber."""
    if field.kind == "bit":
        return Decimal(data[field.at // 8] >> field.at % 8 & 1)
    start = 2 * field.at
    return values.decode(field.kind, data[start : start + values.WIDTHS[field.kind]], field.order)


def _from_line(channel: Channel, groups: Mapping[str, str]) -> Reading:
    text = groups.get(channel.field.group, "").replace(" ", "")
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise NotANumber(text) from error
    if not value.is_finite():
        raise NotANumber(text)
    unit = groups.get(channel.unit_group, "").strip()
    unstable = channel.stable_group and groups.get(channel.stable_group, "").strip() not in channel.stable_values
    if channel.unit_group and unit != channel.unit and (unit or not unstable):  # some leave it out while it moves
        return Reading(
            channel,
            None,
            Quality.UNIT_MISMATCH,
            Text(
                f"仪器单位是“{unit}”，方案声明 {channel.unit}",
                f"The instrument shows '{unit}', the profile {channel.unit}",
            ),
        )
    if channel.resolution is not None and _decimals(value) != _decimals(channel.resolution):
        return Reading(
            channel,
            None,
            Quality.BAD_FRAME,
            Text(
                f"小数位数与分辨力 {channel.resolution} 不符：{text}",
                f"{text} has not the decimals of {channel.resolution}",
            ),
        )
    if unstable:
        return Reading(channel, value, Quality.UNSTABLE, Text("读数未稳定", "The reading is not stable"))
    return _judged(channel, value)


def _decimals(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _judged(channel: Channel, raw: Decimal) -> Reading:
    """Scaled, brought to the declared resolution and compared with the declared range."""
    try:
        value = EXACT.multiply(raw, channel.scale) if channel.scale != 1 else raw
        if channel.resolution is not None:
            value = values.at_resolution(value, channel.resolution)
    except InvalidOperation as error:
        raise NotANumber(str(raw)) from error
    if (channel.low is not None and value < channel.low) or (channel.high is not None and value > channel.high):
        return Reading(
            channel,
            value,
            Quality.OUT_OF_RANGE,
            Text(
                f"超出量程 {channel.low}～{channel.high} {channel.unit}",
                f"Outside the range {channel.low} to {channel.high} {channel.unit}",
            ),
        )
    return Reading(channel, value, Quality.OK, NOTHING)


def serial_number(field: Field, question: Question, answer: Answer) -> str:
    """The instrument's serial number from the answer to the identity question. Raises NotANumber."""
    if isinstance(question, Item):
        return answer.data.decode() if not question.di else dlt645.text(answer.data)
    if isinstance(question, Sentence):
        return answer.groups.get(field.group, "").strip()
    if field.kind == "ascii":
        return "".join(chr(byte) for byte in answer.data[2 * field.at :] if 0x20 <= byte < 0x7F).strip()
    return f"{register(field, answer.data):f}"
