"""A phone that had enough requests, and a shopper with enough unpaid orders: told before anything is ordered."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone, translation
from oscar.apps.checkout.signals import pre_payment
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaBlockedPhone, MpesaPayment
from oscar_mpesa.payment_page.formats import from_clock
from tests.shop import ANOTHER, failure, new_payment, new_product, post
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)

Basket = get_model("basket", "Basket")
Order = get_model("order", "Order")


@pytest.fixture
def shopper() -> Shopper:
    return Shopper()


def three_requests(*, sent: bool = True) -> datetime:
    """For other people's orders, to the phone that ours names; returns when the next may go there."""
    first = timezone.now() - timedelta(seconds=50)
    for seconds in (0, 10, 20):
        new_payment(phone=ANOTHER, now=first + timedelta(seconds=seconds), sent=sent)
    return first + timedelta(minutes=5)


def at_the_phone_step(shopper: Shopper, product: Any) -> Shopper:
    shopper.puts_in_basket(product).gives_address()
    assert shopper.chooses("mpesa").status_code == 302
    return shopper


def page_after(shopper: Shopper, answer: Any, *, step: str) -> str:
    """The page that an answer leads to."""
    assert (answer.status_code, answer["Location"]) == (302, reverse(step))
    page: str = shopper.client.get(answer["Location"]).content.decode()
    return page


def alert_of(page: str) -> str:
    return page.split('role="alert"')[1].split("</div>")[0]


@contextmanager
def meanwhile(happens: Any) -> Iterator[None]:
    """Something happens once the order is on its way, after the last look at the limits."""

    def receive(**_: Any) -> None:
        happens()

    pre_payment.connect(receive)
    try:
        yield
    finally:
        pre_payment.disconnect(receive)


def assert_nothing_was_ordered(product: Any) -> None:
    assert not Order.objects.filter(lines__product=product).exists()
    assert product.stockrecords.get().num_allocated in {None, 0}
    assert Basket.objects.get(lines__product=product).status == "Open"


@pytest.mark.parametrize(
    ("language", "beginning"),
    [
        ("en", "Three requests went to 0712 345 678. Wait until"),
        ("sw", "Maombi matatu yametumwa kwa 0712 345 678. Subiri hadi"),
    ],
)
def test_a_phone_that_had_three_requests_is_refused_when_it_is_named(
    shopper: Shopper, language: str, beginning: str
) -> None:
    opens_at = three_requests()
    with translation.override(language):
        at_the_phone_step(shopper, new_product())

        answer = shopper.names_phone("0712345678")

    told = alert_of(answer.content.decode())
    assert answer.status_code == 422
    assert beginning in told
    assert from_clock(opens_at) in told
    assert 'value="0712345678"' in answer.content.decode()


def test_a_delivery_phone_that_had_three_requests_is_refused_where_the_shopper_sees_it(shopper: Shopper) -> None:
    three_requests()
    at_the_phone_step(shopper, new_product())

    answer = shopper.client.post(reverse("checkout:preview"), {"which": "delivery", "phone_number": ""})

    assert answer.status_code == 422
    assert "Three requests went to 0712 345 678." in alert_of(answer.content.decode())


def test_requests_that_went_there_since_it_was_named_are_told_before_anything_is_ordered(shopper: Shopper) -> None:
    product = new_product()
    at_the_phone_step(shopper, product).names_phone("0712345678")
    opens_at = three_requests()

    answer = shopper.places_order()

    page = page_after(shopper, answer, step="checkout:payment-details")
    assert "Three requests went to 0712 345 678. Wait until" in page
    assert from_clock(opens_at) in page
    assert_nothing_was_ordered(product)


def test_another_number_then_pays_for_the_same_basket(shopper: Shopper) -> None:
    product = new_product()
    at_the_phone_step(shopper, product).names_phone("0712345678")
    three_requests()
    shopper.places_order()

    shopper.names_phone("0708374149")
    answer = shopper.places_order()

    assert "/checkout/mpesa/" in answer["Location"]
    assert MpesaPayment.objects.latest("pk").phone == "254708374149"


