"""Modbus RTU, the master's side: reading (functions 1 to 4), writing (5, 6, 16), strict checks of what comes back.

Source: MODBUS over Serial Line V1.02 and Application Protocol V1.1b3 (modbus.org). Unit, function, byte count and CRC
must all fit the question; a reply with a good CRC from another unit or for another function is refused. A write is
acknowledged by an echo of what was written, which is compared.
"""

import struct
from array import array
from functools import lru_cache

from devices.protocols.exchange import Answer, Outcome, Quality, Trouble, bad, silence

FUNCTIONS = (1, 2, 3, 4)
WRITE_COIL, WRITE_REGISTER, WRITE_REGISTERS = 5, 6, 16
WRITES = (WRITE_COIL, WRITE_REGISTER, WRITE_REGISTERS)
MOST_REGISTERS = 125
MOST_BITS = 2000
MOST_WRITTEN = 123
COIL_ON, COIL_OFF = b"\xff\x00", b"\x00\x00"
ACKNOWLEDGE = 5
"""Exception code of a request that was accepted and takes its time."""

EXCEPTIONS: dict[int, tuple[str, str]] = {
    1: ("不支持的功能码", "illegal function"),
    2: ("不存在的寄存器地址", "illegal data address"),
    3: ("不允许的数值", "illegal data value"),
    4: ("从站故障", "server device failure"),
    5: ("已接受，处理中", "acknowledge"),
    6: ("从站忙", "server device busy"),
    8: ("存储校验错误", "memory parity error"),
    10: ("网关路径不可用", "gateway path unavailable"),
    11: ("网关目标无响应", "gateway target failed to respond"),
}
"""Exception codes of the application protocol, section 7."""


def _table() -> "array[int]":
    """The remainder of every byte, in one block of 512 bytes: a tuple would spread them over the memory."""
    rows = array("H")
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
        rows.append(value)
    return rows


_CRC = _table()


def crc(data: bytes) -> bytes:
    """CRC-16/MODBUS (reflected polynomial A001, initial FFFF) as the two bytes that go on the wire, low byte first."""
    value = 0xFFFF
    for byte in data:
        value = (value >> 8) ^ _CRC[(value ^ byte) & 0xFF]
    return bytes((value & 0xFF, value >> 8))


def sealed(body: bytes) -> bytes:
    """A frame: the body with its CRC."""
    return body + crc(body)


def is_sealed(frame: bytes) -> bool:
    """Whether the last two bytes are the CRC of those before."""
    return len(frame) >= 4 and crc(frame[:-2]) == frame[-2:]


@lru_cache(maxsize=1024)
def _question(unit: int, function: int, address: int, count: int) -> bytes:
    """The frame that asks for so many items. Raises ValueError for what cannot be asked."""
    if function not in FUNCTIONS:
        raise ValueError(f"function {function} does not read")
    if not 1 <= unit <= 247:
        raise ValueError(f"unit {unit} is outside 1 to 247")
    if not 1 <= count <= (MOST_BITS if function < 3 else MOST_REGISTERS) or not 0 <= address <= 0x10000 - count:
        raise ValueError(f"{count} items from address {address} cannot be read at once")
    return sealed(struct.pack(">BBHH", unit, function, address, count))


class Read:
    """Reading `count` coils, inputs or registers of one unit. The answer's data are the bytes behind the byte count."""

    def __init__(self, unit: int, function: int, address: int, count: int) -> None:
        self.request = _question(unit, function, address, count)
        self.surplus = b""
        self._unit = unit
        self._function = function
        self._payload = (count + 7) // 8 if function < 3 else 2 * count
        self._seen = b""

    def feed(self, data: bytes) -> Outcome | None:
        self._seen += data
        return self._judge()

    def expire(self) -> Outcome:
        return _nothing_whole(self.request, self._seen)

    def _judge(self) -> Outcome | None:
        seen = self._seen
        if len(seen) < 3:
            return None
        if seen[1] == self._function | 0x80:
            return self._exception(seen)
        whole = 5 + self._payload
        shaped = seen[0] == self._unit and seen[1] == self._function and seen[2] == self._payload
        if shaped and len(seen) < whole:
            return None
        if shaped and is_sealed(seen[:whole]) and seen[:whole] != self.request:  # which has the shape of some replies
            self.surplus = seen[whole:]
            return Answer(data=seen[3 : whole - 2])
        if self.request.startswith(seen[: len(self.request)]):
            return self._after_echo()
        if shaped:
            return bad("crc", "校验（CRC）不符", "The check sum (CRC) does not fit")
        return _foreign(seen, self._unit, self._function) or bad(
            "byte_count",
            f"回答声明 {seen[2]} 字节，应为 {self._payload}",
            f"The reply announces {seen[2]} bytes instead of {self._payload}",
        )

    def _after_echo(self) -> Outcome | None:
        """A half-duplex adapter returned our own bytes first; the reply, if any, follows them."""
        if len(self._seen) <= len(self.request):
            return None
        self._seen = self._seen[len(self.request) :]
        return self._judge()

    def _exception(self, seen: bytes) -> Outcome | None:
        if len(seen) < 5:
            return None
        self.surplus = seen[5:]
        return _exception(seen, self._unit)


