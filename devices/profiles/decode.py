"""From a poll to its question on the wire, and from the answer to readings. No port, no clock: a stored session replays here."""

import re
from collections.abc import Callable, Mapping
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
_DIGITS = re.compile(r"[+-]? *(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
"""A number as instruments print it: spaces may stand behind the sign, never between digits, where one would be a lost digit."""
_F32_STEPS = 2**24
"""A 32-bit float tells so many steps apart; beyond them the digits of the declared resolution are not the instrument's."""


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


Decode = Callable[[Answer], Reading]
Number = Callable[[bytes], Decimal]


class Decoder:
    """What the answers to one poll mean, put together once: where each number stands and how it is judged."""

    def __init__(self, poll: Poll) -> None:
        self._channels = [(channel, _decode(channel)) for channel in poll.channels]
        self._states = [(_number(state.field), state) for state in poll.states]
        self._constants = [(_number(constant.field), constant.equals) for constant in poll.constants]
        self._length = _length(poll) if isinstance(poll.question, Item) else None

    def checked(self, outcome: Outcome) -> Outcome:
        """The outcome, turned into trouble when the answer is not of this poll: wrong length or a missing constant."""
        if not isinstance(outcome, Answer):
            return outcome
        if self._length is not None and len(outcome.data) != self._length:
            return bad(
                "length",
                f"数据长 {len(outcome.data)} 字节，应为 {self._length}",
                f"The data are {len(outcome.data)} bytes long instead of {self._length}",
            )
        for number, equals in self._constants:
            try:
                found: Decimal | None = number(outcome.data)
            except NotANumber:
                found = None
            if found != equals:
                return bad(
                    "constant",
                    f"固定标志应为 {equals}，收到 {found}：这不是本次询问的回答",
                    f"The marker reads {found} instead of {equals}: this answers another question",
                )
        return outcome

    def readings(self, outcome: Outcome) -> tuple[Reading, ...]:
        """One reading per channel of the poll, whatever became of a question. The outcome has been `checked`."""
        if isinstance(outcome, Trouble):
            text = Text(outcome.zh, outcome.en)
            return tuple([Reading(channel, None, outcome.quality, text) for channel, _ in self._channels])
        found = []
        for channel, decode in self._channels:
            try:
                found.append(decode(outcome))
            except NotANumber as error:
                text = Text(f"仪器给出的不是数值：{error}", f"Not a number: {error}")
                found.append(Reading(channel, None, Quality.NAN, text))
        for number, state in self._states:
            if int(number(outcome.data)) >> state.bit & 1:
                return tuple([Reading(one.channel, one.value, state.quality, state.text) for one in found])
        return tuple(found)


def checked(poll: Poll, outcome: Outcome) -> Outcome:
    """As `Decoder.checked`, for a single answer."""
    return Decoder(poll).checked(outcome)


def readings(poll: Poll, outcome: Outcome) -> tuple[Reading, ...]:
    """The readings of a single answer, checked and decoded."""
    decoder = Decoder(poll)
    return decoder.readings(decoder.checked(outcome))


def _length(poll: Poll) -> int:
    return max(channel.field.at + dlt645.width(channel.field.kind) for channel in poll.channels)


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


def _decode(channel: Channel) -> Decode:
    """From an answer to the reading of one channel; what it returns raises NotANumber."""
    if channel.states is not None:
        return _decode_state(channel, channel.states)
    return _decode_clock(channel) if channel.quantity == "clock" else _decode_number(channel)


def _decode_number(channel: Channel) -> Decode:
    judged = _judge(channel)
    if channel.field.group:
        return lambda answer: _from_line(channel, answer.groups, judged)
    number = _number(channel.field)
    return lambda answer: judged(number(answer.data))


def _decode_clock(channel: Channel) -> Decode:
    """A clock is no number: its digits stand in the text."""
    field = channel.field

    def decoded(answer: Answer) -> Reading:
        if field.group:
            digits = answer.groups.get(field.group, "")
        else:
            digits = dlt645.text(answer.data[field.at : field.at + dlt645.width(field.kind)])
        return Reading(channel, None, Quality.OK, Text(digits, digits))

    return decoded


def _decode_state(channel: Channel, states: States) -> Decode:
    """The number of a state with its meaning in words; one that the profile does not know cannot be trusted."""
    field = channel.field
    number = None if field.group else _number(field)

    def decoded(answer: Answer) -> Reading:
        if number is None:
            said = answer.groups.get(field.group, "").strip()
            meaning = next((one for one in states.meanings if one.says == said), None)
            value = meaning.value if meaning else None
        else:
            value = number(answer.data)
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

    return decoded


def _number(field: Field) -> Number:
    """From the data of an answer of a binary protocol to the number of a field, which raises NotANumber."""
    if field.kind == "bit":
        return lambda data: Decimal(data[field.at // 8] >> field.at % 8 & 1)
    if field.kind in values.WIDTHS:
        return values.decoder(field.kind, field.order, 2 * field.at)
    part = slice(field.at, field.at + dlt645.width(field.kind))
    if field.kind in dlt645.BINARY:
        return lambda data: dlt645.binary(data[part])
    return lambda data: dlt645.number(data[part], field.kind, signed=field.signed)


def _from_line(channel: Channel, groups: Mapping[str, str], judged: Callable[[Decimal], Reading]) -> Reading:
    said = groups.get(channel.field.group, "").strip(" ")
    if _DIGITS.fullmatch(said) is None:
        raise NotANumber(said)
    text = said.replace(" ", "")
    value = Decimal(text)
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
    return judged(value)


def _decimals(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _judge(channel: Channel) -> Callable[[Decimal], Reading]:
    """Scaled, brought to the declared resolution and compared with the declared range."""
    scale = None if channel.scale == 1 else channel.scale
    rounded = None if channel.resolution is None else values.rounder(channel.resolution)
    low, high = channel.low, channel.high
    resolved = (
        channel.resolution * _F32_STEPS if channel.resolution is not None and channel.field.kind == "f32" else None
    )

    def judged(raw: Decimal) -> Reading:
        value = raw
        try:
            if scale is not None:
                value = EXACT.multiply(raw, scale)
            if rounded is not None:
                value = rounded(value)
        except InvalidOperation as error:
            raise NotANumber(str(raw)) from error
        if (low is not None and value < low) or (high is not None and value > high):
            return Reading(
                channel,
                value,
                Quality.OUT_OF_RANGE,
                Text(
                    f"超出量程 {low}～{high} {channel.unit}",
                    f"Outside the range {low} to {high} {channel.unit}",
                ),
            )
        if resolved is not None and abs(value) > resolved:
            text = Text(
                f"单精度浮点数在此处分辨不出 {channel.resolution} {channel.unit}",
                f"A 32-bit float does not resolve {channel.resolution} {channel.unit} here",
            )
            return Reading(channel, value, Quality.OUT_OF_RANGE, text)
        return Reading(channel, value, Quality.OK, NOTHING)

    return judged


def serial_number(field: Field, question: Question, answer: Answer) -> str:
    """The instrument's serial number from the answer to the identity question. Raises NotANumber."""
    if isinstance(question, Item):
        return answer.data.decode() if not question.di else dlt645.text(answer.data)
    if isinstance(question, Sentence):
        return answer.groups.get(field.group, "").strip()
    if field.kind == "ascii":
        raw = answer.data[2 * field.at :].lstrip(b"\0\xff ").partition(b"\0")[0].rstrip(b"\xff ")
        if not all(
            0x20 <= byte < 0x7F for byte in raw
        ):  # leaving some out could make it the number of another instrument
            raise NotANumber(raw.hex(" ").upper())
        return raw.decode("ascii")
    return f"{_number(field)(answer.data):f}"
