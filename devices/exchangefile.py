"""A whole session in one file (JSON lines): header, profile, every frame and reading, the head. Readable without this
program: whoever has the file can check the chain and decode the bytes.

First line {"schema": "session-export/1", …}, then one line per frame {"f": [seq, mono_ns, wall_ns, dir, hex, hash]} and one per
reading {"r": {…}}, last {"end": {"frames", "readings", "head"}}.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from devices.agent import evidence
from devices.bodies import INT64, SEQ, Part
from devices.protocols.exchange import Quality
from lims.core.text import DataError

SCHEMA = "session-export/1"
LONGEST_LINE = 1_000_000
MOST_LINES = 5_000_000


@dataclass
class FileReading:
    """A reading of a file, shaped like a stored one."""

    seq_no: int
    channel: str
    value: str
    unit: str
    quality: str
    tx_seq: int | None
    rx_seq: int | None


@dataclass
class FileFrame:
    seq: int
    mono_ns: int
    wall_ns: int
    direction: str
    raw: bytes
    hash: str


@dataclass
class SessionFile:
    """What a file holds. `broken_at` is the first frame that does not continue the chain, None when all do."""

    session: str
    header: dict[str, Any]
    profile_text: str
    profile_sha256: str
    parser: str
    frames: list[FileFrame] = field(default_factory=list)
    readings: list[FileReading] = field(default_factory=list)
    head: str = ""

    @property
    def broken_at(self) -> int | None:
        frames = (
            evidence.Frame(one.seq, one.mono_ns, one.wall_ns, one.direction, one.raw, bytes.fromhex(one.hash))
            for one in self.frames
        )
        verdict = evidence.verify(self.header, frames)
        if verdict.broken_at is not None:
            return verdict.broken_at
        return None if verdict.head.hex() == self.head else len(self.frames)


def lines(head: dict[str, Any], frames: Iterable[Any], readings: Iterable[Any], end: dict[str, Any]) -> Iterator[str]:
    """The file of stored rows, line by line."""
    yield _line({"schema": SCHEMA, **head})
    for one in frames:
        yield _line({"f": [one.seq, one.mono_ns, one.wall_ns, one.direction, bytes(one.raw).hex(), one.hash]})
    for one in readings:
        row = {
            "seq_no": one.seq_no, "at": one.at.isoformat(), "channel": one.channel, "quantity": one.quantity,
            "value": one.value, "unit": one.unit, "quality": one.quality, "text": one.text,
            "tx": one.tx_seq, "rx": one.rx_seq,
        }  # fmt: skip
        yield _line({"r": row})
    yield _line({"end": end})


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def load(text: Iterable[str]) -> SessionFile:
    """Reads a file. Raises DataError naming the line that is wrong."""
    found: SessionFile | None = None
    ended = False
    for number, line in enumerate(text, 1):
        where = f"line {number}"
        if number > MOST_LINES or len(line) > LONGEST_LINE:
            raise DataError(where, "文件太大", "The file is too large")
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            raise DataError(where, "不是 JSON", "This is no JSON") from None
        part = Part(value, where)
        if found is None:
            found = _first(part)
        elif part.has("f"):
            found.frames.append(_frame(part))
        elif part.has("r"):
            found.readings.append(_reading(part.part("r")))
        else:
            found.head, ended = part.part("end").digest("head"), True
    if found is None or not ended:
        raise DataError("", "文件不完整：没有结束行", "The file is incomplete: its last line is missing")
    return found


def _first(part: Part) -> SessionFile:
    part.choice("schema", (SCHEMA,))
    return SessionFile(
        part.text("session", 60),
        part.part("header").data,
        part.text("profile", 256 * 1024),
        part.text("profile_sha256", 64),
        part.text("parser", 20, ""),
    )


def _frame(part: Part) -> FileFrame:
    values = part.data["f"]
    if not isinstance(values, list) or len(values) != 6:
        raise DataError(part.where("f"), "应有六项", "This must have six entries")
    one = Part(dict(zip(("seq", "mono", "wall", "dir", "raw", "hash"), values, strict=True)), part.where("f"))
    return FileFrame(
        one.integer("seq", evidence.FIRST_SEQ, SEQ),
        one.integer("mono", 0, INT64),
        one.integer("wall", 0, INT64),
        one.choice("dir", evidence.DIRECTIONS),
        one.raw("raw", 65_536),
        one.digest("hash"),
    )


def _reading(one: Part) -> FileReading:
    return FileReading(
        one.integer("seq_no", evidence.FIRST_SEQ, SEQ),
        one.text("channel", 64),
        one.text("value", 80, ""),
        one.text("unit", 20),
        one.choice("quality", tuple(quality.value for quality in Quality)),
        one.optional_integer("tx", evidence.FIRST_SEQ, SEQ),
        one.optional_integer("rx", evidence.FIRST_SEQ, SEQ),
    )
