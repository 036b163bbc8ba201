"""Reading an instrument with its profile: identity first, then poll after poll, each reading tied to its evidence."""

import time
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from devices.agent.cable import open_cable
from devices.agent.driving import Driven, drive
from devices.agent.transport import Asked, Heard, Opener, Port, Record
from devices.profiles.complaints import complaints, explained, refused
from devices.profiles.decode import Decoder, Reading, agreed, exchange, serial_number
from devices.profiles.derive import Deriving
from devices.profiles.model import Dlt645, Item, Line, Poll, Profile, Question, Sentence
from devices.protocols import dlt645
from devices.protocols.exchange import Answer, Outcome, Quality, Trouble, bad, silence
from devices.protocols.line import Lines, judged
from devices.protocols.values import NotANumber
from lims.core.text import Text

MOST_PARTS = 32
"""Follow-on frames of one DL/T 645 item."""


class Sample(NamedTuple):
    """One reading with its evidence: numbers of the frames sent and received (None when there was none)."""

    channel: str
    quantity: str
    role: str
    value: Decimal | None
    unit: str
    quality: Quality
    text: Text
    at_ns: int
    tx: int | None
    rx: int | None

    @property
    def printed(self) -> str:
        """The value as a plain decimal string, empty when there is none."""
        return "" if self.value is None else f"{self.value:f}"


class Unidentified(Exception):
    """The instrument's serial number could not be read."""

    def __init__(self, trouble: Trouble) -> None:
        self.trouble = trouble
        self.text = Text(trouble.zh, trouble.en)
        super().__init__(trouble.en)


