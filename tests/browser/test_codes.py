"""Each result code has its heading, sentence, primary button and next steps on the payment page."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone, translation
from django.utils.translation import gettext

from oscar_mpesa.domain.outcomes import Outcome, Retry
from oscar_mpesa.domain.payment_status import FINAL, PaymentStatus
from oscar_mpesa.domain.push_codes import PUSH_CODES
from oscar_mpesa.domain.result_codes import RESULTS, outcome_of
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.oscar_adapter.order_messages import outcome_message
from tests.browser.shopper import Person
from tests.browser.states import failed

pytestmark = pytest.mark.browser

#: The outcomes that shoppers can see, and one unknown code.
FAILURES = [
    *(outcome for outcome in RESULTS.values() if outcome.status in FINAL - {PaymentStatus.COMPLETED}),
    *PUSH_CODES.values(),
    outcome_of("77777", PaymentStatus.FAILED),
]

#: What the page says instead of an outcome in a shop whose settings are right now.
PRESENT = {"misconfigured": PUSH_CODES["not-sent"]}

HELP = "0700 000 000 (8:00-18:00)"

AGAIN, PHONE, OTHERWISE = "#mpesa-again", "#mpesa-payment [name=phone_number]:visible", "#mpesa-otherwise"
LATER = "#mpesa-pay-later"

#: The primary button after each result; after any other, it sends the prompt again.
FIRST = {
    **dict.fromkeys(["1", "4", "2006", "8006", "number-refused"], "mpesa-send-to-other"),
    **dict.fromkeys(["2", "3", "8", "1025", "1101", "2028", "SFC_IC0003", "amount-refused"], "mpesa-otherwise"),
}


def ways_on(outcome: Outcome) -> set[str]:
    """Return what the page offers after an outcome in a shop with another method whose settings are right now."""
    if outcome.retry is Retry.NEVER and outcome.code != "misconfigured":
        return {OTHERWISE}
    again = set() if outcome.retry is Retry.OTHER_NUMBER else {AGAIN}
    return again | ({PHONE} if FIRST.get(outcome.code) == "mpesa-send-to-other" else set()) | {OTHERWISE, LATER}


def primary(guest: Person) -> list[str]:
    """Return the ids of the page's primary buttons."""
    ids: list[str] = guest.page.eval_on_selector_all("#mpesa-payment .btn-primary", "all => all.map(each => each.id)")
    return ids


def ends_with(payment: MpesaPayment, outcome: Outcome) -> None:
    """End the payment with this outcome now."""
    MpesaPayment.objects.filter(pk=payment.pk).update(
        status=outcome.status, result_code=outcome.code, ended_at=timezone.now()
    )


def offered(guest: Person) -> set[str]:
    """Return the next steps that the page has."""
    return {way for way in (AGAIN, PHONE, OTHERWISE, LATER) if guest.page.locator(way).count()}


@pytest.mark.parametrize(("language", "width"), [("en", 360), ("sw", 320)])
def test_each_result_has_its_heading_sentence_and_primary_button(
    new_visitor: Any, settings: Any, language: str, width: int
) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "SUPPORT_CONTACT": HELP}
    payment = failed(1032)()
    guest = new_visitor(language=language, width=width).owns(payment)

    wrong = {}
    for outcome in FAILURES:
        ends_with(payment, outcome)
        words, shown = guest.waits_for(payment).looks(outcome.code), PRESENT.get(outcome.code, outcome)
        with translation.override(language):
            sentence, heading = outcome_message(shown, number=payment.phone_number.grouped), gettext(shown.heading)
        said = (sentence in words, HELP in words, guest.page.inner_text("#mpesa-heading") == heading)
        facts = (*said, primary(guest), offered(guest), guest.fits())
        if facts != (True, True, True, [FIRST.get(outcome.code, "mpesa-again")], ways_on(outcome), True):
            wrong[outcome.code] = facts

    assert wrong == {}
    assert len(FAILURES) == 28


@pytest.mark.parametrize("code", ["1032", "4", "3", "2028"])
def test_shop_with_mpesa_only_offers_its_support_contact(
    new_visitor: Any, settings: Any, mpesa_only: None, code: str
) -> None:
    settings.OSCAR_MPESA = {"TEST_MODE": True, "WAKE": settings.OSCAR_MPESA["WAKE"], "SUPPORT_CONTACT": HELP}
    payment = failed(1032)()
    ends_with(payment, RESULTS[code])
    guest = new_visitor().owns(payment).waits_for(payment)

    words = guest.looks(code)

    sentence = outcome_message(RESULTS[code], number=payment.phone_number.grouped)
    assert sentence in words and "another way" not in words
    assert offered(guest) == ways_on(RESULTS[code]) - {OTHERWISE}
    assert guest.page.inner_text("#mpesa-next").strip().endswith(f"order {payment.mpesa_order.order.number}")


def test_shop_with_mpesa_only_skips_the_choice_of_method(new_person: Any, settings: Any, mpesa_only: None) -> None:
    settings.OSCAR_MPESA = {"TEST_MODE": True, "WAKE": settings.OSCAR_MPESA["WAKE"], "SUPPORT_CONTACT": HELP}
    guest = new_person()

    guest.fills_basket().goes_to_payment()
    guest.names_phone("0708374151").places_order()

    assert guest.page.locator("#mpesa-payment").is_visible()
    assert MpesaPayment.objects.get().phone == "254708374151"
