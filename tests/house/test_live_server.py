"""The tests' own server serves as a shop's does."""

from __future__ import annotations

import pytest
from django.db import connection
from pytest_django.live_server_helper import LiveServer


@pytest.mark.django_db(transaction=True)
def test_live_server_shares_no_connection_with_tests(live_server: LiveServer) -> None:
    """A waiting page answered 500 now and then: a transaction of somebody else's was open on its connection."""
    assert not live_server.thread.connections_override
    assert ":memory:" not in connection.settings_dict["NAME"]
