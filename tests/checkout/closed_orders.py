"""Build cancelled and closed orders of a shopper, and load their pages."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.utils import timezone

from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.services.order_closure import CloseResult, close_expired_order
from tests.page_html import html_of
from tests.shop import failure, post
from tests.shopper import Shopper


def buy_and_cancel(shopper: Shopper, product: Any) -> str:
    """Place an order and cancel it on the phone. Return the URL of the payment page."""
    page_url = str(shopper.buys(product, phone="0708374151")["Location"])
    payment = MpesaPayment.objects.latest("pk")
    post(payment, failure(payment), now=timezone.now())
    return page_url


def close_by_clock(page_url: str) -> str:
    """Close the order because half an hour passed."""
    mpesa_order = MpesaOrder.objects.latest("created_at")
    assert close_expired_order(mpesa_order, now=timezone.now() + timedelta(minutes=31)) is CloseResult.CLOSED
    return page_url


def page(shopper: Shopper, url: str) -> str:
    return html_of(shopper.client.get(url))


FIELD = re.compile(r'id="mpesa-pay-link" value="http://testserver([^"]+)"')


def choose_pay_later(shopper: Shopper, page_url: str) -> str:
    """Choose to pay later. Return the path of the payment link on the page."""
    answer = shopper.client.post(f"{page_url}pay-later/")
    assert (answer.status_code, answer["Location"]) == (302, page_url)
    [link] = FIELD.findall(page(shopper, page_url))
    return str(link)


def latest() -> MpesaPayment:
    return MpesaPayment.objects.select_related("mpesa_order__order").latest("pk")
