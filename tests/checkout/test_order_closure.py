"""An order that nobody paid: its things go back into the basket once, or are paid in another way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaPayment, MpesaReceipt
from tests.checkout.closings import cancels, is_closed_by_the_clock, page
from tests.shop import failure, new_product, post, success
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)

Basket = get_model("basket", "Basket")
Order = get_model("order", "Order")


@pytest.fixture
def kiondo() -> Any:
    return new_product(stock=5)


def in_basket() -> list[tuple[str, int]]:
    """What lies in open baskets."""
    lines = get_model("basket", "Line").objects.filter(basket__status=Basket.OPEN)
    return [(line.product.title, line.quantity) for line in lines]


def test_a_guest_gets_the_things_of_a_closed_order_back_once(kiondo: Any) -> None:
    shopper = Shopper()
    wait_url = is_closed_by_the_clock(cancels(shopper, kiondo))
    closed = page(shopper, wait_url)

    first = shopper.client.post(f"{wait_url}restore-basket/", follow=True)
    second = shopper.client.post(f"{wait_url}restore-basket/")

    number = Order.objects.get().number
    assert f"Order {number} is closed. No payment reached us by" in closed
    assert "Put the things back in my basket" in closed
    assert first.redirect_chain == [(reverse("basket:summary"), 302)]
    assert f"The things of order {number} are in your basket again." in first.content.decode()
    assert second["Location"] == reverse("basket:summary")
    assert in_basket() == [("Kiondo", 1)]


def test_the_page_then_says_so_and_offers_it_no_more(kiondo: Any) -> None:
    shopper = Shopper()
    wait_url = is_closed_by_the_clock(cancels(shopper, kiondo))
    shopper.client.post(f"{wait_url}restore-basket/")

    restored = page(shopper, wait_url)

    assert "The things of this order were put back in your basket." in restored
    assert "Put the things back in my basket" not in restored


def test_the_help_line_stands_in_the_warning(kiondo: Any, settings: Any) -> None:
    settings.OSCAR_MPESA = {"TEST_MODE": True, "SUPPORT_CONTACT": "0700 000 000 & more"}
    shopper = Shopper()
    wait_url = is_closed_by_the_clock(cancels(shopper, kiondo))

    closed = page(shopper, wait_url)

    assert "do not order again: call or WhatsApp 0700 000 000 &amp; more." in closed
    assert "Help:" not in closed


def test_a_user_gets_them_back_from_another_browser(kiondo: Any, django_user_model: Any) -> None:
    user = django_user_model.objects.create_user("achieng", "achieng@example.com", "a long password")
    wait_url = is_closed_by_the_clock(cancels(Shopper().signs_in(user), kiondo))

    answer = Shopper().signs_in(user).client.post(f"{wait_url}restore-basket/")

    assert answer["Location"] == reverse("basket:summary")
    assert in_basket() == [("Kiondo", 1)]


def test_what_has_sold_out_is_named(kiondo: Any) -> None:
    shopper = Shopper()
    shopper.puts_in_basket(new_product(title="Sufuria"))
    wait_url = is_closed_by_the_clock(cancels(shopper, kiondo))
    kiondo.stockrecords.update(num_in_stock=0)

    answer = shopper.client.post(f"{wait_url}restore-basket/", follow=True)

    assert "Sold out, or fewer left than you ordered: Kiondo." in answer.content.decode()
    assert in_basket() == [("Sufuria", 1)]


def test_a_get_puts_nothing_back_and_leads_to_the_page(kiondo: Any) -> None:
    shopper = Shopper()
    wait_url = is_closed_by_the_clock(cancels(shopper, kiondo))

    by_get = [shopper.client.get(f"{wait_url}{wish}/")["Location"] for wish in ("restore-basket", "other-method")]

    assert by_get == [wait_url, wait_url]
    assert in_basket() == []


def test_an_order_that_is_not_closed_keeps_its_things(kiondo: Any) -> None:
    shopper = Shopper()
    wait_url = cancels(shopper, kiondo)

    answer = shopper.client.post(f"{wait_url}restore-basket/", follow=True)

    assert answer.redirect_chain == [(wait_url, 302)]
    assert "The things of this order cannot be put back into a basket." in answer.content.decode()
    assert in_basket() == []


def test_cash_on_delivery_after_a_cancelled_request(kiondo: Any) -> None:
    shopper = Shopper()
    wait_url = cancels(shopper, kiondo)
    failed = page(shopper, wait_url)

    chooser = shopper.client.post(f"{wait_url}other-method/", follow=True)
    shopper.chooses("cod")
    shopper.places_order()

    first, second = Order.objects.order_by("pk")
    stock = kiondo.stockrecords.get()
    assert "Pay another way" in failed
    assert chooser.redirect_chain == [(reverse("checkout:payment-method"), 302)]
    assert "How do you want to pay?" in chooser.content.decode()
    assert (first.status, second.status) == ("Payment expired", "Pending")
    assert (second.lines.get().product, second.shipping_address.line1) == (kiondo, "12 Moi Avenue")
    assert stock.num_allocated == 1
    assert MpesaPayment.objects.count() == 1


def test_money_that_still_comes_for_the_order_that_was_given_up_waits_for_a_person(kiondo: Any) -> None:
    shopper = Shopper()
    wait_url = cancels(shopper, kiondo)
    shopper.client.post(f"{wait_url}other-method/")
    shopper.chooses("cod")
    shopper.places_order()

    payment = MpesaPayment.objects.get()
    post(payment, success(payment), now=timezone.now())

    assert MpesaReceipt.objects.get().allocation == "unallocated"
    assert "The shop has been told: it will send your things or return the money" in page(shopper, wait_url)


def test_the_second_of_two_clicks_leads_to_the_choice_too(kiondo: Any) -> None:
    shopper = Shopper()
    wait_url = cancels(shopper, kiondo)

    answers = [shopper.client.post(f"{wait_url}other-method/")["Location"] for _ in range(2)]

    assert answers == [reverse("checkout:payment-method")] * 2
    assert in_basket() == [("Kiondo", 1)]


def test_a_request_on_the_phone_comes_first(kiondo: Any) -> None:
    shopper = Shopper()
    wait_url = str(shopper.buys(kiondo, phone="0708374151")["Location"])

    answer = shopper.client.post(f"{wait_url}other-method/", follow=True)

    assert answer.redirect_chain == [(wait_url, 302)]
    assert "A request is on the phone. Wait until it is answered or has ended." in answer.content.decode()
    assert "Pay another way" not in answer.content.decode()
    assert Order.objects.get().status == "Pending payment"


def test_money_that_turns_up_when_safaricom_is_asked_once_more_is_told_as_paid(kiondo: Any) -> None:
    shopper = Shopper()
    wait_url = str(shopper.buys(kiondo, phone="0708374149")["Location"])
    payment = MpesaPayment.objects.get()
    post(payment, failure(payment, code=1037), now=timezone.now())
    MpesaPayment.objects.update(push_sent_at=timezone.now() - timedelta(minutes=2))

    answer = shopper.client.post(f"{wait_url}other-method/", follow=True)

    assert answer.redirect_chain == [(wait_url, 302)]
    assert "Paid. Thank you!" in answer.content.decode()
    assert "Decide about the money" not in answer.content.decode()
    assert in_basket() == []


def test_a_closed_order_cannot_be_given_up_again(kiondo: Any) -> None:
    shopper = Shopper()
    wait_url = is_closed_by_the_clock(cancels(shopper, kiondo))

    answer = shopper.client.post(f"{wait_url}other-method/", follow=True)

    assert "This order does not wait for a payment any more." in answer.content.decode()
    assert in_basket() == []


def test_a_store_whose_own_view_takes_payment_offers_that(kiondo: Any, settings: Any) -> None:
    settings.OSCAR_MPESA = {"TEST_MODE": True}
    shopper = Shopper()

    assert "Pay another way" in page(shopper, cancels(shopper, kiondo))
