"""Stored files: known by their digest, whole or not there at all."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

from lims.core import files
from lims.core.models import StoredFile
from lims.core.text import Refused

DATA = "证书".encode() * 1000
DIGEST = hashlib.sha256(DATA).hexdigest()


def _everything(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.django_db
def test_a_file_is_known_by_its_digest_and_stored_once(settings):
    row = files.store(DATA, "application/pdf")
    assert row.sha256 == DIGEST
    assert files.store(DATA, "application/pdf").pk == row.pk
    assert files.read(DIGEST) == DATA
    assert len(_everything(Path(settings.FILES_DIR))) == StoredFile.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
@pytest.mark.parametrize(
    ("code", "word"), [(errno.ENOSPC, "No space left on device"), (errno.EROFS, "Read-only file system")]
)
def test_a_full_disk_is_named_and_leaves_nothing(settings, monkeypatch, call, code, word):
    def fail(*args: object) -> None:
        raise OSError(code, os.strerror(code))

    if call == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    elif call == "replace":
        monkeypatch.setattr(Path, "replace", fail)
    else:
        real = Path.open

        def open_full(self: Path, mode: str = "r", *args: object, **kwargs: object):
            file = real(self, mode, *args, **kwargs)
            if mode == "wb":
                file = _Full(file, fail)
            return file

        monkeypatch.setattr(Path, "open", open_full)
    with pytest.raises(Refused) as refused:
        files.store(DATA, "application/pdf")
    (why,) = refused.value.reasons
    assert why.code == "file_not_stored"
    assert word in why.text.en and why.action
    assert _everything(Path(settings.FILES_DIR)) == []
    assert not StoredFile.objects.exists()


class _Full:
    """A file on a disk without room: a part is written, then nothing more."""

    def __init__(self, file, fail) -> None:
        self.file, self.fail = file, fail

    def __enter__(self):
        return self

    def __exit__(self, *args: object) -> None:
        self.file.close()

    def write(self, data: bytes) -> None:
        self.file.write(data[:10])
        self.fail()


@pytest.mark.django_db
def test_after_a_full_disk_the_same_file_can_be_stored(settings, monkeypatch):
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
        with pytest.raises(Refused):
            files.store(DATA, "application/pdf")
    files.store(DATA, "application/pdf")
    assert files.read(DIGEST) == DATA


@pytest.mark.django_db
def test_a_file_altered_on_disk_is_found_when_it_is_read_and_mended_when_it_is_stored_again():
    files.store(DATA, "application/pdf")
    files.path_of(DIGEST).write_bytes(b"x" + DATA[1:])
    with pytest.raises(ValueError, match="altered"):
        files.read(DIGEST)
    files.store(DATA, "application/pdf")
    assert files.read(DIGEST) == DATA


def test_a_missing_file_says_so():
    with pytest.raises(FileNotFoundError):
        files.read("0" * 64)


def test_a_process_killed_while_writing_leaves_no_file_under_the_name(site):
    killed = site.python(
        """
import os, signal
real = os.fsync
os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
from lims.core import files
files._make_directory = lambda directory: directory.mkdir(parents=True, exist_ok=True)
files.store(b"x" * 100000, "text/plain")
"""
    )
    killed.communicate(timeout=120)
    assert killed.returncode == -9
    digest = hashlib.sha256(b"x" * 100000).hexdigest()
    assert not (site.folder / "files" / digest[:2] / digest[2:4] / digest).exists()
    told = site.output(
        "from lims.core import files\nfrom lims.core.models import StoredFile\n"
        "print(StoredFile.objects.count(), files.store(b'x' * 100000, 'text/plain').sha256, len(files.read('"
        + digest
        + "')))\n"
        "print(files.tidy(), files.tidy(files.STALE * 0), files.tidy())"
    )
    assert told.split("\n") == [f"0 {digest} 100000", "0 1 0"]