class Reader:
    """An instrument on a port. Opens the port at once; use as a context manager or call `close`.

    `record` keeps every byte and numbers it; without one the frames are kept in `frames` in memory.
    Raises PortLost whenever the port is missing or vanishes.
    """

    def __init__(
        self, profile: Profile, port: str, record: Record | None = None, *, opener: Opener = open_cable
    ) -> None:
        self.profile = profile
        self.frames = MemoryFrames()
        self.serial = ""
        self._address = ""
        self._deriving = Deriving(profile)
        self._name, self._record, self._opener = port, record or self.frames.record, opener
        self._heard: list[Heard] = []
        self._polls = tuple(_Polling(one, Decoder(one), _is_unasked(one)) for one in profile.polls)
        self._unasked = tuple(one for one in self._polls if one.unasked)
        self._asked = tuple(one for one in self._polls if not one.unasked)
        self._open()

    def _open(self) -> None:
        protocol = self.profile.protocol
        ends = (protocol.terminator, protocol.longest) if isinstance(protocol, Line) else ()
        self._lines = Lines(*ends)
        self.port = Port(self._name, self.profile, self._record, self._opener)

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.port.close()

    def reopen(self) -> None:
        """After PortLost: open the port again and forget who was there. Raises PortLost."""
        self.port.close()
        self.serial = self._address = ""
        self._open()

    @property
    def listens(self) -> bool:
        """Whether the instrument says something by itself."""
        return bool(self._unasked)

    @property
    def asks(self) -> bool:
        """Whether the instrument is asked for something."""
        return bool(self._asked)

    def identify(self) -> str:
        """The instrument's own serial number, "" when the profile has no identity. Raises Unidentified, PortLost."""
        self._discover()
        identity = self.profile.identity
        if identity is None:
            return ""
        if self._address and getattr(identity.question, "di", None) == "":
            self.serial = self._address
            return self.serial
        answered = self._ask(identity.question)
        outcome = answered.outcome
        if isinstance(outcome, Trouble):
            raise Unidentified(outcome)
        try:
            self.serial = serial_number(identity.field, identity.question, outcome)
        except NotANumber as error:
            raise Unidentified(
                bad("identity", f"出厂编号不可读：{error}", f"Unreadable serial number: {error}")
            ) from error
        if not self.serial:
            raise Unidentified(
                bad("identity", "仪器给出的出厂编号是空的", "The instrument gives an empty serial number")
            )
        return self.serial

    def read(self) -> list[Sample]:
        """Every channel once, in the order of the profile, whatever happened to its poll.

        What the instrument says by itself is awaited for `reply_ms`; of several lines each call gives one.
        """
        return self._cycle(self._polls)

    def ask_all(self) -> list[Sample]:
        """As `read`, but without the polls that only listen."""
        return self._cycle(self._asked)

    def listen(self, wait: float) -> list[Sample]:
        """What the instrument says by itself within so many seconds: one reading per line, none when it is silent."""
        heard, self._heard = self._heard, []
        if not heard:
            heard = self.port.listen(self._lines, wait)
        return [_sample(*pair) for one in heard for pair in self._understood(one)]

    def drive(
        self, command: str, value: Decimal | None, took: Callable[[list[Sample]], None] = lambda samples: None
    ) -> Driven:
        """Carry out a command of the profile and see that it was obeyed; see `driving.drive`."""
        return drive(self, command, value, took)

    @property
    def address(self) -> str:
        """The address of a DL/T 645 meter once it is known."""
        return self._address

    def finish(self) -> None:
        """Keep what was heard of a line that has not ended. After the last reading, before `close`."""
        if left := self._lines.leftover():
            self._record("u", left)

    def _cycle(self, polls: tuple["_Polling", ...]) -> list[Sample]:
        cycle: list[tuple[Reading, Asked]] = []
        try:
            self._discover()
        except Unidentified as error:
            nothing = Asked(error.trouble, None, None, time.time_ns())
            cycle = [(one, nothing) for poll in polls for one in poll.decoder.readings(error.trouble)]
        else:
            for poll in polls:
                cycle += self._await(poll) if poll.unasked else self._poll(poll)
        if self.profile.derived:
            cycle += self._derived(cycle)
        return [_sample(*pair) for pair in cycle]

    def _await(self, poll: "_Polling") -> list[tuple[Reading, Asked]]:
        """The next line that came unasked."""
        if not self._heard:
            self._heard = self.port.listen(self._lines, self.profile.timing.reply_ms / 1000)
        for one in self._heard:
            found = self._understood(one)
            if found[0][0].channel in poll.poll.channels:
                self._heard.remove(one)
                return found
        nothing = Asked(silence(), None, None, time.time_ns())
        return [(one, nothing) for one in poll.decoder.readings(nothing.outcome)]

    def _understood(self, heard: Heard) -> list[tuple[Reading, Asked]]:
        """The readings of a line under the poll that expects it; under the first one when none does."""
        outcomes: list[tuple[_Polling, Outcome]] = []
        for poll in self._unasked:
            question = poll.poll.question
            assert isinstance(question, Sentence)
            line = heard.line
            outcome = line if isinstance(line, Trouble) else judged(line, question.expect, question.rejects)
            outcomes.append((poll, outcome))
        poll, outcome = next(
            (one for one in outcomes if not isinstance(one[1], Trouble) or not one[1].dirty), outcomes[0]
        )
        asked = Asked(outcome, None, heard.rx, heard.at_ns)
        return [(reading, asked) for reading in poll.decoder.readings(outcome)]

    def complaint(self) -> Trouble | None:
        """After a command that is obeyed in silence: what the instrument did not like, None when it says nothing or
        has no error queue. Raises PortLost."""
        queue = self.profile.protocol.errors if isinstance(self.profile.protocol, Line) else None
        return None if queue is None else refused(complaints(queue, lambda question: self._whole(question).outcome))

    def _derived(self, cycle: list[tuple[Reading, Asked]]) -> list[tuple[Reading, Asked]]:
        """The readings computed from those of this cycle; their evidence is that of the pulses."""
        asked = {reading.channel.id: one for reading, one in cycle}
        found = self._deriving.take(reading for reading, _ in cycle)
        nothing = Asked(silence(), None, None, time.time_ns())
        return [
            (reading, asked.get(derived.rule.pulses, nothing))
            for derived, reading in zip(self.profile.derived, found, strict=True)
        ]

    def _discover(self) -> None:
        """Ask the only DL/T 645 meter on the line for its address, once."""
        protocol = self.profile.protocol
        if not isinstance(protocol, Dlt645) or self._address:
            return
        if protocol.address != dlt645.WILDCARD:
            self._address = protocol.address
            return
        outcome = self._ask(Item("")).outcome
        if isinstance(outcome, Trouble):
            raise Unidentified(outcome)
        self._address = outcome.data.decode()

    def _poll(self, polling: "_Polling") -> list[tuple[Reading, Asked]]:
        poll, decoder = polling.poll, polling.decoder
        answered = self._explained(self._ask(poll.question, decoder))
        found = decoder.readings(answered.outcome)
        for _ in range(poll.agree - 1):
            if isinstance(answered.outcome, Trouble):
                break
            answered = self._explained(self._ask(poll.questions[-1], decoder))
            again = decoder.readings(answered.outcome)
            found = again if isinstance(answered.outcome, Trouble) else agreed(found, again)
        return [(reading, answered) for reading in found]

    def _explained(self, answered: Asked) -> Asked:
        """With an error queue, the trouble and what the instrument says about it."""
        protocol, outcome = self.profile.protocol, answered.outcome
        if not isinstance(protocol, Line) or protocol.errors is None or not isinstance(outcome, Trouble):
            return answered
        said = complaints(protocol.errors, lambda question: self._whole(question).outcome)
        return answered._replace(outcome=explained(outcome, said))

    def _ask(self, question: Question, decoder: Decoder | None = None) -> Asked:
        """One question, again up to `retries` times when the line and not the instrument is the trouble."""
        left = self.profile.timing.retries
        while True:
            answered = self._whole(question)
            if decoder is not None and (outcome := decoder.checked(answered.outcome)) is not answered.outcome:
                self.port.dirty = True
                answered = answered._replace(outcome=outcome)
            trouble = answered.outcome
            if isinstance(trouble, Answer) or not (trouble.dirty or trouble.quality is Quality.BUSY) or not left:
                return answered
            left -= 1

    def _whole(self, question: Question) -> Asked:
        """One question with its follow-on frames joined."""
        asking = exchange(self.profile, question, self._address)
        answered = self.port.ask(asking)
        data = b""
        for _ in range(MOST_PARTS):
            if not isinstance(answered.outcome, Answer) or not isinstance(asking, dlt645.Read) or not asking.more:
                break
            data += answered.outcome.data
            asking = asking.next()
            answered = self.port.ask(asking)
        if data and isinstance(answered.outcome, Answer):
            return Asked(Answer(data=data + answered.outcome.data), answered.tx, answered.rx, answered.at_ns)
        return answered


class _Polling(NamedTuple):
    """A poll with what its answers mean, and whether they come unasked."""

    poll: Poll
    decoder: Decoder
    unasked: bool


def _is_unasked(poll: Poll) -> bool:
    return isinstance(poll.question, Sentence) and not poll.question.send


def _sample(reading: Reading, answered: Asked) -> Sample:
    channel = reading.channel
    return Sample(
        channel.id,
        channel.quantity,
        channel.role,
        reading.value,
        channel.unit,
        reading.quality,
        reading.text,
        answered.at_ns,
        answered.tx,
        answered.rx,
    )


class MemoryFrames:
    """Frames of a short reading that is not kept: (seq, direction, bytes) from 1."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, str, bytes]] = []

    def record(self, direction: str, raw: bytes) -> int:
        self.rows.append((len(self.rows) + 1, direction, raw))
        return len(self.rows)
