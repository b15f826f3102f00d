"""Only the orders that a shop lets wait for M-PESA are pending, whatever status it places orders in."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from oscar.core.loading import get_model
from oscar.test.factories import ShippingEventFactory, SourceFactory

from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.services.awaited_payments import await_payment
from oscar_mpesa.services.exceptions import NotPayable
from oscar_mpesa.services.payments import get_or_create_mpesa_order
from tests.api.client import holding
from tests.shop import NOON, new_order, new_payment, pay

pytestmark = pytest.mark.django_db(transaction=True)

Order = get_model("order", "Order")


def placed_order(status: str = "Pending") -> Any:
    """Return an order as django-oscar-api places it: in the shop's own initial status."""
    order = new_order()
    Order.objects.filter(pk=order.pk).update(status=status)
    return Order.objects.get(pk=order.pk)


@pytest.mark.parametrize("status", ["Pending", "New", ""], ids=["initial", "another", "none"])
def test_awaited_order_is_paid_through_the_api(status: str) -> None:
    order, other = placed_order(status), placed_order(status)
    refused = holding(order).initiates(order.pk)

    await_payment(order)
    await_payment(order)
    started, of_other = holding(order).initiates(order.pk), holding(other).initiates(other.pk)

    assert [answer.status_code for answer in (refused, started, of_other)] == [409, 200, 409]
    assert order.status == "Pending payment"
    assert [each.order.pk for each in MpesaOrder.objects.all()] == [order.pk]


def test_awaited_order_reaches_the_paid_status() -> None:
    order = placed_order()
    await_payment(order)

    pay(new_payment(order))

    order.refresh_from_db()
    assert order.status == "Being processed"


def take_cash(order: Any) -> None:
    SourceFactory(order=order, amount_debited=Decimal(0))


def pay_by_mpesa(order: Any) -> None:
    Order.objects.filter(pk=order.pk).update(status="Pending payment")
    pay(new_payment(Order.objects.get(pk=order.pk)))


def enroll(order: Any) -> None:
    get_or_create_mpesa_order(order.pk, now=NOON)


def note_payment(order: Any) -> None:
    event_type = get_model("order", "PaymentEventType").objects.create(name="Paid by card")
    order.payment_events.create(event_type=event_type, amount=order.total_incl_tax)


BUSY: dict[str, Callable[[Any], Any]] = {
    "a source of another method": take_cash,
    "a payment event": note_payment,
    "a shipment": lambda order: ShippingEventFactory(order=order),
    "a new status": lambda order: order.set_status("Being processed"),
    "canceled": lambda order: order.set_status("Cancelled"),
    "canceled without a change": lambda order: Order.objects.filter(pk=order.pk).update(status="Cancelled"),
    "paid by M-PESA": pay_by_mpesa,
    "an M-PESA side": enroll,
}


@pytest.mark.parametrize("happened", BUSY)
def test_order_that_is_not_new_is_refused(happened: str) -> None:
    order = placed_order()
    BUSY[happened](order)
    before, payments = Order.objects.get(pk=order.pk).status, MpesaPayment.objects.count()

    with pytest.raises(NotPayable):
        await_payment(order)

    answer = holding(order).initiates(order.pk)
    assert (answer.status_code, MpesaPayment.objects.count()) == (409, payments)
    assert Order.objects.get(pk=order.pk).status == before != "Pending payment"
