"""The serial side of simulated instruments: requests in, replies out."""

import os
import select
import struct
import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from devices.protocols import dlt645, modbus_rtu

Registers = Callable[[], Mapping[int, int]]
"""The present value of every register by address, 0 to 65535."""


class Instrument(Protocol):
    """Something on the far end of a wire."""

    def receive(self, data: bytes) -> bytes:
        """Take bytes that arrived; the bytes to send in return, mostly none."""
        ...


class ModbusSlave:
    """Functions 3 and 4 of one Modbus RTU unit, and 5, 6 and 16 where it can be written to. Silent for other units and
    for damaged requests."""

    def __init__(
        self,
        unit: int,
        holding: Registers,
        inputs: Registers | None = None,
        *,
        coil: Callable[[int, bool], bool] | None = None,
        write: Callable[[int, tuple[int, ...]], bool] | None = None,
    ) -> None:
        """`coil` and `write` take an address and what is written there; False when it is not admitted."""
        self._unit, self._banks = unit, {3: holding, 4: inputs or holding}
        self._coil, self._write = coil, write
        self._waiting = b""

    def receive(self, data: bytes) -> bytes:
        self._waiting = (self._waiting + data)[-280:]
        for start in range(max(0, len(self._waiting) - 7)):
            request = self._waiting[start : start + self._size(start)]
            if modbus_rtu.is_sealed(request):
                self._waiting = self._waiting[start + len(request) :]
                return self._reply(request) if request[0] == self._unit else b""
        return b""

    def _size(self, start: int) -> int:
        """Bytes of the request that may begin here."""
        return 9 + self._waiting[start + 6] if self._waiting[start + 1] == modbus_rtu.WRITE_REGISTERS else 8

    def _reply(self, request: bytes) -> bytes:
        _, function, address, count = struct.unpack(">BBHH", request[:6])
        if function in modbus_rtu.WRITES and (self._coil or self._write):
            return self._written(function, address, request)
        if function not in self._banks:
            return self._refused(function, 1)
        if not 1 <= count <= modbus_rtu.MOST_REGISTERS:
            return self._refused(function, 3)
        bank = self._banks[function]()
        values = [bank.get(address + index) for index in range(count)]
        if any(value is None for value in values):
            return self._refused(function, 2)
        body = struct.pack(f">BBB{count}H", self._unit, function, 2 * count, *values)
        return modbus_rtu.sealed(body)

    def _written(self, function: int, address: int, request: bytes) -> bytes:
        if function == modbus_rtu.WRITE_COIL:
            if request[4:6] not in (modbus_rtu.COIL_ON, modbus_rtu.COIL_OFF):
                return self._refused(function, 3)
            done = self._coil is not None and self._coil(address, request[4:6] == modbus_rtu.COIL_ON)
        else:
            raw = request[7:-2] if function == modbus_rtu.WRITE_REGISTERS else request[4:6]
            words = struct.unpack(f">{len(raw) // 2}H", raw[: len(raw) // 2 * 2])
            done = self._write is not None and self._write(address, words)
        return modbus_rtu.sealed(request[:6]) if done else self._refused(function, 2)

    def _refused(self, function: int, code: int) -> bytes:
        return modbus_rtu.sealed(bytes((self._unit, function | 0x80, code)))


class Dlt645Meter:
    """A meter that answers reads of single items and the question for its address."""

    def __init__(self, address: str, items: Callable[[], Mapping[str, bytes]], part: int = 190) -> None:
        self.address, self._items, self._part = address, items, part
        self._scanner = dlt645.Scanner()

    def receive(self, data: bytes) -> bytes:
        for frame in self._scanner.feed(data):
            if frame.address not in (self.address, dlt645.WILDCARD) or frame.control & dlt645.FROM_METER:
                continue
            return self._reply(frame).encode(4)
        return b""

    def _reply(self, frame: dlt645.Frame) -> dlt645.Frame:
        if frame.control == dlt645.READ_ADDRESS:
            return dlt645.Frame(self.address, 0x93, bytes.fromhex(self.address)[::-1])
        di = frame.data[3::-1].hex().upper()
        value = self._items().get(di)
        if frame.control not in (dlt645.READ, dlt645.READ_NEXT) or value is None:
            return dlt645.Frame(self.address, frame.control | 0xC0, b"\x02")
        number = frame.data[4] if frame.control == dlt645.READ_NEXT else 0
        part = value[number * self._part : (number + 1) * self._part]
        more = dlt645.MORE if (number + 1) * self._part < len(value) else 0
        tail = bytes((number,)) if number else b""
        return dlt645.Frame(self.address, frame.control | dlt645.FROM_METER | more, frame.data[:4] + part + tail)


class LineInstrument:
    """An instrument that answers lines; `answers` gives the reply without terminator, or None for silence."""

    def __init__(self, answers: Callable[[str], str | None], terminator: bytes = b"\r\n") -> None:
        self._answers, self._terminator = answers, terminator
        self._waiting = b""

    def receive(self, data: bytes) -> bytes:
        self._waiting += data
        out = b""
        while self._terminator in self._waiting:
            line, _, self._waiting = self._waiting.partition(self._terminator)
            answer = self._answers(line.decode("ascii", "replace"))
            if answer is not None:
                out += answer.encode("ascii") + self._terminator
        return out


class ScpiInstrument:
    """A SCPI instrument: an unknown or wrong line is answered by silence, and the reason goes into the error queue.

    `answers` gives the reply to a line, "" for a command that is obeyed in silence, None for a line it does not know;
    a ValueError is what it does not admit. `echo_header` repeats the question before the answer.
    """

    def __init__(self, answers: Callable[[str], str | None], *, ask_errors: str, echo_header: bool = False) -> None:
        self._answers, self._ask_errors, self._echo_header = answers, ask_errors, echo_header
        self._errors: list[str] = []
        self._lines = LineInstrument(self._answer, terminator=b"\n")

    def receive(self, data: bytes) -> bytes:
        return self._lines.receive(data)

    def _answer(self, line: str) -> str | None:
        line = line.strip()
        if line == self._ask_errors:
            return self._headed(line, self._errors.pop(0) if self._errors else '0,"No error"')
        try:
            answer = self._answers(line)
        except (ValueError, ArithmeticError):
            self._complain('-222,"Data out of range"')
            return None
        if answer is None:
            self._complain('-113,"Undefined header"')
        return self._headed(line, answer) if answer else None

    def _headed(self, line: str, answer: str) -> str:
        return f"{line.removesuffix('?')} {answer}" if self._echo_header else answer

    def _complain(self, error: str) -> None:
        if len(self._errors) < 10:
            self._errors.append(error)


class Attached:
    """An instrument living on the device end of a wire, in a thread of its own. `echo` returns every byte first."""

    def __init__(self, path: str, instrument: Instrument, *, echo: bool = False) -> None:
        self._instrument, self.echo = instrument, echo
        self._file = os.open(path, os.O_RDWR | os.O_NOCTTY)
        self._wake, self._ending = os.pipe()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        try:
            while True:
                ready = select.select([self._file, self._wake], [], [])[0]
                if self._wake in ready:
                    return
                data = os.read(self._file, 4096)
                if not data:
                    return
                reply = self._instrument.receive(data)
                out = (data if self.echo else b"") + reply
                if out:
                    os.write(self._file, out)
        except OSError:
            return  # the cable was pulled

    def close(self) -> None:
        ending, self._ending = self._ending, -1
        if ending < 0:
            return
        os.close(ending)
        self._thread.join(timeout=5)
        os.close(self._wake)
        os.close(self._file)
