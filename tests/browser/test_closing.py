"""Closed orders: restored baskets, other methods and late money."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.refunds import record_refund
from tests.browser.closing_clock import half_an_hour_passes
from tests.browser.shopper import five_seconds_pass
from tests.shop import ANOTHER, PAYS, failure, new_payment, post, success

pytestmark = pytest.mark.browser

Order = get_model("order", "Order")


def brings_money(**changes: Any) -> None:
    """The newest payment is paid after all."""
    payment = MpesaPayment.objects.latest("pk")
    post(payment, success(payment, **changes), now=timezone.now())


@pytest.mark.parametrize("language", ["en", "sw"])
def test_basket_is_restored_without_scripts(new_person: Any, language: str) -> None:
    guest = new_person(scripts=False, language=language)
    guest.orders("0708374151")
    five_seconds_pass()
    guest.page.reload()
    guest.sees("failed")

    half_an_hour_passes()
    guest.page.reload()
    closed = guest.sees("closed")
    fits = [guest.fits()]
    button = guest.page.locator("#mpesa-restore-basket").bounding_box()
    guest.page.click("#mpesa-restore-basket")
    guest.looks("basket")
    back = guest.page.url
    guest.page.go_back()
    guest.page.reload()
    guest.looks("restored")
    fits.append(guest.fits())

    assert Order.objects.get().number in closed
    assert button["height"] >= 44
    assert back.endswith(f"/{language}/basket/")
    assert fits == [True, True]
    assert guest.page.locator("#mpesa-restore-basket").count() == 0
    assert get_model("basket", "Line").objects.filter(basket__status="Open").count() == 1


def test_open_page_shows_that_the_order_closed(new_person: Any) -> None:
    guest = new_person()
    guest.orders("0708374151")
    five_seconds_pass()
    guest.sees("failed")

    half_an_hour_passes()
    guest.page.evaluate("window.dispatchEvent(new Event('focus'))")
    closed = guest.sees("closed")

    assert "We received no payment for order" in closed
    assert guest.page.locator("#mpesa-restore-basket").is_visible()


@pytest.mark.parametrize(("scripts", "width"), [(True, 1280), (False, 360)], ids=["scripts", "plain"])
def test_shopper_pays_another_way_after_cancelling(new_person: Any, scripts: bool, width: int) -> None:
    guest = new_person(scripts=scripts, width=width)
    guest.orders("0708374151")
    five_seconds_pass()
    guest.page.reload()
    guest.sees("failed")

    guest.page.click("#mpesa-otherwise")
    chooser = guest.looks("chooser")
    guest.chooses("cod").places_order()
    thanks = guest.looks("thanks")

    assert "are back in your basket" in chooser
    assert "Cash on delivery" in thanks
    assert [order.status for order in Order.objects.order_by("pk")] == ["Payment expired", "Pending"]


@pytest.mark.parametrize("language", ["en", "sw"])
def test_page_shows_mismatch_refund_and_second_payment(new_person: Any, admin_user: Any, language: str) -> None:
    guest = new_person(language=language)
    guest.orders("0708374151")
    five_seconds_pass()
    guest.sees("failed")
    brings_money(amount=1400)
    guest.page.reload()
    mismatch = guest.sees("mismatch")

    receipt = MpesaReceipt.objects.get()
    record_refund(receipt, amount=receipt.amount, code="R", by=admin_user, now=timezone.now())
    guest.page.reload()
    unpaid = guest.sees("unpaid")
    second = new_payment(Order.objects.get(), phone=ANOTHER, now=timezone.now())
    post(second, failure(second), now=timezone.now())
    third = new_payment(Order.objects.get(), phone=PAYS, now=timezone.now())
    post(third, success(third, number="OD222BBB22"), now=timezone.now())
    guest.page.reload()
    guest.sees("paid")
    post(second, success(second, number="OD333CCC33"), now=timezone.now())
    guest.page.reload()
    twice = guest.sees("surplus")

    assert "KSh 1,400" in mismatch
    assert receipt.number in unpaid
    assert "OD333CCC33" in twice
    assert guest.fits()


def test_page_shows_late_money(new_person: Any) -> None:
    guest = new_person()
    guest.orders("0708374151")
    five_seconds_pass()
    guest.sees("failed")
    guest.page.click("#mpesa-otherwise")
    guest.page.wait_for_url("**/payment-method/")
    brings_money()

    guest.goes(f"checkout/mpesa/{MpesaOrder.objects.get().public_id}/")
    late = guest.sees("late")

    assert "Don't pay again." in late
    assert guest.fits()
