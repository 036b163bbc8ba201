"""What carries the bytes: a serial port of this computer, or one behind a network device server.

A port is named by its path, by `usb:SERIAL` (the adapter's own serial number, whatever path it got), or by the address
of a device server: `rfc2217://host:port?ign_set_control` (Telnet with line settings, RFC 2217) or `socket://host:port`
(bare TCP; speed and parity are then set at the device server).

pyserial applies all line settings again whenever `timeout` is assigned, and over RFC 2217 that means a round of
negotiation; so nothing is assigned after opening: with a descriptor it is waited for by `select`, without one in slices.
"""

import contextlib
import errno
import os
import select
import socket
import time
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlsplit

import serial
from serial.tools import list_ports

from devices.profiles.model import Transport

try:
    import termios

    _TermiosError: type[Exception] = termios.error
except ImportError:  # no termios on Windows, where pyserial raises nothing of that kind
    _TermiosError = OSError

LOST = (OSError, _TermiosError)
"""What an unplugged adapter raises: SerialException is an OSError, but flushing raises a bare termios.error."""

NETWORK = ("rfc2217://", "socket://")
"""How the name of a port behind a device server begins."""

WRITE_S = 2.0
"""Longest wait for bytes to be taken; longer means flow control that nobody releases, or a connection that is stuck."""

CONNECT_S = 2.0
"""Longest wait for a device server when only asking whether it is there."""

SLICE_S = 0.01
"""How long one read may wait where nothing but pyserial's own reading exists."""

LARGEST_READ = 4096


