"""Several reconcilers, as on several hosts, find the same things due at the same moment: each is done once."""

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
from tests.databases.crowd import BusyDaraja, at_once, new_payment
from tests.shop import post, success

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]

#: Of each kind of thing.
EACH = 6
RECONCILERS = 3

NOW = timezone.now()

Order = get_model("order", "Order")
Source = get_model("payment", "Source")
Transaction = get_model("payment", "Transaction")


def paid(*, minutes_ago: int) -> MpesaPayment:
    """An attempt whose success is posted now."""
    payment = new_payment(now=NOW - timedelta(minutes=minutes_ago))
    post(payment, success(payment, number=f"SK{payment.pk:08}"), now=NOW - timedelta(minutes=minutes_ago))
    return payment


@contextmanager
def broken_shop() -> Iterator[None]:
    def refuse(**_: Any) -> None:
        raise RuntimeError("the shop's own fault")

    order_status_changed.connect(refuse)
    yield
    order_status_changed.disconnect(refuse)


def leave_callbacks() -> None:
    """Their processes died as soon as they were kept."""
    for _ in range(EACH):
        payment = new_payment(now=NOW - timedelta(minutes=2))
        body = success(payment, number=f"SK{payment.pk:08}")
        MpesaCallback.objects.create(
            body=body, received_at=NOW - timedelta(minutes=2), environment=payment.environment, payment=payment
        )


def leave_unsent_prompts() -> None:
    for _ in range(EACH):
        new_payment(now=NOW - timedelta(minutes=2), sent=False)


def leave_refused_books() -> None:
    with broken_shop():
        for _ in range(EACH):
            paid(minutes_ago=2)


def leave_overdue_orders() -> None:
    for _ in range(EACH):
        payment = new_payment(now=NOW - timedelta(minutes=31))
        refresh_payment(payment, now=NOW - timedelta(minutes=28))


def leave_mails() -> None:
    """Their processes died before they were sent."""
    orders = [paid(minutes_ago=10).mpesa_order_id for _ in range(EACH)]
    MpesaOutboxMessage.objects.filter(mpesa_order__in=orders).update(delivered_at=None, reserved_at=None, tries=0)


def leave_questions() -> None:
    for _ in range(EACH):
        new_payment(now=NOW - timedelta(seconds=21))


def test_three_dozen_things_that_three_reconcilers_find_at_once_are_done_once(
    daraja: BusyDaraja, settings: Any
) -> None:
    # Only production's budget has room for so many questions in one minute.
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "ENVIRONMENT": "production", "TEST_MODE": False}
    daraja.seconds = 0
    for leave in (
        leave_overdue_orders,
        leave_mails,
        leave_callbacks,
        leave_refused_books,
        leave_unsent_prompts,
        leave_questions,
    ):
        leave()
    mail.outbox.clear()
    MpesaApiCall.objects.all().delete()

    passes = at_once([lambda: list(reconcile(lambda: NOW))] * RECONCILERS)

    assert all(step.done for steps in passes for step in steps)
    assert counted(MpesaPayment, "status") == {"completed": 18, "expired": 6, "failed": 6, "processing": 6}
    assert counted(Order, "status") == {"Being processed": 18, "Payment expired": 6, "Pending payment": 12}
    assert set(counted(MpesaEvent.objects.filter(type="payment_settled"), "payment").values()) == {1}
    assert set(counted(MpesaEvent.objects.filter(type="order_closed"), "mpesa_order").values()) == {1}
    assert set(counted(Source, "order").values()) == set(counted(Transaction, "source").values()) == {1}
    asked = counted(MpesaApiCall.objects.filter(endpoint="query"), "payment")
    assert set(asked.values()) == {1}
    assert 2 * EACH <= len(asked) <= 3 * EACH  # of a callback that one works through, another may ask meanwhile
    assert len([letter for letter in mail.outbox if letter.subject.startswith("Confirmation")]) == 18
    assert set(Counter(letter.subject for letter in mail.outbox).values()) == {1}


def counted(rows: Any, column: str) -> Counter[Any]:
    """How many rows have the same in a column."""
    return Counter(getattr(rows, "objects", rows).values_list(column, flat=True))
