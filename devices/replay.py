"""Stored bytes read again: the same requests and answers through the same profile give the same digits, or show that they do not.

Plain Python over stored rows; nothing here asks an instrument. A reading names the last frames it was decoded from; the
frames before them give what else it needs: the parts of a long DL/T 645 item, the answers that had to agree, the start of a
run of pulses.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from devices import profiles
from devices.profiles.decode import Decoder, Reading, agreed, exchange, unsettled
from devices.profiles.derive import Deriving
from devices.profiles.model import Dlt645, Item, Line, Poll, Profile
from devices.protocols import dlt645
from devices.protocols.exchange import Answer, Outcome, Quality, Trouble
from lims.core.text import DataError, Text

KEPT = 512
"""Frames kept behind the newest one: more than the longest item with its repetitions takes."""
NOTHING = Text("", "")


class FrameRow(Protocol):
    """A stored frame. `raw` may be a memoryview."""

    seq: int
    direction: str
    raw: Any


class ReadingRow(Protocol):
    """A stored reading; `value` is the text of the device's digits, empty for none."""

    seq_no: int
    channel: str
    value: str
    unit: str
    quality: str
    tx_seq: int | None
    rx_seq: int | None


@dataclass(frozen=True)
class Again:
    """A stored reading beside what its bytes say now. `value` is None when the profile finds no such channel in them."""

    stored: ReadingRow
    value: str | None
    quality: str
    unit: str
    text: Text
    explained: bool = False

    @property
    def agrees(self) -> bool:
        """The same digits, the same unit and the same quality.

        `explained`: the instrument has an error queue that was asked why there was no value; the quality of such a reading
        is what the queue said, so only the absence of a value is compared.
        """
        stored = self.stored
        if self.value is None or (self.value, self.unit) != (stored.value, stored.unit):
            return False
        return self.quality == stored.quality or (self.explained and not self.value)


@lru_cache(maxsize=64)
def profile_of(text: str) -> Profile:
    """The profile of a stored version, loaded once."""
    return profiles.load_profile(text)


def as_recorded(profile: Profile, header: Mapping[str, Any]) -> Profile:
    """The profile with the settings of the bench that a session header names (unit, address and the like)."""
    settings = header.get("settings")
    try:
        return profile.with_overrides(settings if isinstance(settings, dict) else {})
    except DataError:  # another version may not know the setting: then its own counts
        return profile


def again(
    profile: Profile, header: Mapping[str, Any], frames: Iterable[FrameRow], stored: Iterable[ReadingRow]
) -> Iterator[Again]:
    """Each stored reading in order, computed anew from the frames, both from the first of the session on."""
    return _Walk(as_recorded(profile, header), str(header.get("serial_read") or ""), frames).over(stored)


def differences(found: Iterable[Again]) -> Iterator[Again]:
    return (one for one in found if not one.agrees)


