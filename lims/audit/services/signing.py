"""The log's own signer: it remembers the last head it signed, outside the database, and never signs anything that does not
continue it. A database set back to an old backup can therefore not begin a second history under the same key."""

import contextlib
import fcntl
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings

from lims.audit import selectors
from lims.audit.tlog import checkpoint, note
from lims.audit.tlog.checkpoint import Head
from lims.audit.tlog.merkle import EMPTY, ProofError, check_consistency
from lims.audit.tlog.note import Signer, Verifier
from lims.core.text import Refused, Text, reason

KEY, HEAD = "key", "head"
NEXT, BEFORE = "key-next", "key-before"
"""While the key changes: the one that will take over, and the one that still signs beside its successor, with its last day."""


class LogSigner:
    """Key and memory in one folder that only its owner may read. Processes take turns."""

    def __init__(self, folder: Path, origin: str) -> None:
        """Creates the key at the first use."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(folder):
            if not (folder / KEY).exists():
                _replace(folder / KEY, Signer(origin, secrets.token_bytes(32)).secret())
            self._signer = self._load(KEY)

    def _load(self, name: str) -> Signer:
        return Signer.load((self._folder / name).read_text("utf-8"))

    @property
    def origin(self) -> str:
        return self._signer.name

    @property
    def vkey(self) -> str:
        """The public key, as strangers need it."""
        return self._signer.vkey()

    def last(self) -> Head | None:
        """The last head signed, whatever the database says."""
        path = self._folder / HEAD
        if not path.exists():
            return None
        return checkpoint.opened(path.read_text("utf-8"), Verifier(self.vkey))

    def sign(self, head: Head, consistency: Callable[[int], list[bytes]]) -> str:
        """The signed note of a head. consistency(old size) gives the proof that the tree of that size is its beginning.

        Raises Refused when the head does not continue the last one signed.
        """
        with self._alone():
            last = self.last() or Head(self.origin, 0, EMPTY)
            if head.size < last.size:
                raise _fork(last, head, "它比已签署的短", "it is shorter than what was signed before")
            try:
                check_consistency(last.size, head.size, last.root, head.root, consistency(last.size))
            except (ProofError, ValueError) as error:
                raise _fork(
                    last, head, "它改写了已签署的内容", f"it rewrites what was signed before ({error})"
                ) from None
            signed = self._signed(head)
            # Remembered before anybody can see it: killed in between, the same head is simply signed again.
            _replace(self._folder / HEAD, signed)
        return signed

    def _signed(self, head: Head) -> str:
        """The note of a head, under both keys and naming the newer one while the key changes."""
        pair = self._changing()
        text = head.text(pair[1].vkey() if pair else "")
        return note.write(text, [one.line(text) for one in pair or [self._signer]])

    def _changing(self) -> list[Signer] | None:
        """The older and the newer key while both sign."""
        if (self._folder / NEXT).exists() and (new := self._load(NEXT)).vkey() != self.vkey:
            return [self._signer, new]
        before = self._before()
        return [before[1], self._signer] if before else None

    def _before(self) -> tuple[datetime, Signer] | None:
        path = self._folder / BEFORE
        if not path.exists():
            return None
        until, secret = path.read_text("utf-8").split("\n")
        return datetime.fromisoformat(until), Signer.load(secret)

    @property
    def both_until(self) -> datetime | None:
        """Until when the key before still signs too; None when only one signs."""
        before = self._before()
        return before[0] if before else None

    def prepare(self) -> str:
        """The public key that will take over, made at the first call. From now on both sign, and heads name the new one."""
        with self._alone():
            if not (self._folder / NEXT).exists():
                _replace(self._folder / NEXT, Signer(self.origin, secrets.token_bytes(32)).secret())
            return self._load(NEXT).vkey()

    @property
    def prepared(self) -> str | None:
        """The public key that will take over, when one was made."""
        return self._load(NEXT).vkey() if (self._folder / NEXT).exists() else None

    def take_over(self, until: datetime) -> "LogSigner":
        """Puts the prepared key in force; the one before signs beside it until then. The last head must bear both signatures.

        Killed at any point, it can be called again.
        """
        with self._alone():
            own, new = self._load(KEY), self._load(NEXT)
            checkpoint.opened((self._folder / HEAD).read_text("utf-8"), Verifier(new.vkey()))
            if own.vkey() != new.vkey():
                _replace(self._folder / BEFORE, f"{until.isoformat()}\n{own.secret()}")
                _replace(self._folder / KEY, new.secret())
            (self._folder / NEXT).unlink()
        return LogSigner(self._folder, self.origin)

    def forget(self, now: datetime) -> None:
        """Destroys the key before, once its time is over: a key that does not exist cannot be stolen."""
        before = self._before()
        if before and before[0] <= now:
            with self._alone():
                (self._folder / BEFORE).unlink(missing_ok=True)

    def retire(self) -> "LogSigner":
        """Puts key and memory aside, under a name that tells when they ended, and begins with a new key."""
        with self._alone():
            number = sum(1 for _ in self._folder.parent.glob(f"{self._folder.name}-ended-*")) + 1
            self._folder.rename(self._folder.with_name(f"{self._folder.name}-ended-{number}"))
        return LogSigner(self._folder, self.origin)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with _locked(self._folder):
            self._signer = self._load(KEY)  # another process may have changed it
            yield


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def signer() -> LogSigner:
    """The signer of this installation."""
    return LogSigner(settings.KEYS_DIR / "log", settings.LOG_ORIGIN)


def set_back() -> Text | None:
    """What is wrong when the database ends before the last head signed. Quick."""
    newest, last = selectors.newest_checkpoint(), signer().last()
    stored = checkpoint.unchecked(newest.note) if newest else Head(signer().origin, 0, EMPTY)
    if last is None or stored.size > last.size or stored == last:
        return None
    return Text(
        f"数据库中的日志止于 {stored.size} 条，而签名密钥已签署到 {last.size} 条：数据库可能恢复自旧备份",
        f"the log in the database ends at {stored.size} entries, yet {last.size} were signed: "
        "the database was probably restored from an old backup",
    )


def _fork(last: Head, head: Head, zh: str, en: str) -> Refused:
    return Refused(
        reason(
            "log_would_fork",
            f"事件日志（{head.size} 条）不是已签署日志（{last.size} 条）的延续：{zh}，已拒绝签署",
            f"The event log ({head.size} leaves) does not continue the one signed before ({last.size} leaves): {en}; not signed",
            "数据库可能恢复自旧备份或被改动。请勿删除签名密钥目录；用最新备份恢复，或与质量负责人按操作手册开启新日志",
            "The database was probably restored from an old backup, or altered. Keep the key folder; restore the newest backup, or "
            "begin a new log with the quality manager as the operations page tells",
        )
    )


def _replace(path: Path, text: str) -> None:
    """Writes the file whole or not at all, readable by its owner only."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
