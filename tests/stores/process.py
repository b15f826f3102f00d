"""Run another store in its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from tests.house.sources import ROOT


def run(*words: str, settings: str) -> subprocess.CompletedProcess[str]:
    """Run a module of Python with the settings of a store, in an environment that allows test mode."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MPESA_", "PYTEST_"))}
    environment |= {"DJANGO_SETTINGS_MODULE": settings, "MPESA_TEST_MODE": "true"}
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def result_of(settings: str) -> dict[str, Any]:
    """Return the outcomes of a store's purchases. See ``one_store.py``."""
    done = run("tests.stores.one_store", settings=settings)
    try:
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        return {"code": 1, "outcomes": {}, "values": {}, "errors": [done.stdout + done.stderr]}
    return result