class Write:
    """Writing one coil (function 5), one register (6) or several (16) of one unit.

    `data` are the bytes of the registers, or COIL_ON or COIL_OFF. The answer has no data. With a local echo the
    acknowledgement of functions 5 and 6 cannot be told from the echo: a written value counts once it was read back.
    """

    def __init__(self, unit: int, function: int, address: int, data: bytes) -> None:
        if function not in WRITES:
            raise ValueError(f"function {function} does not write")
        if not 1 <= unit <= 247:
            raise ValueError(f"unit {unit} is outside 1 to 247")
        count = len(data) // 2
        most = MOST_WRITTEN if function == WRITE_REGISTERS else 1
        if len(data) % 2 or not 1 <= count <= most or not 0 <= address <= 0x10000 - count:
            raise ValueError(f"{len(data)} bytes at address {address} cannot be written at once")
        if function == WRITE_COIL and data not in (COIL_ON, COIL_OFF):
            raise ValueError("a coil is written as FF00 or 0000")
        head = struct.pack(">BBH", unit, function, address)
        if function == WRITE_REGISTERS:
            self._reply = sealed(head + struct.pack(">H", count))
            self.request = sealed(head + struct.pack(">HB", count, len(data)) + data)
        else:
            self._reply = self.request = sealed(head + data)
        self.surplus = b""
        self._unit, self._function = unit, function
        self._seen = b""

    def feed(self, data: bytes) -> Outcome | None:
        self._seen += data
        return self._judge()

    def expire(self) -> Outcome:
        return _nothing_whole(self.request, self._seen)

    def _judge(self) -> Outcome | None:
        seen = self._seen
        if len(seen) >= 2 and seen[1] == self._function | 0x80:
            if len(seen) < 5:
                return None
            self.surplus = seen[5:]
            outcome = _exception(seen, self._unit)
            return Answer() if getattr(outcome, "code", "") == f"exception_{ACKNOWLEDGE}" else outcome
        if seen.startswith(self._reply):
            self.surplus = seen[len(self._reply) :]
            return Answer()
        if self._reply.startswith(seen) or self.request.startswith(seen):
            return None
        if self._reply != self.request and seen.startswith(self.request):
            self._seen = seen[len(self.request) :]
            return self._judge()
        if len(seen) < len(self._reply):
            return None
        return (
            _foreign(seen, self._unit, self._function)
            or (
                None
                if is_sealed(seen[: len(self._reply)])
                else bad("crc", "校验（CRC）不符", "The check sum (CRC) does not fit")
            )
            or bad(
                "echo",
                "仪器确认的地址或数值与写入的不同",
                "The instrument acknowledged another address or value than was written",
            )
        )


def _nothing_whole(request: bytes, seen: bytes) -> Trouble:
    """What to say when the time is over."""
    if not seen:
        return silence()
    if request.startswith(seen):
        return bad(
            "echo_only",
            "只收到本机发出的回波，仪器没有回答",
            "Only the echo of the request came back; the instrument did not answer",
        )
    return bad("short", f"回答不完整（{len(seen)} 字节）", f"The reply is incomplete ({len(seen)} bytes)")


def _foreign(seen: bytes, unit: int, function: int) -> Trouble | None:
    """A reply of another unit or for another function."""
    if seen[0] != unit:
        return bad("unit", f"回答来自地址 {seen[0]}，应为 {unit}", f"Unit {seen[0]} answered instead of {unit}")
    if seen[1] != function:
        return bad(
            "function",
            f"回答的功能码是 {seen[1]}，应为 {function}",
            f"The reply is for function {seen[1]} instead of {function}",
        )
    return None


def _exception(seen: bytes, unit: int) -> Trouble:
    """The exception in the first five bytes."""
    if seen[0] != unit or not is_sealed(seen[:5]):
        return bad("crc", "异常回答的地址或校验不符", "Unit or check sum of the exception reply do not fit")
    code = seen[2]
    zh, en = EXCEPTIONS.get(code, ("未定义的异常", "undefined exception"))
    return Trouble(
        Quality.BUSY if code in (ACKNOWLEDGE, 6) else Quality.DEVICE_ERROR,
        f"exception_{code}",
        f"仪器回答异常 {code}：{zh}",
        f"The instrument answered exception {code}: {en}",
        dirty=False,
    )
