"""A shop's own hook raises after our commit: what is committed goes on, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from django.db.models.signals import post_save
from oscar.apps.order.signals import order_status_changed

from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.services.commit import durable_transaction
from oscar_mpesa.services.payments import retry_payment
from oscar_mpesa.services.reconciliation import reconcile
from tests.shop import ANOTHER, CANCELS, failure, later, new_payment, post

pytestmark = pytest.mark.django_db(transaction=True)


def fail_after_commit(**_: Any) -> None:
    """Register a hook that raises."""

    def hook() -> None:
        raise RuntimeError("the warehouse does not answer")

    transaction.on_commit(hook)


@contextmanager
def shop_hook(signal: Any, **about: Any) -> Iterator[None]:
    """Let the shop register its hook whenever this signal is sent."""
    signal.connect(fail_after_commit, **about)
    try:
        yield
    finally:
        signal.disconnect(fail_after_commit, **about)


def cancelled_payment() -> MpesaPayment:
    payment = new_payment(phone=CANCELS)
    post(payment, failure(payment))
    return payment


def test_new_prompt_is_sent_although_a_hook_raises(caplog: pytest.LogCaptureFixture) -> None:
    order = cancelled_payment().mpesa_order.order

    with shop_hook(post_save, sender=MpesaPayment):
        payment = retry_payment(order, phone=ANOTHER, now=later(300))

    payment.refresh_from_db()
    assert (payment.status, payment.push_sent_at) == ("processing", later(300))
    assert "the warehouse does not answer" in caplog.text


def test_order_is_closed_once_although_a_hook_raises() -> None:
    cancelled_payment()

    with shop_hook(order_status_changed):
        steps = [step for step in reconcile(lambda: later(3600)) if step.kind.value == "order"]

    mpesa_order = MpesaOrder.objects.get()
    assert [(step.outcome, step.done) for step in steps] == [("closed", True)]
    assert (mpesa_order.is_closed, mpesa_order.order.status) == (True, "Payment expired")


def test_error_before_the_commit_is_raised_and_rolls_back() -> None:
    payment = new_payment(sent=False)

    def change_and_fail() -> None:
        with durable_transaction():
            MpesaPayment.objects.update(result_code="changed")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        change_and_fail()

    payment.refresh_from_db()
    assert payment.result_code == ""