class PortLost(Exception):
    """The port cannot be opened or has vanished; one sentence in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        self.zh, self.en = zh, en
        super().__init__(en)


class Cable(Protocol):
    """Bytes both ways, and the clock by which they are waited for. Every method may raise one of LOST."""

    def read(self, wait: float) -> bytes:
        """Everything that is there, waiting up to so many seconds for the first byte; empty when none came."""
        ...

    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...

    def now(self) -> float:
        """Seconds of a clock that never goes back."""
        ...

    def pause(self, seconds: float) -> None: ...


class _RealTime:
    def __init__(self, line: serial.SerialBase) -> None:
        self._line = line

    def write(self, data: bytes) -> None:
        self._line.write(data)

    def close(self) -> None:
        with contextlib.suppress(*LOST, TypeError):
            self._line.close()

    now = staticmethod(time.monotonic)

    def pause(self, seconds: float) -> None:
        if seconds > 0:
            time.sleep(seconds)


class DescriptorCable(_RealTime):
    """A serial port or a socket with a descriptor that can be waited for."""

    def __init__(self, line: serial.SerialBase) -> None:
        super().__init__(line)
        self._file = line.fileno()
        self._ready = _readiness(self._file)

    def write(self, data: bytes) -> None:
        written = 0
        with contextlib.suppress(BlockingIOError):
            written = os.write(self._file, data)
        if written < len(data):
            super().write(data[written:])

    def read(self, wait: float) -> bytes:
        end = time.monotonic() + wait
        while self._ready(wait):
            try:
                data = os.read(self._file, LARGEST_READ)
            except BlockingIOError:
                wait = max(0.0, end - time.monotonic())
                continue
            if not data:  # an adapter that was pulled out is always ready and never has anything
                raise serial.SerialException(errno.EIO, "the port is ready to be read and gives nothing")
            return data
        return b""


def _readiness(file: int) -> Callable[[float], object]:
    """A function that waits so many seconds for something to read, and returns something empty when nothing came."""
    if not hasattr(select, "poll"):
        return lambda wait: select.select([file], [], [], wait)[0]
    poll = select.poll()  # `select` refuses descriptors above 1023
    poll.register(file, select.POLLIN)
    return lambda wait: poll.poll(wait * 1000)


class CalledCable(_RealTime):
    """A port without a descriptor: RFC 2217, where a thread of pyserial undoes the Telnet, and serial ports of Windows."""

    def read(self, wait: float) -> bytes:
        end = time.monotonic() + wait
        while True:
            data: bytes = self._line.read(1)
            if data:
                rest: bytes = self._line.read(min(self._line.in_waiting, LARGEST_READ))
                return data + rest
            if time.monotonic() >= end:
                return b""


def is_network(port: str) -> bool:
    """Whether the port is behind a device server: whether it is there can only be told by connecting."""
    return port.startswith(NETWORK)


def found_ports() -> list[tuple[str, str]]:
    """The serial ports of this computer: how a bench file names each, and what the system says about it.

    An adapter with a serial number of its own is named by that: its path changes with the socket it is plugged into.
    """
    ports = sorted(list_ports.comports(), key=lambda one: str(one.device))
    serials = [one.serial_number for one in ports]
    return [
        (
            f"usb:{one.serial_number}" if one.serial_number and serials.count(one.serial_number) == 1 else one.device,
            f"{one.device} {one.description or ''}".strip(),
        )
        for one in ports
    ]


def is_there(port: str) -> bool:
    """Whether the port exists now; of a port behind a device server, whether that accepts connections.

    On Windows COM3 is no file, so there the list of ports is asked.
    """
    try:
        path = resolve(port)
        if not is_network(path):
            return os.path.exists(path) or any(one.device == path for one in list_ports.comports())
        with socket.create_connection(_host_and_port(path), CONNECT_S):
            return True
    except (PortLost, OSError, ValueError):
        return False


def _host_and_port(address: str) -> tuple[str, int]:
    """Raises OSError when either is missing, ValueError when the port is no number."""
    parts = urlsplit(address)
    if not parts.hostname or parts.port is None:
        raise OSError(errno.EDESTADDRREQ, "the address lacks a host or a port number")
    return parts.hostname, parts.port


def resolve(port: str) -> str:
    """The device path or address of a port; `usb:SERIAL` finds the adapter by its own serial number. Raises PortLost."""
    if "://" in port and not is_network(port):
        scheme = port.partition(":")[0]
        raise PortLost(
            f"不支持 {scheme}:// 形式的端口，可用 rfc2217:// 和 socket://",
            f"Ports of the form {scheme}:// are not supported; rfc2217:// and socket:// are",
        )
    if not port.startswith("usb:"):
        return port
    wanted = port.removeprefix("usb:")
    found = [str(one.device) for one in list_ports.comports() if one.serial_number == wanted]
    if not found:
        raise PortLost(
            f"没有插入序列号为 {wanted} 的 USB 串口", f"No USB adapter with serial number {wanted} is plugged in"
        )
    if len(found) > 1:
        raise PortLost(
            f"有 {len(found)} 个 USB 串口的序列号都是 {wanted}（{'、'.join(found)}），请改用设备路径",
            f"{len(found)} USB adapters have the serial number {wanted} ({', '.join(found)}); name the port by its path",
        )
    return found[0]


def adapter_serial(port: str) -> str:
    """The serial number of the USB adapter behind a port, "" when there is none or it has none."""
    if is_network(port):
        return ""
    if port.startswith("usb:"):
        return port.removeprefix("usb:")
    path = os.path.realpath(port)
    found = (one.serial_number for one in list_ports.comports() if os.path.realpath(one.device) == path)
    return next((str(one) for one in found if one), "")


def open_cable(name: str, settings: Transport) -> Cable:
    """Open a port for asking and listening. Raises PortLost."""
    line = open_serial(name, settings, timeout=SLICE_S)
    try:
        line.fileno()
    except (OSError, AttributeError):  # io.UnsupportedOperation is an OSError
        return CalledCable(line)
    return DescriptorCable(line)


def open_serial(name: str, settings: Transport, *, timeout: float = 0) -> serial.SerialBase:
    """The port as pyserial opens it, held exclusively. Raises PortLost."""
    path = resolve(name)
    try:
        return _open_network(path, settings, timeout) if is_network(path) else _open_local(path, settings, timeout)
    except LOST as error:
        raise cannot_open(path, error) from error
    except ValueError as error:
        raise PortLost(f"串口参数不被接受：{error}", f"The port refuses its settings: {error}") from error


def _open_local(path: str, settings: Transport, timeout: float) -> serial.SerialBase:
    line = serial.Serial(
        path,
        settings.baud,
        bytesize=settings.bits,
        parity=settings.parity,
        stopbits=settings.stop,
        timeout=timeout,
        write_timeout=WRITE_S,
        exclusive=True,
    )
    try:
        if settings.parity != "N" and _TermiosError is not OSError:
            _mind_parity(line.fileno())
    except LOST:
        line.close()
        raise
    return line


def _open_network(address: str, settings: Transport, timeout: float) -> serial.SerialBase:
    _host_and_port(address)
    line = serial.serial_for_url(
        address,
        settings.baud,
        bytesize=settings.bits,
        parity=settings.parity,
        stopbits=settings.stop,
        timeout=timeout,
    )
    if isinstance(link := getattr(line, "_socket", None), socket.socket):
        _notice_silence(link)
    return line


def _mind_parity(file: int) -> None:
    """Have bytes with a wrong parity bit read as zero, which no check sum and no BCD digit survives.

    pyserial sends parity and does not look at it on reception. Raises OSError (EINVAL) when the port dropped the setting,
    as pseudo-terminals do.
    """
    settings = termios.tcgetattr(file)
    if not settings[2] & termios.PARENB:
        raise OSError(errno.EINVAL, "parity is not supported")
    settings[0] = (settings[0] | termios.INPCK) & ~(termios.IGNPAR | termios.PARMRK)
    termios.tcsetattr(file, termios.TCSANOW, settings)


def _notice_silence(link: socket.socket) -> None:
    """Have a connection whose other end vanished without a word fail within some ten seconds."""
    link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for name, value in (
        ("TCP_KEEPIDLE", 3),
        ("TCP_KEEPINTVL", 2),
        ("TCP_KEEPCNT", 3),
        ("TCP_USER_TIMEOUT", 10_000),
    ):
        if option := getattr(socket, name, None):  # each system knows some of them
            link.setsockopt(socket.IPPROTO_TCP, option, value)


def cannot_open(path: str, error: BaseException) -> PortLost:
    """Why a port could not be opened, as far as the system says."""
    number = _number(error)
    if is_network(path):
        return PortLost(f"连不上网络串口 {path}：{error}", f"Network port {path} cannot be reached: {error}")
    if "exclusively lock" in str(error) or number in (errno.EAGAIN, errno.EBUSY):
        return PortLost(f"串口 {path} 正被其他程序使用", f"Port {path} is in use by another program")
    if number == errno.EACCES:
        return PortLost(f"没有权限打开串口 {path}", f"No permission to open port {path}")
    if number == errno.ENOENT:
        return PortLost(f"没有找到串口 {path}", f"There is no port {path}")
    if number == errno.EINVAL:
        return PortLost(
            f"串口 {path} 不接受此校验位或数据位设置（伪终端请用 parity=N）",
            f"Port {path} refuses this parity or number of bits (on a pseudo-terminal set parity=N)",
        )
    return PortLost(f"打不开串口 {path}：{error}", f"Port {path} cannot be opened: {error}")


def vanished(name: str, error: BaseException) -> PortLost:
    """What to say when an open port raised one of LOST."""
    if isinstance(error, serial.SerialTimeoutException):
        return PortLost(
            f"串口 {name} 发不出数据（{WRITE_S:g} 秒内无人接收）",
            f"Port {name} takes no data (none within {WRITE_S:g} s)",
        )
    if is_network(name):
        return PortLost(
            f"网络串口 {name} 已断开（串口服务器断电、断网或关闭了连接）",
            f"Network port {name} is gone (the device server is off, unreachable, or closed the connection)",
        )
    return PortLost(f"串口 {name} 已断开（仪器断电或接线被拔出）", f"Port {name} is gone (unplugged or switched off)")


def _number(error: BaseException) -> int | None:
    """The errno; a termios.error carries it only as its first argument."""
    number = getattr(error, "errno", None)
    return number if number is not None else next((one for one in error.args[:1] if isinstance(one, int)), None)
