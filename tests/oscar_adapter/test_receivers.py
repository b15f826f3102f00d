"""Services change Oscar's rows through the adapter, and a cancellation in Oscar's dashboard closes the order."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from oscar.core.loading import get_class

from oscar_mpesa.models import Allocation, MpesaOrder, MpesaReceipt
from oscar_mpesa.services.order_closure import CloseResult, close_expired_order
from tests.oscar_adapter.offers import OWN, counted, new_basket, new_offer, new_voucher, place
from tests.services.concurrent_changes import broken_books
from tests.shop import CANCELS, failure, later, new_payment, new_product, pay, post

pytestmark = pytest.mark.django_db

OVERDUE = 31 * 60


@pytest.fixture
def product() -> Any:
    """Create a product. Every order here has two of it."""
    return new_product(stock=5)


@pytest.fixture
def payment(product: Any, achieng: Any) -> Any:
    """Create a payment that was canceled on the phone, for an order with an offer and a voucher."""
    new_offer()
    payment = new_payment(place(new_basket(product, user=achieng, vouchers=[new_voucher()])), phone=CANCELS)
    post(payment, failure(payment), now=later(20))
    return payment


def test_expired_order_releases_its_stock(payment: Any, product: Any) -> None:
    released = close_expired_order(payment.mpesa_order, now=later(OVERDUE))

    mpesa_order = MpesaOrder.objects.get()
    assert released is CloseResult.CLOSED
    assert (mpesa_order.order.status, product.stockrecords.get().num_allocated) == ("Payment expired", 0)
    assert set(mpesa_order.stock_snapshot) == {"vouchers", "discounts", "stock"}


def test_late_payment_reopens_and_pays_the_order(payment: Any) -> None:
    before = counted() | counted(OWN)
    close_expired_order(payment.mpesa_order, now=later(OVERDUE))
    assert counted() | counted(OWN) != before

    pay(payment, now=later(OVERDUE + 9))

    order = MpesaOrder.objects.get().order
    assert counted() | counted(OWN) == before
    assert MpesaReceipt.objects.get().allocation == Allocation.APPLIED
    assert (order.status, order.sources.get().amount_debited) == ("Being processed", order.total_incl_tax)


def test_late_payment_without_stock_stays_unmatched(payment: Any, product: Any) -> None:
    close_expired_order(payment.mpesa_order, now=later(OVERDUE))
    product.stockrecords.update(num_in_stock=1)
    before = counted() | counted(OWN)

    pay(payment, now=later(OVERDUE + 9))

    order = MpesaOrder.objects.get().order
    assert counted() | counted(OWN) == before
    assert MpesaReceipt.objects.get().allocation == Allocation.UNALLOCATED
    assert (order.status, order.sources.count()) == ("Payment expired", 0)


def test_booking_error_rolls_back_the_retaken_stock(payment: Any) -> None:
    close_expired_order(payment.mpesa_order, now=later(OVERDUE))
    before = counted() | counted(OWN)

    with broken_books():
        pay(payment, now=later(OVERDUE + 9))

    assert counted() | counted(OWN) == before
    assert MpesaReceipt.objects.get().allocation == Allocation.UNALLOCATED
    assert MpesaOrder.objects.get().is_closed


def test_cancelling_in_oscars_dashboard_releases_everything(payment: Any, product: Any, boss: Any, client: Any) -> None:
    client.force_login(boss)
    order = payment.mpesa_order.order
    page = reverse("dashboard:order-detail", kwargs={"number": order.number})

    client.post(page, {"order_action": "change_order_status", "new_status": "Cancelled"})

    order.refresh_from_db()
    mpesa_order = MpesaOrder.objects.get()
    assert (order.status, mpesa_order.close_reason) == ("Cancelled", "staff")
    assert product.stockrecords.get().num_allocated == 0
    assert {row[1] for row in counted()["vouchers"]} == {0}


def test_cancelled_order_of_another_method_is_left_to_oscar(product: Any) -> None:
    order = place(new_basket(product), status="Pending")

    get_class("order.processing", "EventHandler")().handle_order_status_change(order, "Cancelled")

    assert product.stockrecords.get().num_allocated == 2
