"""A capture made with any program, read through a profile: a saved session, a hex dump of a serial monitor, bytes as they came.

Plain Python. Nothing here is evidence and no reading can come of it: it shows what a profile makes of bytes that were
once on a wire. The form of a file is judged by its content unless a person says it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from devices import drafting, exchangefile
from devices.profiles.decode import Decoder, Reading, exchange
from devices.profiles.model import Dlt645, Item, Line, Modbus, Poll, Profile, Registers, Sentence
from devices.protocols import dlt645, modbus_rtu
from devices.protocols.exchange import Outcome, Trouble
from devices.protocols.line import Lines, judged, printable
from lims.core.text import DataError, Text

LARGEST = 256 * 1024
MOST_ROWS = 2000
SHOWN = 300
"""Bytes of one answer that are shown."""
FORMS = ("session", "hex", "raw")

Piece = tuple[str, bytes]
"""Direction (t sent, r received, "" unknown) and bytes."""


@dataclass(frozen=True)
class Captured:
    """What a file holds. `broken_at`: the first frame of a saved session that does not continue its chain."""

    form: str
    pieces: tuple[Piece, ...]
    broken_at: int | None = None


@dataclass(frozen=True)
class Row:
    """One answer and what the profile reads from it; bytes that it does not understand have no readings but a `trouble`.

    `unsure`: nothing in the capture says what was asked, and the answer does not either.
    """

    sent: bytes
    received: bytes
    poll: str
    readings: tuple[Reading, ...]
    trouble: Text | None = None
    unsure: bool = False

    @property
    def good(self) -> bool:
        return bool(self.readings) and all(one.quality.value == "ok" for one in self.readings)

    @property
    def sent_hex(self) -> str:
        return self.sent[:SHOWN].hex(" ").upper()

    @property
    def hex(self) -> str:
        return self.received[:SHOWN].hex(" ").upper()

    @property
    def text(self) -> str:
        """What the bytes say, empty when they are no text."""
        said = self.received[:SHOWN].rstrip(b"\r\n")
        return printable(said) if said.isascii() and said.decode().isprintable() else ""


# Files


def read(data: bytes, form: str = "") -> Captured:
    """The pieces of a file. `form` is one of FORMS, "" to judge by content. Raises DataError."""
    if len(data) > LARGEST:
        raise DataError("", "文件超过 256 KB，请截取一段", "The file is larger than 256 KB; cut out a part")
    if not data:
        raise DataError("", "文件是空的", "The file is empty")
    if form == "session" or (not form and data.lstrip().startswith(b'{"schema"')):
        return _session(data)
    if form != "raw" and (pieces := _dump(data, forced=form == "hex")):
        return Captured("hex", tuple(pieces))
    if form == "hex":
        raise DataError("", "文件中没有十六进制字节", "The file holds no bytes in hexadecimal")
    return Captured("raw", (("", data),))


def _session(data: bytes) -> Captured:
    try:
        session = exchangefile.load(data.decode("utf-8").splitlines())
    except UnicodeDecodeError:
        raise DataError("", "不是 UTF-8 文本", "This is not UTF-8 text") from None
    ways = {"t": "t", "r": "r", "u": "r"}  # late bytes and events of the agent answer no question
    pieces = [(ways[one.direction], one.raw) for one in session.frames if one.direction in ways]
    return Captured("session", tuple(pieces), session.broken_at)


_TIME = re.compile(r"\[?(?:\d{4}[-/.]\d\d?[-/.]\d\d?[T ]+)?\d{1,2}:\d\d(?::\d\d(?:[.,:]\d+)?)?Z?\]?[\s,;]*")
_WAY = re.compile(
    r"#?\s*[\[(<]?(?:(TX|SEND|SENT|OUT|WRITE|REQUEST|REQ|>>|->|>|→|发送|发)|"
    r"(RX|RECV|RECEIVED|IN|READ|RESPONSE|RSP|<<|<-|<|←|接收|收))(?:\s*HEX)?[\])\s:：→←◇◆>-]*",
    re.I,
)
"""The marks of common serial monitors: `TX: 01 03`, `>> 01 03`, `[12:00:00.123]发→◇01 03 □`, `# RECV HEX>` above the bytes."""
_DUMPED = re.compile(r"(?:[0-9A-Fa-f]{4,8}:\s+(?P<xxd>\S+(?: \S+)*)|[0-9A-Fa-f]{8}\s\s(?P<hexdump>[^|]+)).*")
_BYTES = re.compile(r"(?:(?:0x)?[0-9A-Fa-f]{2}[\s,;]+)*(?:0x)?[0-9A-Fa-f]{2}[\s,;□■]*", re.I)


def _dump(data: bytes, *, forced: bool) -> list[Piece]:
    """The bytes of a hex dump; none when a line is something else (unless `forced`: then that line is left out)."""
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return []
    found: list[Piece] = []
    way = ""
    for line in filter(None, map(str.strip, lines)):
        said, rest = _direction(line)
        raw = _digits(rest)
        way = said or way
        if raw:
            found.append((way, raw))
        elif not (forced or (said and not rest)):
            return []
    return found


def _direction(line: str) -> tuple[str, str]:
    """Which way a line went, "" when it does not say, and what stands behind time and direction."""
    if match := _TIME.match(line):
        line = line[match.end() :]
    match = _WAY.match(line)
    return ("", line) if match is None else ("t" if match[1] else "r", line[match.end() :])


def _digits(text: str) -> bytes:
    """The bytes of a line of pairs of digits, or of one with an offset before them and their text behind; else none."""
    if match := _DUMPED.fullmatch(text):
        text = match["xxd"] or match["hexdump"]
        pairs = "".join(text.split())
        return bytes.fromhex(pairs) if len(pairs) % 2 == 0 and re.fullmatch("[0-9A-Fa-f]+", pairs) else b""
    return bytes.fromhex(re.sub(r"0[xX]|[\s,;□■]", "", text)) if _BYTES.fullmatch(text) else b""


# Through a profile


def through(profile: Profile, captured: Captured) -> list[Row]:
    """What the profile makes of a capture, in its order; at most MOST_ROWS rows."""
    known = any(way == "t" for way, _ in captured.pieces)
    stream = b"".join(raw for _, raw in captured.pieces)
    reading = _Through(profile, stream)
    if isinstance(profile.protocol, Line):
        rows = reading.lines(captured.pieces if known else (("", stream),))
    elif known:
        rows = reading.exchanges(_exchanges(captured.pieces))
    else:
        rows = reading.stream(stream)
    return list(islice(rows, MOST_ROWS))


def _exchanges(pieces: tuple[Piece, ...]) -> Iterator[tuple[bytes, bytes]]:
    """What was sent, and all that came before the next question."""
    sent, received = b"", b""
    for way, raw in pieces:
        if way == "t":
            if sent or received:
                yield sent, received
            sent, received = raw, b""
        else:
            received += raw
    yield sent, received


class _Through:
    def __init__(self, profile: Profile, stream: bytes) -> None:
        self._profile = profile
        self._polls = [(poll, Decoder(poll)) for poll in profile.polls]
        self._address = ""
        if isinstance(profile.protocol, Dlt645) and profile.protocol.address == dlt645.WILDCARD:
            frames = dlt645.Scanner().feed(stream)
            self._address = next((one.address for one in frames if one.control & dlt645.FROM_METER), "")

    def exchanges(self, exchanges: Iterator[tuple[bytes, bytes]]) -> Iterator[Row]:
        """Questions and their answers, where it is known which is which."""
        for sent, received in exchanges:
            found = next((one for one in self._polls if self._core(sent) in self._cores(one[0])), None)
            if found is None:
                yield Row(sent, received, "", (), _NO_QUESTION if sent else _NOTHING_ASKED)
                continue
            poll, decoder = found
            asking = exchange(self._profile, poll.question, self._address)
            yield self._row(
                sent, received, poll, decoder, (asking.feed(received) if received else None) or asking.expire()
            )

    def stream(self, stream: bytes) -> Iterator[Row]:
        """Bytes of which nobody says who sent them: the questions of the profile are looked for in them."""
        marks = sorted(
            (match.start(), match.end())
            for poll, _ in self._polls
            for core in self._cores(poll)
            for match in re.finditer(re.escape(core), stream)
        )
        if not marks:
            yield from self._answers(stream)
            return
        if before := stream[: marks[0][0]].strip(b"\xfe"):
            yield Row(b"", before, "", (), _NOTHING_ASKED)
        ends = [start for start, _ in marks[1:]] + [len(stream)]
        yield from self.exchanges(
            (stream[start:end], stream[end:until]) for (start, end), until in zip(marks, ends, strict=True)
        )

    def _answers(self, stream: bytes) -> Iterator[Row]:
        """Answers alone. DL/T 645 says in them what was asked; Modbus does not, so each that has the shape is shown as unsure."""
        if isinstance(self._profile.protocol, Dlt645):
            yield from self._frames(stream)
            return
        at = rest = 0
        while at < len(stream):
            shaped = [(one, size) for one in self._polls if (size := self._sealed(one[0], stream[at : at + 260]))]
            if not shaped:
                at += 1
                continue
            if rest < at:
                yield Row(b"", stream[rest:at], "", (), _NOT_UNDERSTOOD)
            for (poll, decoder), size in shaped:
                raw = stream[at : at + size]
                outcome = exchange(self._profile, poll.question).feed(raw)
                if outcome is not None:
                    yield self._row(b"", raw, poll, decoder, outcome, unsure=True)
            at = rest = at + shaped[0][1]
        if rest < len(stream):
            yield Row(b"", stream[rest:], "", (), _NOT_UNDERSTOOD)

    def _frames(self, stream: bytes) -> Iterator[Row]:
        scanner = dlt645.Scanner()
        for frame in [*scanner.feed(stream), *scanner.finish()]:
            if not frame.control & dlt645.FROM_METER:
                continue
            raw = frame.encode(0)
            told = frame.data[3::-1].hex().upper()
            found = next(
                (one for one in self._polls if isinstance(one[0].question, Item) and one[0].question.di == told), None
            )
            if found is None:
                yield Row(b"", raw, "", (), _NO_QUESTION)
                continue
            asking = exchange(self._profile, found[0].question, self._address)
            yield self._row(b"", raw, *found, asking.feed(raw) or asking.expire())

    def lines(self, pieces: tuple[Piece, ...]) -> Iterator[Row]:
        """Lines of text. A line that repeats a question of the profile is that question, whoever wrote it into the log."""
        protocol = self._profile.protocol
        assert isinstance(protocol, Line)
        stream = b"".join(raw for way, raw in pieces if way != "t")
        ending = protocol.terminator
        if ending not in stream:  # many a terminal writes its own line ends
            ending = drafting.ENDINGS[drafting.ending_of(stream)]
        asked: tuple[Poll, Decoder] | None = None
        cut = Lines(ending, protocol.longest)
        for way, raw in pieces:
            if way == "t":
                asked = self._asks(printable(raw.strip(b"\r\n"))) or asked
                continue
            for line, said in [*cut.feed(raw, beginning=True)]:
                if isinstance(said, str) and (echo := self._asks(said.strip())) is not None:
                    asked = echo
                elif said is not None:
                    yield self._line(line, said, asked)
        for line, said in cut.expire():
            yield self._line(line, said or "", asked)

    def _asks(self, text: str) -> tuple[Poll, Decoder] | None:
        return next(
            (
                one
                for one in self._polls
                if text and any(isinstance(q, Sentence) and q.send == text for q in one[0].questions)
            ),
            None,
        )

    def _line(self, raw: bytes, said: str | Trouble, asked: tuple[Poll, Decoder] | None) -> Row:
        """The readings under the poll that was asked, else under the one that expects the line, else under the first."""
        polls = [asked] if asked else self._polls
        outcomes = [(one, _judged(one[0], said)) for one in polls]
        found, outcome = next(
            (one for one in outcomes if not isinstance(one[1], Trouble) or not one[1].dirty), outcomes[0]
        )
        return self._row(b"", raw, *found, outcome)

    def _row(
        self, sent: bytes, received: bytes, poll: Poll, decoder: Decoder, outcome: Outcome, *, unsure: bool = False
    ) -> Row:
        outcome = decoder.checked(outcome)
        if isinstance(outcome, Trouble):
            return Row(sent, received, poll.id, (), Text(outcome.zh, outcome.en), unsure)
        return Row(sent, received, poll.id, decoder.readings(outcome), None, unsure)

    def _cores(self, poll: Poll) -> set[bytes]:
        return {self._core(exchange(self._profile, one, self._address).request) for one in poll.questions} - {b""}

    def _core(self, request: bytes) -> bytes:
        """A question without what varies: the preamble of DL/T 645."""
        return request.lstrip(b"\xfe") if isinstance(self._profile.protocol, Dlt645) else request

    def _sealed(self, poll: Poll, window: bytes) -> int:
        """The length of a Modbus answer of the poll's shape at the beginning of the bytes, 0 when there is none."""
        question, protocol = poll.question, self._profile.protocol
        if not isinstance(question, Registers) or not isinstance(protocol, Modbus):
            return 0
        carried = (question.count + 7) // 8 if question.function < 3 else 2 * question.count
        head = bytes((protocol.unit, question.function, carried))
        whole = window[: 5 + carried]
        return len(whole) if whole.startswith(head) and len(whole) == 5 + carried and modbus_rtu.is_sealed(whole) else 0


def _judged(poll: Poll, said: str | Trouble) -> Outcome:
    question = poll.question
    assert isinstance(question, Sentence)
    return said if isinstance(said, Trouble) else judged(said, question.expect, question.rejects)


_NO_QUESTION = Text("配置中没有这个询问", "The profile does not ask this")
_NOTHING_ASKED = Text("之前没有询问", "Nothing was asked before")
_NOT_UNDERSTOOD = Text("不是此配置的回答", "No answer of this profile")
