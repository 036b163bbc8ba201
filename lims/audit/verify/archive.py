"""Opening an evidence bundle from a stranger: a zip file whose every size, name and number is doubted before it is used."""

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from lims.core.text import DataError

SCHEMA = "lims-evidence/1"
MANIFEST = "manifest.json"
MOST_MEMBERS = 4000
LARGEST, LARGEST_WHOLE = 256 << 20, 1 << 30
SPREAD = 400
"""How many times its packed size a member may have: text of frames packs 20 times, a bomb 1000 times."""
SMALL = 64 << 20
"""The most bytes of a member that is read as a whole."""
PIECE = 1 << 18
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,119}){0,2}", re.ASCII)


class Unfit(DataError):
    """The file is no bundle, or one that must not be unpacked."""


class Archive:
    """The members of a bundle by name. Nothing is ever written to disk."""

    def __init__(self, path: Path, inside: IO[bytes] | None = None) -> None:
        """`inside`: the bytes of an archive that lies in another one; `path` is then only its name. Raises Unfit, or OSError
        when the file cannot be read."""
        try:
            self._zip = zipfile.ZipFile(inside or path)
        except (zipfile.BadZipFile, ValueError, EOFError) as error:
            raise Unfit(path.name, f"不是完好的 zip 文件：{error}", f"not an intact zip file: {error}") from None
        members = self._zip.infolist()
        if len(members) > MOST_MEMBERS:
            raise Unfit(path.name, f"文件太多：{len(members)} 个", f"too many files in it: {len(members)}")
        self._members: dict[str, zipfile.ZipInfo] = {}
        for one in members:
            self._judge(one)
            self._members[one.filename] = one
        if sum(one.file_size for one in members) > LARGEST_WHOLE:
            raise Unfit(path.name, "解开后太大", "too large when unpacked")

    def _judge(self, one: zipfile.ZipInfo) -> None:
        name = one.filename
        if not _NAME.fullmatch(name) or one.orig_filename != name:
            raise Unfit(repr(name)[:80], "文件名不允许", "a name that is not allowed")
        if name in self._members:
            raise Unfit(name, "出现两次", "stands in it twice")
        if one.flag_bits & 1 or one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Unfit(name, "加密或压缩方式不支持", "encrypted, or packed in an unknown way")
        if one.file_size > LARGEST or one.file_size > SPREAD * one.compress_size + PIECE:
            raise Unfit(name, "解开后大得可疑", "suspiciously large when unpacked")

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def names(self, folder: str = "") -> list[str]:
        return sorted(name for name in self._members if name.startswith(folder))

    def pieces(self, name: str) -> Iterator[bytes]:
        """The bytes of a member. Raises Unfit when there is none or it is damaged."""
        if name not in self._members:
            raise Unfit(name, "包中没有这个文件", "is not in the bundle")
        try:
            with self._zip.open(self._members[name]) as source:
                while piece := source.read(PIECE):
                    yield piece
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
            raise Unfit(name, f"已损坏：{error}", f"is damaged: {error}") from None

    def read(self, name: str) -> bytes:
        """A member as a whole. Raises Unfit also for one that is too large for that."""
        if name in self._members and self._members[name].file_size > SMALL:
            raise Unfit(name, "太大", "is too large")
        return b"".join(self.pieces(name))

    def text(self, name: str) -> str:
        try:
            return self.read(name).decode()
        except UnicodeDecodeError:
            raise Unfit(name, "不是 UTF-8 文字", "is no UTF-8 text") from None

    def lines(self, name: str) -> Iterator[str]:
        """The lines of a member, one at a time; a line without end is cut into pieces that no reader accepts."""
        rest = b""
        for piece in self.pieces(name):
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                yield line.decode("utf-8", "replace")
            if len(rest) > 2_000_000:
                raise Unfit(name, "有一行太长", "has a line that is too long")
        if rest:
            yield rest.decode("utf-8", "replace")

    def json(self, name: str) -> Any:
        """A member as JSON. Raises Unfit for anything else, numbers with a point included: they are no decimals."""
        try:
            return json.loads(self.text(name), parse_float=_no_float, parse_constant=_no_float)
        except (ValueError, RecursionError) as error:
            if isinstance(error, Unfit):
                raise
            raise Unfit(name, f"不是有效的 JSON：{error}"[:200], f"is no valid JSON: {error}"[:200]) from None

    def sha256(self, name: str) -> tuple[str, int]:
        """Hex digest and size of a member."""
        digest, size = hashlib.sha256(), 0
        for piece in self.pieces(name):
            digest.update(piece)
            size += len(piece)
        return digest.hexdigest(), size


def _no_float(text: str) -> Any:
    raise ValueError(f"{text[:40]} is not written as a string")
