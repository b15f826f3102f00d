"""What says that an order is paid is never delivered after ``order_unpaid`` (L14)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from oscar_mpesa.models import MpesaOutboxMessage
from oscar_mpesa.services import outbox
from oscar_mpesa.services.allocation import reverse_allocation
from oscar_mpesa.services.outbox import Delivery, deliver
from oscar_mpesa.services.refunds import record_refund
from oscar_mpesa.signals import order_paid, order_unpaid
from tests.services.money import PERMISSIONS, paid_order, receipt
from tests.shop import later, new_staff_user

pytestmark = pytest.mark.django_db(transaction=True)


class Warehouse:
    """A shop's receivers. ``is_down`` makes the first of them raise."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.is_down = True

    def pack(self, **_: Any) -> None:
        if self.is_down:
            raise RuntimeError("the warehouse is down")
        self.heard.append("paid")

    def unpack(self, **_: Any) -> None:
        self.heard.append("unpaid")


@pytest.fixture
def warehouse(settings: Any) -> Iterator[Warehouse]:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "WAKE": ""}
    shop = Warehouse()
    order_paid.connect(shop.pack)
    order_unpaid.connect(shop.unpack)
    yield shop
    order_paid.disconnect(shop.pack)
    order_unpaid.disconnect(shop.unpack)


def message(kind: str) -> MpesaOutboxMessage:
    return MpesaOutboxMessage.objects.select_related(*outbox.RELATED).get(kind=kind)


def unmatch(order: Any) -> None:
    entry = order.mpesa_allocations.get()
    reverse_allocation(entry, by=new_staff_user(*PERMISSIONS), note="another customer's", now=later(60))


def test_order_paid_is_skipped_once_the_order_is_unpaid(warehouse: Warehouse) -> None:
    order = paid_order()
    assert deliver(message("order_paid"), now=later(20)) is Delivery.FAILED
    unmatch(order)

    unpaid = deliver(message("order_unpaid"), now=later(100))
    warehouse.is_down = False
    paid, email = (deliver(message(kind), now=later(3600)) for kind in ("order_paid", "paid_email"))

    assert (unpaid, paid, email) == (Delivery.DELIVERED, Delivery.SKIPPED, Delivery.SKIPPED)
    assert (warehouse.heard, message("order_paid").skip_reason) == (["unpaid"], "outdated")


def test_order_paid_is_skipped_once_all_money_is_refunded(warehouse: Warehouse) -> None:
    paid_order()
    assert deliver(message("order_paid"), now=later(20)) is Delivery.FAILED
    warehouse.is_down = False
    record_refund(receipt(), amount=Decimal(1000), code="cash", by=new_staff_user(*PERMISSIONS), now=later(60))
    in_part = deliver(message("paid_email"), now=later(61))
    record_refund(receipt(), amount=Decimal(500), code="cash", by=new_staff_user(*PERMISSIONS), now=later(62))

    in_full = deliver(message("order_paid"), now=later(3600))

    assert (in_part, in_full, warehouse.heard) == (Delivery.DELIVERED, Delivery.SKIPPED, [])


def test_order_unpaid_waits_while_order_paid_is_being_sent(warehouse: Warehouse) -> None:
    order = paid_order()
    MpesaOutboxMessage.objects.filter(kind="order_paid").update(reserved_at=later(60), tries=1)
    unmatch(order)

    early = deliver(message("order_unpaid"), now=later(61))
    MpesaOutboxMessage.objects.filter(kind="order_paid").update(delivered_at=later(62))
    late = deliver(message("order_unpaid"), now=later(61) + timedelta(minutes=2))

    assert (early, late, warehouse.heard) == (Delivery.POSTPONED, Delivery.DELIVERED, ["unpaid"])
