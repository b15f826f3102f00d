"""A full table makes one payment no slower, and ``reconcile`` no larger in memory."""

from __future__ import annotations

import tracemalloc
from itertools import count
from statistics import median
from time import perf_counter
from typing import Any

import pytest

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.services.reconciliation import reconcile
from tests.bulk_rows import many_payments
from tests.query_counts import counted
from tests.services.daraja_replies import CREDENTIALS
from tests.shop import later, new_payment, post, success

pytestmark = [pytest.mark.bench, pytest.mark.django_db(transaction=True)]

FEW, MANY = 1_000, 10_000

NUMBERS = count(10_000_000)


def new_success() -> tuple[MpesaPayment, bytes]:
    """Create a waiting payment of a new phone, and the callback that completes it."""
    payment = new_payment(phone=PhoneNumber.parse(f"2547{next(NUMBERS)}"))
    return payment, success(payment, number=f"OD{payment.pk:08}")


def seconds_to_settle() -> float:
    """Return the median time to process a callback."""
    timings = []
    for _ in range(30):
        payment, body = new_success()
        started = perf_counter()
        post(payment, body)
        timings.append(perf_counter() - started)
    return median(timings)


def queries_to_settle() -> int:
    """Return the queries of a callback, once types and sites are cached."""
    payment, body = new_success()
    with counted() as queries:
        post(payment, body)
    return len(queries)


def peak_of_a_pass() -> int:
    """Return the most bytes in memory during a pass over all due payments."""
    tracemalloc.start()
    try:
        steps = sum(1 for _ in reconcile(lambda: later(21)))
        assert steps == MpesaPayment.objects.count()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_callback_is_as_fast_among_ten_thousand_payments() -> None:
    alone, queries = seconds_to_settle(), queries_to_settle()

    many_payments(MANY)

    assert queries_to_settle() == queries
    assert seconds_to_settle() < 2 * alone


def test_callback_among_ten_thousand_payments(benchmark: Any) -> None:
    many_payments(MANY)

    benchmark.pedantic(post, setup=lambda: (new_success(), {}), rounds=50)

    assert MpesaPayment.objects.filter(status="completed").count() == 50


def test_pass_over_ten_thousand_payments_needs_no_more_memory(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, **CREDENTIALS}
    many_payments(FEW)
    peak_of_a_pass()  # warm up imports and caches

    few = peak_of_a_pass()
    many_payments(MANY - FEW)

    assert peak_of_a_pass() < 1.2 * few
