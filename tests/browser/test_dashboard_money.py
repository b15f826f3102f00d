"""The pages about receipts fit narrow and wide screens and are accessible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaReceipt
from tests.browser.axe import violations
from tests.browser.shopper import Person
from tests.browser.states import mismatch, paid_twice

pytestmark = pytest.mark.browser

LOOKS = [pytest.param(language, width, id=f"{language}-{width}") for language in ("en", "sw") for width in (360, 1280)]


def signed_in(person: Person) -> Person:
    """Sign in as the shop's owner."""
    users, client = get_user_model().objects, Client()
    owner: Any = users.filter(is_superuser=True).first()
    client.force_login(owner or users.create_superuser("owner", "owner@example.com", "karibu"))
    name = django_settings.SESSION_COOKIE_NAME
    person.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": person.shop}])
    return person


def faults(person: Person, name: str, *, within: str = ".mpesa-dashboard") -> list[str]:
    """Take a screenshot and return the faults of our part of the page."""
    person.looks(name)
    found = [f"{name}: {line}" for line in violations(person.page, within=within)]
    return found if person.fits() else [*found, f"{name}: sticks out"]


def refused_search(desk: Person) -> list[str]:
    """Check the list with an invalid code and amount."""
    return faults(desk.goes("dashboard/mpesa/money/?code=SHORT&amount=0"), "list-refused")


def one_receipt(desk: Person) -> list[str]:
    """Check a receipt with an order, and after a refused decision."""
    receipt = mismatch().receipts.get()
    order: Any = receipt.order
    found = faults(desk.goes(f"dashboard/mpesa/money/{receipt.pk}/?order={order.number}"), "receipt")
    desk.page.click("form[action$='/allocate/'] button")
    desk.page.wait_for_selector("[role=alert]")
    return found + faults(desk, "receipt-refused")


def record(desk: Person) -> list[str]:
    """Check the record form, its review, and a known code."""
    receipt = paid_twice().receipts.earliest("pk")
    order: Any = receipt.order
    found = faults(desk.goes(f"dashboard/mpesa/money/record/?order={order.number}"), "record")
    values = {"code": "OD123ABC54", "amount": "1500", "day": f"{timezone.now():%Y-%m-%d}", "time": "00:00"}
    for name, text in {**values, "note": "M-PESA portal"}.items():
        desk.page.fill(f"[name={name}]", text)
    desk.page.click(".mpesa-dashboard form[method=post] button")
    desk.page.wait_for_selector("#check")
    found += faults(desk, "record-check")
    desk.page.click("[name=change]")
    desk.page.fill("[name=code]", str(receipt.number))
    desk.page.click(".mpesa-dashboard form[method=post] button")
    desk.page.wait_for_selector("[role=alert]")
    return found + faults(desk, "record-known")


def order_panel(desk: Person) -> list[str]:
    """Check the panel and its tab, without Oscar's page around them."""
    payment = paid_twice()
    number = get_model("order", "Order").objects.get(pk=payment.order_id).number
    desk.goes(f"dashboard/orders/{number}/")
    desk.looks("order-panel")
    found = violations(desk.page, within=".mpesa-order-panel")
    desk.page.click("a[href='#mpesa']")
    desk.page.wait_for_selector("#mpesa.active.show")
    desk.looks("order-tab")
    return found + violations(desk.page, within="#mpesa")


@pytest.mark.parametrize("pages", [refused_search, one_receipt, record, order_panel], ids=lambda pages: pages.__name__)
@pytest.mark.parametrize(("language", "width"), LOOKS)
def test_pages_fit_and_are_accessible(
    new_visitor: Any, pages: Callable[[Person], list[str]], language: str, width: int
) -> None:
    desk = signed_in(new_visitor(language=language, width=width))

    assert pages(desk) == []


def test_receipt_is_matched_without_scripts(new_visitor: Any) -> None:
    receipt = mismatch().receipts.get()
    order: Any = receipt.order
    desk = signed_in(new_visitor(scripts=False)).goes(f"dashboard/mpesa/money/{receipt.pk}/")

    desk.page.fill("#search-order", order.number)
    desk.page.click(".mpesa-search button")
    desk.page.check("[name=accept_difference]")
    desk.page.click("form[action$='/allocate/'] button")

    assert f"The money was matched to order {order.number}." in desk.looks("used")
    assert MpesaReceipt.objects.get().allocation == "applied"
