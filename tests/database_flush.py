"""Flush the database after a test with real transactions, in a fraction of Django's time."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sites.models import Site
from django.db import connection, transaction
from django.test import TransactionTestCase

from oscar_mpesa.models import MpesaOrder

#: Orders; for more rows, as benchmarks make them, truncating is faster than deleting.
MAX_DELETED_ORDERS = 1_000

#: The models whose rows each test finds; a table comes after those that it refers to.
KEPT = (Site, ContentType, Permission)


def flush_faster() -> None:
    """Delete the rows of filled tables only, and restore content types, permissions and sites only if they changed.

    Django deletes and creates all of them anew, which takes a sixth of all the tests' time. PostgreSQL also syncs a
    new file for each table that Django truncates. Call this once a session, after the migrations.
    """
    django_flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    kept = {model._meta.db_table: _rows(model._meta.db_table) for model in KEPT}
    filled = " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})"  # noqa: S608 - our tables
        for name in names
        if name not in kept
    )

    def flush(test_case: TransactionTestCase) -> None:
        if MpesaOrder.objects.count() > MAX_DELETED_ORDERS:
            django_flush(test_case)
        with connection.constraint_checks_disabled(), transaction.atomic():
            _flush(filled, kept)
        Site.objects.clear_cache()

    TransactionTestCase._fixture_teardown = flush  # type: ignore[attr-defined]


def _flush(filled: str, kept: dict[str, list[Any]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(filled)
        tables = [name for (name,) in cursor.fetchall()]
        changed = [table for table, rows in kept.items() if _rows(table) != rows]
        for table in [*tables, *reversed(changed)]:
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - our tables
        for table in changed:
            places = ", ".join(["%s"] * len(kept[table][0]))
            cursor.executemany(f"INSERT INTO {table} VALUES ({places})", kept[table])  # noqa: S608 - our tables


def _rows(table: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} ORDER BY id")  # noqa: S608 - our tables
        return list(cursor.fetchall())
