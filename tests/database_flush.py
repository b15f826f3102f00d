"""A database emptied after each test with real transactions, in a fraction of Django's time for it."""

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

#: Orders; what a benchmark makes in its millions goes faster with the files that it lies in.
FEW = 1_000


def flush_faster() -> None:
    """Content types and permissions stand there again at once after a flush, and PostgreSQL deletes rows.

    Django looks for each of them anew: a sixth of all the tests' time. Called once a session, after the migrations.
    """
    kept = [(model, list(model.objects.values_list())) for model in (ContentType, Permission)]

    def put_back(**_: Any) -> None:
        if not ContentType.objects.exists():
            for model, rows in kept:
                _insert(model, rows)

    post_migrate.disconnect(create_contenttypes)
    post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
    post_migrate.connect(put_back, sender=apps.get_app_config("auth"), weak=False)
    if connection.vendor == "postgresql":
        connection.ops.sql_flush = partial(_sql_flush, connection.ops.sql_flush)  # type: ignore[method-assign]


def _insert(model: type[Model], rows: list[Any]) -> None:
    table = model._meta
    names = ", ".join(connection.ops.quote_name(str(field.column)) for field in table.concrete_fields)
    places = ", ".join(["%s"] * len(table.concrete_fields))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table.db_table} ({names}) VALUES ({places})", rows)


def _sql_flush(truncate: Callable[..., list[str]], style: Any, tables: list[str], **how: Any) -> list[str]:
    """PostgreSQL syncs a new file for each table that is truncated, and for each of its indexes: a second a test."""
    if MpesaOrder.objects.count() > FEW:
        return truncate(style, tables, **how)
    return [f"DELETE FROM {connection.ops.quote_name(table)}" for table in tables]
