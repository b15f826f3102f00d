"""Several reconcilers find the same due work at the same moment, and do each item once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone
from oscar.apps.order.signals import order_status_changed
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaApiCall, MpesaCallback, MpesaEvent, MpesaOutboxMessage, MpesaPayment
from oscar_mpesa.services.reconciliation import reconcile
from oscar_mpesa.services.status_query import refresh_payment
from tests.databases.threads import BusyDaraja, at_once, new_payment
from tests.shop import post, success

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]

#: Items of each kind.
EACH = 6
RECONCILERS = 3

NOW = timezone.now()

Order = get_model("order", "Order")
Source = get_model("payment", "Source")
Transaction = get_model("payment", "Transaction")


def paid(*, minutes_ago: int) -> MpesaPayment:
    """Create a payment and post its success."""
    payment = new_payment(now=NOW - timedelta(minutes=minutes_ago))
    post(payment, success(payment, number=f"SK{payment.pk:08}"), now=NOW - timedelta(minutes=minutes_ago))
    return payment


@contextmanager
def broken_shop() -> Iterator[None]:
    def refuse(**_: Any) -> None:
        raise RuntimeError("the shop's receiver fails")

    order_status_changed.connect(refuse)
    yield
    order_status_changed.disconnect(refuse)


def leave_callbacks() -> None:
    """Leave callbacks whose process died right after it stored them."""
    for _ in range(EACH):
        payment = new_payment(now=NOW - timedelta(minutes=2))
        body = success(payment, number=f"SK{payment.pk:08}")
        MpesaCallback.objects.create(
            body=body, received_at=NOW - timedelta(minutes=2), environment=payment.environment, payment=payment
        )


def leave_unsent_pushes() -> None:
    for _ in range(EACH):
        new_payment(now=NOW - timedelta(minutes=2), sent=False)


def leave_refused_bookings() -> None:
    with broken_shop():
        for _ in range(EACH):
            paid(minutes_ago=2)


def leave_overdue_orders() -> None:
    for _ in range(EACH):
        payment = new_payment(now=NOW - timedelta(minutes=31))
        refresh_payment(payment, now=NOW - timedelta(minutes=28))


def leave_emails() -> None:
    """Leave emails whose process died before it sent them."""
    orders = [paid(minutes_ago=10).mpesa_order_id for _ in range(EACH)]
    MpesaOutboxMessage.objects.filter(mpesa_order__in=orders).update(delivered_at=None, reserved_at=None, tries=0)


def leave_due_queries() -> None:
    for _ in range(EACH):
        new_payment(now=NOW - timedelta(seconds=21))


def test_three_reconcilers_at_once_do_each_item_once(daraja: BusyDaraja, settings: Any) -> None:
    # Only production's budget has room for so many queries in one minute.
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "ENVIRONMENT": "production", "TEST_MODE": False}
    daraja.seconds = 0
    for leave in (
        leave_overdue_orders,
        leave_callbacks,
        leave_refused_bookings,
        leave_unsent_pushes,
        leave_due_queries,
        leave_emails,  # last, because each commit delivers what is due
    ):
        leave()
    mail.outbox.clear()
    MpesaApiCall.objects.all().delete()

    passes = at_once([lambda: list(reconcile(lambda: NOW))] * RECONCILERS)

    assert all(step.done for steps in passes for step in steps)
    assert count_by(MpesaPayment, "status") == {"completed": 18, "expired": 6, "failed": 6, "processing": 6}
    assert count_by(Order, "status") == {"Being processed": 18, "Payment expired": 6, "Pending payment": 12}
    assert set(count_by(MpesaEvent.objects.filter(type="payment_settled"), "payment").values()) == {1}
    assert set(count_by(MpesaEvent.objects.filter(type="order_closed"), "mpesa_order").values()) == {1}
    assert set(count_by(Source, "order").values()) == set(count_by(Transaction, "source").values()) == {1}
    asked = count_by(MpesaApiCall.objects.filter(endpoint="query"), "payment")
    assert set(asked.values()) == {1}
    assert 2 * EACH <= len(asked) <= 3 * EACH  # one reconciler may query while another one processes the callback
    assert len([email for email in mail.outbox if email.subject.startswith("Confirmation")]) == 18
    assert set(Counter(email.subject for email in mail.outbox).values()) == {1}


def count_by(rows: Any, column: str) -> Counter[Any]:
    """Count the rows by the value of a column."""
    return Counter(getattr(rows, "objects", rows).values_list(column, flat=True))
