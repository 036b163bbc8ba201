"""The manifest of a backup, and the counting and digesting both ways need."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

SCHEMA = "backup/1"
NAME = "manifest.json"


class BackupError(Exception):
    """A backup that cannot be made or used; the message is one sentence with what to do."""


@dataclass(frozen=True)
class Manifest:
    """What a backup holds.

    vendor: `sqlite` or `postgresql`. migrations: `app.name`, sorted. rows: per table. database: SHA-256 per file below
    `database/`. files, bytes: of the stored files. problems: stored files that were missing or altered when it was made.
    """

    created_at: str
    vendor: str
    migrations: list[str]
    rows: dict[str, int]
    database: dict[str, str]
    files: int
    bytes: int
    problems: list[str] = field(default_factory=list)
    schema: str = SCHEMA

    def write(self, directory: Path) -> None:
        (directory / NAME).write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read(directory: Path) -> Manifest:
    """The manifest of a backup. Raises BackupError for anything else."""
    try:
        content = json.loads((directory / NAME).read_text(encoding="utf-8"))
        if content.get("schema") != SCHEMA:
            raise BackupError(f"{directory / NAME} is of schema {content.get('schema')!r}, this version reads {SCHEMA}")
        return Manifest(**content)
    except FileNotFoundError:
        raise BackupError(f"{directory} is not a backup: it has no {NAME}") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise BackupError(f"{directory / NAME} is damaged: {error}") from error


def digest(path: Path) -> str:
    """Hex SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tables(connection: BaseDatabaseWrapper) -> list[str]:
    """Every table with rows of ours, the list of migrations included."""
    names = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
    return sorted(names | {MigrationRecorder.Migration._meta.db_table})


def row_counts(connection: BaseDatabaseWrapper) -> dict[str, int]:
    counts = {}
    with connection.cursor() as cursor:
        for table in tables(connection):
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608
            counts[table] = cursor.fetchone()[0]
    return counts


def migrations(connection: BaseDatabaseWrapper) -> list[str]:
    return sorted(".".join(key) for key in MigrationRecorder(connection).applied_migrations())
