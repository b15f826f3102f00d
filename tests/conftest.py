"""What every test has: an empty cache and its own language; and, where it is asked for, no leave to be skipped."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Generator, Iterator
from typing import Any, TypeVar

import pytest
from django.core.cache import caches
from django.utils import translation
from hypothesis import settings as hypothesis_settings

from tests.database_flush import flush_faster
from tests.oscar_apps import oscar_checkout

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

# The same examples on every machine and every day; what fails is found again without a database of failures.
hypothesis_settings.register_profile("stable", derandomize=True, database=None, deadline=None)
hypothesis_settings.load_profile("stable")

#: Set where everything that the tests need is there, so that a skipped test is a hole and not a courtesy.
NO_SKIPS = bool(os.environ.get("OSCAR_MPESA_NO_SKIPS"))


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """As pytest-django makes it, and emptied faster after each test with real transactions."""
    with django_db_blocker.unblock():
        flush_faster()


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
    """Give the shop Oscar's own checkout, which takes no payment: no other way to pay, but for the settings."""
    oscar_checkout(monkeypatch)


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
