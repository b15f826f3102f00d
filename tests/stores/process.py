"""Run another store in its own process."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.house.sources import ROOT


def run(*words: str, settings: str = "settings", store: str = "duka") -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MPESA_", "PYTEST_"))}
    environment["DJANGO_SETTINGS_MODULE"] = f"tests.stores.{store}.{settings}"
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
