"""Copying an SQLite database while it is in use, and putting a copy in its place."""

import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from lims.core.backup.manifest import BackupError

FILE = "database.sqlite3"


def write(connection: BaseDatabaseWrapper, directory: Path) -> Path:
    """One file that holds the state of one moment (online backup API in a single step).

    Through a connection of its own: the API waits for ever for a source that is itself in a transaction.
    """
    target = directory / FILE
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        check(copy)
    _flush(target)
    return target


def check(database: sqlite3.Connection) -> None:
    """Raises BackupError when the database is damaged or refers to rows that do not exist."""
    found = [row[0] for row in database.execute("PRAGMA integrity_check(5)")]
    if found != ["ok"]:
        raise BackupError(f"the copied database is damaged: {'; '.join(found)}")
    if orphan := database.execute("PRAGMA foreign_key_check").fetchone():
        raise BackupError(f"the copied database has a row in {orphan[0]} that refers to a missing row of {orphan[2]}")


def load(connection: BaseDatabaseWrapper, directory: Path, *, keep: bool) -> Path | None:
    """Puts the copy in the database's place in one rename. With `keep`, returns where the former database was moved."""
    place = Path(connection.settings_dict["NAME"])
    draft = place.with_name(f"{place.name}.restoring")
    draft.unlink(missing_ok=True)
    with closing(sqlite3.connect(directory / FILE)) as source, closing(sqlite3.connect(draft)) as copy:
        source.backup(copy)
        check(copy)
    _flush(draft)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    aside = None
    if keep:
        aside = place.with_name(f"{place.name}.before-restore-{datetime.now():%Y%m%d-%H%M%S}")  # noqa: DTZ005
        place.rename(aside)
    for suffix in ("-wal", "-shm"):
        place.with_name(place.name + suffix).unlink(missing_ok=True)
    draft.replace(place)
    _flush(place.parent)
    return aside


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
