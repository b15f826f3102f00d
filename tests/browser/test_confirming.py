"""While Safaricom confirms reported money, the page asks nobody to pay, and it updates when the answer is there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from oscar_mpesa.models import MpesaCallback, MpesaPayment
from oscar_mpesa.services.callbacks import process_callback
from tests.browser.axe import WIDTHS
from tests.browser.shopper import Person
from tests.browser.states import closed, confirming
from tests.pay_links import link_to
from tests.shop import post, success

pytestmark = pytest.mark.browser

#: Each way to pay once more, and to take the items away.
WAYS = (
    "#mpesa-again, #mpesa-payment [name=phone_number], #mpesa-otherwise, #mpesa-pay-later, #mpesa-pay-link, "
    "#mpesa-restore-basket"
)

SENTENCES = {
    "en": "M-PESA has reported KSh 1,500 for order {number}. We're confirming it; don't pay again.",
    "sw": "M-PESA imeripoti KSh 1,500 kwa oda {number}. Tunathibitisha; usilipe tena.",
}


def closed_and_confirming() -> MpesaPayment:
    """The report came after the order had closed."""
    payment = closed()
    post(payment, success(payment), now=timezone.now(), confirmed=False)
    MpesaPayment.objects.update(next_query_at=timezone.now() + timedelta(minutes=10))
    return payment


def offered(person: Person) -> int:
    return int(person.page.locator(WAYS).count())


def seen_at_all_widths(person: Person, address: str) -> list[tuple[str, bool]]:
    """Return the page's words and whether they fit, with the page as wide as a phone and as a desk."""
    seen = []
    for width in WIDTHS:
        person.width = width
        person.page.set_viewport_size({"width": width, "height": 740})
        person.page.goto(address)
        seen.append((person.sees("confirming"), person.fits()))
    return seen


@pytest.mark.parametrize(("language", "scripts"), [("en", True), ("en", False), ("sw", True), ("sw", False)])
def test_confirming_page_offers_no_other_payment(new_visitor: Any, language: str, scripts: bool) -> None:
    payment = confirming()
    mpesa_order = payment.mpesa_order
    owner = new_visitor(language=language, scripts=scripts).owns(payment)
    payer = new_visitor(language=language, scripts=scripts)
    token = link_to(payment).token
    here = f"{owner.shop}/{language}/checkout/mpesa"

    seen = seen_at_all_widths(owner, f"{here}/{mpesa_order.public_id}/")
    seen += seen_at_all_widths(payer, f"{here}/pay/{token}/")

    sentence = SENTENCES[language].format(number=mpesa_order.order.number)
    assert [(sentence in words, fits) for words, fits in seen] == [(True, True)] * 4
    assert (offered(owner), offered(payer)) == (0, 0)
    assert [each.page.locator("#mpesa-check").count() for each in (owner, payer)] == [1, 1]
    assert owner.page.locator("meta[http-equiv=refresh]").count() == (0 if scripts else 1)


def test_closed_order_being_confirmed_gives_no_items_back(new_visitor: Any) -> None:
    payment = closed_and_confirming()

    guest = new_visitor().owns(payment).waits_for(payment)
    guest.sees("confirming")
    before = offered(guest)
    MpesaPayment.objects.update(confirming_since=None)
    guest.page.reload()
    guest.sees("closed")

    assert (before, offered(guest)) == (0, 1)


def test_confirmed_payment_turns_the_page_to_paid(new_visitor: Any) -> None:
    payment = confirming()
    guest = new_visitor().owns(payment).waits_for(payment)
    guest.sees("confirming")
    callback = MpesaCallback.objects.get(verdict="unconfirmed")

    process_callback(callback, payment, now=timezone.now(), is_confirmed=True)
    paid = guest.sees("paid")  # the page asks by itself

    assert "OD444DDD44" in paid
    assert guest.page.locator("#mpesa-done").count() == 1


def test_denied_payment_can_be_paid_again(new_visitor: Any) -> None:
    payment = confirming()
    guest = new_visitor().owns(payment).waits_for(payment)
    guest.sees("confirming")
    before = offered(guest)

    reported = timezone.now() - timedelta(minutes=31)
    MpesaPayment.objects.update(confirming_since=reported, not_paid_at=timezone.now(), push_sent_at=reported)
    failed = guest.sees("failed")

    assert "The prompt was canceled" in failed
    assert before == 0
    assert guest.page.locator("#mpesa-again").is_enabled()
