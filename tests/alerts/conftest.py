"""A shop whose reconcile was seen a moment ago."""

from __future__ import annotations

import pytest

from oscar_mpesa.services import reconciliation
from tests.shop import NOON


@pytest.fixture
def reconcile_runs(transactional_db: None) -> None:
    """At ``NOON``."""
    reconciliation.record_job_run(reconciliation.RECONCILE, now=NOON)
