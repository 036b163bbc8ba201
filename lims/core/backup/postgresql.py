"""Copying a PostgreSQL database by COPY in one snapshot, and loading it in one transaction.

Needs no PostgreSQL programs, hence no fight between the versions of client and server. The tables themselves come from
the migrations, so the loading side must know the same ones.
"""

from pathlib import Path

from django.apps import apps
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from lims.core import frozen
from lims.core.backup import manifest
from lims.core.backup.manifest import BackupError


def write(connection: BaseDatabaseWrapper, directory: Path) -> list[Path]:
    """One file per table, all of the snapshot the caller's REPEATABLE READ transaction has."""
    written = []
    for table in manifest.tables(connection):
        path = directory / f"{table}.copy"
        with connection.cursor() as cursor, path.open("wb") as file:
            names = ", ".join(_columns(connection, table))
            query = f"COPY {connection.ops.quote_name(table)} ({names}) TO STDOUT"
            with cursor.connection.cursor().copy(query) as rows:
                file.write(f"{names}\n".encode())
                for piece in rows:
                    file.write(piece)
        written.append(path)
    return written


def load(connection: BaseDatabaseWrapper, directory: Path, wanted: list[str]) -> None:
    """Replaces every row. All or nothing: triggers are lifted, rows exchanged and triggers laid in one transaction."""
    call_command("migrate", verbosity=0, database=connection.alias)
    known = manifest.migrations(connection)
    if known != wanted:
        differing = sorted(set(known) ^ set(wanted))
        raise BackupError(
            f"the backup was made by another version (migrations differ: {', '.join(differing[:5])}); "
            "install that version, restore, then update"
        )
    tables = manifest.tables(connection)
    models = [(model, one) for model, one in frozen.frozen_models() if model._meta.db_table in tables]
    with transaction.atomic(using=connection.alias):
        for model, _declaration in models:
            frozen.remove(connection, model)
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(connection.ops.quote_name(table) for table in tables)} CASCADE")
            for table in tables:
                _load_table(connection, table, directory / f"{table}.copy")
            present = [model for model in apps.get_models(include_auto_created=True) if model._meta.db_table in tables]
            for statement in connection.ops.sequence_reset_sql(no_style(), present):
                cursor.execute(statement)
        for model, declaration in models:
            frozen.install(connection, model, declaration)


def _columns(connection: BaseDatabaseWrapper, table: str) -> list[str]:
    """The columns that hold data of their own: a generated one is computed again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() "
            "AND table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position",
            [table],
        )
        return [connection.ops.quote_name(row[0]) for row in cursor.fetchall()]


def _load_table(connection: BaseDatabaseWrapper, table: str, path: Path) -> None:
    with path.open("rb") as file:
        names = [name.strip() for name in file.readline().decode().split(",")]
        if sorted(names) != sorted(_columns(connection, table)):
            raise BackupError(f"{path.name} does not have the columns of {table}")
        query = f"COPY {connection.ops.quote_name(table)} ({', '.join(names)}) FROM STDIN"
        with connection.connection.cursor().copy(query) as rows:
            while piece := file.read(1 << 20):
                rows.write(piece)
