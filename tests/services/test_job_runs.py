"""Reconcile leaves a trace, so that a shop where nobody runs it can be told so."""

from __future__ import annotations

from typing import Any

import pytest

from oscar_mpesa.models import MpesaJobRun
from oscar_mpesa.services.reconciliation import RECONCILE, last_job_run, reconcile, record_job_run
from tests.query_counts import counted
from tests.shop import later, new_payment

pytestmark = pytest.mark.django_db(transaction=True)


def test_nothing_is_seen_of_what_never_ran() -> None:
    assert last_job_run(RECONCILE) is None


def test_a_pass_that_came_to_its_end_is_seen() -> None:
    list(reconcile(lambda: later(60)))
    list(reconcile(lambda: later(120)))

    assert last_job_run(RECONCILE) == later(120)
    assert str(MpesaJobRun.objects.get()) == "reconcile"


def test_a_pass_that_was_stopped_on_the_way_is_not(settings: Any) -> None:
    new_payment()

    step = next(reconcile(lambda: later(60)))

    assert step.done
    assert last_job_run(RECONCILE) is None


def test_copies_that_end_at_the_same_time_write_once() -> None:
    record_job_run(RECONCILE, now=later(0))

    with counted() as count:
        record_job_run(RECONCILE, now=later(5))

    assert last_job_run(RECONCILE) == later(0)
    assert not any("INSERT" in sql for sql in count), str(count)
