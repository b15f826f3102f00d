"""Details of the pages that first-time shoppers stumbled over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oscar_mpesa.payment_page.formats import exact_clock
from tests.checkout.closed_orders import FIELD, buy_and_cancel, choose_pay_later, latest, page
from tests.shop import failure, new_product, post, success
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def kiondo() -> Any:
    return new_product(stock=5)


@pytest.fixture
def shopper() -> Shopper:
    return Shopper()


def test_payer_by_link_does_not_see_the_shoppers_failure(shopper: Shopper, kiondo: Any) -> None:
    page_url = buy_and_cancel(shopper, kiondo)
    link, sister = choose_pay_later(shopper, page_url), Client()

    asked = sister.get(link, follow=True).content.decode()

    assert "Pay by M-PESA" in asked and "Pay from your phone" in asked and "The items are reserved until" in asked
    assert "go through" not in asked and "was canceled" not in asked and "your items" not in asked


def test_expired_payment_link_says_so(shopper: Shopper, kiondo: Any) -> None:
    link = choose_pay_later(shopper, buy_and_cancel(shopper, kiondo))
    post(latest(), success(latest()), now=timezone.now())

    late = Client().get(link)

    assert late.status_code == 404
    assert "This payment link no longer works" in late.content.decode()


@pytest.mark.parametrize("front", ["home", "catalogue:index"])
def test_front_page_links_to_an_unpaid_order(shopper: Shopper, kiondo: Any, front: str) -> None:
    page_url = buy_and_cancel(shopper, kiondo)

    seen, outsider = (client.get(reverse(front)).content.decode() for client in (shopper.client, Client()))

    assert "is waiting for KSh 1,500" in seen and page_url in seen
    assert "is waiting for" not in outsider


def test_failure_names_the_phone_and_asks_about_its_network(shopper: Shopper, kiondo: Any) -> None:
    page_url = str(shopper.buys(kiondo, phone="0708374151")["Location"])
    post(latest(), failure(latest(), code=1019), now=timezone.now())
    on_safaricom = page(shopper, page_url)

    latest_phone = "254733123456"
    type(latest()).objects.update(phone=latest_phone)
    on_airtel = page(shopper, page_url)

    assert "The prompt went to 0708 374 151." in on_safaricom and "on Safaricom?" not in on_safaricom
    assert "Numbers like this are usually on Airtel. Is this one on Safaricom?" in on_airtel


def test_page_of_pay_later_starts_with_the_deadline(shopper: Shopper, kiondo: Any) -> None:
    page_url = buy_and_cancel(shopper, kiondo)

    choose_pay_later(shopper, page_url)

    assert '<span id="mpesa-heading" tabindex="-1">Reserved until ' in page(shopper, page_url)


def test_after_a_cancel_the_payer_types_the_own_number_again(shopper: Shopper, kiondo: Any) -> None:
    page_url = buy_and_cancel(shopper, kiondo)
    choose_pay_later(shopper, page_url)
    link, payer = FIELD.findall(page(shopper, page_url))[0], Shopper()
    payer.client.get(link)
    payer.client.post(f"{page_url}retry/", {"phone_number": "0708374151"})
    post(latest(), failure(latest()), now=timezone.now())

    seen = page(payer, page_url)

    assert "Send it again when you're ready." in seen and "Pay from your phone" in seen
    assert "Pay from another number" not in seen


def test_prompts_end_is_shown_to_the_second(shopper: Shopper, kiondo: Any) -> None:
    page_url = str(shopper.buys(kiondo)["Location"])

    seen = page(shopper, page_url)

    sent_at = latest().push_sent_at
    assert sent_at is not None
    assert f"The prompt stays until {exact_clock(sent_at + timedelta(seconds=60))}." in seen
