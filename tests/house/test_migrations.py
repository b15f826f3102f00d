"""Migrations match the models and have few dependencies."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.migration import SwappableTuple, swappable_dependency
from django.test import override_settings

from tests import settings as test_settings


@pytest.fixture(autouse=True)
def _enabled_migrations() -> Iterator[None]:
    with override_settings(MIGRATION_MODULES=test_settings.MIGRATION_MODULES):
        yield


@pytest.mark.django_db
def test_models_match_migrations() -> None:
    output = StringIO()

    call_command("makemigrations", "oscar_mpesa", check_changes=True, dry_run=True, verbosity=1, stdout=output)

    assert "No changes detected" in output.getvalue()


def test_migrations_depend_only_on_first_order_migration() -> None:
    on_oscar = {key for key in _dependencies() if key[0] in _oscar_labels()}

    assert on_oscar == {("order", "0001_initial")}


def test_migrations_depend_only_on_swappable_user_model() -> None:
    on_others = {key for key in _dependencies() if key[0] not in _oscar_labels() | {"oscar_mpesa"}}

    assert on_others == {swappable_dependency("auth.User")}
    assert all(isinstance(key, SwappableTuple) for key in on_others)


def _dependencies() -> set[tuple[str, str]]:
    loader = MigrationLoader(None, load=False)
    loader.load_disk()
    migrations = loader.disk_migrations or {}
    ours = (migration for (label, _), migration in migrations.items() if label == "oscar_mpesa")
    return {key for migration in ours for key in migration.dependencies}


def _oscar_labels() -> set[str]:
    return {config.label for config in apps.get_app_configs() if config.name.startswith("oscar.")}
