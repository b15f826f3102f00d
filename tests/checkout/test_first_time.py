"""What made people stop who bought here for the first time, with nothing but a browser."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.checkout.closings import cancels, keeps, latest, page
from tests.shop import new_product, post, success
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def kiondo() -> Any:
    return new_product(stock=5)


@pytest.fixture
def shopper() -> Shopper:
    return Shopper()


def test_who_pays_for_somebody_is_asked_to_pay_and_not_told_why_the_other_could_not(
    shopper: Shopper, kiondo: Any
) -> None:
    wait_url = cancels(shopper, kiondo)
    link, sister = keeps(shopper, wait_url), Client()

    asked = sister.get(link, follow=True).content.decode()

    assert "Pay by M-PESA" in asked and "Pay from your phone" in asked and "The things are kept until" in asked
    assert "did not go through" not in asked and "was cancelled" not in asked and "your things" not in asked


def test_a_link_that_is_not_needed_any_more_says_so(shopper: Shopper, kiondo: Any) -> None:
    link = keeps(shopper, cancels(shopper, kiondo))
    post(latest(), success(latest()), now=timezone.now())

    late = Client().get(link)

    assert late.status_code == 404
    assert "This link is not needed any more" in late.content.decode()


@pytest.mark.parametrize("front", ["home", "catalogue:index"])
def test_the_front_page_leads_back_to_an_order_that_waits(shopper: Shopper, kiondo: Any, front: str) -> None:
    wait_url = cancels(shopper, kiondo)

    seen, stranger = (client.get(reverse(front)).content.decode() for client in (shopper.client, Client()))

    assert "is waiting for KSh 1,500" in seen and wait_url in seen
    assert "is waiting for" not in stranger


def test_a_failure_names_the_phone_and_asks_whether_it_is_on_safaricom(shopper: Shopper, kiondo: Any) -> None:
    wait_url = cancels(shopper, kiondo)
    on_safaricom = page(shopper, wait_url)

    latest_phone = "254733123456"
    type(latest()).objects.update(phone=latest_phone)
    on_airtel = page(shopper, wait_url)

    assert "The request went to 0708 374 151." in on_safaricom and "is it on Safaricom?" not in on_safaricom
    assert "This looks like an Airtel number; is it on Safaricom?" in on_airtel


def test_who_keeps_the_things_for_later_reads_that_first(shopper: Shopper, kiondo: Any) -> None:
    wait_url = cancels(shopper, kiondo)

    keeps(shopper, wait_url)

    assert '<span id="mpesa-heading" tabindex="-1">Your things are kept</span>' in page(shopper, wait_url)
