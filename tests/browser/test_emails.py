"""Emails as they look on a phone, and their links in a browser that knows nothing of the order."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from oscar.core.loading import get_model

from oscar_mpesa.models import MessageKind, MpesaOrder, MpesaOutboxMessage
from oscar_mpesa.services import outbox
from oscar_mpesa.services.ports import shop as shop_adapter
from tests.browser.axe import all_violations
from tests.browser.closing_clock import half_an_hour_passes
from tests.browser.shopper import five_seconds_pass
from tests.oscar_adapter.sent_emails import html_of
from tests.shop import new_payment, pay

pytestmark = pytest.mark.browser

ORDER_LINK = re.compile(r"http://[^/]+(/\S+/checkout/mpesa/order/\S+)")


def email_of(kind: MessageKind) -> Any:
    """Send the newest email of a kind, and return it."""
    message = MpesaOutboxMessage.objects.select_related(*outbox.RELATED).filter(kind=kind).latest("pk")
    mail.outbox.clear()
    assert shop_adapter().send_email(message) is None
    return mail.outbox[0]


@pytest.mark.parametrize("scripts", [True, False])
def test_link_of_the_closed_email_restores_the_basket_in_any_browser(new_person: Any, scripts: bool) -> None:
    guest = new_person()
    guest.orders("0708374151")
    five_seconds_pass()
    half_an_hour_passes()
    [path] = ORDER_LINK.findall(email_of(MessageKind.CLOSED_EMAIL).body)

    reader = new_person(scripts=scripts)
    reader.page.goto(f"{reader.shop}{path}")
    closed, address = reader.sees("closed"), reader.page.url
    reader.page.click("#mpesa-restore-basket")
    basket = reader.looks("basket")

    number = MpesaOrder.objects.get().order.number
    assert number in closed and number in basket and "are back in your basket" in basket
    assert "/mpesa/order/" not in address
    assert get_model("basket", "Line").objects.filter(basket__status="Open").count() == 1


def test_wrong_link_says_what_to_do(new_visitor: Any) -> None:
    reader = new_visitor()

    reader.goes("checkout/mpesa/order/a-wrong-token/")
    page = reader.looks("wrong link")

    assert "We can't show this order in this browser" in page
    assert "If an M-PESA SMS says Confirmed, don't pay again" in page
    assert reader.fits()
    assert all_violations(reader.page) == []


@pytest.mark.parametrize("width", [360, 640])
def test_rows_of_the_paid_email_are_inside_its_body(new_visitor: Any, width: int) -> None:
    pay(new_payment())
    reader = new_visitor(width=width)

    reader.page.set_content(html_of(email_of(MessageKind.PAID_EMAIL)))
    reader.looks("paid")
    main, rows, totals = (
        reader.page.locator(each).first.bounding_box() for each in (".main", ".mpesa-rows", ".order-items")
    )

    assert reader.page.locator(".mpesa-rows").count() == 1
    assert "OD123ABC45" in reader.page.inner_text(".mpesa-rows")
    assert main["x"] <= rows["x"] and rows["x"] + rows["width"] <= main["x"] + main["width"]
    assert totals["y"] + totals["height"] <= rows["y"]
    assert rows["y"] + rows["height"] <= main["y"] + main["height"]
    assert reader.fits()
