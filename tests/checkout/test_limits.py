"""Rate limits of phones and shoppers apply before an order is placed."""

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


def send_three_prompts(*, sent: bool = True) -> datetime:
    """Send three prompts for other orders to the phone. Return when the next one is allowed."""
    first = timezone.now() - timedelta(seconds=50)
    for seconds in (0, 10, 20):
        new_payment(phone=ANOTHER, now=first + timedelta(seconds=seconds), sent=sent)
    return first + timedelta(minutes=5)


def at_the_phone_step(shopper: Shopper, product: Any) -> Shopper:
    shopper.puts_in_basket(product).gives_address()
    assert shopper.chooses("mpesa").status_code == 302
    return shopper


def page_after(shopper: Shopper, answer: Any, *, step: str) -> str:
    """Follow a response's redirect to a step and return its page."""
    assert (answer.status_code, answer["Location"]) == (302, reverse(step))
    page: str = shopper.client.get(answer["Location"]).content.decode()
    return page


def alert_of(page: str) -> str:
    return page.split('role="alert"')[1].split("</div>")[0]


@contextmanager
def during_placement(action: Any) -> Iterator[None]:
    """Run ``action`` while the order is placed, after the check of the limits."""

    def receive(**_: Any) -> None:
        action()

    pre_payment.connect(receive)
    try:
        yield
    finally:
        pre_payment.disconnect(receive)


def assert_no_order(product: Any) -> None:
    assert not Order.objects.filter(lines__product=product).exists()
    assert product.stockrecords.get().num_allocated in {None, 0}
    assert Basket.objects.get(lines__product=product).status == "Open"


@pytest.mark.parametrize(
    ("language", "beginning"),
    [
        ("en", "Three prompts went to 0712 345 678. Wait until"),
        ("sw", "Maombi matatu yametumwa kwa 0712 345 678. Subiri hadi"),
    ],
)
def test_phone_with_three_prompts_is_refused_at_the_phone_step(shopper: Shopper, language: str, beginning: str) -> None:
    opens_at = send_three_prompts()
    with translation.override(language):
        at_the_phone_step(shopper, new_product())

        answer = shopper.names_phone("0712345678")

    text = alert_of(answer.content.decode())
    assert answer.status_code == 422
    assert beginning in text
    assert from_clock(opens_at) in text
    assert 'value="0712345678"' in answer.content.decode()


def test_refused_delivery_phone_shows_the_error(shopper: Shopper) -> None:
    send_three_prompts()
    at_the_phone_step(shopper, new_product())

    answer = shopper.client.post(reverse("checkout:preview"), {"which": "delivery", "phone_number": ""})

    assert answer.status_code == 422
    assert "Three prompts went to 0712 345 678." in alert_of(answer.content.decode())


def test_prompts_after_the_phone_step_are_refused_before_placement(shopper: Shopper) -> None:
    product = new_product()
    at_the_phone_step(shopper, product).names_phone("0712345678")
    opens_at = send_three_prompts()

    answer = shopper.places_order()

    page = page_after(shopper, answer, step="checkout:payment-details")
    assert "Three prompts went to 0712 345 678. Wait until" in page
    assert from_clock(opens_at) in page
    assert_no_order(product)


def test_another_number_pays_for_the_same_basket(shopper: Shopper) -> None:
    product = new_product()
    at_the_phone_step(shopper, product).names_phone("0712345678")
    send_three_prompts()
    shopper.places_order()

    shopper.names_phone("0708374149")
    answer = shopper.places_order()

    assert "/checkout/mpesa/" in answer["Location"]
    assert MpesaPayment.objects.latest("pk").phone == "254708374149"


def test_prompts_during_placement_roll_back_the_order(shopper: Shopper, caplog: pytest.LogCaptureFixture) -> None:
    product = new_product()
    at_the_phone_step(shopper, product).names_phone("0712345678")

    with during_placement(lambda: send_three_prompts(sent=False)):
        page = shopper.places_order().content.decode()

    assert "Three prompts went to 0712 •••678." in page
    assert "unable to place order" in caplog.text
    assert "0712 345 678" not in caplog.text
    assert "712345678" not in caplog.text
    assert_no_order(product)


def test_blocked_phone_is_refused_at_the_phone_step(shopper: Shopper) -> None:
    MpesaBlockedPhone.objects.create(phone=ANOTHER.msisdn, created_at=timezone.now())
    at_the_phone_step(shopper, new_product())

    answer = shopper.names_phone("0712345678")

    assert answer.status_code == 422
    assert "The owner of this number asked not to get prompts." in answer.content.decode()


def test_phone_blocked_later_is_refused_before_placement(shopper: Shopper) -> None:
    product = new_product()
    at_the_phone_step(shopper, product).names_phone("0712345678")
    MpesaBlockedPhone.objects.create(phone=ANOTHER.msisdn, created_at=timezone.now())

    answer = shopper.places_order()

    assert "asked not to get prompts" in page_after(shopper, answer, step="checkout:payment-details")
    assert_no_order(product)


def test_sixth_unpaid_order_is_refused_before_it_takes_stock(shopper: Shopper) -> None:
    for number in range(5):
        assert shopper.buys(new_product(), phone=f"071200000{number}").status_code == 302
    product = new_product()
    at_the_phone_step(shopper, product).names_phone("0712000005")

    answer = shopper.places_order()

    page = page_after(shopper, answer, step="checkout:preview")
    assert "You have five unpaid orders from the last hour. Pay one that is still open, or wait until" in page
    assert_no_order(product)
    assert "/checkout/mpesa/" in Shopper().buys(product, phone="0712000005")["Location"]


def test_refused_retry_masks_the_number_unless_typed(shopper: Shopper) -> None:
    user = get_user_model().objects.create_user("achieng", "achieng@example.com", "a long password")
    page_url = shopper.signs_in(user).buys(new_product(), phone="0712345678")["Location"]
    payment = MpesaPayment.objects.get()
    post(payment, failure(payment), now=timezone.now())
    MpesaPayment.objects.update(push_sent_at=timezone.now() - timedelta(seconds=90))
    elsewhere = Shopper().signs_in(user)
    new_payment(phone=ANOTHER, now=timezone.now())
    new_payment(phone=ANOTHER, now=timezone.now())

    typed = shopper.client.post(f"{page_url}retry/", {"again": "yes"}, follow=True).content.decode()
    again = {"again": "yes", "phone_number": "0712345678"}
    masked = elsewhere.client.post(f"{page_url}retry/", again, follow=True).content.decode()
    other = elsewhere.client.post(f"{page_url}retry/", {"phone_number": "0712345678"}, follow=True).content.decode()

    assert "Three prompts went to 0712 345 678. Wait until" in typed
    assert "Three prompts went to 0712 •••678. Wait until" in masked
    assert "Three prompts went to 0712 345 678. Wait until" in other
    assert payment.mpesa_order.payments.count() == 1


def test_many_orders_from_one_address_are_reported_not_refused(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "ADDRESS_ALERT_LIMIT": 1}

    with caplog.at_level(logging.WARNING, "oscar_mpesa"):
        for number in range(3):
            assert "/checkout/mpesa/" in Shopper().buys(new_product(), phone=f"071200000{number}")["Location"]

    assert caplog.messages == ["M-PESA: more than 1 unpaid orders came from 127.0.0.1 within an hour"]
