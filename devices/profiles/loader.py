"""From the TOML text of a rig profile (schema `rig/1`) to a `Profile`, with the path of every mistake."""

import hashlib
import re
from dataclasses import replace
from decimal import Decimal

from devices.profiles import parts
from devices.profiles.load_commands import load_commands
from devices.profiles.load_derived import load_derived
from devices.profiles.model import (
    QUANTITIES,
    Channel,
    Constant,
    Dlt645,
    ErrorQueue,
    Field,
    Identity,
    Item,
    Line,
    Meaning,
    Modbus,
    Poll,
    Profile,
    Question,
    Registers,
    Sentence,
    StateBit,
    States,
    Timing,
    Transport,
)
from devices.protocols import dlt645, values
from devices.protocols.exchange import Quality
from devices.protocols.modbus_rtu import MOST_BITS, MOST_REGISTERS
from devices.protocols.values import EXACT
from lims.core.strict import Table, parse
from lims.core.text import DataError, Text

SCHEMA = "rig/1"
LARGEST = 256 * 1024
"""Characters a profile may have."""

_ADDRESS = re.compile(rf"[0-9]{{12}}|{dlt645.WILDCARD}")
_DATA_IDENTIFIER = re.compile(r"[0-9A-Fa-f]{8}")
_DIGITS = re.compile(r"X+(\.X+)?")
_LETTERS = re.compile(r"[YMDWhms]+")
_LINE_ENDS = {"CR LF": b"\r\n", "LF": b"\n", "CR": b"\r"}
_EXACT_IN_F32 = Decimal(2**24)


