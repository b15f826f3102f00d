"""Every row that orders and their money are made of, to compare it with what it was."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import connection

#: The apps whose rows an order is made of.
APPS = ["oscar_mpesa", "order", "payment", "partner", "basket", "voucher", "offer"]

Rows = dict[str, list[tuple[Any, ...]]]


def all_rows() -> Rows:
    """The rows by table, in the order of their keys."""
    models = [model for label in APPS for model in apps.get_app_config(label).get_models()]
    with connection.cursor() as cursor:
        return {model._meta.db_table: _rows_of(cursor, model._meta) for model in models}


def _rows_of(cursor: Any, table: Any) -> list[tuple[Any, ...]]:
    cursor.execute(f"SELECT * FROM {table.db_table} ORDER BY {table.pk.column}")
    return list(cursor.fetchall())


def changed_since(before: Rows) -> set[str]:
    """The tables with other rows than before."""
    return {table for table, now in all_rows().items() if now != before[table]}
