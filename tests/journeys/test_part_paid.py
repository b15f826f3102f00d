"""Journeys of orders that are paid in two parts, because their total changed while the first one was on its way."""

from __future__ import annotations

from typing import Any

from django.core import mail
from django.core.management import call_command
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOrder, MpesaReceipt
from oscar_mpesa.simulator.server import Simulator
from tests.journeys.conftest import pass_time
from tests.journeys.shop_state import stock_of
from tests.oscar_adapter.books import net_of_books, payment_events
from tests.shop import new_product
from tests.shopper import Shopper

A_DAY = 25 * 60 * 60


def pays_part(daraja: Simulator, shopper: Shopper, product: Any) -> str:
    """Buy for KSh 1,500, and pay it after the shop changed the total to KSh 2,500; return the payment page."""
    page: str = shopper.buys(product)["Location"]
    get_model("order", "Order").objects.update(total_incl_tax=2500, total_excl_tax=2500)
    daraja.call_back(daraja.pushes[0])
    return page


def test_shopper_pays_the_rest_from_the_page(daraja: Simulator, shopper: Shopper) -> None:
    page = pays_part(daraja, shopper, new_product())
    part_paid, status = shopper.client.get(page).content.decode(), shopper.order().status

    shopper.client.post(f"{page}retry/", {"phone_number": "0712345678"})
    daraja.call_back(daraja.pushes[1])

    order = shopper.order()
    assert "KSh 1,500 of KSh 2,500 has arrived. KSh 1,000 is left to pay." in part_paid
    assert (status, order.status) == ("Pending payment", "Being processed")
    assert [push.amount for push in daraja.pushes] == [1500, 1000]
    assert [each[:2] for each in payment_events(order)] == [("Part payment", 1500), ("Paid", 1000)]
    assert net_of_books(order) == 2500
    assert "Paid. Thank you!" in shopper.client.get(page).content.decode()
    assert [message.subject for message in mail.outbox] == [
        f"TEST: Order {order.number}: KSh 1,000 is left to pay",
        f"TEST: Confirmation of order {order.number}",
    ]


def test_part_paid_order_closes_after_a_day_and_its_rest_reopens_it(daraja: Simulator, shopper: Shopper) -> None:
    product = new_product(stock=3)
    page = pays_part(daraja, shopper, product)
    shopper.client.post(f"{page}retry/", {"phone_number": "0712345678"})
    daraja.call_back(daraja.pushes[1], code=1032)
    pass_time(A_DAY)
    call_command("mpesa_reconcile")
    closed, text = shopper.order(), shopper.client.get(page).content.decode()
    waiting, stock, net = MpesaReceipt.objects.get(), stock_of(product), net_of_books(closed)

    daraja.call_back(daraja.pushes[1])

    order = shopper.order()
    assert (closed.status, waiting.unmatched_reason, stock, net) == ("Payment expired", "order_closed", (3, 0), 0)
    assert "was closed before it was paid in full" in text
    assert "was closed before it was paid in full" in str(mail.outbox[-2].body)
    assert (order.status, MpesaOrder.objects.get().is_closed) == ("Being processed", False)
    assert stock_of(product) == (3, 1)
    assert [receipt.status for receipt in MpesaReceipt.objects.all()] == ["matched", "matched"]
    assert net_of_books(order) == 2500
