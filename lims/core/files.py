"""Content-addressed files: a file is known by the SHA-256 of its bytes and never rewritten."""

import hashlib
import os
import secrets
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from lims.core.models import StoredFile
from lims.core.text import Refused, reason

# A draft older than this belongs to a process that was killed while it wrote.
STALE = timedelta(hours=1)


def path_of(sha256: str) -> Path:
    return Path(settings.FILES_DIR) / sha256[:2] / sha256[2:4] / sha256


def store(data: bytes, media_type: str) -> StoredFile:
    """Writes the bytes durably and returns their row; storing the same bytes again is free. Raises Refused like `write`."""
    return row(write(data), len(data), media_type)


def write(data: bytes) -> str:
    """Writes the bytes durably (file and directory flushed); their SHA-256, for `row`.

    Takes as long as a disk does: to be called before a transaction begins, which would keep others waiting meanwhile.
    Raises Refused when the disk does not take the file; nothing half-written stays behind.
    """
    digest = hashlib.sha256(data).hexdigest()
    path = path_of(digest)
    if not _holds(path, data):
        draft = _drafts() / f"{digest}.{secrets.token_hex(6)}"
        try:
            _make_directory(draft.parent)
            _make_directory(path.parent)
            with draft.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
            _flush_directory(path.parent)
        except OSError as error:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise Refused(
                reason(
                    "file_not_stored",
                    f"文件未能写入磁盘（{error.strerror}）",
                    f"The file could not be written to disk ({error.strerror})",
                    "请管理员检查磁盘空间；系统会自动重试",
                    "Ask the administrator to check the disk space; the system tries again by itself",
                )
            ) from error
    return digest


def row(sha256: str, size: int, media_type: str) -> StoredFile:
    """The row of a file that was written, made if there is none: within the transaction of whatever names the file."""
    found, _created = StoredFile.objects.get_or_create(sha256=sha256, defaults={"size": size, "media_type": media_type})
    return found


def read(sha256: str) -> bytes:
    """The bytes of a stored file. Raises FileNotFoundError, or ValueError when they no longer match their name."""
    data = path_of(sha256).read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ValueError(f"stored file {sha256} has been altered on disk")
    return data


def tidy(older_than: timedelta = STALE) -> int:
    """Removes what killed processes left half-written; returns how many files that were."""
    removed = 0
    with suppress(FileNotFoundError):
        for draft in list(_drafts().iterdir()):
            with suppress(FileNotFoundError):
                if time.time() - draft.stat().st_mtime >= older_than.total_seconds():
                    draft.unlink()
                    removed += 1
    return removed


def _drafts() -> Path:
    """Where files are written before they get their name: one folder, so that leftovers are found without a search."""
    return Path(settings.FILES_DIR) / "drafts"


def _holds(path: Path, data: bytes) -> bool:
    """Whether the file is there unharmed; one that was damaged is written anew, its name being its proof."""
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except FileNotFoundError:
        return False


def _make_directory(directory: Path) -> None:
    """The directory and its parents, their names flushed too: a flushed file in an unflushed folder can vanish."""
    if directory.is_dir():
        return
    _make_directory(directory.parent)
    directory.mkdir(exist_ok=True)
    _flush_directory(directory.parent)


def _flush_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
