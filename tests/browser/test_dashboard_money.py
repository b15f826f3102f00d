"""The pages about receipts fit narrow and wide screens and are accessible."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from oscar_mpesa.models import MpesaReceipt
from oscar_mpesa.services.allocation import allocate, resolve_receipt, reverse_allocation
from oscar_mpesa.services.refunds import record_refund
from tests.browser.axe import violations
from tests.browser.shopper import Person
from tests.dashboard.staff import new_claim
from tests.services.unmatched import mismatch, surplus
from tests.shop import later, new_order, new_staff_user

pytestmark = pytest.mark.browser

LOOKS = [pytest.param(language, width, id=f"{language}-{width}") for language in ("en", "sw") for width in (360, 1280)]

#: A value beside a long label, with less than 6rem to be written in.
LETTER_BY_LETTER = "[...document.querySelectorAll('.mpesa-list dd')].some(each => each.clientWidth < 96)"


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
    if person.page.evaluate(LETTER_BY_LETTER):
        found.append(f"{name}: values are too narrow to be read")
    return found if person.fits() else [*found, f"{name}: sticks out"]


def lists(desk: Person) -> list[str]:
    """Check the list with money and recorded payments, and with an invalid code and amount."""
    surplus()
    new_claim(new_order())
    found = faults(desk.goes("dashboard/mpesa/money/"), "list")
    return found + faults(desk.goes("dashboard/mpesa/money/?code=SHORT&amount=0"), "list-refused")


def one_receipt(desk: Person) -> list[str]:
    """Check a receipt, the form that matches it, its review, and a refused refund."""
    receipt = mismatch()
    order: Any = receipt.meant_for
    address = f"dashboard/mpesa/money/{receipt.pk}/"
    found = faults(desk.goes(address), "receipt")
    found += faults(desk.goes(f"{address}allocate/?order={order.number}"), "match")
    continues(desk)
    found += faults(desk, "match-review")
    found += faults(desk.goes(f"{address}resolve/"), "resolve")
    desk.goes(f"{address}refund/")
    desk.page.fill("[name=reference]", "R1")
    desk.page.fill("[name=amount]", "9999")
    desk.page.check("[name=sent]")
    continues(desk, until="[role=alert]")
    return found + faults(desk, "refund-refused")


def corrections(desk: Person) -> list[str]:
    """Check the pages that refund, move, unmatch, undo and void, and their reviews."""
    receipt, other, clerk = surplus(), new_order(), new_staff_user("match_receipt", "record_refund", "resolve_receipt")
    entry = allocate(receipt, new_order(total="900.00"), by=clerk, now=later(60))
    refund = record_refund(receipt, amount=Decimal(200), code="REV0000001", by=clerk, now=later(150))[0]
    resolve_receipt(receipt, note="a voucher", by=clerk, now=later(200))
    resolution = receipt.allocations.get(order=None)
    found = faults(desk.goes(f"dashboard/mpesa/money/{receipt.pk}/refund/"), "refund")
    desk.page.fill("[name=reference]", "REV0000002")
    desk.page.check("[name=sent]")
    continues(desk)
    found += faults(desk, "refund-review")
    for name, address in {
        "move": f"entries/{entry.pk}/move/?order={other.number}",
        "unmatch": f"entries/{entry.pk}/unmatch/",
        "undo": f"entries/{resolution.pk}/undo/",
        "void": f"refunds/{refund.pk}/void/",
    }.items():
        found += faults(desk.goes(f"dashboard/mpesa/money/{address}"), name)
        desk.page.fill("[name=note]", "typing error")
        continues(desk)
        found += faults(desk, f"{name}-review")
    return found


def continues(desk: Person, *, until: str = "#check") -> None:
    """Send the form of a decision, and wait for its review."""
    desk.page.click(".mpesa-dashboard form[method=post] button")
    desk.page.wait_for_selector(until)


def entries(desk: Person) -> list[str]:
    """Check a receipt that was matched, unmatched, matched again in part and refunded in part."""
    receipt, clerk = surplus(), new_staff_user("match_receipt", "record_refund")
    entry = allocate(receipt, new_order(), by=clerk, note="the same person", now=later(60))
    reverse_allocation(entry, by=clerk, note="no, her sister", now=later(90))
    allocate(receipt, new_order(total="900.00"), by=clerk, now=later(120))
    record_refund(receipt, amount=Decimal(200), code="REV0000001", by=clerk, now=later(150))
    return faults(desk.goes(f"dashboard/mpesa/money/{receipt.pk}/"), "entries")


def recorded(desk: Person) -> list[str]:
    """Check a recorded payment, before and after it is withdrawn."""
    claim = new_claim(new_order())
    found = faults(desk.goes(f"dashboard/mpesa/money/recorded/{claim.pk}/"), "recorded")
    found += faults(desk.goes(f"dashboard/mpesa/money/recorded/{claim.pk}/withdraw/"), "withdraw")
    desk.page.fill("[name=note]", "wrong order")
    continues(desk)
    desk.page.click("[name=confirmed]")
    desk.page.wait_for_selector("text=wrong order")
    return found + faults(desk, "recorded-withdrawn")


def record(desk: Person) -> list[str]:
    """Check the record form, its review, and a known code."""
    receipt = surplus()
    order: Any = receipt.meant_for
    found = faults(desk.goes(f"dashboard/mpesa/money/record/?order={order.number}"), "record")
    values = {"code": "OD222BBB32", "amount": "1500", "day": f"{timezone.now():%Y-%m-%d}", "time": "00:00"}
    for name, text in {**values, "note": "M-PESA portal"}.items():
        desk.page.fill(f"[name={name}]", text)
    continues(desk)
    found += faults(desk, "record-check")
    desk.page.click("[name=change]")
    desk.page.fill("[name=code]", str(receipt.number))
    continues(desk, until="[role=alert]")
    return found + faults(desk, "record-known")


def order_panel(desk: Person) -> list[str]:
    """Check the panel and its tab, without Oscar's page around them."""
    order: Any = surplus().meant_for
    desk.goes(f"dashboard/orders/{order.number}/")
    desk.looks("order-panel")
    found = violations(desk.page, within=".mpesa-order-panel")
    desk.page.click("a[href='#mpesa']")
    desk.page.wait_for_selector("#mpesa.active.show")
    desk.looks("order-tab")
    return found + violations(desk.page, within="#mpesa")


PAGES = [lists, one_receipt, corrections, entries, recorded, record, order_panel]


@pytest.mark.parametrize("pages", PAGES, ids=lambda pages: pages.__name__)
@pytest.mark.parametrize(("language", "width"), LOOKS)
def test_pages_fit_and_are_accessible(
    new_visitor: Any, pages: Callable[[Person], list[str]], language: str, width: int
) -> None:
    desk = signed_in(new_visitor(language=language, width=width))

    assert pages(desk) == []


def test_receipt_is_matched_without_scripts(new_visitor: Any) -> None:
    receipt = mismatch()
    order: Any = receipt.meant_for
    desk = signed_in(new_visitor(scripts=False)).goes(f"dashboard/mpesa/money/{receipt.pk}/")

    desk.page.click("text=Match it to an order")
    desk.page.fill("[name=order]", order.number)
    continues(desk)
    desk.page.click("[name=confirmed]")

    assert f"KSh 1,400 was matched to order {order.number}." in desk.looks("used")
    assert MpesaReceipt.objects.get().status == "matched"
