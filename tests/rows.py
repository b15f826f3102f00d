"""Read every row of orders and their money, to compare it with its former state."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import connection

#: The apps whose rows make an order.
APPS = ["oscar_mpesa", "order", "payment", "partner", "basket", "voucher", "offer"]

Rows = dict[str, list[tuple[Any, ...]]]


def all_rows() -> Rows:
    """Return the rows by table, ordered by primary key."""
    models = [model for label in APPS for model in apps.get_app_config(label).get_models()]
    with connection.cursor() as cursor:
        return {model._meta.db_table: _rows_of(cursor, model._meta) for model in models}


def _rows_of(cursor: Any, table: Any) -> list[tuple[Any, ...]]:
    cursor.execute(f"SELECT * FROM {table.db_table} ORDER BY {table.pk.column}")  # noqa: S608 - our tables
    return list(cursor.fetchall())


def changed_since(before: Rows) -> set[str]:
    """Return the tables that changed."""
    return {table for table, now in all_rows().items() if now != before[table]}
