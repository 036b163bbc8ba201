"""The last head of each log, with the key it has handed over to, kept in files. One caller at a time, across threads and processes."""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from lims.audit.tlog import checkpoint
from lims.audit.tlog.checkpoint import Head
from lims.audit.tlog.note import Verifier


class FileMemory:
    """Heads in a folder, one file for each log, each replaced as a whole and flushed to the disk before anybody is told."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    @contextlib.contextmanager
    def locked(self, origin: str) -> Iterator[None]:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def last(self, origin: str) -> Head | None:
        path = self._path(origin)
        return checkpoint.parse(path.read_text("utf-8")) if path.exists() else None

    def key(self, origin: str) -> Verifier | None:
        path = self._path(origin)
        named = checkpoint.next_key(path.read_text("utf-8")) if path.exists() else ""
        return Verifier(named) if named else None

    def keep(self, head: Head, key: Verifier | None = None) -> None:
        path = self._path(head.origin)
        draft = path.with_suffix(".new")
        with draft.open("w", encoding="utf-8") as file:
            file.write(head.text(str(key) if key else ""))
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _path(self, origin: str) -> Path:
        return self._folder / f"{hashlib.sha256(origin.encode()).hexdigest()[:32]}.head"
