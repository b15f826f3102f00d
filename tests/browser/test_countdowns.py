"""Countdowns go by the server's time, whatever the phone's clock says, and the opened button is announced once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from oscar_mpesa.models import MpesaPayment
from tests.browser.connection import STATUS, stands_still
from tests.browser.shopper import Person
from tests.browser.states import enter_pin, unanswered_too_long

pytestmark = pytest.mark.browser

#: Keeps all that is read out.
LISTEN = """() => {
    window.said = [];
    const live = document.getElementById("mpesa-live");
    new MutationObserver(() => said.push(live.textContent)).observe(live, {childList: true, characterData: true});
}"""


def cut_off(guest: Person) -> Person:
    """No answer of the server corrects the page's time."""
    guest.page.route(STATUS, lambda route: route.abort())
    return guest


def seconds(guest: Person, selector: str) -> int:
    """What a countdown shows."""
    minutes, _, rest = str(guest.page.locator(selector).inner_text()).strip("()").partition(":")
    return int(minutes) * 60 + int(rest)


@pytest.mark.parametrize("wrong", [0, 86_400 * 400, -86_400 * 400], ids=["right", "fast", "slow"])
def test_minute_counts_down_whatever_the_phones_clock_says(new_visitor: Any, wrong: int) -> None:
    payment = enter_pin()
    guest = stands_still(cut_off(new_visitor()), payment, at=timezone.now().timestamp() + wrong)
    given = guest.page.locator("#mpesa-minute")
    whole = int(given.get_attribute("data-ends") or 0) - int(given.get_attribute("data-now") or 0)

    at_first = seconds(guest, "#mpesa-left")
    guest.page.clock.run_for(10_000)
    later = seconds(guest, "#mpesa-left")

    assert 0 <= whole - at_first <= 5
    assert at_first - later == 10
    assert guest.page.locator("#mpesa-left").get_attribute("aria-hidden") == "true"


def test_minute_is_right_after_the_phone_slept(new_visitor: Any) -> None:
    guest = stands_still(cut_off(new_visitor()), enter_pin())
    before = seconds(guest, "#mpesa-left")

    guest.page.clock.fast_forward(30_000)
    guest.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    after = seconds(guest, "#mpesa-left")
    guest.page.clock.fast_forward(300_000)

    assert before - after in {30, 31}
    assert seconds(guest, "#mpesa-left") == 0


def test_answer_of_the_server_corrects_the_countdown(new_visitor: Any) -> None:
    guest = stands_still(new_visitor(), enter_pin())
    before = seconds(guest, "#mpesa-left")

    guest.page.clock.set_fixed_time(guest.page.evaluate("Date.now()") / 1000 + 40)
    with guest.page.expect_response(STATUS):
        guest.page.click("#mpesa-check")
    guest.page.wait_for_timeout(200)

    assert before - seconds(guest, "#mpesa-left") < 15


def test_button_counts_down_and_its_opening_is_announced_once(new_visitor: Any) -> None:
    payment = unanswered_too_long()
    MpesaPayment.objects.update(push_sent_at=timezone.now() - timedelta(seconds=20))
    guest = stands_still(cut_off(new_visitor()), payment)
    guest.page.evaluate(LISTEN)
    button = guest.page.locator("#mpesa-again")
    reason = guest.page.locator(f"#{button.get_attribute('aria-describedby')}")

    closed = seconds(guest, "#mpesa-again-left"), reason.inner_text(), button.get_attribute("aria-disabled")
    button.press("Enter")
    guest.page.clock.run_for(10_000)
    later, silence = seconds(guest, "#mpesa-again-left"), guest.page.evaluate("[...said]")
    guest.page.clock.run_for(60_000)

    assert 30 <= closed[0] <= 41 and closed[0] - later == 10
    assert closed[1:] == (reason.text_content(), "true") and closed[1]
    assert silence == []
    assert guest.page.evaluate("said") == ["You can send the prompt again now."]
    assert button.get_attribute("aria-disabled") is button.get_attribute("aria-describedby") is None
    assert not reason.is_visible()
    assert guest.page.locator("#mpesa-again-left").inner_text() == ""
    assert MpesaPayment.objects.count() == 1
