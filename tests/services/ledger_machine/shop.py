"""Where each history of money begins: three orders, and payments that Safaricom has called unpaid."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model

from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.services import order_changes
from tests.shop import NOON, new_order
from tests.snapshots import Snapshot

#: The total of each order. The last one has no payments, so staff bring it its first money.
TOTALS = ("1500.00", "1000.00", "800.40")

#: What the payments asked for, by the number of their order.
ASKED = ((1500, 1500, 1000, 500, 500), (1000, 1500, 400), ())

PAY_BEFORE = NOON + timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True)
class Shop:
    """``orders`` and ``payments`` are keys; ``order_of`` gives the order of each payment."""

    snapshot: Snapshot
    orders: tuple[int, ...]
    payments: tuple[int, ...]
    order_of: dict[int, int]
    staff: Any


@contextmanager
def open_shop() -> Iterator[Shop]:
    orders = tuple(new_order(total=total).pk for total in TOTALS)
    order_of: dict[int, int] = {}
    for order, amounts in zip(orders, ASKED, strict=True):
        if amounts:
            MpesaOrder.objects.create(
                pk=order, environment="sandbox", created_at=NOON, pay_before=PAY_BEFORE, close_check_at=PAY_BEFORE
            )
            order_changes.reassess(order, now=NOON)
        order_of |= {_failed_payment(order, amount).pk: order for amount in amounts}
    staff = get_user_model().objects.create_superuser("achieng", "achieng@example.com", "a long password")
    with Snapshot() as snapshot:
        yield Shop(snapshot=snapshot, orders=orders, payments=tuple(order_of), order_of=order_of, staff=staff)


def _failed_payment(order: int, amount: int) -> MpesaPayment:
    """Create a payment that its payer cancelled. Safaricom will say for a year that it is not paid."""
    payment = MpesaPayment.objects.create(
        mpesa_order_id=order,
        phone="254708374149",
        amount=amount,
        status="failed",
        result_code="1032",
        environment="sandbox",
        created_at=NOON,
        push_sent_at=NOON,
        ended_at=NOON,
        not_paid_at=NOON + timedelta(days=365),
    )
    MpesaPayment.objects.filter(pk=payment.pk).update(checkout_request_id=f"ws_CO_{payment.pk:024}")
    return payment
