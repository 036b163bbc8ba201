"""DL/T 645-2007, the master's side: multi-function electricity meters over RS-485.

Frame: FE (0 to 4 times) · 68 · six address bytes, low first · 68 · control · length · data, each byte +33H · check sum ·
16. The check sum is the sum of all bytes from the first 68 to the last data byte, modulo 256. Frames are found by their
length, since 16, 68 and FE occur inside valid ones; what does not fit is skipped one byte at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from devices.protocols.exchange import Answer, Outcome, Quality, Trouble, bad, silence
from devices.protocols.values import EXACT, NotANumber, bcd

READ = 0x11
READ_NEXT = 0x12
READ_ADDRESS = 0x13
FROM_METER = 0x80
REFUSED = 0x40
MORE = 0x20
WILDCARD = "AAAAAAAAAAAA"
MOST_DATA = 200

ERRORS: tuple[tuple[str, str], ...] = (
    ("其他错误", "other error"),
    ("无请求数据", "no such data"),
    ("密码错或未授权", "wrong password or not authorised"),
    ("通信速率不能更改", "baud rate cannot be changed"),
    ("年时区数超", "too many year zones"),
    ("日时段数超", "too many day slots"),
    ("费率数超", "too many tariffs"),
)
"""Meaning of the bits of the error byte, bit 0 first."""


BINARY = {"bin8": 1, "bin16": 2, "bin32": 4}
"""Formats of items that are bits and not digits, such as the running state words 040005xx, with their bytes."""


@dataclass(frozen=True)
class Frame:
    """One frame with a correct check sum; `address` as printed on the meter (high digits first), data without +33H."""

    address: str
    control: int
    data: bytes

    def encode(self, preamble: int = 0) -> bytes:
        """The bytes on the wire behind `preamble` bytes FE."""
        body = b"\x68" + bytes.fromhex(self.address)[::-1] + b"\x68" + bytes((self.control, len(self.data)))
        body += bytes((byte + 0x33) & 0xFF for byte in self.data)
        return b"\xfe" * preamble + body + bytes((sum(body) & 0xFF, 0x16))


class Scanner:
    """Finds frames in a stream of bytes."""

    def __init__(self) -> None:
        self.waiting = b""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Every frame that is complete now. Bytes not yet decided stay in `waiting`."""
        self.waiting += data
        yield from self._scan(last=False)

    def finish(self) -> Iterator[Frame]:
        """Frames hidden behind a start byte whose own frame never became complete."""
        yield from self._scan(last=True)
        self.waiting = b""

    def _scan(self, *, last: bool) -> Iterator[Frame]:
        while True:
            start = self.waiting.find(0x68)
            if start < 0:
                self.waiting = b""
                return
            self.waiting = self.waiting[start:]
            size = self._size()
            if size is not None and len(self.waiting) < size:
                if not last:
                    return
                size = None
            frame = self._frame(size) if size is not None else None
            if size is None or frame is None:
                self.waiting = self.waiting[1:]
                continue
            self.waiting = self.waiting[size:]
            yield frame

    def _size(self) -> int | None:
        """Bytes of the frame that starts here as far as is known, or None when none can start here."""
        head = self.waiting
        if len(head) > 7 and head[7] != 0x68:
            return None
        if len(head) < 10:
            return 12
        return 12 + head[9] if head[9] <= MOST_DATA else None

    def _frame(self, size: int) -> Frame | None:
        raw = self.waiting[:size]
        if raw[-1] != 0x16 or sum(raw[:-2]) & 0xFF != raw[-2]:
            return None
        return Frame(raw[1:7][::-1].hex().upper(), raw[8], bytes((byte - 0x33) & 0xFF for byte in raw[10:-2]))


class Read:
    """Reading one data identifier (`di`, eight hex digits, DI3 first) of the meter with this address.

    The answer's data are the bytes behind the identifier. When the meter announces follow-on frames, `more` is true
    and `next()` is the exchange for the following part.
    """

    def __init__(self, address: str, di: str, preamble: int = 4, part: int = 0) -> None:
        identifier = bytes.fromhex(di)
        if len(identifier) != 4:
            raise ValueError(f"{di} is no data identifier of eight hex digits")
        if len(bytes.fromhex(address)) != 6:
            raise ValueError(f"{address} is no address of twelve digits")
        self.more = False
        self.surplus = b""
        self._address, self._di, self._preamble, self._part = address.upper(), identifier[::-1], preamble, part
        self._function = READ_NEXT if part else READ
        data = self._di + bytes((part,)) if part else self._di
        self.request = Frame(self._address, self._function, data).encode(preamble)
        self._scanner = Scanner()
        self._anything = False
        self._echo = False

    def next(self) -> "Read":
        """The exchange for the part that follows this one."""
        return Read(self._address, self._di[::-1].hex(), self._preamble, self._part + 1)

    def feed(self, data: bytes) -> Outcome | None:
        self._anything = self._anything or bool(data)
        return self._judge(self._scanner.feed(data))

    def expire(self) -> Outcome:
        if not self._anything:
            return silence()
        outcome = self._judge(self._scanner.finish())
        if outcome is None and self._echo:
            return bad(
                "echo_only",
                "只收到本机发出的回波，仪器没有回答",
                "Only the echo of the request came back; the instrument did not answer",
            )
        return outcome or bad(
            "no_frame", "收到的字节中没有完整正确的帧", "No complete, correct frame among the bytes received"
        )

    def _judge(self, frames: Iterator[Frame]) -> Outcome | None:
        for frame in frames:
            if not frame.control & FROM_METER:
                self._echo = True
                continue
            outcome = self._reply(frame)
            self.surplus = self._scanner.waiting
            return outcome
        return None

    def _reply(self, frame: Frame) -> Outcome:
        if self._address != WILDCARD and frame.address != self._address:
            return bad(
                "address",
                f"回答来自表号 {frame.address}，应为 {self._address}",
                f"Meter {frame.address} answered instead of {self._address}",
            )
        if frame.control & 0x1F != self._function:
            return bad("function", "回答的功能码与请求不符", "The reply is for another function")
        if frame.control & REFUSED:
            return refusal(frame.data)
        if frame.data[:4] != self._di:
            return bad(
                "identifier",
                f"回答的数据标识是 {frame.data[3::-1].hex().upper()}，应为 {self._di[::-1].hex().upper()}",
                f"The reply carries {frame.data[3::-1].hex().upper()} instead of {self._di[::-1].hex().upper()}",
            )
        value = frame.data[4:]
        if self._part:
            if value[-1:] != bytes((self._part,)):
                return bad("part", "后续帧序号不符", "The follow-on frame has another number")
            value = value[:-1]
        self.more = bool(frame.control & MORE)
        return Answer(data=value)


