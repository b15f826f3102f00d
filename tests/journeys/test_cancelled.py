"""Staff cancel an order in Oscar's own dashboard, paid or not."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from oscar.core.loading import get_model

from oscar_mpesa.models import Allocation, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.simulator.server import Simulator
from tests.journeys.conftest import wait
from tests.journeys.states import stock_of
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


def test_an_order_that_waits_for_its_money_gives_its_things_back_at_once(
    daraja: Simulator, shopper: Shopper, staff: Client
) -> None:
    product = new_product(stock=3)
    page = shopper.buys(product)["Location"]

    cancel(staff, shopper.order())

    text = shopper.client.get(page).content.decode()
    assert shopper.order().status == "Cancelled"
    assert stock_of(product) == (3, 0)
    assert MpesaOrder.objects.get().close_reason == "staff"
    assert daraja.queries == []
    assert f"order {shopper.order().number}" in text.lower()
    assert "No payment reached us by" not in text
    assert len(mail.outbox) == 1


def test_money_that_comes_after_it_waits_for_a_person(daraja: Simulator, shopper: Shopper, staff: Client) -> None:
    product = new_product(stock=3)
    page = shopper.buys(product)["Location"]
    cancel(staff, shopper.order())

    daraja.call_back(daraja.pushes[0])

    receipt = MpesaReceipt.objects.get()
    assert MpesaPayment.objects.get().status == "completed"
    assert receipt.allocation == Allocation.UNALLOCATED
    assert stock_of(product) == (3, 0)
    assert "Do not pay again" in shopper.client.get(page).content.decode()


def test_a_prompt_that_is_out_is_still_asked_about_and_ends(daraja: Simulator, shopper: Shopper, staff: Client) -> None:
    shopper.buys(new_product())
    cancel(staff, shopper.order())
    wait(151)

    call_command("mpesa_reconcile")

    assert len(daraja.queries) == 1
    assert MpesaPayment.objects.get().status == "expired"


def test_an_order_that_is_paid_keeps_its_things_and_its_money_is_listed(
    daraja: Simulator, shopper: Shopper, staff: Client
) -> None:
    product = new_product(stock=3)
    shopper.buys(product)
    daraja.call_back(daraja.pushes[0])

    cancel(staff, shopper.order())

    receipt = MpesaReceipt.objects.get()
    assert receipt.allocation == Allocation.APPLIED
    assert list(MpesaReceipt.objects.needing_decision()) == [receipt]
    assert stock_of(product) == (3, 1)
    assert not MpesaOrder.objects.get().is_closed


def test_an_order_that_the_clock_closed_already_gives_nothing_back_twice(
    daraja: Simulator, shopper: Shopper, staff: Client
) -> None:
    product = new_product(stock=3)
    shopper.buys(product)
    daraja.call_back(daraja.pushes[0], code=1032)
    other = Shopper()
    other.buys(product, phone="0712345678")
    wait(31 * 60)
    MpesaOrder.objects.exclude(order=shopper.order().pk).update(close_check_at=None)
    call_command("mpesa_reconcile")
    before = stock_of(product)

    for order in get_model("order", "Order").objects.filter(status="Payment expired"):
        cancel(staff, order)

    assert stock_of(product) == before
