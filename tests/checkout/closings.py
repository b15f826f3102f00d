"""Build cancelled and closed orders of a shopper, and read their pages."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.utils import timezone

from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.services.order_closure import CloseResult, close_expired_order
from tests.shop import failure, post
from tests.shopper import Shopper


def cancels(shopper: Shopper, product: Any) -> str:
    """Order, and cancel on the phone; the waiting page's address."""
    wait_url = str(shopper.buys(product, phone="0708374151")["Location"])
    payment = MpesaPayment.objects.latest("pk")
    post(payment, failure(payment), now=timezone.now())
    return wait_url


def is_closed_by_the_clock(wait_url: str) -> str:
    """Half an hour goes by."""
    mpesa_order = MpesaOrder.objects.latest("created_at")
    assert close_expired_order(mpesa_order, now=timezone.now() + timedelta(minutes=31)) is CloseResult.CLOSED
    return wait_url


def page(shopper: Shopper, url: str) -> str:
    text: str = shopper.client.get(url).content.decode()
    return text


FIELD = re.compile(r'id="mpesa-pay-link" value="http://testserver([^"]+)"')


def keeps(shopper: Shopper, wait_url: str) -> str:
    """Choose to pay later; the link that the page offers to pass on."""
    answer = shopper.client.post(f"{wait_url}pay-later/")
    assert (answer.status_code, answer["Location"]) == (302, wait_url)
    [link] = FIELD.findall(page(shopper, wait_url))
    return str(link)


def latest() -> MpesaPayment:
    return MpesaPayment.objects.select_related("mpesa_order__order").latest("pk")
