"""Making a backup."""

import json
import os
import shutil
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Sum

from lims.core import clock, files
from lims.core.backup import manifest, postgresql, sqlite
from lims.core.backup.manifest import BackupError, Manifest
from lims.core.models import StoredFile

LAST = "last-backup.json"


def make(target: Path) -> Manifest:
    """Copies everything to a new directory, which gets its name only when it is complete.

    Raises BackupError when the target is taken or the copy fails. Stored files that are missing or altered are listed in
    the manifest's `problems`: a backup of the rest is worth more than none.
    """
    target = target.absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupError(f"{target} exists and is not empty; give a new directory, e.g. {target}/2026-01-31")
    draft = target.with_name(f".{target.name}.unfinished-{os.getpid()}")
    try:
        (draft / "database").mkdir(parents=True)
        made = _copy(draft)
        made.write(draft)
        if target.exists():
            target.rmdir()
        draft.rename(target)
    except OSError as error:
        raise BackupError(f"the backup could not be written: {error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    note = {"at": made.created_at, "to": str(target), "problems": len(made.problems)}
    (Path(settings.DATA_DIR) / LAST).write_text(json.dumps(note), encoding="utf-8")
    return made


def _copy(draft: Path) -> Manifest:
    created_at = clock.now().isoformat(timespec="seconds")
    database = draft / "database"
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            written = postgresql.write(connection, database)
        else:
            # Writers wait for the seconds this takes, so that the counts below are those of the copy.
            written = [sqlite.write(connection, database)]
        rows = manifest.row_counts(connection)
        applied = manifest.migrations(connection)
        listed = list(StoredFile.objects.order_by("pk").values_list("sha256", flat=True))
        total = StoredFile.objects.aggregate(size=Sum("size"))["size"] or 0
    return Manifest(
        created_at=created_at,
        vendor=connection.vendor,
        migrations=applied,
        rows=rows,
        database={path.name: manifest.digest(path) for path in written},
        files=len(listed),
        bytes=total,
        problems=[problem for sha256 in listed if (problem := _copy_file(sha256, draft / "files"))],
    )


def _copy_file(sha256: str, into: Path) -> str:
    """Copies one stored file and checks the copy. Returns what was wrong, empty when nothing."""
    copy = into / sha256[:2] / sha256[2:4] / sha256
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(files.path_of(sha256), copy)
    except FileNotFoundError:
        return f"{sha256} is missing"
    return "" if manifest.digest(copy) == sha256 else f"{sha256} has been altered"
