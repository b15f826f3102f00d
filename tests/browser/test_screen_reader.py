"""Screen readers announce each change of the payment page once, and the focus is never lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.update_sources import push_expired
from tests.browser.shopper import Person
from tests.browser.states import checking, enter_pin
from tests.shop import pay

pytestmark = pytest.mark.browser

#: Keeps what stands in the live region after each change, as it is read out, and where the focus ever was.
LISTEN = """() => {
    window.said = [];
    window.lost = 0;
    window.kept = document.activeElement;
    const region = document.getElementById("mpesa-live");
    new MutationObserver(() => said.push(region.textContent)).observe(
        region, {childList: true, characterData: true, subtree: true});
    window.watch = setInterval(() => { if (document.activeElement === document.body) lost += 1; }, 20);
}"""


def listens(new_visitor: Any, payment: MpesaPayment) -> Person:
    """Open the page, stand on its button, and listen."""
    guest: Person = new_visitor().owns(payment).waits_for(payment)
    guest.page.focus("#mpesa-check")
    guest.page.evaluate(LISTEN)
    return guest


def heard(guest: Person) -> list[str]:
    """What was said so far."""
    return list(guest.page.evaluate("said"))


def focused(guest: Person) -> str:
    """The id of what has the focus."""
    return str(guest.page.evaluate("document.activeElement.id"))


def test_nothing_is_announced_without_a_change(new_visitor: Any) -> None:
    guest = listens(new_visitor, enter_pin())

    guest.comes_back()
    guest.comes_back()

    assert (heard(guest), focused(guest)) == ([], "mpesa-check")


def test_each_change_is_announced_once(new_visitor: Any) -> None:
    payment = enter_pin()
    guest = listens(new_visitor, payment)

    MpesaPayment.objects.update(push_sent_at=timezone.now() - timedelta(seconds=80))
    guest.comes_back()
    guest.page.wait_for_selector(".mpesa-checking")
    still_there, never_removed = focused(guest), guest.page.evaluate("kept.isConnected")
    MpesaPayment.objects.update(push_sent_at=timezone.now() - timedelta(seconds=151))
    payment.refresh_from_db()
    apply_update(payment, push_expired(), now=timezone.now())
    guest.comes_back()
    guest.page.wait_for_selector(".mpesa-unanswered")

    said = heard(guest)
    assert [sentence.partition(". ")[0] for sentence in said] == [
        "We're checking with M-PESA",
        "No answer yet",
    ]
    assert [sentence.count(". ") for sentence in said] == [1, 1]
    assert (still_there, never_removed) == ("mpesa-check", True)
    assert guest.page.evaluate("lost") == 0


@pytest.mark.parametrize("ending", ["paid", "failed"])
def test_result_is_announced_once_and_the_heading_has_focus(new_visitor: Any, ending: str) -> None:
    payment = checking()
    guest = listens(new_visitor, payment)

    if ending == "paid":
        pay(payment, now=timezone.now())
    else:
        ended = {"status": "failed", "result_code": "2001", "live_order": None, "ended_at": timezone.now()}
        MpesaPayment.objects.update(**ended)
    guest.comes_back()
    guest.page.wait_for_selector(f".mpesa-{ending}")

    sentence = {"paid": "Paid. Thank you! ", "failed": "The M-PESA PIN was wrong."}[ending]
    assert [sentence in each for each in heard(guest)] == [True]
    assert focused(guest) == "mpesa-heading"
    assert guest.page.evaluate("lost") == 0
