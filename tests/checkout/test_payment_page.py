"""The payment page: results, retries, polling and refreshes without scripts."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from oscar.apps.checkout.signals import post_checkout
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaPayment
from tests.page_html import html_of
from tests.services.concurrent_changes import just_before
from tests.shop import failure, new_product, post
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)

Basket = get_model("basket", "Basket")


@pytest.fixture
def shopper() -> Shopper:
    return Shopper()


def age(payment: MpesaPayment, seconds: int) -> None:
    """Move one payment into the past."""
    moment = timezone.now() - timezone.timedelta(seconds=seconds)  # type: ignore[attr-defined]
    MpesaPayment.objects.filter(pk=payment.pk).update(push_sent_at=moment, created_at=moment)


@pytest.mark.parametrize(
    ("phone", "sentence"),
    [("0708374150", "There isn't enough money on 0708 374 150."), ("0708374151", "The prompt was canceled")],
    ids=["no funds", "cancelled"],
)
def test_failure_names_its_reason_and_another_number_pays(shopper: Shopper, phone: str, sentence: str) -> None:
    page_url = shopper.buys(new_product(), phone=phone)["Location"]
    first = MpesaPayment.objects.get()
    age(first, 6)
    failed = html_of(shopper.client.get(page_url))

    retry = shopper.client.post(f"{page_url}retry/", {"phone_number": "0708 374 149"})
    age(MpesaPayment.objects.latest("pk"), 6)
    paid = html_of(shopper.client.get(page_url))

    assert sentence in failed
    assert (retry.status_code, retry["Location"]) == (302, page_url)
    assert "Paid. Thank you!" in paid
    assert MpesaPayment.objects.count() == 2
    assert get_model("order", "Order").objects.count() == 1


def test_canceled_prompt_can_be_sent_again_at_once(shopper: Shopper) -> None:
    page_url = shopper.buys(new_product(), phone="0708374151")["Location"]
    age(MpesaPayment.objects.get(), 6)
    shopper.client.get(page_url)

    shopper.client.post(f"{page_url}retry/", {"again": "yes"})

    assert list(MpesaPayment.objects.values_list("phone", flat=True)) == ["254708374151"] * 2


def test_phone_without_an_answer_must_wait_until_a_shown_time(shopper: Shopper) -> None:
    page_url = shopper.buys(new_product(), phone="0708374151")["Location"]
    payment = MpesaPayment.objects.get()
    post(payment, failure(payment, code=1037), now=timezone.now())

    answer = shopper.client.post(f"{page_url}retry/", {"again": "yes"}, follow=True)

    assert "You can send the prompt to this phone again at" in html_of(answer)
    assert MpesaPayment.objects.count() == 1


def test_retry_of_an_order_that_staff_moved_on_is_refused(shopper: Shopper) -> None:
    page_url = shopper.buys(new_product(), phone="0708374151")["Location"]
    age(MpesaPayment.objects.get(), 6)
    shopper.client.get(page_url)
    order = shopper.order()
    order.set_status("Being processed")

    answer = shopper.client.post(f"{page_url}retry/", {"phone_number": "0712345678"}, follow=True)

    assert "This order isn't waiting for a payment." in html_of(answer)
    assert MpesaPayment.objects.count() == 1


def test_retry_while_a_prompt_is_pending_sends_nothing(shopper: Shopper) -> None:
    page_url = shopper.buys(new_product())["Location"]

    shopper.client.post(f"{page_url}retry/", {"phone_number": "0712345678"})

    assert MpesaPayment.objects.count() == 1


def test_invalid_number_on_the_payment_page_is_refused(shopper: Shopper) -> None:
    page_url = shopper.buys(new_product(), phone="0708374151")["Location"]
    age(MpesaPayment.objects.get(), 6)
    shopper.client.get(page_url)

    answer = shopper.client.post(f"{page_url}retry/", {"phone_number": "99"})

    assert answer.status_code == 422
    assert 'id="phone-error"' in html_of(answer)


def test_unknown_order_has_no_page(client: Any) -> None:
    assert client.get(reverse("checkout:mpesa-payment", args=["0" * 32])).status_code == 404


def test_unpaid_order_cannot_finish_and_get_does_nothing(shopper: Shopper) -> None:
    page_url = shopper.buys(new_product())["Location"]

    early = shopper.client.post(f"{page_url}done/")
    by_get = [shopper.client.get(f"{page_url}{page}/") for page in ("done", "retry")]

    assert [answer["Location"] for answer in [early, *by_get]] == [page_url] * 3
    assert MpesaPayment.objects.count() == 1


def test_poll_reports_a_changed_page(shopper: Shopper) -> None:
    page_url = shopper.buys(new_product())["Location"]
    before = shopper.client.get(f"{page_url}status/").json()
    age(MpesaPayment.objects.get(), 6)

    after = shopper.client.get(f"{page_url}status/").json()

    assert (before["state"], before["open"]) == ("enter-pin", True)
    assert (after["state"], after["open"]) == ("paid", False)
    assert before["version"] != after["version"]


def test_page_without_scripts_refreshes_four_times_or_stops(shopper: Shopper) -> None:
    page_url = shopper.buys(new_product())["Location"]

    pages = {
        refresh: html_of(shopper.client.get(f"{page_url}?refresh={refresh}")) for refresh in ("0", "3", "4", "off")
    }

    assert 'http-equiv="refresh"' not in html_of(shopper.client.get(f"{page_url}?refresh=²"))
    assert 'content="20;url=?refresh=1"' in pages["0"]
    assert 'content="20;url=?refresh=4"' in pages["3"]
    assert 'http-equiv="refresh"' not in pages["4"] + pages["off"]


def test_done_clicked_twice_sends_post_checkout_once(shopper: Shopper) -> None:
    page_url, orders = shopper.buys(new_product())["Location"], []

    def receive(order: Any, **_: Any) -> None:
        orders.append(order.number)

    age(MpesaPayment.objects.get(), 6)
    shopper.client.get(page_url)
    post_checkout.connect(receive)
    try:
        with just_before('SET "result_seen_at"', lambda: shopper.client.post(f"{page_url}done/")):
            late = shopper.client.post(f"{page_url}done/")
        third = shopper.client.post(f"{page_url}done/")
    finally:
        post_checkout.disconnect(receive)

    assert orders == [shopper.order().number]
    assert late["Location"] == third["Location"] == reverse("checkout:thank-you")
