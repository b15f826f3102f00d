"""Fixtures of every test: an empty cache and the default language. Optionally fail skipped tests."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Generator, Iterator
from typing import Any, TypeVar

import pytest
from django.core.cache import caches
from django.utils import translation
from hypothesis import settings as hypothesis_settings

from oscar_mpesa.services.mail import breaker
from tests.database_flush import flush_faster
from tests.databases.fault_table import pytest_terminal_summary as pytest_terminal_summary
from tests.oscar_apps import oscar_checkout

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

# The same examples on every machine and every day; failures are found again without a database.
hypothesis_settings.register_profile("stable", derandomize=True, database=None, deadline=None)
hypothesis_settings.load_profile("stable")

#: Set in CI, where everything that the tests need is installed, so that no test is skipped unnoticed.
NO_SKIPS = bool(os.environ.get("OSCAR_MPESA_NO_SKIPS"))


def pytest_collection_finish() -> None:
    """Leave the modules out of garbage collection, and collect less often."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Set the database up as pytest-django does, and flush it faster after tests with real transactions."""
    with django_db_blocker.unblock():
        flush_faster()


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    for alias in caches:
        caches[alias].clear()


@pytest.fixture(autouse=True)
def _mail_server_answers() -> None:
    """Close the breaker that an earlier test's mail server may have opened."""
    breaker.close()


@pytest.fixture(autouse=True)
def _no_background_thread() -> Iterator[None]:
    """Fail a test whose settings lost ``WAKE``: a thread would deliver while other tests run."""
    yield
    assert [thread.name for thread in threading.enumerate() if thread.name == "oscar_mpesa"] == []


@pytest.fixture(autouse=True)
def _own_language() -> None:
    """Deactivate the language that an earlier test's request may have left active in this thread."""
    translation.deactivate()


@pytest.fixture
def untraced() -> Iterator[None]:
    """Stop tracing in tests that coverage makes twice as slow.

    ``no_cover`` of pytest-cov 7.1 goes on tracing in a worker of xdist.
    """
    here, elsewhere = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    yield
    threading.settrace(elsewhere)
    sys.settrace(here)


@pytest.fixture
def mpesa_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the shop Oscar's own checkout, so that only the settings can offer another payment method."""
    oscar_checkout(monkeypatch)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped test into a failed one, if no skips are allowed."""
    report = yield
    return _fail_skipped(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a skipped module into a failed one, if no skips are allowed."""
    report = yield
    return _fail_skipped(report)


def _fail_skipped(report: Report) -> Report:
    if NO_SKIPS and report.outcome == "skipped":
        report.outcome = "failed"
        report.longrepr = f"skipped although no skips are allowed: {report.longrepr}"
    return report
