"""Rate limits of phones and shoppers apply before an order is placed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaBlockedPhone, MpesaOrder, MpesaPayment, MpesaPushAttempt
from tests.oscar_adapter.offers import new_voucher
from tests.shop import ANOTHER, new_payment, new_product
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)

Basket = get_model("basket", "Basket")
Order = get_model("order", "Order")

UNAVAILABLE = "right now. Use another number, or try again later."


@pytest.fixture
def shopper() -> Shopper:
    return Shopper()


def send_three_prompts(phone: PhoneNumber = ANOTHER) -> None:
    """Send three prompts for other orders to the phone. Their attempts are left out."""
    for _ in range(3):
        new_payment(phone=phone, now=timezone.now())
    MpesaPushAttempt.objects.filter(session_digest="").delete()


def refuse_prompts(reason: str, phone: PhoneNumber = ANOTHER) -> None:
    if reason == "blocked":
        MpesaBlockedPhone.objects.create(phone=phone.msisdn, created_at=timezone.now())
    else:
        send_three_prompts(phone)


def end_prompts() -> None:
    """Let every live prompt be canceled on its phone, a while ago."""
    MpesaPayment.objects.live().update(status="cancelled", live_order=None, result_code="1032")


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
    return page.split('class="alertinner')[1].split("</div>")[0]


def assert_no_order(product: Any) -> None:
    assert not Order.objects.filter(lines__product=product).exists()
    assert product.stockrecords.get().num_allocated in {None, 0}
    assert Basket.objects.get(lines__product=product).status == "Open"


@pytest.mark.parametrize("reason", ["blocked", "at its limit"])
def test_number_is_refused_when_the_order_is_placed(shopper: Shopper, reason: str) -> None:
    refuse_prompts(reason)
    product = new_product()
    at_the_phone_step(shopper, product)

    named = shopper.names_phone("0712345678")
    page = page_after(shopper, shopper.places_order(), step="checkout:payment-details")

    assert (named.status_code, named["Location"]) == (302, reverse("checkout:preview"))
    assert UNAVAILABLE in alert_of(page)
    assert_no_order(product)
    assert MpesaPushAttempt.objects.get().mpesa_order is None


def test_blocked_number_and_number_at_its_limit_give_the_same_page() -> None:
    pages = []
    for reason in ("blocked", "at its limit"):
        MpesaBlockedPhone.objects.all().delete()
        refuse_prompts(reason)
        shopper = at_the_phone_step(Shopper(), new_product(title="Kiondo"))
        shopper.names_phone("0712345678")
        answer = shopper.places_order()
        headers = {name: value for name, value in answer.headers.items() if name != "Set-Cookie"}
        page = page_after(shopper, answer, step="checkout:payment-details")
        pages.append((answer.status_code, headers, re.sub(r'"csrfmiddlewaretoken" value="\w+"', "", page)))

    assert pages[0] == pages[1]
    assert UNAVAILABLE in pages[0][2]


@pytest.mark.parametrize("tries", [20, pytest.param(1000, marks=pytest.mark.slow)])
def test_phone_step_accepts_every_number_alike(shopper: Shopper, tries: int) -> None:
    refuse_prompts("blocked", PhoneNumber.parse("0712345003"))
    refuse_prompts("at its limit", PhoneNumber.parse("0712345007"))
    at_the_phone_step(shopper, new_product())

    answers = [shopper.names_phone(f"0712345{number:03}") for number in range(tries)]

    assert {(each.status_code, each["Location"]) for each in answers} == {(302, reverse("checkout:preview"))}
    assert not MpesaPushAttempt.objects.exists()


def test_basket_that_cannot_be_placed_says_nothing_about_numbers(shopper: Shopper) -> None:
    refuse_prompts("blocked", PhoneNumber.parse("0712345002"))
    refuse_prompts("at its limit", PhoneNumber.parse("0712345003"))
    at_the_phone_step(shopper, new_product())
    voucher = new_voucher()
    Basket.objects.latest("pk").vouchers.add(voucher)
    voucher.applications.create(order=Order.objects.first())

    pages = []
    for number in ("0712345001", "0712345002", "0712345003"):
        shopper.names_phone(number)
        page = shopper.places_order().content.decode()
        pages.append("This voucher has already been used" in page and UNAVAILABLE not in page)

    assert pages == [True] * 3
    refused = MpesaPushAttempt.objects.order_by("pk").values_list("refused_by", flat=True)
    assert list(refused) == ["", "phone_blocked", "phone"]


def test_another_number_pays_for_the_same_basket(shopper: Shopper) -> None:
    product = new_product()
    at_the_phone_step(shopper, product).names_phone("0712345678")
    send_three_prompts()
    shopper.places_order()

    shopper.names_phone("0708374149")
    answer = shopper.places_order()

    assert "/checkout/mpesa/" in answer["Location"]
    assert MpesaPayment.objects.latest("pk").phone == "254708374149"


@pytest.mark.parametrize("engine", ["db", "signed_cookies"])
def test_sixth_unpaid_order_is_refused_before_it_takes_stock(shopper: Shopper, settings: Any, engine: str) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    for number in range(5):
        assert shopper.buys(new_product(), phone=f"071200000{number}").status_code == 302
    product = new_product()
    at_the_phone_step(shopper, product).names_phone("0712000005")

    answer = shopper.places_order()

    page = page_after(shopper, answer, step="checkout:preview")
    assert "You have five unpaid orders from the last hour. Pay for one that is still open, or wait until" in page
    assert_no_order(product)
    assert "/checkout/mpesa/" in Shopper().buys(product, phone="0712000005")["Location"]


def test_second_click_ends_on_the_payment_page_and_uses_no_attempt(shopper: Shopper) -> None:
    for number in range(4):
        shopper.buys(new_product(), phone=f"071200000{number}")
    first = shopper.buys(new_product(), phone="0712000004")
    attempts = MpesaPushAttempt.objects.count()

    assert shopper.places_order()["Location"] == first["Location"]
    assert MpesaPushAttempt.objects.count() == attempts == 5


def test_attempt_that_places_an_order_names_it(shopper: Shopper) -> None:
    shopper.buys(new_product(), phone="0712345678")

    attempt = MpesaPushAttempt.objects.get()
    assert attempt.mpesa_order == MpesaOrder.objects.get()
    assert (attempt.phone, attempt.refused_by, attempt.address) == ("254712345678", "", "127.0.0.1")
    assert attempt.session_digest == attempt.mpesa_order.session_digest != ""


@pytest.mark.parametrize("tries", [10, pytest.param(1000, marks=pytest.mark.slow)])
def test_retries_over_the_limit_get_one_answer_for_every_number(shopper: Shopper, tries: int) -> None:
    page_url = shopper.buys(new_product(), phone="0712000000")["Location"]
    end_prompts()
    for number in range(1, 5):
        shopper.client.post(f"{page_url}retry/", {"phone_number": f"071200000{number}"})
        end_prompts()
    refuse_prompts("blocked", PhoneNumber.parse("0712345003"))
    refuse_prompts("at its limit", PhoneNumber.parse("0712345007"))
    payments = MpesaPayment.objects.count()

    numbers = [f"0712345{number:03}" for number in range(tries)]
    answers = [shopper.client.post(f"{page_url}retry/", {"phone_number": each}, follow=True) for each in numbers]

    assert {alert_of(each.content.decode()).strip() for each in answers} == {
        alert_of(answers[0].content.decode()).strip()
    }
    assert "We allow five numbers for one order." in answers[0].content.decode()
    assert MpesaPayment.objects.count() == payments
    assert MpesaPushAttempt.objects.filter(refused_by="order_numbers").count() == tries


def test_retry_gives_blocked_numbers_and_numbers_at_their_limit_the_same_answer(shopper: Shopper) -> None:
    page_url = shopper.buys(new_product(), phone="0712000000")["Location"]
    end_prompts()
    refuse_prompts("blocked", PhoneNumber.parse("0712345003"))
    refuse_prompts("at its limit", PhoneNumber.parse("0712345007"))

    answers = [
        shopper.client.post(f"{page_url}retry/", {"phone_number": each}, follow=True).content.decode()
        for each in ("0712345003", "0712345007")
    ]

    assert alert_of(answers[0]) == alert_of(answers[1])
    assert UNAVAILABLE in alert_of(answers[0])


@pytest.mark.parametrize("limit", [0, 5])
def test_ten_cookies_send_to_five_of_25_numbers_of_one_order(settings: Any, limit: int) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "ADDRESS_LIMIT": limit}
    user = get_user_model().objects.create_user("achieng", "achieng@example.com", "a long password")
    page_url = Shopper().signs_in(user).buys(new_product(), phone="0712000000")["Location"]
    browsers = [Shopper().signs_in(user) for _ in range(10)]

    for number in range(1, 26):
        end_prompts()
        browsers[number % 10].client.post(f"{page_url}retry/", {"phone_number": f"07120000{number:02}"})

    assert MpesaPayment.objects.values("phone").distinct().count() == 5
    assert MpesaPushAttempt.objects.exclude(refused_by="").count() == 21
