"""A bookkeeper without a mouse: after each step, the focus is where reading goes on."""

from __future__ import annotations

import time
from typing import Any

import pytest

from oscar_mpesa.models import MpesaRefund
from tests.browser.bookkeeper import Bookkeeper
from tests.browser.keys import Keyboard
from tests.services.money import paid_order, receipt
from tests.services.refunds import RETURNED, refund
from tests.shop import new_staff_user

pytestmark = pytest.mark.browser

#: What has the focus: its id, or the text of a message.
FOCUSED = "(at => at.id || at.innerText)(document.activeElement)"

BUTTON = ".mpesa-dashboard form[method=post] button"


def focused(desk: Bookkeeper) -> str:
    """Return ``FOCUSED`` once the new page has moved the focus, at the latest after five seconds."""
    ends = time.monotonic() + 5
    while desk.page.evaluate("document.activeElement === document.body") and time.monotonic() < ends:
        desk.page.wait_for_timeout(20)
    words: str = desk.page.evaluate(FOCUSED)
    return words


@pytest.mark.parametrize("scripts", [True, False])
def test_focus_goes_to_the_error_and_then_to_the_review(new_visitor: Any, scripts: bool) -> None:
    order = paid_order()
    refund(receipt(), new_staff_user("record_refund"), purpose=RETURNED)
    void = MpesaRefund.objects.get()
    desk = Bookkeeper(new_visitor(scripts=scripts))
    desk.person.goes(f"dashboard/mpesa/money/{receipt().pk}/")
    keys = Keyboard(desk.page).follows(f"a[href$='/refunds/{void.pk}/void/']")

    desk.page.evaluate("document.querySelector('[name=note]').required = false")
    keys.goes_to("[name=note]").follows(BUTTON)
    first = focused(desk)
    keys.types("[name=note]", "not sent").follows(BUTTON)
    second = focused(desk)
    keys.follows("[name=confirmed]")

    assert (first, second) == ("id_note", "check")
    assert desk.panel(order) == ["1,500", "1,500", "0", "0"]


def test_focus_goes_to_the_refusal_of_a_decision(new_visitor: Any) -> None:
    paid_order()
    desk = Bookkeeper(new_visitor())
    desk.person.goes(f"dashboard/mpesa/money/{receipt().pk}/refund/")

    keys = Keyboard(desk.page).types("[name=amount]", "9999").types("[name=reference]", "OD777REV77")
    keys.goes_to("[name=sent]").presses("Space").follows(BUTTON)

    desk.person.looks("refused")
    assert focused(desk).strip() == "Enter an amount above zero, and not more than arrived."
    assert not MpesaRefund.objects.exists()
