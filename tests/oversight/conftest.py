"""A shop whose reconcile was seen a moment ago."""

from __future__ import annotations

import pytest

from oscar_mpesa.lifecycle import heartbeat
from tests.shop import NOON


@pytest.fixture
def reconcile_runs(transactional_db: None) -> None:
    """At ``NOON``."""
    heartbeat.beat(heartbeat.RECONCILE, now=NOON)