def test_requests_that_go_there_while_the_order_is_placed_undo_it_and_the_log_has_no_number(
    shopper: Shopper, caplog: pytest.LogCaptureFixture
) -> None:
    product = new_product()
    at_the_phone_step(shopper, product).names_phone("0712345678")

    with meanwhile(lambda: three_requests(sent=False)):
        page = shopper.places_order().content.decode()

    assert "Three requests went to 0712 •••678." in page
    assert "unable to place order" in caplog.text
    assert "0712 345 678" not in caplog.text
    assert "712345678" not in caplog.text
    assert_nothing_was_ordered(product)


def test_a_blocked_phone_is_refused_when_it_is_named(shopper: Shopper) -> None:
    MpesaBlockedPhone.objects.create(phone=ANOTHER.msisdn, created_at=timezone.now())
    at_the_phone_step(shopper, new_product())

    answer = shopper.names_phone("0712345678")

    assert answer.status_code == 422
    assert "The owner of this number asked not to get requests." in answer.content.decode()


def test_a_phone_that_was_blocked_since_is_told_before_anything_is_ordered(shopper: Shopper) -> None:
    product = new_product()
    at_the_phone_step(shopper, product).names_phone("0712345678")
    MpesaBlockedPhone.objects.create(phone=ANOTHER.msisdn, created_at=timezone.now())

    answer = shopper.places_order()

    assert "asked not to get requests" in page_after(shopper, answer, step="checkout:payment-details")
    assert_nothing_was_ordered(product)


def test_a_shopper_with_five_unpaid_orders_is_told_before_the_sixth_takes_stock(shopper: Shopper) -> None:
    for number in range(5):
        assert shopper.buys(new_product(), phone=f"071200000{number}").status_code == 302
    product = new_product()
    at_the_phone_step(shopper, product).names_phone("0712000005")

    answer = shopper.places_order()

    page = page_after(shopper, answer, step="checkout:preview")
    assert "You have five unpaid orders from the last hour. Pay one that is still open, or wait until" in page
    assert_nothing_was_ordered(product)
    assert "/checkout/mpesa/" in Shopper().buys(product, phone="0712000005")["Location"]


def test_sending_again_is_refused_with_the_number_for_who_typed_it_and_masked_elsewhere(shopper: Shopper) -> None:
    user = get_user_model().objects.create_user("achieng", "achieng@example.com", "a long password")
    wait_url = shopper.signs_in(user).buys(new_product(), phone="0712345678")["Location"]
    payment = MpesaPayment.objects.get()
    post(payment, failure(payment), now=timezone.now())
    MpesaPayment.objects.update(push_sent_at=timezone.now() - timedelta(seconds=90))
    elsewhere = Shopper().signs_in(user)
    new_payment(phone=ANOTHER, now=timezone.now())
    new_payment(phone=ANOTHER, now=timezone.now())

    typed = shopper.client.post(f"{wait_url}retry/", {"again": "yes"}, follow=True).content.decode()
    again = {"again": "yes", "phone_number": "0712345678"}
    masked = elsewhere.client.post(f"{wait_url}retry/", again, follow=True).content.decode()
    other = elsewhere.client.post(f"{wait_url}retry/", {"phone_number": "0712345678"}, follow=True).content.decode()

    assert "Three requests went to 0712 345 678. Wait until" in typed
    assert "Three requests went to 0712 •••678. Wait until" in masked
    assert "Three requests went to 0712 345 678. Wait until" in other
    assert payment.mpesa_order.payments.count() == 1


def test_many_orders_from_one_address_are_reported_and_none_is_refused(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "ADDRESS_ALERT_LIMIT": 1}

    with caplog.at_level(logging.WARNING, "oscar_mpesa"):
        for number in range(3):
            assert "/checkout/mpesa/" in Shopper().buys(new_product(), phone=f"071200000{number}")["Location"]

    assert caplog.messages == ["M-PESA: more than 1 unpaid orders came from 127.0.0.1 within an hour"]
