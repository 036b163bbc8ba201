"""Searching Chinese and part numbers on both databases.

A model keeps a text column of space-separated tokens (`tokens`) and declares `search_index = SearchIndex("search")`.
Chinese text is indexed by single characters and pairs: pg_trgm finds nothing under the C locale and SQLite's trigram
tokenizer nothing for two characters. Words of letters and digits are indexed by their beginnings and endings, since
people type the first or the last digits of a serial number. PostgreSQL: GIN over the split column; SQLite: FTS5.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import AppConfig, apps
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet

_RUN = re.compile(r"[0-9a-z]+|[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
LONGEST = 24
RARE = 4
"""A word of so many letters and digits is part of a number, and few rows hold it; Chinese pairs are in many."""


@dataclass(frozen=True)
class SearchIndex:
    """Declares which column of a model holds its tokens."""

    column: str


def _runs(text: str) -> list[str]:
    return _RUN.findall(text.lower())


def _is_word(run: str) -> bool:
    return run[0].isascii()


def tokens(*parts: object) -> str:
    """The column's content for the given texts, tokens sorted so that the same texts give the same column."""
    found: set[str] = set()
    for part in parts:
        for run in _runs(str(part or "")):
            if _is_word(run):
                run = run[:LONGEST]
                found.update(run[:n] for n in range(1, len(run) + 1))
                found.update(run[-n:] for n in range(2, min(len(run), 8) + 1))
            else:
                found.update(run)
                found.update(run[i : i + 2] for i in range(len(run) - 1))
    return " ".join(sorted(found))


def query_tokens(query: str) -> list[str]:
    """What must all be present in a row that matches: words whole, Chinese by pairs (or the single character)."""
    wanted: list[str] = []
    for run in _runs(query)[:16]:
        if _is_word(run):
            wanted.append(run[:LONGEST])
        elif len(run) == 1:
            wanted.append(run)
        else:
            wanted += [run[i : i + 2] for i in range(len(run) - 1)][:16]
    return wanted


def matching(rows: QuerySet[Any], query: str) -> QuerySet[Any]:
    """The rows whose tokens contain all of the query's. A query without any letter, digit or character changes nothing."""
    wanted = query_tokens(query)
    if not wanted:
        return rows
    model = rows.model
    table, column = model._meta.db_table, model.__dict__["search_index"].column
    if connections[rows.db].vendor == "postgresql":
        holds = f"string_to_array({table}.{column}, ' ') @> %s::text[]"
        if any(token[0].isascii() and len(token) >= RARE for token in wanted):
            # The planner cannot tell a rare token from a common one and would walk the list in its order, testing row after
            # row. OFFSET 0 makes the condition stand by itself, so that the index is asked.
            holds = f"{table}.id IN (SELECT {table}.id FROM {table} WHERE {holds} OFFSET 0)"
        return rows.extra(where=[holds], params=[wanted])
    phrase = " AND ".join(f'"{token}"' for token in wanted)
    return rows.extra(
        where=[f"{table}.id IN (SELECT rowid FROM {table}_fts WHERE {table}_fts MATCH %s)"], params=[phrase]
    )


def indexed_models(config: AppConfig | None = None) -> Iterator[tuple[type[models.Model], str]]:
    for model in config.get_models() if config else apps.get_models():
        if isinstance(index := model.__dict__.get("search_index"), SearchIndex):
            yield model, index.column


def install_after_migrate(sender: AppConfig, using: str = DEFAULT_DB_ALIAS, **kwargs: object) -> None:
    """Lays the search indexes of one app. Idempotent."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    for model, column in indexed_models(sender):
        if model._meta.db_table in tables:
            install(connection, model._meta.db_table, column)


def install(connection: BaseDatabaseWrapper, table: str, column: str) -> None:
    """Lays the index of one table anew; rows that are there already are taken in."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"CREATE INDEX IF NOT EXISTS {table}_search_gin ON {table} USING gin (string_to_array({column}, ' '))"
            )
            return
        cursor.execute(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS {table}_fts USING fts5({column}, content='{table}', content_rowid='id', "
            "tokenize='unicode61 remove_diacritics 0', detail='none')"
        )
        delete = f"INSERT INTO {table}_fts({table}_fts, rowid, {column}) VALUES ('delete', OLD.id, OLD.{column});"
        insert = f"INSERT INTO {table}_fts(rowid, {column}) VALUES (NEW.id, NEW.{column});"
        missing = 0
        for name, event, body in (
            ("insert", "INSERT", insert),
            ("delete", "DELETE", delete),
            ("update", f"UPDATE OF {column}", delete + insert),
        ):
            cursor.execute(
                "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name = %s", [f"{table}_fts_{name}"]
            )
            missing += not cursor.fetchone()[0]
            cursor.execute(f"DROP TRIGGER IF EXISTS {table}_fts_{name}")
            cursor.execute(f"CREATE TRIGGER {table}_fts_{name} AFTER {event} ON {table} BEGIN {body} END")
        if missing:  # new, or lost when a migration rebuilt the table: what was written meanwhile is not in the index
            cursor.execute(f"INSERT INTO {table}_fts({table}_fts) VALUES ('rebuild')")
