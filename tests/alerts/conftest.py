"""Provide a shop where ``mpesa_reconcile`` has just run."""

from __future__ import annotations

import pytest

from oscar_mpesa.services import reconciliation
from tests.shop import NOON


@pytest.fixture
def reconcile_runs(transactional_db: None) -> None:
    """Record a run at ``NOON``."""
    reconciliation.record_job_run(reconciliation.RECONCILE, now=NOON)
