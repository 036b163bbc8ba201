"""Restoring a backup: everything is checked before anything is touched, and again afterwards."""

import shutil
from pathlib import Path

from django.conf import settings
from django.db import connection

from lims.core import files, frozen
from lims.core.backup import manifest, postgresql, sqlite
from lims.core.backup.manifest import BackupError, Manifest

# Rows of these say nothing about whether somebody works here: migrating and looking at a page writes them.
_FURNITURE = {"django_migrations", "django_content_type", "auth_permission", "django_session"}


def occupied() -> bool:
    """Whether the database or the files directory already holds somebody's work."""
    folder = Path(settings.FILES_DIR)
    if folder.is_dir() and any(folder.iterdir()):
        return True
    existing = set(connection.introspection.table_names())
    if "django_migrations" not in existing:
        return False
    return any(count for table, count in manifest.row_counts(connection).items() if table not in _FURNITURE)


def check(source: Path) -> Manifest:
    """The manifest of a whole backup. Raises BackupError at the first file that is missing or altered."""
    found = manifest.read(source)
    if found.vendor != connection.vendor:
        raise BackupError(f"the backup is of a {found.vendor} database, the configured one is {connection.vendor}")
    for name, expected in found.database.items():
        path = source / "database" / Path(name).name
        if not path.is_file() or manifest.digest(path) != expected:
            raise BackupError(f"{path} is missing or altered")
    good = 0
    for path in _stored(source):
        if manifest.digest(path) != path.name:
            if f"{path.name} has been altered" in found.problems:
                continue
            raise BackupError(f"{path} is altered")
        good += 1
    if good != found.files - len(found.problems):
        raise BackupError(
            f"the backup holds {good} stored files, its manifest says {found.files - len(found.problems)}"
        )
    return found


def restore(source: Path, *, replace: bool) -> list[str]:
    """Brings back database and files; returns sentences worth telling.

    Raises BackupError when the backup is not whole, when the target is in use without `replace`, or when the result does
    not match the manifest.
    """
    found = check(source)
    in_use = occupied()
    if in_use and not replace:
        raise BackupError("the database or the files directory is not empty; use --replace to overwrite it")
    told = []
    for path in _stored(source):
        if manifest.digest(path) == path.name:
            _bring(path)
    if connection.vendor == "postgresql":
        postgresql.load(connection, source / "database", found.migrations)
    else:
        aside = sqlite.load(connection, source / "database", keep=in_use)
        told += [f"the former database was kept as {aside}"] if aside else []
    return told + verify(found)


def verify(expected: Manifest) -> list[str]:
    """Compares the restored system with the manifest. Raises BackupError; returns what was checked."""
    counts = manifest.row_counts(connection)
    wrong = [
        f"{table}: {counts.get(table)} of {rows}" for table, rows in expected.rows.items() if counts.get(table) != rows
    ]
    if wrong:
        raise BackupError(f"rows are missing after the restore: {'; '.join(wrong[:5])}")
    if lost := frozen.missing(connection):
        raise BackupError(f"the restored database lacks the trigger {lost[0]}; run: manage.py migrate")
    return [
        f"{sum(counts.values())} rows in {len(counts)} tables, {counts.get('audit_event', 0)} events",
        f"{expected.files - len(expected.problems)} files, every digest correct",
        *(f"in the backup already: {problem}" for problem in expected.problems),
    ]


def _stored(source: Path) -> list[Path]:
    return sorted(path for path in (source / "files").glob("??/??/*") if path.is_file())


def _bring(path: Path) -> None:
    """Copies one file to its place unless it is there unharmed."""
    place = files.path_of(path.name)
    if place.is_file() and manifest.digest(place) == path.name:
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".{path.name}.restoring")
    shutil.copyfile(path, draft)
    draft.replace(place)
