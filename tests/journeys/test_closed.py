"""Journeys past an order's time to pay: the last query, the closing, and late money."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.urls import reverse

from oscar_mpesa.models import MpesaOrder, MpesaReceipt, ReceiptStatus
from oscar_mpesa.simulator.server import Simulator
from tests.journeys.conftest import pass_time
from tests.journeys.shop_state import stock_of
from tests.page_html import html_of
from tests.shop import new_product
from tests.shopper import Shopper

HALF_AN_HOUR = 31 * 60


def let_order_expire(daraja: Simulator, shopper: Shopper, product: Any) -> str:
    """Place an order, cancel its prompt, and reconcile half an hour later; return its page."""
    page: str = shopper.buys(product)["Location"]
    daraja.call_back(daraja.pushes[-1], code=1032)
    pass_time(HALF_AN_HOUR)
    call_command("mpesa_reconcile")
    return page


def test_paid_order_found_by_last_query_stays_open(daraja: Simulator, shopper: Shopper) -> None:
    product = new_product(stock=3)
    shopper.buys(product)
    daraja.answer(daraja.pushes[0])
    pass_time(HALF_AN_HOUR)

    call_command("mpesa_reconcile")

    order = shopper.order()
    assert order.status == "Being processed"
    assert MpesaReceipt.objects.get().status == ReceiptStatus.MATCHED
    assert stock_of(product) == (3, 1)
    assert not MpesaOrder.objects.get().is_closed


def test_cancelled_payment_is_queried_before_its_order_closes(daraja: Simulator, shopper: Shopper) -> None:
    shopper.buys(new_product())
    daraja.call_back(daraja.pushes[0], code=1032)
    daraja.answer(daraja.pushes[0], code=0)
    pass_time(HALF_AN_HOUR)

    call_command("mpesa_reconcile")

    assert len(daraja.queries) == 1
    assert shopper.order().status == "Being processed"


def test_unpaid_order_releases_its_stock_and_tells_the_shopper(daraja: Simulator, shopper: Shopper) -> None:
    product = new_product(stock=3)
    page = let_order_expire(daraja, shopper, product)

    closed = html_of(shopper.client.get(page))
    call_command("mpesa_reconcile")

    assert shopper.order().status == "Payment expired"
    assert stock_of(product) == (3, 0)
    assert f"We received no payment for order {shopper.order().number} by" in closed
    assert len(mail.outbox) == 1
    assert shopper.order().number in str(mail.outbox[0].body)


def test_items_of_a_closed_order_go_back_to_the_basket_once(daraja: Simulator, shopper: Shopper) -> None:
    product = new_product(stock=3)
    page = let_order_expire(daraja, shopper, product)

    for _ in range(2):
        shopper.client.post(f"{page}restore-basket/")

    basket = shopper.client.get(reverse("basket:summary")).context["basket"]
    assert [(line.product_id, line.quantity) for line in basket.all_lines()] == [(product.pk, 1)]
    assert stock_of(product) == (3, 0)


def test_late_money_reopens_the_order(daraja: Simulator, shopper: Shopper) -> None:
    product = new_product(stock=3)
    page = let_order_expire(daraja, shopper, product)

    daraja.call_back(daraja.pushes[0], code=0)

    assert shopper.order().status == "Being processed"
    assert MpesaReceipt.objects.get().status == ReceiptStatus.MATCHED
    assert stock_of(product) == (3, 1)
    assert "Paid. Thank you!" in html_of(shopper.client.get(page))
    assert len(daraja.ledger) == 1


def test_late_money_waits_for_a_person_after_the_basket_was_restored(daraja: Simulator, shopper: Shopper) -> None:
    product = new_product(stock=3)
    page = let_order_expire(daraja, shopper, product)
    shopper.client.post(f"{page}restore-basket/")

    daraja.call_back(daraja.pushes[0], code=0)

    receipt = MpesaReceipt.objects.get()
    text = html_of(shopper.client.get(page))
    assert receipt.status == ReceiptStatus.UNMATCHED
    assert list(MpesaReceipt.objects.needing_decision()) == [receipt]
    assert shopper.order().status == "Payment expired"
    assert stock_of(product) == (3, 0)
    assert "Don't pay again" in text
    assert str(receipt.number) in text
    assert str(receipt.number) in str(mail.outbox[-1].body)


def test_late_money_waits_for_a_person_when_the_items_are_sold(daraja: Simulator, shopper: Shopper) -> None:
    product = new_product(stock=1)
    page = let_order_expire(daraja, shopper, product)
    Shopper().buys(product, phone="0712345678")

    daraja.call_back(daraja.pushes[0], code=0)

    assert MpesaReceipt.objects.get().status == ReceiptStatus.UNMATCHED
    assert stock_of(product) == (1, 1)
    assert "Don't pay again" in html_of(shopper.client.get(page))


def test_other_method_closes_the_order_and_late_money_waits(daraja: Simulator, shopper: Shopper) -> None:
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
    assert MpesaReceipt.objects.get().status == ReceiptStatus.UNMATCHED


@pytest.mark.parametrize("answer", ["4999", "9000"], ids=["pending forever", "an unknown code"])
def test_order_waits_for_an_unclear_result_unless_it_means_not_paid(
    daraja: Simulator, shopper: Shopper, answer: str
) -> None:
    shopper.buys(new_product())
    daraja.answer(daraja.pushes[0], code=answer)
    pass_time(HALF_AN_HOUR)
    call_command("mpesa_reconcile")
    soon = shopper.order().status
    pass_time(25 * 60 * 60)

    call_command("mpesa_reconcile")

    reasons = {"4999": "expired", "9000": "unconfirmed"}
    assert soon == ("Payment expired" if answer == "4999" else "Pending payment")
    assert shopper.order().status == "Payment expired"
    assert MpesaOrder.objects.get().close_reason == reasons[answer]