class _Walk:
    """Goes through frames and readings side by side, holding only the newest frames."""

    def __init__(self, profile: Profile, address: str, frames: Iterable[FrameRow]) -> None:
        self._profile, self._address = profile, address
        self._frames = iter(frames)
        self._kept: dict[int, tuple[str, bytes]] = {}
        self._newest = 0
        self._deriving = Deriving(profile)
        self._derived = {one.channel.id: one.channel for one in profile.derived}
        self._decoders = {poll.id: Decoder(poll) for poll in profile.polls}
        self._asking: dict[tuple[str, str], set[bytes]] = {}
        self._newest_of: dict[str, Reading] = {}
        self._cycle: dict[str, Reading] = {}
        self._channels = {one.id: one for one in profile.channels}
        self._explained = isinstance(profile.protocol, Line) and profile.protocol.errors is not None

    def over(self, stored: Iterable[ReadingRow]) -> Iterator[Again]:
        decoded: dict[str, Reading] = {}
        frames_of_decoded: tuple[int | None, int | None] = (None, None)
        for row in stored:
            if row.channel in self._derived:
                yield self._again(row, self._of_cycle().get(row.channel))
                continue
            if (row.tx_seq, row.rx_seq) != frames_of_decoded or row.rx_seq is None:
                self._advance(row.rx_seq or row.tx_seq or 0)
                decoded = {one.channel.id: one for one in self._decode(row)}
                frames_of_decoded = row.tx_seq, row.rx_seq
            reading = decoded.get(row.channel)
            channel = self._channels.get(row.channel)
            if reading is None and channel is not None and row.rx_seq is None and not row.value:
                # Nothing was received, nothing was read: the quality is what the agent saw of the port and the clock.
                reading = Reading(channel, None, Quality(row.quality), NOTHING)
            if reading is not None:
                self._newest_of[row.channel] = reading
                self._cycle.clear()
            yield self._again(row, reading)

    def _of_cycle(self) -> dict[str, Reading]:
        """The derived readings of the present cycle, computed once, when the first of them comes."""
        if not self._cycle:
            self._cycle = {one.channel.id: one for one in self._deriving.take(self._newest_of.values())}
        return self._cycle

    def _again(self, row: ReadingRow, reading: Reading | None) -> Again:
        if reading is None:
            text = Text("配置中没有一个询问给出这个通道", "No poll of the profile gives this channel")
            return Again(row, None, "", "", text)
        value, quality = reading.printed, reading.quality.value
        return Again(row, value, quality, reading.channel.unit, reading.text, self._explained)

    def _advance(self, upto: int) -> None:
        while self._newest < upto:
            frame = next(self._frames, None)
            if frame is None:
                return
            self._newest = frame.seq
            self._kept[frame.seq] = (frame.direction, bytes(frame.raw))
        if len(self._kept) > 2 * KEPT:
            for seq in sorted(self._kept)[:-KEPT]:
                del self._kept[seq]

    def _decode(self, row: ReadingRow) -> tuple[Reading, ...]:
        if row.rx_seq is None:
            return ()
        if row.tx_seq is None:
            return self._heard(row.rx_seq)
        sent = self._raw(row.tx_seq, "t")
        protocol = self._profile.protocol
        if isinstance(protocol, Dlt645) and protocol.address == dlt645.WILDCARD:
            # The agent asked the only meter on the line who it is; every later question carries the answer.
            self._address = next((one.address for one in dlt645.Scanner().feed(sent)), self._address)
        for poll in self._profile.polls:
            asked = self._asked(poll, row.tx_seq, sent)
            if asked is not None:
                return self._agreed(poll, asked, self._outcome(poll, asked, row.rx_seq))
        return ()

    def _raw(self, seq: int, directions: str) -> bytes:
        direction, raw = self._kept.get(seq, ("", b""))
        return raw if direction and direction in directions else b""

    def _received(self, after: int, upto: int) -> bytes:
        """What came in reply between two frames."""
        return b"".join(self._raw(seq, "r") for seq in range(after + 1, upto + 1))

    def _heard(self, rx: int) -> tuple[Reading, ...]:
        """A line that came unasked."""
        raw = self._raw(rx, "ru")
        found: list[tuple[Poll, Outcome]] = []
        for poll in self._profile.polls:
            asking = exchange(self._profile, poll.question, self._address)
            if not asking.request:
                found.append((poll, asking.feed(raw) or asking.expire()))
        if not raw or not found:
            return ()
        # As the agent does: the poll that expects the line, or the first one when none does.
        poll, outcome = next((one for one in found if not _unexpected(one[1])), found[0])
        return self._decoders[poll.id].readings(outcome)

    def _asked(self, poll: Poll, tx: int, sent: bytes) -> int | None:
        """The frame with which the question began that `sent` belongs to; None when it is no question of this poll."""
        requests = self._requests(poll)
        if b"" in requests:
            return None
        if sent in requests:
            return tx
        if not isinstance(poll.question, Item):
            return None
        asking = exchange(self._profile, poll.question, self._address)
        for seq in sorted((one for one in self._kept if one < tx), reverse=True):
            direction, raw = self._kept[seq]
            if direction == "t" and raw == asking.request:
                return seq if self._follows(asking, seq, tx, sent) else None
        return None

    def _requests(self, poll: Poll) -> set[bytes]:
        """The question, and the one that asks for the same reading once more."""
        key = poll.id, self._address
        if key not in self._asking:
            self._asking[key] = {exchange(self._profile, one, self._address).request for one in poll.questions}
        return self._asking[key]

    def _follows(self, asking: Any, first: int, tx: int, sent: bytes) -> bool:
        """Whether `sent` asks for a later part of the item that was first asked for at `first`."""
        part = asking
        for seq in range(first + 1, tx + 1):
            if self._kept.get(seq, ("", b""))[0] != "t":
                continue
            part = part.next()
            if self._kept[seq][1] != part.request:
                return False
        return bool(part.request == sent)

    def _outcome(self, poll: Poll, tx: int, upto: int) -> Outcome:
        """What became of the question that began at `tx`, from what was received up to the given frame."""
        asking = exchange(self._profile, poll.question, self._address)
        asks = [seq for seq in range(tx, upto + 1) if self._kept.get(seq, ("", b""))[0] == "t"]
        data = b""
        for index, seq in enumerate(asks):
            until = asks[index + 1] - 1 if index + 1 < len(asks) else upto
            received = self._received(seq, until)
            outcome = (asking.feed(received) if received else None) or asking.expire()
            if not isinstance(outcome, Answer):
                return outcome
            data += outcome.data
            if not isinstance(asking, dlt645.Read) or not asking.more or index + 1 == len(asks):
                return self._decoders[poll.id].checked(Answer(data, outcome.groups))
            asking = asking.next()
        return asking.expire()

    def _agreed(self, poll: Poll, tx: int, outcome: Outcome) -> tuple[Reading, ...]:
        """The readings, unsettled when the answers before, which had to be equal, were not."""
        found = self._decoders[poll.id].readings(outcome)
        if poll.agree == 1 or isinstance(outcome, Trouble):
            return found
        requests = self._requests(poll)
        missing, upto, latest = poll.agree - 1, tx - 1, found
        for seq in sorted((one for one in self._kept if one < tx), reverse=True):
            if not missing:
                break
            if self._kept[seq][0] != "t" or self._kept[seq][1] not in requests:
                continue
            before = self._outcome(poll, seq, upto)
            upto = seq - 1
            if isinstance(before, Trouble) and (before.dirty or before.quality is Quality.BUSY):
                continue  # asked again at once: this attempt did not count
            earlier = self._decoders[poll.id].readings(before)
            if agreed(earlier, latest) != latest:
                return unsettled(found)
            latest, missing = earlier, missing - 1
        return found


def _unexpected(outcome: Outcome) -> bool:
    return isinstance(outcome, Trouble) and outcome.dirty
