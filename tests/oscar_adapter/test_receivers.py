"""What the lifecycle announces reaches Oscar's side, and a cancellation in Oscar's dashboard reaches the lifecycle."""

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
    """Two of it are ordered by everybody here."""
    return new_product(stock=5)


@pytest.fixture
def payment(product: Any, achieng: Any) -> Any:
    """Cancelled on the phone, of an order with an offer and a voucher."""
    new_offer()
    payment = new_payment(place(new_basket(product, user=achieng, vouchers=[new_voucher()])), phone=CANCELS)
    post(payment, failure(payment), now=later(20))
    return payment


def test_an_overdue_order_gives_its_things_back(payment: Any, product: Any) -> None:
    released = close_expired_order(payment.mpesa_order, now=later(OVERDUE))

    mpesa_order = MpesaOrder.objects.get()
    assert released is CloseResult.CLOSED
    assert (mpesa_order.order.status, product.stockrecords.get().num_allocated) == ("Payment expired", 0)
    assert set(mpesa_order.stock_snapshot) == {"vouchers", "discounts", "stock"}


def test_late_money_takes_the_order_up_again_and_pays_it(payment: Any) -> None:
    before = counted() | counted(OWN)
    close_expired_order(payment.mpesa_order, now=later(OVERDUE))
    assert counted() | counted(OWN) != before

    pay(payment, now=later(OVERDUE + 9))

    order = MpesaOrder.objects.get().order
    assert counted() | counted(OWN) == before
    assert MpesaReceipt.objects.get().allocation == Allocation.APPLIED
    assert (order.status, order.sources.get().amount_debited) == ("Being processed", order.total_incl_tax)


def test_late_money_for_things_that_are_sold_changes_nothing_but_is_kept(payment: Any, product: Any) -> None:
    close_expired_order(payment.mpesa_order, now=later(OVERDUE))
    product.stockrecords.update(num_in_stock=1)
    before = counted() | counted(OWN)

    pay(payment, now=later(OVERDUE + 9))

    order = MpesaOrder.objects.get().order
    assert counted() | counted(OWN) == before
    assert MpesaReceipt.objects.get().allocation == Allocation.UNALLOCATED
    assert (order.status, order.sources.count()) == ("Payment expired", 0)


def test_a_shop_s_error_in_the_books_undoes_what_was_taken_again(payment: Any) -> None:
    close_expired_order(payment.mpesa_order, now=later(OVERDUE))
    before = counted() | counted(OWN)

    with broken_books():
        pay(payment, now=later(OVERDUE + 9))

    assert counted() | counted(OWN) == before
    assert MpesaReceipt.objects.get().allocation == Allocation.UNALLOCATED
    assert MpesaOrder.objects.get().is_closed


def test_staff_cancel_in_oscar_s_own_dashboard_and_everything_is_free(
    payment: Any, product: Any, boss: Any, client: Any
) -> None:
    client.force_login(boss)
    order = payment.mpesa_order.order
    page = reverse("dashboard:order-detail", kwargs={"number": order.number})

    client.post(page, {"order_action": "change_order_status", "new_status": "Cancelled"})

    order.refresh_from_db()
    mpesa_order = MpesaOrder.objects.get()
    assert (order.status, mpesa_order.close_reason) == ("Cancelled", "staff")
    assert product.stockrecords.get().num_allocated == 0
    assert {row[1] for row in counted()["vouchers"]} == {0}


def test_another_method_s_order_that_is_cancelled_is_oscar_s_own_business(product: Any) -> None:
    order = place(new_basket(product), status="Pending")

    get_class("order.processing", "EventHandler")().handle_order_status_change(order, "Cancelled")

    assert product.stockrecords.get().num_allocated == 2
