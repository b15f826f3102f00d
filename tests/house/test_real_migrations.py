"""The migrations run forwards and backwards on an empty database."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.sources import ROOT

pytestmark = pytest.mark.slow


def test_migrations_run_forwards_and_backwards(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'shop.sqlite3'}"

    _manage("migrate", "--verbosity", "0", database=database)
    _manage("migrate", "--check", database=database)
    _manage("migrate", "oscar_mpesa", "zero", "--verbosity", "0", database=database)
    unapplied = _manage("showmigrations", "oscar_mpesa", database=database)
    _manage("migrate", "oscar_mpesa", "--verbosity", "0", database=database)

    assert "[ ] 0001_initial" in unapplied
    assert "[X] 0001_initial" in _manage("showmigrations", "oscar_mpesa", database=database)


def _manage(*arguments: str, database: str) -> str:
    environment = os.environ | {"TEST_DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(
        [sys.executable, "-m", "django", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
