"""What a rig profile says, as frozen data: how to talk to an instrument and what its bytes mean.

The port is no part of it: which instrument hangs on which port is a matter of the bench.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from devices.protocols.exchange import Quality
from devices.protocols.line import Reject
from devices.protocols.pattern import Pattern
from lims.core.text import DataError, Text

QUANTITIES: dict[str, tuple[str, ...]] = {
    "voltage": ("V", "mV", "kV"),
    "current": ("A", "mA"),
    "power": ("kW", "W"),
    "reactive_power": ("kvar", "var"),
    "apparent_power": ("kVA", "VA"),
    "energy": ("kWh", "Wh", "MWh"),
    "reactive_energy": ("kvarh",),
    "power_factor": ("1",),
    "frequency": ("Hz", "kHz"),
    "temperature": ("℃", "°C"),
    "humidity": ("%",),
    "pressure": ("Pa", "kPa", "MPa", "hPa", "bar", "mbar", "psi"),
    "mass": ("g", "kg", "mg", "t"),
    "volume": ("L", "mL"),
    "flow": ("L/min", "m3/h"),
    "resistance": ("Ω", "kΩ", "MΩ"),
    "time": ("s", "min", "h"),
    "clock": ("",),
    "count": ("1",),
    "relative_error": ("%",),
    "meter_constant": ("imp/kWh",),
    "state": ("",),
}
"""Quantities a channel may carry, each with the units admitted for it. `clock` channels carry text, not a number;
`state` channels a whole number whose meaning the profile says in words."""


@dataclass(frozen=True)
class Transport:
    baud: int
    bits: int
    parity: str
    stop: int


@dataclass(frozen=True)
class Timing:
    """All in milliseconds: longest wait for a reply, silence demanded after a fault (at least the worst reply time of
    the instrument), pause between two requests, period of the polls. `retries` repeats the same request only."""

    reply_ms: int
    grace_ms: int
    gap_ms: int
    poll_ms: int
    retries: int


@dataclass(frozen=True)
class Modbus:
    unit: int
    kind: Literal["modbus-rtu"] = "modbus-rtu"


@dataclass(frozen=True)
class Dlt645:
    """`address`: twelve digits, or twelve times A to ask the only meter on the line for its own."""

    address: str
    preamble: int
    kind: Literal["dlt645-2007"] = "dlt645-2007"


@dataclass(frozen=True)
class ErrorQueue:
    """How to ask a line instrument what it did not like (SCPI's `SYST:ERR?`): groups with the code and the words, the
    code that says that nothing is left, and how often to ask at most."""

    question: "Sentence"
    code: str
    words: str
    none: Decimal
    most: int


@dataclass(frozen=True)
class Line:
    """`errors`, when there, is asked after every trouble and after every command that is obeyed in silence."""

    terminator: bytes
    send_terminator: bytes
    longest: int
    errors: ErrorQueue | None = None
    kind: Literal["line"] = "line"


@dataclass(frozen=True)
class Registers:
    """A block of Modbus items (coils and inputs for functions 1 and 2, registers for 3 and 4)."""

    function: int
    address: int
    count: int


@dataclass(frozen=True)
class Item:
    """One DL/T 645 data identifier; an empty `di` stands for the question for the meter's address."""

    di: str


@dataclass(frozen=True)
class Sentence:
    """One line sent (empty: only listen) and the line expected (None: silence means obedience)."""

    send: str
    expect: Pattern | None
    rejects: tuple[Reject, ...]


Question = Registers | Item | Sentence


@dataclass(frozen=True)
class Field:
    """Where a value stands in the answer and how it is written there.

    `at` counts registers (Modbus 3 and 4), bits (Modbus 1 and 2) or bytes (DL/T 645); `kind` is a number type of
    `protocols.values`, `bit` or `ascii`, or a DL/T 645 format; for lines `group` names the part of the expression.
    """

    at: int = 0
    kind: str = ""
    order: str = ""
    signed: bool = False
    group: str = ""


@dataclass(frozen=True)
class Meaning:
    """What one value of a state channel says. `says`: how a line instrument writes it, None where it gives the number."""

    value: Decimal
    text: Text
    says: str | None = None


@dataclass(frozen=True)
class States:
    """The meanings of a state channel. `bits`: lowest and highest bit of a register that carry the state, None for all."""

    meanings: tuple[Meaning, ...]
    bits: tuple[int, int] | None = None

    def of(self, value: Decimal) -> Meaning | None:
        return next((one for one in self.meanings if one.value == value), None)


@dataclass(frozen=True)
class Channel:
    """One reading. `scale` turns the number of the wire into `unit`; `role` names the measuring device it belongs to;
    `states` says what the numbers of a channel of the quantity `state` mean; `agree_within`: how far apart two answers in a
    row may be, for an instrument whose last digits never rest (None: not at all)."""

    id: str
    title: Text
    quantity: str
    unit: str
    field: Field
    scale: Decimal
    resolution: Decimal | None
    low: Decimal | None
    high: Decimal | None
    role: str
    unit_group: str
    stable_group: str
    stable_values: tuple[str, ...]
    states: States | None = None
    agree_within: Decimal | None = None


@dataclass(frozen=True)
class Constant:
    """A value that never changes and tells this block from any other: a late reply to another question lacks it."""

    field: Field
    equals: Decimal


@dataclass(frozen=True)
class StateBit:
    """A bit of a state register that, when set, takes the trust from every channel of the poll."""

    field: Field
    bit: int
    quality: Quality
    text: Text


@dataclass(frozen=True)
class Poll:
    """One question asked again and again. `agree`: so many equal answers in a row before a value counts, for
    protocols that carry no check sum. `again`: what is asked from the second time on where the first question would
    measure anew (SCPI: `FETC?` gives the reading of `READ?` once more)."""

    id: str
    question: Question
    channels: tuple[Channel, ...]
    constants: tuple[Constant, ...]
    states: tuple[StateBit, ...]
    agree: int
    again: Question | None = None

    @property
    def questions(self) -> tuple[Question, ...]:
        """Every question whose answer carries the channels."""
        return (self.question,) if self.again is None else (self.question, self.again)


@dataclass(frozen=True)
class Identity:
    """How to read the instrument's own serial number."""

    question: Question
    field: Field


@dataclass(frozen=True)
class Registering:
    """A value written into Modbus registers (functions 6 and 16) or a coil (5); `field.kind` and `.order` as when read."""

    function: int
    address: int
    field: Field


@dataclass(frozen=True)
class Input:
    """What the operator enters for a command: between `low` and `high`, a multiple of `resolution`, in `unit`. As with
    channels `scale` turns the number of the wire into the unit, so the value divided by it is what is sent."""

    quantity: str
    unit: str
    low: Decimal
    high: Decimal
    resolution: Decimal
    scale: Decimal


@dataclass(frozen=True)
class Confirm:
    """How it is seen that a command was obeyed: `channel` reads the entered value, or `equals`, to within `tolerance`,
    before `within_ms` have passed."""

    channel: str
    equals: Decimal | None
    tolerance: Decimal
    within_ms: int


@dataclass(frozen=True)
class Command:
    """Something the instrument is told to do. `value` is sent as it stands when there is nothing to enter; a line holds
    `{value}` where it belongs."""

    id: str
    title: Text
    order: Registering | Sentence
    value: Decimal | None
    input: Input | None
    confirm: Confirm


@dataclass(frozen=True)
class PulseError:
    """The error of a meter whose pulses are counted against reference energy, in per cent (`protocols.pulses`).

    `pulses`, `energy` and `constant_channel` are channels of one and the same answer. `constant` is in imp/kWh.
    `bound`: the value counts once one pulse more or less moves it by no more than this many per cent.
    `pulses_wrap`, `energy_wrap`: where the counters start again at zero, None when they do not.
    """

    pulses: str
    energy: str
    constant: Decimal | None
    constant_channel: str
    bound: Decimal
    pulses_wrap: Decimal | None
    energy_wrap: Decimal | None


@dataclass(frozen=True)
class Derived:
    """A reading computed from others; `channel` describes it like any other reading."""

    channel: Channel
    rule: PulseError


@dataclass(frozen=True)
class Profile:
    id: str
    revision: str
    title: Text
    source: str
    transport: Transport
    timing: Timing
    protocol: Modbus | Dlt645 | Line
    identity: Identity | None
    polls: tuple[Poll, ...]
    commands: tuple[Command, ...]
    derived: tuple[Derived, ...]
    text: str
    sha256: str

    @property
    def channels(self) -> tuple[Channel, ...]:
        """What a reading of the instrument gives, in this order: the channels of the polls, then the derived ones."""
        read = tuple(channel for poll in self.polls for channel in poll.channels)
        return read + tuple(one.channel for one in self.derived)

    def command(self, identifier: str) -> Command:
        """Raises KeyError."""
        return {one.id: one for one in self.commands}[identifier]

    def with_overrides(self, settings: Mapping[str, str]) -> "Profile":
        """The profile with settings of this bench: baud, bits, parity, stop, unit, address, reply_ms, grace_ms.

        Only the way to the instrument can be changed, never the meaning of its bytes. Raises DataError.
        """
        result = self
        for name, value in settings.items():
            result = result._overridden(name, value)
        return result

    def _overridden(self, name: str, value: str) -> "Profile":
        whole = int(value) if value.isascii() and value.isdecimal() and len(value) < 9 else None
        if name == "parity" and value in ("N", "E", "O"):
            return replace(self, transport=replace(self.transport, parity=value))
        twelve = len(value) == 12 and value.isascii() and (value.isdecimal() or value == "A" * 12)
        if name == "address" and isinstance(self.protocol, Dlt645) and twelve:
            return replace(self, protocol=replace(self.protocol, address=value))
        if whole is not None:
            if name == "baud" and 300 <= whole <= 4_000_000:
                return replace(self, transport=replace(self.transport, baud=whole))
            if name == "bits" and whole in (7, 8):
                return replace(self, transport=replace(self.transport, bits=whole))
            if name == "stop" and whole in (1, 2):
                return replace(self, transport=replace(self.transport, stop=whole))
            if name == "unit" and isinstance(self.protocol, Modbus) and 1 <= whole <= 247:
                return replace(self, protocol=replace(self.protocol, unit=whole))
            if name == "reply_ms" and 10 <= whole <= 60_000:
                return replace(self, timing=replace(self.timing, reply_ms=whole))
            if name == "grace_ms" and 10 <= whole <= 60_000:
                return replace(self, timing=replace(self.timing, grace_ms=whole))
        raise DataError(
            name,
            f"不能设为“{value}”；可设 baud、bits、parity、stop、unit、address、reply_ms、grace_ms",
            f"cannot be set to '{value}'; baud, bits, parity, stop, unit, address, reply_ms and grace_ms can be set",
        )
