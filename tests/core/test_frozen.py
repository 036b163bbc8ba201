"""Write-once tables refuse every way of changing them, for each model that declares it; nothing is listed by hand."""

import datetime
import itertools
import re
from decimal import Decimal
from io import StringIO

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, models, transaction

from lims.core import frozen
from lims.core.models import StoredFile

FROZEN = sorted(frozen.frozen_models(), key=lambda pair: pair[0]._meta.label)
_numbers = itertools.count(1)


def _value(field: models.Field) -> object:
    """Something the column takes. Relations point nowhere: their checks are deferred and the test never commits."""
    if field.choices:
        return field.flatchoices[0][0]
    if isinstance(field, models.ForeignKey):
        target = field.target_field
        return next(_numbers) if isinstance(target, models.IntegerField) else _value(target)
    kinds = {
        models.DateTimeField: datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
        models.DateField: datetime.date(2026, 1, 1),
        models.BooleanField: True,
        models.DecimalField: Decimal(1),
        models.IntegerField: 1,
        models.JSONField: {},
        models.BinaryField: b"x",
    }
    for kind, value in kinds.items():
        if isinstance(field, kind):
            return value
    if isinstance(field, models.UUIDField):
        return f"{next(_numbers):032x}"
    return f"x{next(_numbers)}"[: field.max_length or 20]


def _row(model: type[models.Model], declaration: frozen.Frozen) -> models.Model:
    """A row in the state in which it is frozen, as `when` says it (equality, inequality or a boolean column)."""
    values = {}
    for field in model._meta.concrete_fields:
        if not field.primary_key or not isinstance(field, models.AutoField):
            values[field.attname] = _value(field)
    for name, operator, word in re.findall(r"OLD\.(\w+)(?:\s*(=|<>|!=)\s*'(\w+)')?", declaration.when):
        field = next(one for one in model._meta.concrete_fields if one.column == name)
        if not word:
            values[field.attname] = True
        else:
            states = [key for key, _label in field.flatchoices if key != word] or [f"not_{word}"]
            values[field.attname] = word if operator == "=" else states[-1]
    return model(**values)


@pytest.fixture
def frozen_row(request, db):
    model, declaration = request.param
    row = _row(model, declaration)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        else:
            cursor.execute(
                "SELECT conname FROM pg_constraint WHERE contype IN ('c', 'f') AND conrelid = %s::regclass",
                [model._meta.db_table],
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f'ALTER TABLE {model._meta.db_table} DROP CONSTRAINT "{name}"')
    model._base_manager.bulk_create([row])
    row = model._base_manager.get()
    yield row, declaration
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = OFF")
    connection.check_constraints = lambda *args, **kwargs: None  # the row's relations point nowhere; it is rolled back
    request.addfinalizer(lambda: connection.__dict__.pop("check_constraints", None))


def _frozen_column(model: type[models.Model], declaration: frozen.Frozen) -> models.Field:
    names = declaration.columns or [field.name for field in model._meta.concrete_fields if not field.primary_key]
    return model._meta.get_field(names[0])


every_frozen_model = pytest.mark.parametrize("frozen_row", FROZEN, indirect=True, ids=lambda pair: pair[0]._meta.label)


@every_frozen_model
def test_save_bulk_update_delete_and_raw_sql_are_refused(frozen_row):
    row, declaration = frozen_row
    model, table = type(row), type(row)._meta.db_table
    field = _frozen_column(model, declaration)
    other = _value(field)
    if other == getattr(row, field.attname):
        other = {bool: lambda v: not v, datetime.datetime: lambda v: v + datetime.timedelta(days=1)}.get(
            type(other), lambda v: field.flatchoices[-1][0] if field.choices else v
        )(other)
    key = row.pk
    setattr(row, field.attname, other)

    def raw(statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    ways = {
        "save": lambda: models.Model.save_base(row, force_update=True),
        "bulk update": lambda: model._base_manager.filter(pk=key).update(**{field.attname: other}),
        "raw update": lambda: raw(f"UPDATE {table} SET {field.column} = NULL"),
        "delete": lambda: model._base_manager.filter(pk=key)._raw_delete("default"),
        "raw delete": lambda: raw(f"DELETE FROM {table}"),
    }
    if connection.vendor == "postgresql":
        ways["truncate"] = lambda: raw(f"TRUNCATE {table} CASCADE")
    else:
        columns = ", ".join(f'"{one.column}"' for one in model._meta.concrete_fields)
        ways["replace"] = lambda: raw(f"REPLACE INTO {table} ({columns}) SELECT {columns} FROM {table}")
    if declaration.deletable:
        ways = {name: way for name, way in ways.items() if "update" in name or name == "save"}
    for name, way in ways.items():
        with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
            way()
        assert model._base_manager.filter(pk=key).exists(), name


@every_frozen_model
def test_what_is_not_frozen_can_be_written(frozen_row):
    row, declaration = frozen_row
    model = type(row)
    free = [
        field
        for field in model._meta.concrete_fields
        if declaration.columns
        and field.name not in declaration.columns
        and not field.primary_key
        and not field.is_relation
    ]
    for field in free:
        if f"OLD.{field.column}" not in declaration.when:
            assert model._base_manager.filter(pk=row.pk).update(**{field.attname: getattr(row, field.attname)}) == 1


def test_there_are_frozen_tables_for_everything_that_is_evidence():
    labels = {model._meta.label for model, _declaration in FROZEN}
    assert {"audit.Event", "core.StoredFile"} <= labels


def _complaints() -> list[str]:
    return [message.msg for message in run_checks(databases=["default"]) if message.id == "core.E001"]


@pytest.mark.django_db
def test_a_lost_trigger_is_a_check_error_that_names_it_and_migrate_mends_it():
    assert _complaints() == []
    frozen.remove(connection, StoredFile)
    found = _complaints()
    assert len(found) == 2
    assert "core_storedfile_frozen_update" in "".join(found)
    call_command("migrate", verbosity=0, stdout=StringIO())
    assert _complaints() == []


@pytest.mark.django_db
def test_triggers_are_lifted_while_tables_change_and_only_then():
    config = type("Config", (), {"label": "core"})()
    frozen.lift_before_migrate(config, plan=[])
    assert frozen.missing(connection) == []
    frozen.lift_before_migrate(config, plan=["a migration"])
    assert len(frozen.missing(connection)) >= 2 * len(FROZEN) - 2


@pytest.mark.django_db
def test_a_frozen_row_can_still_be_added():
    StoredFile.objects.create(sha256="a" * 64, size=1, media_type="text/plain")
    with pytest.raises(IntegrityError), transaction.atomic():
        StoredFile.objects.update(size=2)
