"""Paying later choose_pay_later the order, and a payment link lets its reader pay and see nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oscar_mpesa.models import MpesaOrder
from tests.checkout.closed_orders import buy_and_cancel, choose_pay_later, latest, page
from tests.page_html import html_of
from tests.shop import failure, new_product, post, success
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shopper() -> Shopper:
    return Shopper()


@pytest.fixture
def kiondo() -> Any:
    return new_product(stock=5)


def test_pay_later_shows_the_deadline_and_a_link(shopper: Shopper, kiondo: Any) -> None:
    page_url = buy_and_cancel(shopper, kiondo)
    before = page(shopper, page_url)

    choose_pay_later(shopper, page_url)

    after = page(shopper, page_url)
    assert re.search(
        r"If you choose this, we keep your items until \w{3} \d\d:\d\d and email you a payment link", before
    )
    assert "I'll pay later" in before and "I'll pay later" not in after
    assert "https://wa.me/?text=Please%20pay%20KSh%201%2C500" in after
    assert "Send the prompt again" in after


def test_paid_order_cannot_pay_later(shopper: Shopper, kiondo: Any) -> None:
    page_url = str(shopper.buys(kiondo)["Location"])
    post(latest(), success(latest()), now=timezone.now())

    answer = html_of(shopper.client.post(f"{page_url}pay-later/", follow=True))

    assert "This order isn't waiting for a payment." in answer
    assert MpesaOrder.objects.get().pay_later_at is None


def test_payer_by_link_sees_nothing_of_the_order(shopper: Shopper, kiondo: Any) -> None:
    page_url = buy_and_cancel(shopper, kiondo)
    link, payer = choose_pay_later(shopper, page_url), Shopper()

    led = payer.client.get(link)
    asked = page(payer, page_url)
    sent = payer.client.post(f"{page_url}retry/", {"phone_number": "0712 345 678"})
    post(latest(), success(latest()), now=timezone.now())
    paid = page(payer, page_url)

    assert led["Location"] == page_url
    assert "no-store" in payer.client.get(page_url)["Cache-Control"]
    assert " · Duka la Pwani" in asked and "0708 374 151" not in asked
    assert "Send the prompt again" not in asked and "Pay KSh 1,500" in asked
    for private in ("mpesa-restore-basket", "mpesa-otherwise", "mpesa-pay-later", 'id="mpesa-pay-link"', "mpesa-done"):
        assert private not in asked + paid
    assert (sent["Location"], latest().phone) == (page_url, "254712345678")
    assert "Paid. Thank you!" in paid and "OD123ABC45" in paid


def test_payers_number_is_masked_for_the_shopper_and_not_shown_to_payers(shopper: Shopper, kiondo: Any) -> None:
    page_url = buy_and_cancel(shopper, kiondo)
    link, payer = choose_pay_later(shopper, page_url), Shopper()
    payer.client.get(link)

    payer.client.post(f"{page_url}retry/", {"phone_number": "0712 345 678"})

    assert "Enter your M-PESA PIN on the phone" in page(payer, page_url)
    assert "678" not in page(payer, page_url)
    assert "0712 345 678" not in page(shopper, page_url) and "0712 •••678" in page(shopper, page_url)


def test_other_readers_of_the_link_do_not_see_the_code(shopper: Shopper, kiondo: Any) -> None:
    page_url = buy_and_cancel(shopper, kiondo)
    link, payer, onlooker = choose_pay_later(shopper, page_url), Shopper(), Shopper()
    for each in (payer, onlooker):
        each.client.get(link)

    payer.client.post(f"{page_url}retry/", {"phone_number": "0712 345 678"})
    post(latest(), success(latest()), now=timezone.now())

    assert "Paid. Thank you!" in page(onlooker, page_url)
    assert "OD123ABC45" not in page(onlooker, page_url)


@pytest.mark.parametrize("way", ["restore-basket", "other-method", "done", "pay-later"])
def test_link_does_not_allow_actions_on_the_order(shopper: Shopper, kiondo: Any, way: str) -> None:
    page_url = buy_and_cancel(shopper, kiondo)
    payer = Client()
    payer.get(choose_pay_later(shopper, page_url))

    assert payer.post(f"{page_url}{way}/").status_code == 404
    assert MpesaOrder.objects.get().closed_at is None


def test_link_shows_the_owner_the_full_page(shopper: Shopper, kiondo: Any) -> None:
    page_url = buy_and_cancel(shopper, kiondo)

    own = html_of(shopper.client.get(choose_pay_later(shopper, page_url), follow=True))

    assert "mpesa-pay-link" in own


def test_session_that_may_pay_still_sees_the_result(shopper: Shopper, kiondo: Any) -> None:
    page_url = buy_and_cancel(shopper, kiondo)
    link, payer = choose_pay_later(shopper, page_url), Shopper()
    payer.client.get(link)

    post(latest(), success(latest()), now=timezone.now())

    for each in (payer, shopper):
        assert "Paid. Thank you!" in html_of(each.client.get(link, follow=True))


def test_get_keeps_nothing(shopper: Shopper, kiondo: Any) -> None:
    page_url = buy_and_cancel(shopper, kiondo)

    answer = shopper.client.get(f"{page_url}pay-later/")

    assert answer["Location"] == page_url
    assert MpesaOrder.objects.get().pay_later_at is None


def test_changed_total_returns_to_the_preview(shopper: Shopper, kiondo: Any) -> None:
    shopper.puts_in_basket(kiondo).gives_address().chooses("mpesa")
    shopper.names_phone("0708374149")
    preview = html_of(shopper.client.get(reverse("checkout:preview")))
    shopper.puts_in_basket(kiondo)

    order = {"action": "place_order", "mpesa_amount": "1500"}
    answer = html_of(shopper.client.post(reverse("checkout:preview"), order, follow=True))
    bought = shopper.client.post(reverse("checkout:preview"), {**order, "mpesa_amount": "3000"})

    assert 'name="mpesa_amount" value="1500" form="place_order_form"' in preview
    assert "The total has changed. Please double-check it before you pay." in answer and "KSh 3,000" in answer
    assert "/checkout/mpesa/" in bought["Location"]
    assert latest().amount == 3000


def test_page_without_a_link_does_not_say_to_send_it(shopper: Shopper, kiondo: Any) -> None:
    page_url = buy_and_cancel(shopper, kiondo)
    choose_pay_later(shopper, page_url)
    before = page(shopper, page_url)

    shopper.client.post(f"{page_url}revoke-link/")

    after = page(shopper, page_url)
    assert "Pay before then, or send the link" in before and "Pay before then, or send the link" not in after
    assert "Pay before then." in after and "Make a new one if somebody else pays for you." in after


def test_owner_reads_whose_phone_another_prompt_goes_to(shopper: Shopper, kiondo: Any) -> None:
    page_url = buy_and_cancel(shopper, kiondo)
    link, payer = choose_pay_later(shopper, page_url), Shopper()
    before = page(shopper, page_url)
    payer.client.get(link)
    payer.client.post(f"{page_url}retry/", {"phone_number": "0712 345 678"})
    post(latest(), failure(latest()), now=timezone.now())

    after = page(shopper, page_url)

    assert "The prompt went to 0708 374 151." in before
    assert "The prompt went to 0712 •••678." in after
