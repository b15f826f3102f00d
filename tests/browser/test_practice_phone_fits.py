"""The practice phone shows its prompt and keypad without scrolling, at a desk and on a small phone."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaPayment
from tests.browser.shopper import Person
from tests.shop import ANOTHER, new_payment

pytestmark = pytest.mark.browser

WARNING = "PRACTICE PHONE. Never type your real PIN. Use 1234."
DESK, SMALL_PHONE = (1280, 860), (360, 640)

#: The keys, the button that sends the PIN, and the one that cancels.
WITH_SCRIPTS = [".warning", "#number", "#prompt-question", "#pin", *(f"[data-key='{n}']" for n in range(10)), "#send"]
WITHOUT_SCRIPTS = [".warning", "#number", "#prompt-question", "[value=right]", "[value=wrong]"]

#: Lists the selectors whose elements are not in view as a whole.
OUT_OF_VIEW = """(selectors) => selectors.filter((selector) => {
    const box = document.querySelector(selector).getBoundingClientRect();
    return !box.height || box.top < 0 || box.left < 0 || box.bottom > innerHeight || box.right > innerWidth;
})"""


def with_old_numbers(person: Person) -> MpesaPayment:
    """Give the person a new prompt after payments of seven other numbers."""
    old = [new_payment(phone=PhoneNumber.parse(f"072200000{number}"), now=timezone.now()) for number in range(7)]
    MpesaPayment.objects.update(status="failed", result_code="1032")
    newest = new_payment(phone=ANOTHER, now=timezone.now())
    person.owns(*old, newest)
    return newest


def sized(person: Person, size: tuple[int, int]) -> Person:
    person.page.set_viewport_size({"width": size[0], "height": size[1]})
    return person


@pytest.mark.parametrize("size", [DESK, SMALL_PHONE], ids=["desk", "small phone"])
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_prompt_and_keys_are_in_view_before_the_other_phones(
    new_visitor: Any, size: tuple[int, int], scripts: bool
) -> None:
    owner = sized(new_visitor(scripts=scripts), size)
    with_old_numbers(owner)
    owner.page.goto(f"{owner.shop}/practice-phone/")

    owner.page.wait_for_selector("#pad:visible" if scripts else "#plain:visible")
    owner.looks(f"fits-{size[0]}-{'scripts' if scripts else 'plain'}")
    hidden = owner.page.evaluate(OUT_OF_VIEW, [*(WITH_SCRIPTS if scripts else WITHOUT_SCRIPTS), "#cancel"])
    others = owner.page.locator("#phones li").count()

    assert hidden == []
    assert owner.page.locator(".warning").inner_text() == WARNING
    assert others == 9
    assert not owner.page.locator("#phones").is_visible()
    assert owner.page.locator("#others summary").is_visible()


def test_keys_are_in_view_in_the_frame_beside_the_shop(new_visitor: Any) -> None:
    shopper = sized(new_visitor(), DESK)
    payment = with_old_numbers(shopper)
    shopper.waits_for(payment)
    shopper.page.click("#duka-phone-link")

    phone = shopper.page.frame_locator(".duka-phone")
    phone.locator("#pad").wait_for()
    hidden = phone.locator("body").evaluate(f"(body, names) => ({OUT_OF_VIEW})(names)", [*WITH_SCRIPTS, "#cancel"])
    shopper.looks("beside")
    for digit in "1234":
        phone.locator(f"[data-key='{digit}']").click()
    phone.locator("#send").click()
    phone.locator(".sms >> text=Confirmed.").wait_for()
    covered = phone.locator("body").evaluate(f"(body, names) => ({OUT_OF_VIEW})(names)", [".sms li"])

    payment.refresh_from_db()

    assert (hidden, covered) == ([], [])
    assert payment.is_paid


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_message_with_the_code_is_in_view_on_a_small_phone(new_visitor: Any, scripts: bool) -> None:
    owner = sized(new_visitor(scripts=scripts), SMALL_PHONE)
    payment = with_old_numbers(owner)
    owner.page.goto(f"{owner.shop}/practice-phone/")

    if scripts:
        owner.page.wait_for_selector("#pad:visible")
        owner.page.keyboard.type("1234")
        owner.page.keyboard.press("Enter")
    else:
        owner.page.click("[value=right]")
    owner.page.wait_for_selector(".sms >> text=Confirmed.")
    hidden = owner.page.evaluate(OUT_OF_VIEW, [".sms li"])
    message = owner.page.locator(".sms li").first.inner_text()
    payment.refresh_from_db()

    assert hidden == []
    assert str(payment.receipts.get().number) in message
    assert "Practice only, no money moved." in message
