"""What every test has: an empty cache and its own language; and, where it is asked for, no leave to be skipped."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Generator, Iterator
from typing import Any, TypeVar

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.management import create_contenttypes
from django.contrib.contenttypes.models import ContentType
from django.core.cache import caches
from django.db import connection
from django.db.models import Model
from django.db.models.signals import post_migrate
from django.utils import translation
from hypothesis import settings as hypothesis_settings

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

# The same examples on every machine and every day; what fails is found again without a database of failures.
hypothesis_settings.register_profile("stable", derandomize=True, database=None, deadline=None)
hypothesis_settings.load_profile("stable")

#: Set where everything that the tests need is there, so that a skipped test is a hole and not a courtesy.
NO_SKIPS = bool(os.environ.get("OSCAR_MPESA_NO_SKIPS"))


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """As pytest-django makes it, but content types and permissions stand there again at once after a flush.

    Django would look for each of them anew, after every test with real transactions: a sixth of the tests' time.
    """
    with django_db_blocker.unblock():
        kept = [(model, list(model.objects.values_list())) for model in (ContentType, Permission)]

    def put_back(**_: Any) -> None:
        if not ContentType.objects.exists():
            for model, rows in kept:
                _insert(model, rows)

    post_migrate.disconnect(create_contenttypes)
    post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
    post_migrate.connect(put_back, sender=apps.get_app_config("auth"), weak=False)
    if connection.vendor == "postgresql":
        connection.ops.sql_flush = _sql_delete  # type: ignore[assignment]


def _sql_delete(_style: Any, tables: list[str], **_: Any) -> list[str]:
    """PostgreSQL syncs a new file for each table that is truncated, and for each of its indexes: a second a test."""
    return [f"DELETE FROM {connection.ops.quote_name(table)}" for table in tables]


def _insert(model: type[Model], rows: list[Any]) -> None:
    table = model._meta
    names = ", ".join(connection.ops.quote_name(str(field.column)) for field in table.concrete_fields)
    places = ", ".join(["%s"] * len(table.concrete_fields))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table.db_table} ({names}) VALUES ({places})", rows)


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    for cache in caches.all(initialized_only=True):
        cache.clear()


@pytest.fixture(autouse=True)
def _own_language() -> None:
    """A request of the test before may have left another language active in this thread."""
    translation.deactivate()


@pytest.fixture
def untraced() -> Iterator[None]:
    """For what coverage makes twice as slow; ``no_cover`` of pytest-cov 7.1 goes on tracing in a worker of xdist."""
    here, elsewhere = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    yield
    threading.settrace(elsewhere)
    sys.settrace(here)


@pytest.fixture
def mpesa_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the sandbox's own view took no payment: a shop without any other way to pay, but for its settings."""
    monkeypatch.setattr("oscar_mpesa.ordering.other_way.takes_payment", lambda _: False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped test into a failed one, if no skips are allowed."""
    report = yield
    return _held_to_account(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that skips itself as a whole."""
    report = yield
    return _held_to_account(report)


def _held_to_account(report: Report) -> Report:
    if NO_SKIPS and report.outcome == "skipped":
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be skipped: {report.longrepr}"
    return report
