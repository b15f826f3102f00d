"""A callback is stored at once, whatever locks another transaction holds (M3)."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaCallback, MpesaPayment
from tests.databases.threads import MAX_WAIT, new_payment
from tests.shop import pay, post, success

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]

Order = get_model("order", "Order")


def post_alone(payment: MpesaPayment, body: bytes) -> MpesaCallback:
    """Post a callback in this thread, on a connection of its own."""
    try:
        return post(payment, body)
    finally:
        connections.close_all()


def wait_until_stored(number: int) -> None:
    """Wait until this many callbacks are stored."""
    started = time.monotonic()
    while MpesaCallback.objects.count() < number:
        assert time.monotonic() - started < MAX_WAIT
        time.sleep(0.01)


def test_callback_is_stored_while_its_order_and_payment_are_locked() -> None:
    payment = new_payment()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Order.objects.select_for_update().get(pk=payment.order_id)
            MpesaPayment.objects.select_for_update().get(pk=payment.pk)
            posted = pool.submit(post_alone, payment, success(payment))
            wait_until_stored(1)
            waits = not posted.done()
        verdict = posted.result(MAX_WAIT).verdict

    assert (waits, verdict) == (True, "applied")


def test_repeated_callback_is_answered_while_its_payment_is_locked() -> None:
    payment = pay(new_payment())

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        Order.objects.select_for_update().get(pk=payment.order_id)
        MpesaPayment.objects.select_for_update().get(pk=payment.pk)
        repeated = pool.submit(post_alone, payment, success(payment))
        wait_until_stored(2)

        assert repeated.result(MAX_WAIT).verdict == "duplicate"
