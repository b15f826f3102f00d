"""The app follows statuses and totals that the shop changes in its own orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone
from oscar.core.loading import get_class, get_model

from oscar_mpesa.models import MpesaAllocation, MpesaEvent, MpesaOrder, MpesaOutboxMessage, MpesaReceipt
from oscar_mpesa.services.order_closure import CloseResult, close_expired_order
from oscar_mpesa.services.refunds import record_refund
from tests.commit_hooks import commit_hooks
from tests.oscar_adapter.books import net_of_books, payment_events, sources
from tests.oscar_adapter.offers import OWN, counted, new_basket, new_offer, new_voucher, place
from tests.pipelines import forked_pipeline
from tests.services.concurrent_changes import broken_books
from tests.shop import CANCELS, failure, later, new_order, new_payment, new_product, pay, post

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")

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


def set_in_dashboard(order: Any, status: str, *, by: Any, client: Any) -> list[str]:
    """Set a status on Oscar's own order page, and return the page's messages."""
    client.force_login(by)
    page = reverse("dashboard:order-detail", kwargs={"number": order.number})
    with commit_hooks():
        answer = client.post(page, {"order_action": "change_order_status", "new_status": status})
    assert answer.status_code == 302
    return [str(message) for message in get_messages(answer.wsgi_request)]


def set_status(order: Any, *statuses: str) -> None:
    for status in statuses:
        get_class("order.processing", "EventHandler")().handle_order_status_change(order, status)


def allocated(product: Any) -> int:
    return int(product.stockrecords.get().num_allocated)


def receipt_state() -> tuple[str, str, Any]:
    receipt = MpesaReceipt.objects.get()
    return receipt.status, receipt.unmatched_reason, receipt.unallocated


def test_expired_order_releases_its_stock(payment: Any, product: Any) -> None:
    released = close_expired_order(payment.mpesa_order, now=later(OVERDUE))

    mpesa_order = MpesaOrder.objects.get()
    assert released is CloseResult.CLOSED
    assert (mpesa_order.order.status, allocated(product)) == ("Payment expired", 0)
    assert set(mpesa_order.stock_snapshot) == {"vouchers", "discounts", "stock"}


def test_late_payment_reopens_and_pays_the_order(payment: Any) -> None:
    before = counted() | counted(OWN)
    close_expired_order(payment.mpesa_order, now=later(OVERDUE))
    assert counted() | counted(OWN) != before

    pay(payment, now=later(OVERDUE + 9))

    order = MpesaOrder.objects.get().order
    assert counted() | counted(OWN) == before
    assert receipt_state() == ("matched", "", 0)
    assert (order.status, net_of_books(order)) == ("Being processed", order.total_incl_tax)
    assert MpesaEvent.objects.filter(type="order_paid").count() == 1


def test_late_payment_without_stock_stays_unmatched(payment: Any, product: Any) -> None:
    close_expired_order(payment.mpesa_order, now=later(OVERDUE))
    product.stockrecords.update(num_in_stock=1)
    before = counted() | counted(OWN)

    pay(payment, now=later(OVERDUE + 9))

    order = MpesaOrder.objects.get().order
    assert counted() | counted(OWN) == before
    assert receipt_state() == ("unmatched", "sold_out", order.total_incl_tax)
    assert (order.status, order.sources.count()) == ("Payment expired", 0)


def test_booking_error_keeps_the_retaken_stock_and_the_money(payment: Any) -> None:
    before = counted() | counted(OWN)
    close_expired_order(payment.mpesa_order, now=later(OVERDUE))

    with broken_books():
        pay(payment, now=later(OVERDUE + 9))

    mpesa_order = MpesaOrder.objects.get()
    assert counted() | counted(OWN) == before
    assert receipt_state() == ("matched", "", 0)
    assert (mpesa_order.is_paid, mpesa_order.is_closed, mpesa_order.order.status) == (True, False, "Payment expired")
    assert MpesaAllocation.objects.get().error == """RuntimeError("the shop's books are broken")"""


class TestStatusSetInOscarsDashboard:
    """Staff change an order's status on Oscar's own page."""

    def test_canceling_an_unpaid_order_releases_everything(
        self, payment: Any, product: Any, boss: Any, client: Any
    ) -> None:
        set_in_dashboard(payment.mpesa_order.order, "Cancelled", by=boss, client=client)

        mpesa_order = MpesaOrder.objects.get()
        assert (mpesa_order.order.status, mpesa_order.close_reason) == ("Cancelled", "staff")
        assert allocated(product) == 0
        assert {row[1] for row in counted()["vouchers"]} == {0}

    def test_canceling_a_paid_order_unmatches_its_money_and_releases_everything(
        self, payment: Any, product: Any, boss: Any, client: Any
    ) -> None:
        pay(payment, now=later(60))
        order = Order.objects.get()
        held = allocated(product)

        set_in_dashboard(order, "Cancelled", by=boss, client=client)

        assert (held, allocated(product)) == (2, 0)
        assert {row[1] for row in counted()["vouchers"]} == {0}
        assert receipt_state() == ("unmatched", "order_canceled", order.total_incl_tax)
        assert (MpesaOrder.objects.get().is_paid, net_of_books(order)) == (False, 0)
        assert [each[0] for each in payment_events(order)] == ["Paid", "Reversal"]

    def test_refund_after_the_cancellation_needs_no_books(
        self, payment: Any, product: Any, boss: Any, client: Any
    ) -> None:
        pay(payment, now=later(60))
        order = Order.objects.get()
        set_in_dashboard(order, "Cancelled", by=boss, client=client)

        receipt = MpesaReceipt.objects.get()
        record_refund(receipt, amount=receipt.amount, code="SKN1AAA111", by=boss, now=timezone.now())

        assert receipt_state() == ("refunded", "", 0)
        assert (allocated(product), net_of_books(order)) == (0, 0)

    def test_cancellation_after_a_part_refund_keeps_only_the_refund(
        self, payment: Any, product: Any, boss: Any, client: Any
    ) -> None:
        pay(payment, now=later(60))
        order, receipt = Order.objects.get(), MpesaReceipt.objects.get()
        record_refund(receipt, amount=Decimal(200), code="SKN1AAA111", by=boss, now=later(OVERDUE))

        set_in_dashboard(order, "Cancelled", by=boss, client=client)

        assert receipt_state() == ("unmatched", "order_canceled", receipt.amount - 200)
        assert sources(order) == [("OD123ABC45", 200, 200, 200)]
        assert (allocated(product), net_of_books(order)) == (0, 0)

    def test_closed_order_that_goes_on_takes_its_stock_again(
        self, payment: Any, product: Any, boss: Any, client: Any
    ) -> None:
        before = counted() | counted(OWN)
        close_expired_order(payment.mpesa_order, now=later(OVERDUE))
        order = Order.objects.get()

        messages = set_in_dashboard(order, "Being processed", by=boss, client=client)

        mpesa_order = MpesaOrder.objects.get()
        assert messages == ["Order status changed from 'Payment expired' to 'Being processed'"]
        assert (mpesa_order.order.status, mpesa_order.is_closed) == ("Being processed", False)
        assert counted() | counted(OWN) == before

    def test_closed_order_that_awaits_payment_again_gets_time_to_pay(
        self, payment: Any, product: Any, boss: Any, client: Any
    ) -> None:
        close_expired_order(payment.mpesa_order, now=later(OVERDUE))

        set_in_dashboard(Order.objects.get(), "Pending payment", by=boss, client=client)

        mpesa_order = MpesaOrder.objects.get()
        assert (mpesa_order.order.status, mpesa_order.is_closed) == ("Pending payment", False)
        assert mpesa_order.close_check_at == mpesa_order.pay_before > timezone.now()
        assert allocated(product) == 2

    def test_closed_order_without_stock_keeps_its_status(
        self, payment: Any, product: Any, boss: Any, client: Any
    ) -> None:
        close_expired_order(payment.mpesa_order, now=later(OVERDUE))
        product.stockrecords.update(num_in_stock=1)
        before, order = counted() | counted(OWN), Order.objects.get()
        changes = order.status_changes.count()

        messages = set_in_dashboard(order, "Being processed", by=boss, client=client)

        mpesa_order = MpesaOrder.objects.get()
        assert messages == [
            "Unable to change order status due to payment error: Some items of this order are no longer in stock."
        ]
        assert (mpesa_order.order.status, mpesa_order.is_closed) == ("Payment expired", True)
        assert counted() | counted(OWN) == before
        assert order.status_changes.count() == changes

    def test_unmatched_money_pays_a_closed_order_that_goes_on(
        self, payment: Any, product: Any, boss: Any, client: Any
    ) -> None:
        close_expired_order(payment.mpesa_order, now=later(OVERDUE))
        product.stockrecords.update(num_in_stock=1)
        pay(payment, now=later(OVERDUE + 9))
        product.stockrecords.update(num_in_stock=5)

        order = Order.objects.get()
        set_in_dashboard(order, "Being processed", by=boss, client=client)

        assert receipt_state() == ("matched", "", 0)
        assert net_of_books(order) == order.total_incl_tax
        assert allocated(product) == 2

    def test_bulk_change_reopens_and_refuses_order_by_order(
        self, payment: Any, product: Any, boss: Any, client: Any
    ) -> None:
        other = new_payment(new_order(), phone=CANCELS, now=later(5))
        post(other, failure(other), now=later(20))
        for each in (payment, other):
            close_expired_order(each.mpesa_order, now=later(OVERDUE))
        product.stockrecords.update(num_in_stock=1)
        client.force_login(boss)

        ids = list(Order.objects.values_list("pk", flat=True))
        fields = {"action": "change_order_statuses", "new_status": "Being processed", "selected_order": ids}
        client.post(reverse("dashboard:order-list"), fields)
        statuses = dict(Order.objects.values_list("pk", "status"))
        assert statuses == {payment.order_id: "Payment expired", other.order_id: "Being processed"}
        assert [each.is_closed for each in MpesaOrder.objects.order_by("pk")] == [True, False]


def test_canceled_order_of_another_method_is_left_to_oscar(product: Any) -> None:
    order = place(new_basket(product), status="Pending")

    set_status(order, "Cancelled")

    assert allocated(product) == 2


def test_order_that_staff_moved_on_keeps_its_status_and_gets_its_books(payment: Any) -> None:
    order = payment.mpesa_order.order
    set_status(order, "Being processed", "Complete")

    pay(payment, now=later(60))

    order.refresh_from_db()
    assert (receipt_state(), order.status) == (("matched", "", 0), "Complete")
    assert MpesaAllocation.objects.get().error == ""
    assert (net_of_books(order), len(payment_events(order))) == (order.total_incl_tax, 1)
    assert set(MpesaOutboxMessage.objects.values_list("kind", flat=True)) >= {"order_paid", "paid_email"}


def test_pipeline_without_the_paid_status_keeps_the_order_and_writes_its_books(
    payment: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    forked_pipeline(monkeypatch, {"Pending payment": ("Cancelled",), "Cancelled": ()})

    pay(payment, now=later(60))

    order = Order.objects.get()
    assert (order.status, net_of_books(order)) == ("Pending payment", order.total_incl_tax)
    assert MpesaOutboxMessage.objects.filter(kind="order_paid").exists()


def test_order_that_was_on_hold_gets_time_to_pay_and_then_closes(payment: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = {**Order.pipeline, "On hold": ("Pending payment",)}
    pipeline["Pending payment"] = (*pipeline["Pending payment"], "On hold")
    forked_pipeline(monkeypatch, pipeline)
    order = payment.mpesa_order.order
    set_status(order, "On hold")
    assert close_expired_order(MpesaOrder.objects.get(), now=later(OVERDUE)) is CloseResult.UNCHANGED
    assert MpesaOrder.objects.get().close_check_at is None

    before = timezone.now()
    set_status(order, "Pending payment")

    mpesa_order = MpesaOrder.objects.get()
    assert mpesa_order.close_check_at == mpesa_order.pay_before
    assert 29 < (mpesa_order.pay_before - before).total_seconds() / 60 < 31
    assert close_expired_order(mpesa_order, now=mpesa_order.pay_before) is CloseResult.CLOSED
