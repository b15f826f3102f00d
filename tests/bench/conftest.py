"""Collect garbage as a shop does, and skip a benchmark, by name, if its database server does not answer."""

from __future__ import annotations

import gc
import socket

import pytest
from django.db import connection

#: Python's own thresholds, which other tests raise.
THRESHOLDS = (700, 10, 10)


@pytest.fixture(autouse=True)
def _garbage_collection() -> None:
    """Collect garbage as often as in production, because benchmarks measure memory."""
    gc.set_threshold(*THRESHOLDS)


@pytest.fixture(scope="session", autouse=True)
def _server() -> None:
    """Check the server before Django asks it for a test database."""
    place = connection.settings_dict["HOST"], int(connection.settings_dict["PORT"] or 0)
    if connection.vendor == "postgresql" and not _answers(*place):
        pytest.skip(f"no PostgreSQL answers at {place[0]}:{place[1]}")


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return False
    return True
