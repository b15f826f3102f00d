"""A shop removes the app: its money is exported, its orders stay usable, and it sells as before."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.stores.process import run

pytestmark = pytest.mark.slow

WITH, WITHOUT = "tests.stores.uninstalled.settings", "tests.stores.uninstalled.settings_after"


def done(*words: str, settings: str, fails: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a module in a process of its own, which must end as expected."""
    process = run(*words, settings=settings)
    assert bool(process.returncode) is fails, process.stdout + process.stderr
    return process


def test_shop_without_the_app_keeps_its_orders_and_sells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNINSTALL_DATABASE", str(tmp_path / "shop.sqlite3"))
    folder = tmp_path / "export"
    done("django", "migrate", "--verbosity", "0", settings=WITH)
    done("tests.stores.uninstalled.sell", settings=WITH)
    early = done("django", "migrate", "oscar_mpesa", "zero", settings=WITH, fails=True)
    monkeypatch.setenv("UNINSTALL_AVAILABLE_TO", "nobody")

    printed = done("django", "mpesa_uninstall", "--apply", "--export", str(folder), settings=WITH).stdout
    done("django", "migrate", "oscar_mpesa", "zero", "--verbosity", "0", settings=WITH)
    monkeypatch.setenv("UNINSTALL_LINES", "\n".join(_lines(printed)))
    check = done("django", "check", "--fail-level", "WARNING", settings=WITHOUT)
    done("django", "migrate", "--check", settings=WITHOUT)
    after = done("tests.stores.uninstalled.work_on", settings=WITHOUT)

    assert "MoneyNotExported: The tables of oscar_mpesa hold real money" in early.stderr
    assert "no issues" in check.stdout
    assert (folder / "receipts.csv").exists()
    assert _last_line(after.stdout) == {
        "details": {"New": 200, "Payment expired": 200},
        "listed": True,
        "changed to": "Cancelled",
        "source of the paid order": "OD123ABC45",
        "sold": "New",
    }


def _lines(printed: str) -> list[str]:
    """Return the lines that the owner copies into the settings."""
    return [line.strip() for line in printed.splitlines() if "OSCAR_ORDER_STATUS_PIPELINE" in line]


def _last_line(printed: str) -> Any:
    return json.loads(printed.splitlines()[-1])
