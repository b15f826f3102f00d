"""A script that orders everything can't keep the items from other shoppers for a day."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOrder
from tests.checkout.closed_orders import buy_and_cancel, choose_pay_later, close_by_clock, latest, page
from tests.page_html import html_of
from tests.shop import failure, new_product, post
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)

ONCE = "You've already chosen to pay later for another order. Pay for this one now."


def buy(shopper: Shopper, product: Any, *, quantity: int, email: str = "guest@example.com") -> str:
    """Order items, and return the URL of the payment page. Its prompt is live."""
    shopper.puts_in_basket(product, quantity=quantity).gives_address(email=email).chooses("mpesa")
    shopper.names_phone("0708374149")
    return str(shopper.places_order()["Location"])


def answer_to_pay_later(shopper: Shopper, page_url: str) -> str:
    text: str = html_of(shopper.client.post(f"{page_url}pay-later/", follow=True))
    return text


def on_sale(product: Any) -> int:
    stock = get_model("partner", "StockRecord").objects.get(product=product)
    return int(stock.num_in_stock - (stock.num_allocated or 0))


def test_expensive_order_of_everything_is_on_sale_again_after_half_an_hour() -> None:
    shopper, kiondo = Shopper(), new_product(stock=120, price="1500")
    page_url = buy(shopper, kiondo, quantity=120)

    while_live = answer_to_pay_later(shopper, page_url)
    post(latest(), failure(latest()), now=timezone.now())
    offered, ended = page(shopper, page_url), answer_to_pay_later(shopper, page_url)

    assert "A prompt is already on the phone. Answer it there first." in while_live
    assert "I&#x27;ll pay later" not in offered and "I'll pay later" not in offered
    assert "This order is too large to pay for later. Pay now." in ended
    assert (MpesaOrder.objects.get().pay_later_at, on_sale(kiondo)) == (None, 0)
    close_by_clock(page_url)
    assert on_sale(kiondo) == 120


@pytest.mark.parametrize("changed", ["session", "email"])
def test_cheap_order_of_everything_is_kept_once_per_session_and_email(changed: str) -> None:
    shopper, kiondo, chapati = Shopper(), new_product(), new_product(stock=120, price="80")
    first_url = buy_and_cancel(shopper, kiondo)
    choose_pay_later(shopper, first_url)
    if changed == "session":
        shopper, email = Shopper(), "Guest@Example.com"
    else:
        email = "another@example.com"

    page_url = buy(shopper, chapati, quantity=120, email=email)
    while_live = answer_to_pay_later(shopper, page_url)
    post(latest(), failure(latest()), now=timezone.now())
    offered, ended = page(shopper, page_url), answer_to_pay_later(shopper, page_url)

    assert "A prompt is already on the phone." in while_live and ONCE in ended
    assert "mpesa-otherwise" in offered and "mpesa-pay-later" not in offered
    assert on_sale(chapati) == 0
    close_by_clock(page_url)
    assert (on_sale(chapati), on_sale(kiondo)) == (120, 9)
