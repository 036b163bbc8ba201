"""Write-once tables, enforced by the database itself on PostgreSQL and SQLite.

A model declares `frozen = Frozen(...)`. Neither `save`, bulk update, delete nor raw SQL can then change a frozen row:
triggers refuse. They are a fence against mistakes, not against a database superuser; the event log is the proof.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import AppConfig, apps
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

REFUSE = """
CREATE OR REPLACE FUNCTION lims_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'row is frozen: % of %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


@dataclass(frozen=True)
class Frozen:
    """What the database refuses to change.

    columns: names of the frozen model fields; empty means the whole row.
    when: SQL condition on OLD under which the row is frozen, e.g. `OLD.state <> 'draft'`; empty means always.
    deletable: rows may be deleted although columns are frozen (never for documents).
    """

    columns: tuple[str, ...] = ()
    when: str = ""
    deletable: bool = False


def frozen_models(config: AppConfig | None = None) -> Iterator[tuple[type[models.Model], Frozen]]:
    for model in config.get_models() if config else apps.get_models():
        declaration = model.__dict__.get("frozen")
        if isinstance(declaration, Frozen):
            yield model, declaration


def trigger_names(model: type[models.Model], declaration: Frozen) -> list[str]:
    table = model._meta.db_table
    return [f"{table}_frozen_update"] + ([] if declaration.deletable else [f"{table}_frozen_delete"])


def _column_names(model: type[models.Model], declaration: Frozen) -> list[str]:
    return [model._meta.get_field(name).column for name in declaration.columns]


def install(connection: BaseDatabaseWrapper, model: type[models.Model], declaration: Frozen) -> None:
    """Lays the triggers of one model anew. Idempotent."""
    table = model._meta.db_table
    columns = [connection.ops.quote_name(name) for name in _column_names(model, declaration)]
    guard = f"({declaration.when})" if declaration.when else "true"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            changed = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in columns) or "true"
            cursor.execute(REFUSE)
            remove(connection, model)
            cursor.execute(
                f"CREATE TRIGGER {table}_frozen_update BEFORE UPDATE ON {table} FOR EACH ROW "
                f"WHEN (({changed}) AND {guard}) EXECUTE FUNCTION lims_refuse()"
            )
            if not declaration.deletable:
                cursor.execute(
                    f"CREATE TRIGGER {table}_frozen_delete BEFORE DELETE ON {table} FOR EACH ROW "
                    f"WHEN ({guard}) EXECUTE FUNCTION lims_refuse()"
                )
                cursor.execute(
                    f"CREATE TRIGGER {table}_frozen_truncate BEFORE TRUNCATE ON {table} "
                    "FOR EACH STATEMENT EXECUTE FUNCTION lims_refuse()"
                )
        elif connection.vendor == "sqlite":
            changed = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in columns) or "1"
            guard = guard.replace("true", "1") if not declaration.when else guard
            remove(connection, model)
            refuse = f"BEGIN SELECT RAISE(ABORT, 'row is frozen: {table}'); END"
            cursor.execute(
                f"CREATE TRIGGER {table}_frozen_update BEFORE UPDATE ON {table} WHEN (({changed}) AND {guard}) {refuse}"
            )
            if not declaration.deletable:
                cursor.execute(f"CREATE TRIGGER {table}_frozen_delete BEFORE DELETE ON {table} WHEN ({guard}) {refuse}")


def remove(connection: BaseDatabaseWrapper, model: type[models.Model]) -> None:
    """Takes the triggers of one model away. Only for laying them anew and for emptying a test database."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        for suffix in ("update", "delete", "truncate"):
            on = f" ON {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {table}_frozen_{suffix}{on}")


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Names of triggers that should exist and do not. Tables that no migration has made yet are not asked for."""
    query = {
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'",
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    }[connection.vendor]
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        cursor.execute(query)
        present = {row[0] for row in cursor.fetchall()}
    wanted = [
        name for model, one in frozen_models() if model._meta.db_table in tables for name in trigger_names(model, one)
    ]
    return [name for name in wanted if name not in present]


def lift_before_migrate(sender: AppConfig, using: str = DEFAULT_DB_ALIAS, plan: object = (), **kwargs: object) -> None:
    """Takes every trigger away before tables change: both databases refuse to drop a column that a trigger names.

    Sent for each app; the core speaks for all. Without anything to migrate nothing is lifted. A migration that fails
    leaves tables unprotected, which the system check then says.
    """
    if sender.label != "core" or not plan:
        return
    connection = connections[using]
    query = {
        "postgresql": "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal",
        "sqlite": "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(query)
        for name, table in cursor.fetchall():
            if "_frozen_" in name or "_fts_" in name:
                on = f" ON {table}" if connection.vendor == "postgresql" else ""
                cursor.execute(f"DROP TRIGGER {name}{on}")


def install_after_migrate(sender: AppConfig, using: str = DEFAULT_DB_ALIAS, **kwargs: object) -> None:
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    for model, declaration in frozen_models(sender):
        if model._meta.db_table in tables:
            install(connection, model, declaration)
