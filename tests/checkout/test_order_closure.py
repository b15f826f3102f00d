"""Shoppers restore the basket of an unpaid order once, or pay with another method."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from oscar.apps.order.signals import order_status_changed
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaPayment, MpesaReceipt
from tests.checkout.closed_orders import buy_and_cancel, close_by_clock, page
from tests.page_html import html_of
from tests.shop import failure, new_product, post, success
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)

Basket = get_model("basket", "Basket")
Order = get_model("order", "Order")


@pytest.fixture
def kiondo() -> Any:
    return new_product(stock=5)


def basket_lines() -> list[tuple[str, int]]:
    """Return titles and quantities in open baskets."""
    lines = get_model("basket", "Line").objects.filter(basket__status=Basket.OPEN)
    return [(line.product.title, line.quantity) for line in lines]


def test_guest_restores_the_basket_of_a_closed_order_once(kiondo: Any) -> None:
    shopper = Shopper()
    page_url = close_by_clock(buy_and_cancel(shopper, kiondo))
    closed = page(shopper, page_url)

    first = shopper.client.post(f"{page_url}restore-basket/", follow=True)
    second = shopper.client.post(f"{page_url}restore-basket/")

    number = Order.objects.get().number
    assert f"We received no payment for order {number} by" in closed
    assert "Put the items back in my basket" in closed
    assert first.redirect_chain == [(reverse("basket:summary"), 302)]
    assert f"The items of order {number} are back in your basket." in html_of(first)
    assert second["Location"] == reverse("basket:summary")
    assert basket_lines() == [("Kiondo", 1)]


def test_page_of_a_restored_order_offers_no_restore(kiondo: Any) -> None:
    shopper = Shopper()
    page_url = close_by_clock(buy_and_cancel(shopper, kiondo))
    shopper.client.post(f"{page_url}restore-basket/")

    restored = page(shopper, page_url)

    assert "The items of this order were put back in your basket." in restored
    assert "Put the items back in my basket" not in restored


def test_warning_names_the_support_contact(kiondo: Any, settings: Any) -> None:
    settings.OSCAR_MPESA = {
        "TEST_MODE": True,
        "WAKE": settings.OSCAR_MPESA["WAKE"],
        "SUPPORT_CONTACT": "0700 000 000 & more",
    }
    shopper = Shopper()
    page_url = close_by_clock(buy_and_cancel(shopper, kiondo))

    closed = page(shopper, page_url)

    assert "don't order again: call or WhatsApp 0700 000 000 & more." in closed
    assert "Help:" not in closed


def test_user_restores_the_basket_in_another_browser(kiondo: Any, django_user_model: Any) -> None:
    user = django_user_model.objects.create_user("achieng", "achieng@example.com", "a long password")
    page_url = close_by_clock(buy_and_cancel(Shopper().signs_in(user), kiondo))

    answer = Shopper().signs_in(user).client.post(f"{page_url}restore-basket/")

    assert answer["Location"] == reverse("basket:summary")
    assert basket_lines() == [("Kiondo", 1)]


def test_sold_out_products_are_named(kiondo: Any) -> None:
    shopper = Shopper()
    shopper.puts_in_basket(new_product(title="Sufuria"))
    page_url = close_by_clock(buy_and_cancel(shopper, kiondo))
    kiondo.stockrecords.update(num_in_stock=0)

    answer = shopper.client.post(f"{page_url}restore-basket/", follow=True)

    assert "Sold out, or fewer left than you ordered: Kiondo." in html_of(answer)
    assert basket_lines() == [("Sufuria", 1)]


def test_get_restores_nothing_and_redirects_to_the_page(kiondo: Any) -> None:
    shopper = Shopper()
    page_url = close_by_clock(buy_and_cancel(shopper, kiondo))

    by_get = [shopper.client.get(f"{page_url}{action}/")["Location"] for action in ("restore-basket", "other-method")]

    assert by_get == [page_url, page_url]
    assert basket_lines() == []


def test_open_order_cannot_be_restored(kiondo: Any) -> None:
    shopper = Shopper()
    page_url = buy_and_cancel(shopper, kiondo)

    answer = shopper.client.post(f"{page_url}restore-basket/", follow=True)

    assert answer.redirect_chain == [(page_url, 302)]
    assert "The items of this order can't be put back in a basket." in html_of(answer)
    assert basket_lines() == []


def test_cash_on_delivery_after_a_cancelled_prompt(kiondo: Any) -> None:
    shopper = Shopper()
    page_url = buy_and_cancel(shopper, kiondo)
    failed = page(shopper, page_url)

    chooser = shopper.client.post(f"{page_url}other-method/", follow=True)
    shopper.chooses("cod")
    shopper.places_order()

    first, second = Order.objects.order_by("pk")
    stock = kiondo.stockrecords.get()
    assert "Pay another way" in failed
    assert chooser.redirect_chain == [(reverse("checkout:payment-method"), 302)]
    assert "How do you want to pay?" in html_of(chooser)
    assert (first.status, second.status) == ("Payment expired", "Pending")
    assert (second.lines.get().product, second.shipping_address.line1) == (kiondo, "12 Moi Avenue")
    assert stock.num_allocated == 1
    assert MpesaPayment.objects.count() == 1


def test_raising_shop_code_leaves_the_order_open_and_says_so(kiondo: Any) -> None:
    def raises(**_: Any) -> None:
        raise RuntimeError("the shop's receiver is broken")

    shopper = Shopper()
    page_url = buy_and_cancel(shopper, kiondo)
    order_status_changed.connect(raises)
    try:
        refused = shopper.client.post(f"{page_url}other-method/", follow=True)
    finally:
        order_status_changed.disconnect(raises)
    status = Order.objects.get().status
    closed = shopper.client.post(f"{page_url}other-method/")

    assert refused.redirect_chain == [(page_url, 302)]
    assert "This order couldn't be closed, because of an error in the shop." in html_of(refused)
    assert (status, Order.objects.get().status) == ("Pending payment", "Payment expired")
    assert closed["Location"] == reverse("checkout:payment-method")


def test_late_payment_after_other_method_awaits_a_decision(kiondo: Any) -> None:
    shopper = Shopper()
    page_url = buy_and_cancel(shopper, kiondo)
    shopper.client.post(f"{page_url}other-method/")
    shopper.chooses("cod")
    shopper.places_order()

    payment = MpesaPayment.objects.get()
    post(payment, success(payment), now=timezone.now())

    assert MpesaReceipt.objects.get().status == "unmatched"
    assert "The shop will send your items or refund the money" in page(shopper, page_url)


def test_second_click_also_redirects_to_the_methods(kiondo: Any) -> None:
    shopper = Shopper()
    page_url = buy_and_cancel(shopper, kiondo)

    answers = [shopper.client.post(f"{page_url}other-method/")["Location"] for _ in range(2)]

    assert answers == [reverse("checkout:payment-method")] * 2
    assert basket_lines() == [("Kiondo", 1)]


def test_pending_prompt_prevents_another_method(kiondo: Any) -> None:
    shopper = Shopper()
    page_url = str(shopper.buys(kiondo, phone="0708374151")["Location"])

    answer = shopper.client.post(f"{page_url}other-method/", follow=True)

    assert answer.redirect_chain == [(page_url, 302)]
    assert "A prompt is on the phone. Wait until it is answered or has ended." in html_of(answer)
    assert "Pay another way" not in html_of(answer)
    assert Order.objects.get().status == "Pending payment"


def test_payment_found_by_the_last_query_is_shown_as_paid(kiondo: Any) -> None:
    shopper = Shopper()
    page_url = str(shopper.buys(kiondo, phone="0708374149")["Location"])
    payment = MpesaPayment.objects.get()
    post(payment, failure(payment, code=1037), now=timezone.now())
    MpesaPayment.objects.update(push_sent_at=timezone.now() - timedelta(minutes=2))

    answer = shopper.client.post(f"{page_url}other-method/", follow=True)

    assert answer.redirect_chain == [(page_url, 302)]
    assert "Paid. Thank you!" in html_of(answer)
    assert "Decide about the money" not in html_of(answer)
    assert basket_lines() == []


def test_closed_order_cannot_be_closed_again(kiondo: Any) -> None:
    shopper = Shopper()
    page_url = close_by_clock(buy_and_cancel(shopper, kiondo))

    answer = shopper.client.post(f"{page_url}other-method/", follow=True)

    assert "This order no longer waits for a payment." in html_of(answer)
    assert basket_lines() == []


def test_shops_own_payment_view_is_offered(kiondo: Any, settings: Any) -> None:
    settings.OSCAR_MPESA = {"TEST_MODE": True, "WAKE": settings.OSCAR_MPESA["WAKE"]}
    shopper = Shopper()

    assert "Pay another way" in page(shopper, buy_and_cancel(shopper, kiondo))
