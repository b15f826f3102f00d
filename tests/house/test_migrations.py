"""The migrations say what the models say, and lean on little."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.migration import SwappableTuple, swappable_dependency
from django.test import override_settings

from tests import settings as as_written


@pytest.fixture(autouse=True)
def _migrations_are_not_set_aside() -> Iterator[None]:
    with override_settings(MIGRATION_MODULES=as_written.MIGRATION_MODULES):
        yield


@pytest.mark.django_db
def test_models_match_migrations() -> None:
    said = StringIO()

    call_command("makemigrations", "oscar_mpesa", check_changes=True, dry_run=True, verbosity=1, stdout=said)

    assert "No changes detected" in said.getvalue()


def test_migrations_depend_only_on_first_order_migration() -> None:
    needed = _dependencies()

    of_oscar = {key for key in needed if key[0] in _labels_of_oscar()}

    assert of_oscar == {("order", "0001_initial")}


def test_migrations_depend_only_on_swappable_user_model() -> None:
    of_others = {key for key in _dependencies() if key[0] not in _labels_of_oscar() | {"oscar_mpesa"}}

    assert of_others == {swappable_dependency("auth.User")}
    assert all(isinstance(key, SwappableTuple) for key in of_others)


def _dependencies() -> set[tuple[str, str]]:
    loader = MigrationLoader(None, load=False)
    loader.load_disk()
    migrations = loader.disk_migrations or {}
    ours = (migration for (label, _), migration in migrations.items() if label == "oscar_mpesa")
    return {key for migration in ours for key in migration.dependencies}


def _labels_of_oscar() -> set[str]:
    return {config.label for config in apps.get_app_configs() if config.name.startswith("oscar.")}
