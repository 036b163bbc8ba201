"""The bench file: which instrument hangs on which port (TOML, schema bench/1)."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from devices.profiles import Profile, load_profile, shipped
from devices.profiles.loader import LARGEST, ProfileErrors
from lims.core.strict import Table, parse
from lims.core.text import DataError

SCHEMA = "bench/1"


@dataclass(frozen=True)
class BenchPort:
    """`device` is a path or `usb:SERIAL`; `settings` override the way to the instrument (see Profile.with_overrides).

    profile: None on a bare port, where an instrument hangs that has no profile yet; bytes can be tried on it, and the
    server can have it recorded with a profile of its own.
    """

    name: str
    device: str
    profile: Profile | None
    settings: dict[str, str]


@dataclass(frozen=True)
class Bench:
    name: str
    ports: tuple[BenchPort, ...]


def load_bench(path: Path) -> Bench:
    """Read a bench file. `profile` is the id of a shipped profile or a TOML file, relative to the bench file; none on a
    bare port.

    Raises ProfileErrors with the path of every mistake, OSError when the file cannot be read.
    """
    try:
        data = parse(path.read_text("utf-8"), longest=LARGEST, name=path.name)
    except DataError as error:
        raise ProfileErrors([error]) from None
    mistakes: list[DataError] = []
    root = Table(data, "", mistakes)
    root.choice("schema", (SCHEMA,))
    name = root.text("name")
    ports = [port for table in root.tables("ports") if (port := _port(table, path.parent)) is not None]
    for index, port in enumerate(ports):
        if any(port.name == other.name for other in ports[:index]):
            root.fault(f"ports[{index}].name", f"“{port.name}”用了两次。", f"“{port.name}” is used twice.")
    root.close()
    if mistakes:
        raise ProfileErrors(mistakes)
    return Bench(name, tuple(ports))


STARTER = """# 工位文件：哪台仪器接在哪个端口上 / bench file: which instrument hangs on which port
# profile 留空：端口没有装置配置，可在服务器的向导中试发并绑定 / without a profile a port can be tried and bound on the server
# profile = "evse-ac-modbus" 用随程序提供的配置，或写本文件旁的 .toml 文件名 / a shipped profile, or a file beside this one
schema = "bench/1"
name = {name}
"""


def starter(name: str, ports: Iterable[tuple[str, str]]) -> str:
    """The text of a bench file with these ports (device, description), all bare."""
    parts = [STARTER.format(name=json.dumps(name, ensure_ascii=False))]
    for number, (device, about) in enumerate(ports, 1):
        one_line = " ".join(about.split())
        parts.append(f'\n[[ports]]    # {one_line}\nname = "port-{number}"\ndevice = {json.dumps(device)}\n')
    return "".join(parts)


def _port(table: Table, folder: Path) -> BenchPort | None:
    name, device, named = table.text("name"), table.text("device"), table.text("profile", "")
    settings = table.pairs("set")
    table.close()
    if not named:
        return BenchPort(name, device, None, settings)
    profile = shipped().get(named)
    if profile is None:
        try:
            profile = load_profile((folder / named).read_text("utf-8"), name=named)
        except OSError:
            table.fault("profile", f"没有方案“{named}”。", f"There is no profile “{named}”.")
            return None
        except ProfileErrors as error:
            for one in error.mistakes:
                table.fault(f"profile: {one.path}", one.text.zh, one.text.en)
            return None
    try:
        profile.with_overrides(settings)
    except DataError as error:
        table.fault(f"set.{error.path}", error.text.zh, error.text.en)
        return None
    return BenchPort(name, device, profile, settings)
