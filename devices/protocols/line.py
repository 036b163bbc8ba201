"""Instruments that talk in lines of text: MT-SICS and other balances, SCPI, print-on-key.

A line ends with its terminator and is bounded in length; it is either the expected answer (named groups), a known
refusal, the echo of the question, or bad. Bytes outside printable ASCII are shown as \\xNN, never dropped.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from devices.protocols.exchange import Answer, Outcome, Quality, Trouble, bad, silence
from devices.protocols.pattern import Pattern


@dataclass(frozen=True)
class Reject:
    """A line with which the instrument says why there is no value."""

    pattern: Pattern
    quality: Quality


_SAID = {
    Quality.BUSY: ("仪器忙，暂不能执行", "The instrument is busy"),
    Quality.OVERLOAD: ("超出上限（过载）", "Overload"),
    Quality.UNDERLOAD: ("低于下限（欠载）", "Underload"),
    Quality.UNSTABLE: ("读数未稳定", "The reading is not stable"),
}


class Ask:
    """Sending one line (or, with an empty `send`, only listening) and taking one line in return.

    Without `expect` no line is awaited: the instrument obeys in silence, or says one of the `rejects`.
    """

    def __init__(
        self,
        send: str,
        expect: Pattern | None,
        rejects: Sequence[Reject] = (),
        *,
        terminator: bytes = b"\r\n",
        send_terminator: bytes | None = None,
        longest: int = 256,
    ) -> None:
        ending = terminator if send_terminator is None else send_terminator
        self._sent = send.encode("ascii")
        self.request = self._sent + ending if send else b""
        self.surplus = b""
        self._expect, self._rejects = expect, tuple(rejects)
        self._terminator, self._longest = terminator, longest
        self._seen = b""
        self._echoed = False

    def feed(self, data: bytes) -> Outcome | None:
        if self._expect is None and not self._rejects:
            return Answer()
        self._seen += data
        while self._terminator in self._seen:
            line, _, rest = self._seen.partition(self._terminator)
            self._seen = rest
            if len(line) > self._longest:
                return too_long(self._longest)
            if self._terminator == b"\n":  # some instruments end with CR LF whatever they are asked with
                line = line.removesuffix(b"\r")
            if not line:
                continue
            if self._sent and line.strip(b"\r") == self._sent and not self._echoed:
                self._echoed = True
                continue
            self.surplus = rest
            return judged(printable(line), self._expect, self._rejects)
        return too_long(self._longest) if len(self._seen) > self._longest else None

    def expire(self) -> Outcome:
        if self._expect is None and not self._seen:
            return Answer()
        if self._seen:
            return unfinished(self._seen)
        if self._echoed:
            return bad(
                "echo_only",
                "只收到本机发出的回波，仪器没有回答",
                "Only the echo of the request came back; the instrument did not answer",
            )
        return silence()


class Lines:
    """Cuts what an instrument says by itself (print-on-key, streaming) into lines. Nothing is lost and none is guessed at.

    Each line comes with its bytes, terminator included: as text, as the trouble that it is none, or as None where only
    its end was heard (or where it is empty).
    """

    def __init__(self, terminator: bytes = b"\r\n", longest: int = 256) -> None:
        self._terminator, self._longest = terminator, longest
        self._waiting = b""
        self._whole = False  # whether what is waiting was heard from its beginning
        self._torn = False  # whether the rest of a line that was given up may still come, however late

    @property
    def unfinished(self) -> bool:
        """Whether a line has begun and not ended."""
        return bool(self._waiting)

    def feed(self, data: bytes, *, beginning: bool) -> list[tuple[bytes, str | Trouble | None]]:
        """The lines that are complete now. `beginning`: the line was silent long enough for these bytes to begin one."""
        self._whole = self._whole or (beginning and not self._waiting)
        self._waiting += data
        found = []
        while self._terminator in self._waiting:
            line, _, self._waiting = self._waiting.partition(self._terminator)
            found.append((line + self._terminator, self._said(line)))
            self._whole, self._torn = True, False
        if len(self._waiting) > self._longest:
            found += self._given_up(too_long(self._longest))
        return found

    def expire(self) -> list[tuple[bytes, str | Trouble | None]]:
        """The line that never ended."""
        return self._given_up(unfinished(self._waiting)) if self._waiting else []

    def leftover(self) -> bytes:
        """The bytes of the line that has not ended, which are then forgotten."""
        left, self._waiting, self._whole = self._waiting, b"", False
        return left

    def _said(self, line: bytes) -> str | Trouble | None:
        if not self._whole or self._torn:
            return None
        if len(line) > self._longest:
            return too_long(self._longest)
        return printable(line.removesuffix(b"\r") if self._terminator == b"\n" else line) or None

    def _given_up(self, trouble: Trouble) -> list[tuple[bytes, str | Trouble | None]]:
        said, self._torn = (trouble if self._whole else None), True
        return [(self.leftover(), said)]


def judged(line: str, expect: Pattern | None, rejects: Sequence[Reject]) -> Outcome:
    """What a whole line says: the expected answer, a known refusal, or something else."""
    groups = None if expect is None else expect.match(line)
    if groups is not None:
        return Answer(groups=groups)
    for reject in rejects:
        if reject.pattern.match(line) is not None:
            zh, en = _SAID.get(reject.quality, ("仪器报告错误", "The instrument reports an error"))
            return Trouble(reject.quality, "rejected", f"{zh}：{line}", f"{en}: {line}", dirty=False)
    return bad("unexpected", f"不认识的一行：{line[:60]}", f"Unexpected line: {line[:60]}")


def too_long(longest: int) -> Trouble:
    return bad("too_long", f"一行超过 {longest} 字节", f"A line is longer than {longest} bytes")


def unfinished(seen: bytes) -> Trouble:
    return bad("unfinished", "一行没有结束", f"A line was not finished: {printable(seen)[:60]}")


def printable(line: bytes) -> str:
    """The line as text, bytes outside printable ASCII escaped as \\xNN."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in line)