class ProfileErrors(ValueError):
    """A profile that cannot be used; `mistakes` names each with its path."""

    def __init__(self, mistakes: list[DataError]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("; ".join(str(one) for one in mistakes))


def load_profile(text: str, *, name: str = "") -> Profile:
    """Read and check a profile. Raises ProfileErrors. `name` is the file's name, for the messages about the whole."""
    try:
        data = parse(text, longest=LARGEST, name=name)
    except DataError as error:
        raise ProfileErrors([error]) from None
    mistakes: list[DataError] = []
    profile = _Loader().profile(Table(data, "", mistakes), text)
    if mistakes:
        raise ProfileErrors(mistakes)
    return profile


class _Loader:
    def __init__(self) -> None:
        self.protocol: Modbus | Dlt645 | Line = Modbus(1)
        self.names: set[str] = set()

    def profile(self, root: Table, text: str) -> Profile:
        root.choice("schema", (SCHEMA,))
        identifier = parts.name(root, "id")
        revision, title, source = root.text("revision"), root.words("title"), root.text("source")
        self.protocol = self.read_protocol(root.table("protocol"))
        transport = self.transport(root.table("transport"))
        timing = self.timing(root.table("timing", required=False), transport)
        identity = self.identity(root.table("identity")) if root.has("identity") else None
        polls = tuple(self.poll(table) for table in root.tables("polls", required=True))
        readable = {channel.id: channel for poll in polls for channel in poll.channels}
        commands = load_commands(root, self.protocol, readable)
        derived = load_derived(root, polls, self.names)
        root.close()
        return Profile(
            id=identifier,
            revision=revision,
            title=title,
            source=source,
            transport=transport,
            timing=timing,
            protocol=self.protocol,
            identity=identity,
            polls=polls,
            commands=commands,
            derived=derived,
            text=text,
            sha256=hashlib.sha256(text.encode()).hexdigest(),
        )

    def transport(self, table: Table) -> Transport:
        result = Transport(
            table.integer("baud", 300, 4_000_000),
            table.integer("bits", 7, 8, 8),
            table.choice("parity", ("N", "E", "O"), "N"),
            table.integer("stop", 1, 2, 1),
        )
        if result.bits != 8 and not isinstance(self.protocol, Line):
            table.fault("bits", "此协议需要 8 个数据位。", "This protocol needs 8 data bits.")
        table.close()
        return result

    def timing(self, table: Table, transport: Transport) -> Timing:
        # 3.5 characters of 11 bits end a Modbus frame, at least 1.75 ms; the other protocols gain from the same pause.
        gap = max(2, -(-38500 // transport.baud))
        result = Timing(
            table.integer("reply_ms", 10, 60_000, 500),
            table.integer("grace_ms", 10, 60_000, 800),
            table.integer("gap_ms", 0, 5_000, gap),
            table.integer("poll_ms", 20, 3_600_000, 1000),
            table.integer("retries", 0, 5, 1),
        )
        table.close()
        return result

    def read_protocol(self, table: Table) -> Modbus | Dlt645 | Line:
        kind = table.choice("kind", ("modbus-rtu", "dlt645-2007", "line"))
        result: Modbus | Dlt645 | Line
        if kind == "modbus-rtu":
            result = Modbus(table.integer("unit", 1, 247))
        elif kind == "dlt645-2007":
            address = table.matching(
                "address", _ADDRESS, "应为 12 位数字，或 12 个 A。", "must be twelve digits, or twelve times A."
            )
            result = Dlt645(address, table.integer("preamble", 0, 4, 4))
        else:
            ending = table.choice("terminator", _LINE_ENDS, "CR LF")
            result = Line(
                _LINE_ENDS[ending],
                _LINE_ENDS[table.choice("send_terminator", _LINE_ENDS, ending)],
                table.integer("longest", 8, 1024, 128),
                self.errors(table.table("errors")) if table.has("errors") else None,
            )
        table.close()
        return result

    def errors(self, table: Table) -> ErrorQueue:
        question = parts.sentence(table)
        for group in ("code", "text"):
            if question.expect is not None and question.expect.text and group not in question.expect.names:
                table.fault("expect", f"缺少名为 {group} 的组。", f"There is no group named {group}.")
        none = parts.decimal(table, "none", "0")
        result = ErrorQueue(question, "code", "text", none or Decimal(0), table.integer("most", 1, 50, 10))
        table.close()
        return result

    def identity(self, table: Table) -> Identity:
        if isinstance(self.protocol, Dlt645) and not table.has("di"):
            table.flag("read_address", True)
            table.close()
            return Identity(Item(""), Field())
        question = self.question(table)
        field = self.field(table, question, identity=True)
        table.close()
        return Identity(question, field)

    def question(self, table: Table) -> Question:
        if isinstance(self.protocol, Modbus):
            function = table.integer("fc", 1, 4)
            count = table.integer("count", 1, MOST_BITS if function < 3 else MOST_REGISTERS)
            address = table.integer("address", 0, 0xFFFF)
            if address + count > 0x10000:
                table.fault("count", "超出地址 65535。", "This reaches beyond address 65535.")
            return Registers(function, address, count)
        if isinstance(self.protocol, Dlt645):
            di = table.matching(
                "di", _DATA_IDENTIFIER, "应为 8 位十六进制数字，DI3 在前。", "must be eight hex digits, DI3 first."
            )
            return Item(di.upper())
        return parts.sentence(table, default_send="")

    def poll(self, table: Table) -> Poll:
        identifier = parts.name(table, "id")
        question = self.question(table)
        channels = tuple(self.channel(one, question) for one in table.tables("channels", required=True))
        self.agreeing(table, channels)
        constants = tuple(self.constant(one, question) for one in table.tables("constants"))
        states = tuple(self.state(one, question) for one in table.tables("states"))
        if isinstance(question, Item) and channels:
            self.within(table, channels, states)
        agree = table.integer("agree", 1, 5, 1)
        if agree > 1 and isinstance(question, Sentence) and not question.send:
            table.fault(
                "agree",
                "不询问就来的行不能再问一次，agree 只能为 1。",
                "A line that comes unasked cannot be asked for again: agree must be 1.",
            )
        again = self.again(table, question, agree) if table.has("again") else None
        if isinstance(question, Item) and channels:
            self.covered(table, channels)
        table.close()
        return Poll(identifier, question, channels, constants, states, agree, again)

    def agreeing(self, table: Table, channels: tuple[Channel, ...]) -> None:
        """A distance between answers means something only where more than one is asked for."""
        if table.data.get("agree", 1) != 1:
            return
        for index, channel in enumerate(channels):
            if channel.agree_within is not None:
                table.fault(
                    f"channels[{index}].agree_within",
                    "agree 至少为 2 时才会比较。",
                    "Nothing is compared unless agree is 2 or more.",
                )

    def again(self, table: Table, question: Question, agree: int) -> Question | None:
        """The line that gives the same reading once more."""
        send = parts.line_to_send(table, "again")
        if not isinstance(question, Sentence):
            table.fault("again", "只用于行协议。", "This belongs to line protocols only.")
            return None
        if agree < 2:
            table.fault("again", "agree 至少为 2 时才会再问。", "Nothing is asked again unless agree is 2 or more.")
        return replace(question, send=send)

    def covered(self, table: Table, channels: tuple[Channel, ...]) -> None:
        """The fields of a DL/T 645 item must tile its bytes: one forgotten would shift what the others mean."""
        end = 0
        for channel in sorted(channels, key=lambda one: one.field.at):
            if channel.field.at != end and channel.field.kind:
                table.fault(
                    "channels",
                    f"字节 {end} 到 {channel.field.at} 之间有空缺或重叠。",
                    f"There is a gap or an overlap between bytes {end} and {channel.field.at}.",
                )
                return
            end += dlt645.width(channel.field.kind)

    def within(self, table: Table, channels: tuple[Channel, ...], states: tuple[StateBit, ...]) -> None:
        """State bits of a DL/T 645 item lie in its bytes."""
        end = max(one.field.at + dlt645.width(one.field.kind) for one in channels)
        for index, state in enumerate(states):
            if state.field.at + dlt645.width(state.field.kind) > end:
                table.fault(f"states[{index}].at", f"超出数据的 {end} 字节。", f"This reaches beyond the {end} bytes.")

    def channel(self, table: Table, question: Question) -> Channel:
        identifier = parts.name(table, "id")
        if identifier in self.names:
            table.fault("id", f"“{identifier}”用了两次。", f"“{identifier}” is used twice.")
        self.names.add(identifier)
        quantity = table.choice("quantity", QUANTITIES)
        unit = "" if quantity in ("clock", "state") else table.choice("unit", QUANTITIES[quantity])
        field = self.field(table, question, identity=False)
        if quantity == "clock" and isinstance(question, Registers):
            table.fault("quantity", "Modbus 寄存器中没有时钟文字。", "Modbus registers hold no text of a clock.")
        states = self.meanings(table, question, field) if quantity == "state" else None
        scale = parts.scale(table) if states is None else Decimal(1)
        resolution = parts.decimal(table, "resolution", "", positive=True)
        low, high = parts.span(table, "range")
        stable_group, stable_values = self.stable(table.table("stable"), question) if table.has("stable") else ("", ())
        unit_group = self.group(table, "unit_from", question) if table.has("unit_from") else ""
        self.check_float(table, field, resolution, high)
        self.check_steps(table, field, scale, resolution)
        result = Channel(
            id=identifier,
            title=table.optional_words("title") or Text(identifier, identifier),
            quantity=quantity,
            unit=unit,
            field=field,
            scale=scale,
            resolution=resolution,
            low=low,
            high=high,
            role=table.text("role", ""),
            unit_group=unit_group,
            stable_group=stable_group,
            stable_values=stable_values,
            states=states,
            agree_within=parts.decimal(table, "agree_within", "", positive=True) if states is None else None,
        )
        table.close()
        return result

    def meanings(self, table: Table, question: Question, field: Field) -> States:
        """What the values of a state channel say; a line instrument writes words, the others numbers."""
        found: list[Meaning] = []
        bits = self.bits(table, field) if not isinstance(question, Sentence) and table.has("bits") else None
        for one in table.tables("meanings", required=True):
            value = parts.decimal(one, "value", whole=True)
            says = one.text("says") if isinstance(question, Sentence) else None
            if value is not None and any(value == other.value for other in found):
                one.fault("value", f"{value} 用了两次。", f"{value} is used twice.")
            if says and any(says == other.says for other in found):
                one.fault("says", f"“{says}”用了两次。", f"“{says}” is used twice.")
            found.append(Meaning(Decimal(0) if value is None else value, one.words("text"), says))
            one.close()
        return States(tuple(found), bits)

    def bits(self, table: Table, field: Field) -> tuple[int, int] | None:
        """Lowest and highest bit of the part of a register that carries a state."""
        width = 8 * (values.WIDTHS.get(field.kind, 0) or dlt645.BINARY.get(field.kind, 0))
        low, high = table.pair("bits", max(0, width - 1))
        if field.kind.startswith(("f", "bcd", "i")) or not width:
            table.fault("bits", "只用于无符号整数。", "This belongs to unsigned integers only.")
            return None
        return low, high

    def stable(self, table: Table, question: Question) -> tuple[str, tuple[str, ...]]:
        """The group that tells whether the reading is stable, and what it says then."""
        result = self.group(table, "group", question), table.strings("values", required=True)
        table.close()
        return result

    def check_steps(self, table: Table, field: Field, scale: Decimal, resolution: Decimal | None) -> None:
        """A coarser resolution than the number of the wire would drop digits of the instrument."""
        if resolution is None or field.group or field.kind in ("", "f32", "f64", "ascii"):
            return
        step = scale.scaleb(-len(field.kind.partition(".")[2]))
        if EXACT.remainder(step, resolution):
            table.fault(
                "resolution",
                f"仪器给到 {abs(step):f}，比声明的分辨力细：末位会丢失。",
                f"The instrument gives steps of {abs(step):f}, finer than this: its last digits would be lost.",
            )

    def check_float(self, table: Table, field: Field, resolution: Decimal | None, high: Decimal | None) -> None:
        if field.kind not in ("f32", "f64"):
            return
        if resolution is None:
            if table.has("resolution"):
                return  # what is wrong with it has been said
            table.fault("resolution", "浮点数必须声明分辨力。", "A floating-point value needs a declared resolution.")
        elif field.kind == "f32" and high is not None and high / resolution > _EXACT_IN_F32:
            table.fault(
                "resolution",
                f"单精度浮点数在 {high} 处分辨不出 {resolution}。",
                f"A 32-bit float cannot resolve {resolution} at {high}.",
            )

    def group(self, table: Table, key: str, question: Question) -> str:
        name = table.text(key)
        if not isinstance(question, Sentence):
            table.fault(key, "只用于行协议。", "This belongs to line protocols only.")
        elif name and question.expect is not None and question.expect.text and name not in question.expect.names:
            table.fault(key, f"expect 中没有名为“{name}”的组。", f"expect has no group named “{name}”.")
        return name

    def field(self, table: Table, question: Question, *, identity: bool) -> Field:
        if isinstance(question, Sentence):
            return Field(group=self.group(table, "from", question))
        if isinstance(question, Item):
            return self.bcd_field(table, identity=identity)
        kinds = ("bit",) if question.function < 3 else (*values.WIDTHS, *(("ascii",) if identity else ()))
        kind = table.choice("type", kinds)
        at = table.integer("at", 0, question.count - 1, 0 if identity else None)
        if kind == "bit":
            return Field(at, kind)
        if kind == "ascii":
            return Field(at, kind)
        bytes_taken = values.WIDTHS[kind]
        orders = values.ORDERS[bytes_taken]
        order = table.choice("order", orders, orders[0])
        if 2 * at + bytes_taken > 2 * question.count:
            table.fault(
                "at",
                f"{kind} 从第 {at} 个寄存器起超出所读的 {question.count} 个。",
                f"{kind} at register {at} reaches beyond the {question.count} that are read.",
            )
        return Field(at, kind, order)

    def binary(self, table: Table) -> Field:
        return Field(table.integer("at", 0, 200, 0), table.choice("format", dlt645.BINARY))

    def bcd_field(self, table: Table, *, identity: bool) -> Field:
        pattern = table.text("format")
        if pattern in dlt645.BINARY and not identity:
            return self.binary(table)
        digits = pattern.replace(".", "")
        if pattern and (not (_DIGITS.fullmatch(pattern) or _LETTERS.fullmatch(pattern)) or len(digits) % 2):
            table.fault(
                "format",
                "应为偶数个 X 和至多一个小数点，如 XXXXXX.XX，或 YYMMDDWW、hhmmss、bin16。",
                "This must be an even number of X with at most one point, such as XXXXXX.XX, or YYMMDDWW, hhmmss, bin16.",
            )
        is_text = bool(_LETTERS.fullmatch(pattern))
        if is_text and not identity and table.text("quantity") != "clock":
            table.fault("quantity", "日期时间格式的 quantity 应为 clock。", "A date or time needs the quantity clock.")
        if not identity and not is_text and not table.has("signed"):
            table.fault(
                "signed",
                "必须声明最高位是否为符号（各数据标识不同）。",
                "Say whether the top bit is a sign (it differs between data identifiers).",
            )
        return Field(table.integer("at", 0, 200, 0), pattern, signed=table.flag("signed", False))

    def constant(self, table: Table, question: Question) -> Constant:
        field = self.register(table, question)
        equals = parts.decimal(table, "equals")
        table.close()
        return Constant(field, equals or Decimal(0))

    def state(self, table: Table, question: Question) -> StateBit:
        field = self.binary(table) if isinstance(question, Item) else self.register(table, question)
        width = values.WIDTHS.get(field.kind) or dlt645.BINARY.get(field.kind, 2)
        bit = table.integer("bit", 0, 8 * width - 1)
        quality = table.choice("quality", [one.value for one in Quality if one is not Quality.OK])
        result = StateBit(field, bit, Quality(quality), table.words("text"))
        table.close()
        return result

    def register(self, table: Table, question: Question) -> Field:
        if not isinstance(question, Registers) or question.function < 3:
            table.fault("", "只用于 Modbus 寄存器。", "This belongs to Modbus registers only.")
            return Field()
        return self.field(table, question, identity=False)
