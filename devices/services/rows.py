"""Many rows of one table at once, past the model layer: what a bench sends would otherwise cost mostly that.

The rows are plain tuples that were checked before. PostgreSQL takes them by COPY, SQLite by one prepared statement.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection, models


def insert(model: type[models.Model], names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Inserts rows of these fields, in their order, inside the transaction under way. Values are those a model would hold.

    Raises IntegrityError as any INSERT does. Signals and `save` are passed by: for tables of evidence only.
    """
    if not rows:
        return
    fields = [model._meta.get_field(name) for name in names]
    table = connection.ops.quote_name(model._meta.db_table)
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with connection.wrap_database_errors, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        # Plain numbers and texts need no conversion; asking each field for each value costs more than the INSERT.
        kinds = (models.UUIDField, models.DateTimeField, models.BinaryField, models.ForeignKey)
        converted = [index for index, field in enumerate(fields) if isinstance(field, kinds)]
        prepared = []
        for row in rows:
            values = list(row)
            for index in converted:
                values[index] = fields[index].get_db_prep_save(values[index], connection)
            prepared.append(values)
        marks = ", ".join(["%s"] * len(fields))
        cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", prepared)  # noqa: S608 - names of the model
