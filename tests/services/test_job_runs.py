"""``reconcile`` records its runs, so that the shop can see when it stopped."""

from __future__ import annotations

from typing import Any

import pytest

from oscar_mpesa.models import MpesaJobRun
from oscar_mpesa.services.reconciliation import RECONCILE, last_job_run, reconcile, record_job_run
from tests.query_counts import counted
from tests.shop import later, new_payment

pytestmark = pytest.mark.django_db(transaction=True)


def test_job_that_never_ran_has_no_run() -> None:
    assert last_job_run(RECONCILE) is None


def test_finished_pass_is_recorded() -> None:
    list(reconcile(lambda: later(60)))
    list(reconcile(lambda: later(120)))

    assert last_job_run(RECONCILE) == later(120)
    assert str(MpesaJobRun.objects.get(job="reconcile")) == "reconcile"


def test_interrupted_pass_is_not_recorded(settings: Any) -> None:
    new_payment()

    step = next(reconcile(lambda: later(60)))

    assert step.done
    assert last_job_run(RECONCILE) is None


def test_passes_that_end_together_write_once() -> None:
    record_job_run(RECONCILE, now=later(0))

    with counted() as count:
        record_job_run(RECONCILE, now=later(5))

    assert last_job_run(RECONCILE) == later(0)
    assert not any("INSERT" in sql for sql in count), str(count)
