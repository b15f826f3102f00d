"""The live server of the tests uses its own database connections."""

from __future__ import annotations

import pytest
from django.db import connection
from pytest_django.live_server_helper import LiveServer


@pytest.mark.django_db(transaction=True)
def test_live_server_shares_no_connection_with_tests(live_server: LiveServer) -> None:
    """On a shared connection, a page could run inside a test's transaction and answer 500."""
    assert not live_server.thread.connections_override
    assert ":memory:" not in connection.settings_dict["NAME"]
