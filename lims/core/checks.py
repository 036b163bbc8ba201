"""System checks of the kernel."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from lims.core import frozen

_about_to_be_laid = False


@contextmanager
def triggers_about_to_be_laid() -> Iterator[None]:
    """For `migrate`, which asks the checks first and lays the triggers last: it must not refuse what it mends."""
    global _about_to_be_laid
    _about_to_be_laid = True
    try:
        yield
    finally:
        _about_to_be_laid = False


@register(Tags.database)
def frozen_tables_have_their_triggers(databases: list[str] | None = None, **kwargs: object) -> list[CheckMessage]:
    """Refuses a database whose write-once tables can be written (a rebuilt table on SQLite loses its triggers)."""
    found: list[CheckMessage] = []
    for alias in [] if _about_to_be_laid else databases or []:
        connection = connections[alias]
        found += [
            Error(f"trigger {name} is missing in database {alias}", hint="run: manage.py migrate", id="core.E001")
            for name in frozen.missing(connection)
        ]
    return found
