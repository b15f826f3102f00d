"""Whole trips past the order's own clock: the last question, the release, and money that comes anyway."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.urls import reverse

from oscar_mpesa.models import Allocation, MpesaOrder, MpesaReceipt
from oscar_mpesa.simulator.server import Simulator
from tests.journeys.conftest import wait
from tests.journeys.states import stock_of
from tests.shop import new_product
from tests.shopper import Shopper

HALF_AN_HOUR = 31 * 60


def nobody_pays(daraja: Simulator, shopper: Shopper, product: Any) -> str:
    """An order whose request was cancelled, half an hour later; returns its page."""
    page: str = shopper.buys(product)["Location"]
    daraja.call_back(daraja.pushes[-1], code=1032)
    wait(HALF_AN_HOUR)
    call_command("mpesa_reconcile")
    return page


def test_before_an_order_is_given_up_safaricom_is_asked_once_more_and_paid_there_is_paid(
    daraja: Simulator, shopper: Shopper
) -> None:
    product = new_product(stock=3)
    shopper.buys(product)
    daraja.answer(daraja.pushes[0])
    wait(HALF_AN_HOUR)

    call_command("mpesa_reconcile")

    order = shopper.order()
    assert order.status == "Being processed"
    assert MpesaReceipt.objects.get().allocation == Allocation.APPLIED
    assert stock_of(product) == (3, 1)
    assert not MpesaOrder.objects.get().is_closed


def test_a_cancelled_request_is_asked_about_too_before_its_order_is_given_up(
    daraja: Simulator, shopper: Shopper
) -> None:
    shopper.buys(new_product())
    daraja.call_back(daraja.pushes[0], code=1032)
    daraja.answer(daraja.pushes[0], code=0)
    wait(HALF_AN_HOUR)

    call_command("mpesa_reconcile")

    assert len(daraja.queries) == 1
    assert shopper.order().status == "Being processed"


def test_an_order_that_nobody_paid_gives_its_things_back_and_says_so(daraja: Simulator, shopper: Shopper) -> None:
    product = new_product(stock=3)
    page = nobody_pays(daraja, shopper, product)

    closed = shopper.client.get(page).content.decode()
    call_command("mpesa_reconcile")

    assert shopper.order().status == "Payment expired"
    assert stock_of(product) == (3, 0)
    assert f"Order {shopper.order().number} is closed" in closed
    assert len(mail.outbox) == 1
    assert shopper.order().number in str(mail.outbox[0].body)


def test_the_things_of_a_closed_order_go_back_to_the_basket_once(daraja: Simulator, shopper: Shopper) -> None:
    product = new_product(stock=3)
    page = nobody_pays(daraja, shopper, product)

    for _ in range(2):
        shopper.client.post(f"{page}restore-basket/")

    basket = shopper.client.get(reverse("basket:summary")).context["basket"]
    assert [(line.product_id, line.quantity) for line in basket.all_lines()] == [(product.pk, 1)]
    assert stock_of(product) == (3, 0)


def test_late_money_takes_the_order_up_again(daraja: Simulator, shopper: Shopper) -> None:
    product = new_product(stock=3)
    page = nobody_pays(daraja, shopper, product)

    daraja.call_back(daraja.pushes[0], code=0)

    assert shopper.order().status == "Being processed"
    assert MpesaReceipt.objects.get().allocation == Allocation.APPLIED
    assert stock_of(product) == (3, 1)
    assert "Paid. Thank you!" in shopper.client.get(page).content.decode()
    assert len(daraja.ledger) == 1


def test_late_money_waits_for_a_person_once_the_things_are_back_in_a_basket(
    daraja: Simulator, shopper: Shopper
) -> None:
    product = new_product(stock=3)
    page = nobody_pays(daraja, shopper, product)
    shopper.client.post(f"{page}restore-basket/")

    daraja.call_back(daraja.pushes[0], code=0)

    receipt = MpesaReceipt.objects.get()
    text = shopper.client.get(page).content.decode()
    assert receipt.allocation == Allocation.UNALLOCATED
    assert list(MpesaReceipt.objects.needing_decision()) == [receipt]
    assert shopper.order().status == "Payment expired"
    assert stock_of(product) == (3, 0)
    assert "Do not pay again" in text
    assert str(receipt.number) in text
    assert str(receipt.number) in str(mail.outbox[-1].body)


def test_late_money_waits_for_a_person_when_the_things_were_sold_to_others(daraja: Simulator, shopper: Shopper) -> None:
    product = new_product(stock=1)
    page = nobody_pays(daraja, shopper, product)
    Shopper().buys(product, phone="0712345678")

    daraja.call_back(daraja.pushes[0], code=0)

    assert MpesaReceipt.objects.get().allocation == Allocation.UNALLOCATED
    assert stock_of(product) == (1, 1)
    assert "Do not pay again" in shopper.client.get(page).content.decode()


def test_another_way_to_pay_closes_the_order_and_its_late_money_waits_for_a_person(
    daraja: Simulator, shopper: Shopper
) -> None:
    product = new_product(stock=3)
    page = shopper.buys(product)["Location"]
    first = shopper.order()
    daraja.call_back(daraja.pushes[0], code=1)

    answer = shopper.client.post(f"{page}other-method/")
    shopper.chooses("cod")
    shopper.places_order()
    daraja.call_back(daraja.pushes[0], code=0)

    second = shopper.order()
    first.refresh_from_db()
    assert answer["Location"] == reverse("checkout:payment-method")
    assert (first.status, second.status) == ("Payment expired", "Pending")
    assert stock_of(product) == (3, 1)
    assert MpesaReceipt.objects.get().allocation == Allocation.UNALLOCATED


@pytest.mark.parametrize("answer", ["4999", "9000"], ids=["pending for ever", "a code nobody knows"])
def test_what_safaricom_cannot_say_is_waited_for_unless_it_means_no(
    daraja: Simulator, shopper: Shopper, answer: str
) -> None:
    shopper.buys(new_product())
    daraja.answer(daraja.pushes[0], code=answer)
    wait(HALF_AN_HOUR)
    call_command("mpesa_reconcile")
    soon = shopper.order().status
    wait(25 * 60 * 60)

    call_command("mpesa_reconcile")

    reasons = {"4999": "expired", "9000": "unconfirmed"}
    assert soon == ("Payment expired" if answer == "4999" else "Pending payment")
    assert shopper.order().status == "Payment expired"
    assert MpesaOrder.objects.get().close_reason == reasons[answer]
