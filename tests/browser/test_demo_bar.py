"""The demo bar opens the practice phone in a column on wide screens, else in a tab."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from oscar_mpesa.models import MpesaPayment
from tests.shop import ANOTHER, new_payment

pytestmark = pytest.mark.browser

LINK = "#duka-phone-link"


def test_phone_opens_beside_the_shop_on_wide_screens(new_visitor: Any) -> None:
    payment = new_payment(phone=ANOTHER, now=timezone.now())
    shopper = new_visitor(width=1280).owns(payment).goes("catalogue/")
    shopper.page.click(LINK)

    shopper.goes(f"checkout/mpesa/{payment.mpesa_order.public_id}/")
    shopper.page.focus("#mpesa-check")
    phone = shopper.page.frame_locator(".duka-phone")
    phone.locator("#pad").wait_for()
    shopper.looks("beside")
    kept = shopper.page.evaluate("document.activeElement.id")
    fits = shopper.fits()
    for digit in "1234":
        phone.locator(f"[data-key='{digit}']").click()
    phone.locator("#send").click()
    shopper.sees("paid")
    shopper.page.click(LINK)

    assert (kept, fits) == ("mpesa-check", True)
    assert shopper.page.locator(".duka-phone").count() == 0
    assert MpesaPayment.objects.get().is_paid


@pytest.mark.parametrize(("width", "scripts"), [(360, True), (1280, False)], ids=["narrow", "without scripts"])
def test_phone_opens_in_a_tab_elsewhere(new_visitor: Any, width: int, scripts: bool) -> None:
    shopper = new_visitor(width=width, scripts=scripts).goes("catalogue/")

    with shopper.context.expect_page() as opened:
        shopper.page.click(LINK)

    assert opened.value.url == f"{shopper.shop}/practice-phone/"
    assert shopper.page.locator(".duka-phone").count() == 0
