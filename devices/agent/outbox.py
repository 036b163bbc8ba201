"""What was captured and what of it the server has: one SQLite file, committed to disk before anything else happens.

Nothing is forgotten before the server has acknowledged it. The key of a frame is (session, seq), of a reading
(session, seq_no); the server answers how far it has committed, and only that answer advances the marks here.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devices.agent.evidence import Frame, header_hash
from lims.core.text import Text

MOST_FRAMES = 200
MOST_READINGS = 1000
MOST_BYTES = 500_000
"""One upload: frames, readings, raw bytes."""
SLICE = 2000
"""Rows deleted in one commit."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS session (
    id TEXT PRIMARY KEY, number INTEGER NOT NULL, port TEXT NOT NULL, header TEXT NOT NULL, head BLOB NOT NULL,
    frames INTEGER NOT NULL DEFAULT 0, readings INTEGER NOT NULL DEFAULT 0, opened_ns INTEGER NOT NULL,
    closed TEXT, acked_frame INTEGER NOT NULL DEFAULT 0, acked_reading INTEGER NOT NULL DEFAULT 0,
    acked_header INTEGER NOT NULL DEFAULT 0, acked_close INTEGER NOT NULL DEFAULT 0, refused TEXT
);
CREATE TABLE IF NOT EXISTS frame (
    session TEXT NOT NULL, seq INTEGER NOT NULL, mono_ns INTEGER NOT NULL, wall_ns INTEGER NOT NULL,
    dir TEXT NOT NULL, raw BLOB NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (session, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reading (
    session TEXT NOT NULL, seq_no INTEGER NOT NULL, rx INTEGER, body TEXT NOT NULL, PRIMARY KEY (session, seq_no)
) WITHOUT ROWID;
"""


_REWIND = (
    "UPDATE session SET acked_header = 0, acked_frame = 0, acked_reading = 0, acked_close = 0 WHERE refused IS NULL"
)
_Statement = tuple[str, Iterable[Any]]


@dataclass(frozen=True)
class Waiting:
    """What the server has not acknowledged yet."""

    sessions: int
    frames: int
    readings: int
    refused: int


@dataclass(frozen=True)
class Refusal:
    """A session that the server does not take, with the server's sentence and the frames that stay behind."""

    session: str
    port: str
    text: Text
    frames: int


def _text(said: str) -> Text:
    """A sentence as `refuse` writes it, or one language for both in an outbox of an older agent."""
    try:
        both = json.loads(said)
        return Text(both["zh"], both["en"])
    except (ValueError, KeyError, TypeError):
        return Text(said, said)


class Outbox:
    """Thread-safe; every method that writes has committed to disk when it returns. Raises sqlite3.Error (disk full …).

    What `append` and `end` could not write is not lost with the exception: it is kept in memory until `settle` succeeds.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._base = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=FULL")
        self._base.executescript(_SCHEMA)
        self._owed: dict[str, list[_Statement]] = {}

    def close(self) -> None:
        with self._lock:
            self._base.close()

    def _write(self, statements: Iterable[_Statement]) -> None:
        with self._lock:
            self._base.execute("BEGIN IMMEDIATE")
            try:
                for text, values in statements:
                    self._base.execute(text, tuple(values))
                self._base.execute("COMMIT")
            except BaseException:
                if self._base.in_transaction:  # SQLite has rolled back by itself when the disk was full
                    self._base.execute("ROLLBACK")
                raise

    def _owe(self, session: str, statements: list[_Statement]) -> None:
        """Write, or keep in memory what the disk does not take now, for `settle`; nothing overtakes it."""
        with self._lock:
            self._owed.setdefault(session, []).extend(statements)
            self._write(self._owed[session])
            del self._owed[session]

    def settle(self) -> None:
        """Write what the disk refused before. Raises sqlite3.Error while it still refuses."""
        with self._lock:
            for session in list(self._owed):
                self._owe(session, [])

    def _rows(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._base.execute(text, values).fetchall()

    # capturing

    def begin(self, session: str, port: str, header: Mapping[str, Any]) -> None:
        """A new session. Raises sqlite3.IntegrityError when it has begun before."""
        text = json.dumps(dict(header), ensure_ascii=False)
        self._write(
            [
                (
                    "INSERT INTO session (id, number, port, header, head, opened_ns) "
                    "VALUES (?, (SELECT coalesce(max(number), 0) + 1 FROM session), ?, ?, ?, ?)",
                    (session, port, text, header_hash(header), time.time_ns()),
                )
            ]
        )

    def append(self, session: str, frames: Iterable[Frame], readings: Iterable[Mapping[str, Any]]) -> None:
        """Frames that continue the chain and the readings decoded from them, in one commit."""
        statements: list[_Statement] = []
        for one in frames:
            row = (session, one.seq, one.mono_ns, one.wall_ns, one.direction, one.raw, one.hash)
            statements.append(("INSERT INTO frame VALUES (?, ?, ?, ?, ?, ?, ?)", row))
            statements.append(("UPDATE session SET frames = ?, head = ? WHERE id = ?", (one.seq, one.hash, session)))
        for reading in readings:
            body = json.dumps(dict(reading), ensure_ascii=False)
            number = reading["seq_no"]
            statements.append(("INSERT INTO reading VALUES (?, ?, ?, ?)", (session, number, reading["rx"], body)))
            statements.append(("UPDATE session SET readings = ? WHERE id = ?", (number, session)))
        self._owe(session, statements)

    def end(self, session: str, reason: str) -> None:
        """Nothing more comes. Doing it twice keeps the first reason."""
        self._owe(session, [("UPDATE session SET closed = coalesce(closed, ?) WHERE id = ?", (reason, session))])

    def end_all(self, reason: str) -> None:
        """Sessions left open by a process that died: a new process is a new session."""
        self._write([("UPDATE session SET closed = ? WHERE closed IS NULL", (reason,))])

    def knows(self, session: str) -> bool:
        return bool(self._rows("SELECT 1 FROM session WHERE id = ?", session))

    def previous(self, port: str) -> tuple[str, str]:
        """Id and head (hex) of the last session on this port, empty strings when there was none."""
        rows = self._rows("SELECT id, head FROM session WHERE port = ? ORDER BY number DESC LIMIT 1", port)
        return (rows[0][0], bytes(rows[0][1]).hex()) if rows else ("", "")

    # uploading

    def unsent(self, port: str | None = None) -> list[str]:
        """Sessions the server does not have whole, oldest first; refused ones are left out."""
        return [
            str(row[0])
            for row in self._rows(
                "SELECT id FROM session WHERE refused IS NULL AND (port = ? OR ? IS NULL) AND (acked_header = 0 OR "
                "acked_frame < frames OR acked_reading < readings OR (closed IS NOT NULL AND acked_close = 0)) "
                "ORDER BY number",
                port,
                port,
            )
        ]

    def unfinished(self, port: str) -> bool:
        """Whether a session of this port is open here or its end has not reached the server."""
        return bool(self._rows("SELECT 1 FROM session WHERE port = ? AND refused IS NULL AND acked_close = 0", port))

    def batch(self, session: str, *, shrunk: int = 0) -> dict[str, Any]:
        """The next upload of a session: as much as fits, the end only together with everything before it.

        shrunk: how often to halve what fits, for a way to the server that admits less.
        """
        most_frames, most_readings, most_bytes = (
            max(1, most >> shrunk) for most in (MOST_FRAMES, MOST_READINGS, MOST_BYTES)
        )
        with self._lock:
            row = self._rows(
                "SELECT header, head, frames, readings, closed, acked_frame, acked_reading, acked_header "
                "FROM session WHERE id = ?",
                session,
            )[0]
            header, head, total, readings_total, closed, acked_frame, acked_reading, acked_header = row
            frames: list[tuple[Any, ...]] = []
            size = 0
            for one in self._rows(
                "SELECT seq, mono_ns, wall_ns, dir, raw, hash FROM frame WHERE session = ? AND seq > ? "
                "ORDER BY seq LIMIT ?",
                session,
                acked_frame,
                most_frames,
            ):
                size += len(one[4])
                if frames and size > most_bytes:
                    break
                frames.append(one)
            upto = frames[-1][0] if frames else acked_frame
            readings = []
            for number, rx, body in self._rows(
                "SELECT seq_no, rx, body FROM reading WHERE session = ? AND seq_no > ? ORDER BY seq_no LIMIT ?",
                session,
                acked_reading,
                most_readings,
            ):
                if rx is not None and rx > upto:
                    break
                readings.append((number, json.loads(body)))
        result: dict[str, Any] = {
            "session": session,
            "frames": [
                {
                    "seq": seq,
                    "mono_ns": mono,
                    "wall_ns": wall,
                    "dir": direction,
                    "raw": bytes(raw).hex(),
                    "hash": bytes(digest).hex(),
                }
                for seq, mono, wall, direction, raw, digest in frames
            ],
            "readings": [body for _, body in readings],
        }
        if not acked_header:
            result["header"] = json.loads(header)
        read_upto = readings[-1][0] if readings else acked_reading
        if closed is not None and upto == total and read_upto == readings_total:
            result["close"] = {"count": total, "head": bytes(head).hex(), "reason": closed}
        return result

    def acknowledge(self, session: str, frame: int, reading: int, *, closed: bool) -> None:
        """The server's word on how far it has committed; it may go back when the server was restored from a copy."""
        self._write(
            [
                (
                    "UPDATE session SET acked_header = 1, acked_frame = ?, acked_reading = ?, acked_close = ? WHERE id = ?",
                    (frame, reading, int(closed), session),
                )
            ]
        )

    def rewind(self, session: str) -> bool:
        """Offer a session from its beginning, since the server was restored from an older copy; it answers how far it is.

        False when nothing had been acknowledged, so that going back cannot help, or when frames are gone already.
        """
        with self._lock:
            found = self._rows(
                "SELECT acked_header + acked_frame + acked_reading, frames, (SELECT count(*) FROM frame WHERE session = id) "
                "FROM session WHERE id = ?",
                session,
            )
            if not found or not found[0][0] or found[0][1] != found[0][2]:
                return False
            self._write([(_REWIND + " AND id = ?", (session,))])
            return True

    def offer_everything(self) -> None:
        """After a restore of the server: offer it every session that is still kept here. It takes what it lacks."""
        whole = " AND frames = (SELECT count(*) FROM frame WHERE session = session.id)"
        self._write([(_REWIND + whole, ())])

    def beyond(self, session: str, frame: int, reading: int) -> Text | None:
        """Says so when the server claims to have more of this session than was ever captured here; else None."""
        frames, readings = self._rows("SELECT frames, readings FROM session WHERE id = ?", session)[0]
        if frame <= frames and reading <= readings:
            return None
        return Text(
            f"服务器称已有 {frame} 帧、{reading} 个读数，本机只有 {frames} 帧、{readings} 个：本机数据可能是旧的副本",
            f"The server claims {frame} frames and {reading} readings, here are only {frames} and {readings}: the data of "
            "this computer may be an old copy",
        )

    def refuse(self, session: str, text: Text) -> None:
        """The server will not take this session as it is. Its data stay; a person has to look."""
        said = json.dumps(text.as_json(), ensure_ascii=False)
        self._write([("UPDATE session SET refused = ? WHERE id = ?", (said, session))])

    def refused(self) -> list[Refusal]:
        """Sessions that the server does not take, newest first."""
        return [
            Refusal(session, port, _text(said), frames)
            for session, port, said, frames in self._rows(
                "SELECT id, port, refused, frames - acked_frame FROM session WHERE refused IS NOT NULL "
                "ORDER BY number DESC"
            )
        ]

    def try_refused_again(self) -> None:
        """Offer them once more: what the server found wrong may have been mended there."""
        self._write([("UPDATE session SET refused = NULL WHERE refused IS NOT NULL", ())])

    def backlog(self) -> dict[str, int]:
        """Frames that the server has not acknowledged, by port; ports without any are left out."""
        return {
            str(port): int(count)
            for port, count in self._rows(
                "SELECT port, sum(frames - acked_frame) FROM session GROUP BY port HAVING sum(frames - acked_frame) > 0"
            )
        }

    def waiting(self) -> Waiting:
        unsent = self.unsent()
        row = self._rows(
            "SELECT coalesce(sum(frames - acked_frame), 0), coalesce(sum(readings - acked_reading), 0) "
            "FROM session WHERE refused IS NULL"
        )[0]
        refused = self._rows("SELECT count(*) FROM session WHERE refused IS NOT NULL")[0][0]
        return Waiting(len(unsent), int(row[0]), int(row[1]), int(refused))

    def prune(self, before_ns: int) -> int:
        """Forget sessions that the server has whole and that began before this time; how many were forgotten.

        The last session of each port stays, since the next one names its head.
        """
        rows = self._rows(
            "SELECT id FROM session WHERE acked_close = 1 AND opened_ns < ? "
            "AND number NOT IN (SELECT max(number) FROM session GROUP BY port)",
            before_ns,
        )
        for (session,) in rows:
            for table, key in (("frame", "seq"), ("reading", "seq_no")):
                self._forget(session, table, key)
            self._write([("DELETE FROM session WHERE id = ?", (session,))])
        return len(rows)

    def _forget(self, session: str, table: str, key: str) -> None:
        """In slices: while one is deleted no capture can commit."""
        last = self._rows(f"SELECT coalesce(max({key}), 0) FROM {table} WHERE session = ?", session)[0][0]  # noqa: S608
        for upto in range(SLICE, int(last) + SLICE, SLICE):
            self._write([(f"DELETE FROM {table} WHERE session = ? AND {key} <= ?", (session, upto))])  # noqa: S608
