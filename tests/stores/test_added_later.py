"""A shop with a thousand orders adds the app: its migrations run, and the old orders stay as they are."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.stores.process import run

pytestmark = pytest.mark.slow

BEFORE, WITH = "tests.stores.added_later.settings_before", "tests.stores.added_later.settings"


def done(*words: str, settings: str) -> subprocess.CompletedProcess[str]:
    """Run a module in a process of its own, which must succeed."""
    process = run(*words, settings=settings)
    assert process.returncode == 0, process.stdout + process.stderr
    return process


def test_old_shop_adds_the_app_and_sells_by_mpesa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE_DATABASE", str(tmp_path / "shop.sqlite3"))
    done("django", "migrate", "--verbosity", "0", settings=BEFORE)
    done("tests.stores.added_later.old_orders", settings=BEFORE)
    pending = done("django", "migrate", "--plan", settings=WITH).stdout
    check = done("django", "check", "--fail-level", "WARNING", settings=WITH).stdout

    done("django", "migrate", "--verbosity", "0", settings=WITH)
    after = done("tests.stores.added_later.work_on", settings=WITH).stdout

    steps = [line for line in pending.splitlines() if line and not line.startswith(" ")]
    assert {line.partition(".")[0] for line in steps if line != "Planned operations:"} == {"oscar_mpesa"}
    assert "no issues" in check
    assert json.loads(after.splitlines()[-1]) == {
        "pages": [200] * 5,
        "changed to": "Packed",
        "old orders touched": 0,
        "sold": "Pending payment",
    }
