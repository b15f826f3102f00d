"""Run the purchases of one store in this process, and print the outcome as JSON on the last line.

``python -m tests.stores.one_store``, with the store's settings in ``DJANGO_SETTINGS_MODULE``.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import django
import pytest
from django.core.management import call_command

from tests.stores.shapes import PLACE, shape_of


class Recorder:
    """A plugin of pytest that collects the outcome of each test, and the values that it records."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}
        self.values: dict[str, str] = {}
        self.errors: list[str] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep an error in a module."""
        if report.failed:
            self.errors.append(report.longreprtext)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the outcome of a test, or of a fixture that failed."""
        if report.when == "call" or report.failed:
            name = report.nodeid.rpartition("::")[2]
            self.outcomes[name] = report.outcome if self.outcomes.get(name) != "failed" else "failed"
            self.values.update((key, str(value)) for key, value in report.user_properties)
        if report.failed:
            self.errors.append(f"{report.nodeid}\n{report.longreprtext}")


def run() -> dict[str, Any]:
    """Run the shared purchases, and the store's own if it has some."""
    recorder, shape = Recorder(), shape_of(os.environ["DJANGO_SETTINGS_MODULE"])
    if shape.prepare:
        django.setup()
    for command in shape.prepare:
        call_command(*command)
    modules = [PLACE / "purchases.py"] if shape.has_pages else []
    modules += [path for path in [shape.place / "purchases.py"] if path.exists()]
    options = ["--quiet", "--no-header", "--tb=short", "-p", "no:cacheprovider", "-m", ""]
    code = pytest.main([*options, *map(str, modules)], plugins=[recorder])
    return {"code": int(code), "outcomes": recorder.outcomes, "values": recorder.values, "errors": recorder.errors}


if __name__ == "__main__":
    result = run()
    sys.stdout.write("\n" + json.dumps(result) + "\n")
