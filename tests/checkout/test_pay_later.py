"""Pay later: the things are kept, a link leads back, and whoever has it may pay and sees no more than that."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oscar_mpesa.models import MpesaOrder
from tests.checkout.closings import cancels, keeps, latest, page
from tests.shop import new_product, post, success
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shopper() -> Shopper:
    return Shopper()


@pytest.fixture
def kiondo() -> Any:
    return new_product(stock=5)


def test_a_shopper_keeps_the_things_and_is_told_until_when_and_gets_a_link(shopper: Shopper, kiondo: Any) -> None:
    wait_url = cancels(shopper, kiondo)
    before = page(shopper, wait_url)

    keeps(shopper, wait_url)

    after = page(shopper, wait_url)
    assert re.search(r"If you choose this, we keep your things until \d\d:\d\d, \d+ \w+ and mail you a link", before)
    assert "I'll pay later" in before and "I'll pay later" not in after
    assert "https://wa.me/?text=Please%20pay%20KSh%201%2C500" in after
    assert "Send the request again" in after


def test_an_order_that_is_paid_is_not_kept_for_later(shopper: Shopper, kiondo: Any) -> None:
    wait_url = str(shopper.buys(kiondo)["Location"])
    post(latest(), success(latest()), now=timezone.now())

    answer = shopper.client.post(f"{wait_url}pay-later/", follow=True).content.decode()

    assert "This order is not waiting for a payment." in answer
    assert MpesaOrder.objects.get().pay_later_at is None


def test_somebody_else_pays_by_the_link_and_sees_nothing_of_the_order(shopper: Shopper, kiondo: Any) -> None:
    wait_url = cancels(shopper, kiondo)
    link, payer = keeps(shopper, wait_url), Shopper()

    led = payer.client.get(link)
    asked = page(payer, wait_url)
    sent = payer.client.post(f"{wait_url}retry/", {"phone_number": "0712 345 678"})
    post(latest(), success(latest()), now=timezone.now())
    paid = page(payer, wait_url)

    assert led["Location"] == wait_url
    assert "no-store" in payer.client.get(wait_url)["Cache-Control"]
    assert "KSh 1,500 to Duka la Pwani" in asked and "0708 374 151" not in asked
    assert "Send the request again" not in asked and "Send the request there" in asked
    for private in ("mpesa-restore-basket", "mpesa-otherwise", "mpesa-pay-later", 'id="mpesa-pay-link"', "mpesa-done"):
        assert private not in asked + paid
    assert (sent["Location"], latest().phone) == (wait_url, "254712345678")
    assert "Paid. Thank you!" in paid and "OD123ABC45" in paid


def test_the_payer_s_number_is_the_payer_s_alone(shopper: Shopper, kiondo: Any) -> None:
    wait_url = cancels(shopper, kiondo)
    link, payer = keeps(shopper, wait_url), Shopper()
    payer.client.get(link)

    payer.client.post(f"{wait_url}retry/", {"phone_number": "0712 345 678"})

    assert "0712 345 678" in page(payer, wait_url)
    assert "0712 345 678" not in page(shopper, wait_url) and "0712 •••678" in page(shopper, wait_url)


def test_another_holder_of_the_link_is_not_told_the_code_of_who_paid(shopper: Shopper, kiondo: Any) -> None:
    wait_url = cancels(shopper, kiondo)
    link, payer, onlooker = keeps(shopper, wait_url), Shopper(), Shopper()
    for each in (payer, onlooker):
        each.client.get(link)

    payer.client.post(f"{wait_url}retry/", {"phone_number": "0712 345 678"})
    post(latest(), success(latest()), now=timezone.now())

    assert "Paid. Thank you!" in page(onlooker, wait_url)
    assert "OD123ABC45" not in page(onlooker, wait_url)


@pytest.mark.parametrize("way", ["restore-basket", "other-method", "done", "pay-later"])
def test_a_link_lets_nobody_decide_about_the_order(shopper: Shopper, kiondo: Any, way: str) -> None:
    wait_url = cancels(shopper, kiondo)
    payer = Client()
    payer.get(keeps(shopper, wait_url))

    assert payer.post(f"{wait_url}{way}/").status_code == 404
    assert MpesaOrder.objects.get().closed_at is None


def test_the_link_leads_its_owner_to_the_order_s_own_page(shopper: Shopper, kiondo: Any) -> None:
    wait_url = cancels(shopper, kiondo)

    own = shopper.client.get(keeps(shopper, wait_url), follow=True).content.decode()

    assert "mpesa-pay-link" in own


def test_whoever_had_leave_to_pay_reads_by_the_link_how_it_ended(shopper: Shopper, kiondo: Any) -> None:
    wait_url = cancels(shopper, kiondo)
    link, payer = keeps(shopper, wait_url), Shopper()
    payer.client.get(link)

    post(latest(), success(latest()), now=timezone.now())

    for each in (payer, shopper):
        assert "Paid. Thank you!" in each.client.get(link, follow=True).content.decode()


def test_nothing_is_kept_on_a_get(shopper: Shopper, kiondo: Any) -> None:
    wait_url = cancels(shopper, kiondo)

    answer = shopper.client.get(f"{wait_url}pay-later/")

    assert answer["Location"] == wait_url
    assert MpesaOrder.objects.get().pay_later_at is None


def test_a_total_that_changed_in_another_tab_is_looked_at_once_more(shopper: Shopper, kiondo: Any) -> None:
    shopper.puts_in_basket(kiondo).gives_address().chooses("mpesa")
    shopper.names_phone("0708374149")
    preview = shopper.client.get(reverse("checkout:preview")).content.decode()
    shopper.puts_in_basket(kiondo)

    order = {"action": "place_order", "mpesa_amount": "1500"}
    answer = shopper.client.post(reverse("checkout:preview"), order, follow=True).content.decode()
    bought = shopper.client.post(reverse("checkout:preview"), {**order, "mpesa_amount": "3000"})

    assert 'name="mpesa_amount" value="1500" form="place_order_form"' in preview
    assert "The total has changed. Look at it once more before you pay." in answer and "KSh 3,000" in answer
    assert "/checkout/mpesa/" in bought["Location"]
    assert latest().amount == 3000
