"""Staff cancel an order in Oscar's dashboard, before or after it is paid."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOrder, MpesaPayment, MpesaReceipt, ReceiptStatus
from oscar_mpesa.services.allocation import allocate
from oscar_mpesa.simulator.server import Simulator
from tests.journeys.conftest import pass_time
from tests.journeys.shop_state import stock_of
from tests.shop import new_product
from tests.shopper import Shopper


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("njeri", "njeri@example.com", "a long password"))
    return client


def cancel(staff: Client, order: Any) -> None:
    page = reverse("dashboard:order-detail", kwargs={"number": order.number})
    answer = staff.post(page, {"order_action": "change_order_status", "new_status": "Cancelled"})
    assert answer.status_code == 302


def test_cancelling_an_unpaid_order_releases_its_stock(daraja: Simulator, shopper: Shopper, staff: Client) -> None:
    product = new_product(stock=3)
    page = shopper.buys(product)["Location"]

    cancel(staff, shopper.order())

    text = shopper.client.get(page).content.decode()
    assert shopper.order().status == "Cancelled"
    assert stock_of(product) == (3, 0)
    assert MpesaOrder.objects.get().close_reason == "staff"
    assert daraja.queries == []
    assert f"order {shopper.order().number}" in text.lower()
    assert "We received no payment for order" not in text
    assert len(mail.outbox) == 1


def test_money_after_cancellation_waits_for_a_person(daraja: Simulator, shopper: Shopper, staff: Client) -> None:
    product = new_product(stock=3)
    page = shopper.buys(product)["Location"]
    cancel(staff, shopper.order())

    daraja.call_back(daraja.pushes[0])

    receipt = MpesaReceipt.objects.get()
    assert MpesaPayment.objects.get().status == "completed"
    assert receipt.status == ReceiptStatus.UNMATCHED
    assert (receipt.unmatched_reason, receipt.unallocated) == ("order_canceled", 1500)
    assert stock_of(product) == (3, 0)
    assert "has been asked to refund your KSh 1,500" in shopper.client.get(page).content.decode()


def test_prompt_of_a_cancelled_order_is_queried_until_it_expires(
    daraja: Simulator, shopper: Shopper, staff: Client
) -> None:
    shopper.buys(new_product())
    cancel(staff, shopper.order())
    pass_time(151)

    call_command("mpesa_reconcile")

    assert len(daraja.queries) == 1
    assert MpesaPayment.objects.get().status == "expired"


def test_cancelled_paid_order_releases_its_stock_and_lists_its_money(
    daraja: Simulator, shopper: Shopper, staff: Client
) -> None:
    product = new_product(stock=3)
    page = shopper.buys(product)["Location"]
    daraja.call_back(daraja.pushes[0])
    held = stock_of(product)

    cancel(staff, shopper.order())

    receipt, mpesa_order = MpesaReceipt.objects.get(), MpesaOrder.objects.get()
    assert (receipt.status, receipt.unmatched_reason) == (ReceiptStatus.UNMATCHED, "order_canceled")
    assert list(MpesaReceipt.objects.needing_decision()) == [receipt]
    assert (held, stock_of(product)) == ((3, 1), (3, 0))
    assert (mpesa_order.is_closed, mpesa_order.is_paid) == (True, False)
    assert shopper.order().sources.get().amount_debited == 0
    assert "has been asked to refund your KSh 1,500" in shopper.client.get(page).content.decode()
    assert [email.subject.rstrip("0123456789") for email in mail.outbox][:1] == ["TEST: Confirmation of order "]
    assert [email.subject[:11] for email in mail.outbox][1:] == ["TEST: Order"]


def test_money_of_a_cancelled_order_pays_the_customer_s_new_order(
    daraja: Simulator, shopper: Shopper, staff: Client
) -> None:
    shopper.buys(new_product())
    daraja.call_back(daraja.pushes[0])
    cancel(staff, shopper.order())
    page = shopper.buys(new_product(), phone="0712345678")["Location"]
    daraja.call_back(daraja.pushes[1], code=1032)
    second, receipt = shopper.order(), MpesaReceipt.objects.get()

    allocate(receipt, second, by=get_user_model().objects.get(username="njeri"), now=timezone.now())

    second.refresh_from_db()
    assert (second.status, second.sources.get().amount_debited) == ("Being processed", 1500)
    assert str(receipt.number) in shopper.client.get(page).content.decode()
    assert "Paid. Thank you!" in shopper.client.get(page).content.decode()


def test_cancelling_an_expired_order_releases_no_stock_twice(
    daraja: Simulator, shopper: Shopper, staff: Client
) -> None:
    product = new_product(stock=3)
    shopper.buys(product)
    daraja.call_back(daraja.pushes[0], code=1032)
    other = Shopper()
    other.buys(product, phone="0712345678")
    pass_time(31 * 60)
    MpesaOrder.objects.exclude(order=shopper.order().pk).update(close_check_at=None)
    call_command("mpesa_reconcile")
    before = stock_of(product)

    for order in get_model("order", "Order").objects.filter(status="Payment expired"):
        cancel(staff, order)

    assert stock_of(product) == before
