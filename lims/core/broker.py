"""Keeps Celery's filesystem transport in order: mends its control files, and throws away rings that nobody heard.

kombu creates an `.exchange` file by opening it for writing, which empties it, before it takes the lock and writes. A process
killed in that instant leaves an empty file that no worker can parse when it binds its queue: it would never start again.
"""

import fcntl
import json
import time
from pathlib import Path
from typing import BinaryIO

NOTHING_BOUND = b"[]"


def mend(folder: Path) -> list[str]:
    """Gives every unreadable exchange file in the folder an empty table, and returns their names.

    Written in place, under kombu's own lock: a writer that has emptied the file but not yet taken the lock then writes its
    longer table over ours, where a deleted file would take that table with it. A file that is locked belongs to somebody
    alive who is about to write, and is left alone.
    """
    return sorted(path.name for path in folder.glob("*.exchange") if _mend(path))


def discard_old(folder: Path, seconds: float) -> int:
    """Deletes messages older than this; how many. Rings are worth nothing by then, and the transport looks through all the
    files for each message it takes: thousands from an hour without a worker would keep the next one busy with nothing else."""
    oldest = time.time() - seconds
    count = 0
    for path in folder.glob("*.msg"):
        try:
            if path.stat().st_mtime < oldest:
                path.unlink()
                count += 1
        except FileNotFoundError:  # another worker was quicker
            continue
    return count


def _mend(path: Path) -> bool:
    try:
        with path.open("rb+", buffering=0) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            if _readable(file):
                return False
            file.seek(0)
            file.write(NOTHING_BOUND)
            file.truncate()
            return True
    except FileNotFoundError:
        return False


def _readable(file: BinaryIO) -> bool:
    """A list of three texts each: routing key, pattern, queue."""
    try:
        table = json.loads(file.read())
    except ValueError:
        return False
    return isinstance(table, list) and all(
        isinstance(row, list) and len(row) == 3 and all(isinstance(word, str) for word in row) for row in table
    )
