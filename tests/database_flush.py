"""Flush the database after a test with real transactions, in a fraction of Django's time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.management import create_contenttypes
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Model
from django.db.models.signals import post_migrate

from oscar_mpesa.models import MpesaOrder

#: Orders; for more rows, as benchmarks make them, truncating is faster than deleting.
MAX_DELETED_ORDERS = 1_000


def flush_faster() -> None:
    """Restore content types and permissions by plain inserts after a flush, and delete rows on PostgreSQL.

    Django creates each of them anew, which takes a sixth of all the tests' time. Call this once a session, after the
    migrations.
    """
    kept = [(model, list(model.objects.values_list())) for model in (ContentType, Permission)]

    def restore_rows(**_: Any) -> None:
        if not ContentType.objects.exists():
            for model, rows in kept:
                _insert(model, rows)

    post_migrate.disconnect(create_contenttypes)
    post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
    post_migrate.connect(restore_rows, sender=apps.get_app_config("auth"), weak=False)
    if connection.vendor == "postgresql":
        connection.ops.sql_flush = partial(_sql_flush, connection.ops.sql_flush)  # type: ignore[method-assign]


def _insert(model: type[Model], rows: list[Any]) -> None:
    table = model._meta
    names = ", ".join(connection.ops.quote_name(str(field.column)) for field in table.concrete_fields)
    places = ", ".join(["%s"] * len(table.concrete_fields))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table.db_table} ({names}) VALUES ({places})", rows)  # noqa: S608 - our tables


def _sql_flush(truncate: Callable[..., list[str]], style: Any, tables: list[str], **options: Any) -> list[str]:
    """Delete rows, because PostgreSQL syncs a new file for each truncated table and index: a second a test."""
    if MpesaOrder.objects.count() > MAX_DELETED_ORDERS:
        return truncate(style, tables, **options)
    return [f"DELETE FROM {connection.ops.quote_name(table)}" for table in tables]  # noqa: S608 - our tables
