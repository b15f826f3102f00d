"""Fixtures of the checkout."""

from __future__ import annotations

import pytest
from django.db import connection


@pytest.fixture(params=[True, False], ids=["ATOMIC_REQUESTS", "autocommit"])
def atomic_requests(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Run a test with and without a transaction around each request."""
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", request.param)
    return bool(request.param)
