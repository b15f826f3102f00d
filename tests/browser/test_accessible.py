"""No page of ours breaks WCAG 2.2 AA or axe's best practice, on phones or on a desk.

Looked at whole, with the demo shop's header and footer: the payment page in each of its states, and the practice phone.
``test_whole_purchase`` looks at the pages before and after. What no machine can tell is tried elsewhere: the keyboard,
the focus and what is said aloud.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from oscar_mpesa.models import MpesaPayment
from tests.browser.axe import ALL, all_violations, violations_at_all_widths
from tests.browser.states import STATES, failed, paid
from tests.shop import ANOTHER, NO_FUNDS, new_order, new_payment

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("state", STATES)
def test_payment_page_has_no_violations(new_visitor: Any, state: str) -> None:
    payment = STATES[state]()
    guest = new_visitor().owns(payment)

    guest.waits_for(payment)
    guest.sees(state.partition(",")[0])
    closed = guest.page.locator("#mpesa-payment details:not([open]) summary")
    while closed.count():
        closed.first.click()
    guest.looks(state)

    assert violations_at_all_widths(guest.page, tags=ALL, widths=(320, 1280)) == []


def _asked() -> list[MpesaPayment]:
    return [new_payment(phone=ANOTHER, now=timezone.now())]


def _asked_on_two() -> list[MpesaPayment]:
    return [*_asked(), new_payment(new_order(), phone=NO_FUNDS, now=timezone.now())]


@pytest.mark.parametrize(
    ("build", "sight"),
    [
        pytest.param(list, ".rest", id="nobody asked"),
        pytest.param(_asked, "#pad:visible", id="asked"),
        pytest.param(_asked_on_two, "#others", id="several phones"),
        pytest.param(lambda: [paid()], ".sms b", id="paid"),
        pytest.param(lambda: [failed(1)()], ".sms b", id="failed"),
    ],
)
def test_practice_phone_has_no_violations(new_visitor: Any, build: Any, sight: str) -> None:
    owner = new_visitor().owns(*build())

    owner.page.goto(f"{owner.shop}/practice-phone/")
    owner.page.wait_for_selector(sight)
    owner.page.evaluate("document.getElementById('others').open = true")

    assert all_violations(owner.page) == []


def test_practice_phone_without_script_has_no_violations(new_visitor: Any) -> None:
    (payment,) = _asked()
    owner = new_visitor().owns(payment)
    owner.context.route("**/practice_phone.js", lambda route: route.fulfill(body=""))  # axe itself is a script
    owner.page.goto(f"{owner.shop}/practice-phone/")
    assert owner.page.locator("#plain").is_visible()
    plain = all_violations(owner.page)

    MpesaPayment.objects.update(practice_answer="right")
    owner.page.goto(f"{owner.shop}/practice-phone/?sent=1")
    assert owner.page.locator(".toast").is_visible()

    assert (plain, all_violations(owner.page)) == ([], [])