class ReadAddress:
    """Asking the only meter on the line for its address (control 13H to the wildcard). Answer data: twelve digits, ASCII."""

    def __init__(self, preamble: int = 4) -> None:
        self.request = Frame(WILDCARD, READ_ADDRESS, b"").encode(preamble)
        self.surplus = b""
        self._scanner = Scanner()
        self._anything = False

    def feed(self, data: bytes) -> Outcome | None:
        self._anything = self._anything or bool(data)
        return self._judge(self._scanner.feed(data))

    def expire(self) -> Outcome:
        if not self._anything:
            return silence()
        return self._judge(self._scanner.finish()) or bad(
            "no_frame", "收到的字节中没有完整正确的帧", "No complete, correct frame among the bytes received"
        )

    def _judge(self, frames: Iterator[Frame]) -> Outcome | None:
        for frame in frames:
            if not frame.control & FROM_METER:
                continue
            self.surplus = self._scanner.waiting
            if frame.control & 0x1F != READ_ADDRESS:
                return bad("function", "回答的功能码与请求不符", "The reply is for another function")
            if frame.control & REFUSED:
                return refusal(frame.data)
            if frame.data[::-1].hex().upper() != frame.address:
                return bad("address", "帧地址与所报表号不一致", "The address in the data is not that of the frame")
            return Answer(data=frame.address.encode())
        return None


def refusal(data: bytes) -> Trouble:
    """What the error byte of a refused request says."""
    bits = data[0] if data else 0
    named = [ERRORS[bit] for bit in range(7) if bits >> bit & 1] or [("未说明原因", "no reason given")]
    return Trouble(
        Quality.DEVICE_ERROR,
        "refused",
        "电能表拒绝：" + "、".join(zh for zh, _ in named),
        "The meter refused: " + ", ".join(en for _, en in named),
        dirty=False,
    )


def width(pattern: str) -> int:
    """Bytes taken by a format such as `XXXXXX.XX`, `YYMMDDWW` or `bin16`."""
    return BINARY.get(pattern) or len(pattern.replace(".", "")) // 2


def number(data: bytes, pattern: str, *, signed: bool) -> Decimal:
    """The value of BCD bytes (low byte first) in a format of X and one point.

    `signed` is a property of the data identifier, never guessed: the top bit of the top byte is a sign for power,
    current and combined energy, but a digit (up to 99) for forward energy. Raises NotANumber for nibbles above nine,
    ValueError for a wrong number of bytes.
    """
    if len(data) != width(pattern):
        raise ValueError(f"{len(data)} bytes do not carry {pattern}")
    high_first = bytearray(data[::-1])
    negative = signed and bool(high_first[0] & 0x80)
    if negative:
        high_first[0] &= 0x7F
    places = len(pattern.partition(".")[2])
    value = Decimal(bcd(bytes(high_first))).scaleb(-places, EXACT)
    return -value if negative and value else value


def binary(data: bytes) -> Decimal:
    """The number of an item whose bytes are bits, low byte first."""
    return Decimal(int.from_bytes(data, "little"))


def text(data: bytes) -> str:
    """The digits of a date, time or number item, high byte first. Raises NotANumber for nibbles above nine."""
    digits = data[::-1].hex()
    if not digits.isdecimal():
        raise NotANumber(f"BCD digits {digits.upper()}")
    return digits


def packed(value: Decimal, pattern: str, *, signed: bool) -> bytes:
    """The inverse of `number`, for simulators and tests. Raises ValueError when the value does not fit."""
    places = len(pattern.partition(".")[2])
    whole = int(abs(value).scaleb(places, EXACT))
    data = bytearray.fromhex(f"{whole:0{2 * width(pattern)}d}")
    if len(data) != width(pattern) or (signed and data[0] & 0x80) or (value < 0 and not signed):
        raise ValueError(f"{value} does not fit into {pattern}")
    if value < 0:
        data[0] |= 0x80
    return bytes(data[::-1])
