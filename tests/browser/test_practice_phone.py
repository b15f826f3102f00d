"""The practice phone in Chromium: the prompt pops up by itself, waits for its owner, and leaves an SMS."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from oscar_mpesa.models import MpesaPayment
from tests.browser.shopper import Person
from tests.shop import ANOTHER, NO_FUNDS, new_order, new_payment

if TYPE_CHECKING:
    from playwright.sync_api import Request

pytestmark = pytest.mark.browser

OPEN = "#pad:visible"


def rings(payment: MpesaPayment) -> None:
    """Its prompt reaches the phone now."""
    MpesaPayment.objects.filter(pk=payment.pk).update(push_sent_at=timezone.now())


def asked(**options: Any) -> MpesaPayment:
    """Somebody's number is asked to pay."""
    return new_payment(now=timezone.now(), **{"phone": ANOTHER, **options})


def asked_soon(**options: Any) -> MpesaPayment:
    """The same, before the prompt goes out: it ``rings`` later."""
    payment = asked(**options)
    MpesaPayment.objects.filter(pk=payment.pk).update(push_sent_at=None)
    return payment


def picks_up(person: Person, path: str = "") -> Person:
    """Open the practice phone."""
    person.page.goto(f"{person.shop}/practice-phone/{path}")
    return person


def focused(person: Person) -> str:
    """The id of what has the focus."""
    return str(person.page.evaluate("document.activeElement.id"))


@pytest.mark.parametrize(("width", "language"), [(360, "en"), (1280, "en"), (360, "sw"), (1280, "sw")])
def test_prompt_appears_and_a_typed_pin_pays(new_visitor: Any, width: int, language: str) -> None:
    payment = asked_soon()
    owner = picks_up(new_visitor(width=width, language=language).owns(payment).reads(language))
    idle = owner.looks("idle")
    owner.page.evaluate("window.isTheSamePage = true")

    rings(payment)
    owner.page.wait_for_selector(OPEN)
    prompt = owner.looks("prompt")
    on_hold = (focused(owner), owner.fits(), owner.page.title()[0])
    owner.page.keyboard.type("1234")
    owner.page.keyboard.press("Enter")
    owner.page.wait_for_selector(".toast")
    owner.looks("sent")
    owner.page.wait_for_selector(".sms >> text=Confirmed.")
    owner.looks("sms")

    assert "Do you want to pay" not in idle
    assert "Do you want to pay KSh 1,500.00 to DUKA LA PWANI account no." in prompt
    assert on_hold == ("pin", True, "●")
    assert focused(owner) == "screen"
    assert owner.page.evaluate("window.isTheSamePage")
    assert "Confirmed." in owner.page.locator("#status").inner_text()


@pytest.mark.parametrize(
    ("keys", "text"),
    [(["9", "9", "9", "9", "Enter"], "Failed. Wrong M-PESA PIN."), (["Escape"], "Cancelled. You did not pay")],
    ids=["wrong", "cancel"],
)
def test_pin_digits_are_not_sent(new_visitor: Any, keys: list[str], text: str) -> None:
    payment = asked()
    owner = picks_up(new_visitor().owns(payment))
    posted: list[str] = []
    owner.page.on("request", lambda request: posted.append(_posted(request)))

    for key in keys:
        owner.page.keyboard.press(key)
    owner.page.wait_for_selector(f".sms >> text={text}")

    word = "cancel" if keys == ["Escape"] else "wrong"
    assert [body for body in posted if f"\n{word}\n" in body.replace("\r", "")]
    assert not any("9999" in body for body in posted)


def _posted(request: Request) -> str:
    return (request.post_data or "") if "/answer/" in request.url else ""


def test_pin_needs_four_digits_and_can_be_corrected(new_visitor: Any) -> None:
    owner = picks_up(new_visitor().owns(asked()))

    owner.page.keyboard.type("12x3")
    owner.page.click("#send")
    short = (owner.page.locator("#status").inner_text(), focused(owner))
    owner.page.click("[data-key='']")
    owner.page.click("[data-key='3']")
    owner.page.keyboard.press("4")

    assert short == ("The PIN has 4 digits.", "pin")
    assert owner.page.input_value("#pin") == "1234"


def test_unanswered_prompt_disappears_after_a_minute(new_visitor: Any) -> None:
    payment = asked()
    owner = picks_up(new_visitor().owns(payment))
    owner.page.wait_for_selector(OPEN)
    owner.page.keyboard.type("12")

    MpesaPayment.objects.filter(pk=payment.pk).update(push_sent_at=timezone.now() - timedelta(seconds=60))
    owner.page.wait_for_selector(".sms >> text=the prompt has expired")

    payment.refresh_from_db()
    assert payment.result_code == "1037"
    assert owner.page.locator(".prompt").count() == 0
    assert focused(owner) == "screen"


def test_prompt_appears_on_its_own_phone_only(new_visitor: Any) -> None:
    first, second = asked(), asked_soon(order=new_order(total="700.00"), phone=NO_FUNDS)
    owner = picks_up(new_visitor().owns(first, second), f"{first.pk}/")
    owner.page.keyboard.type("12")

    rings(second)
    owner.page.wait_for_selector(f"#waiting a >> text=A prompt is waiting on {NO_FUNDS.grouped}")
    undisturbed = (owner.page.input_value("#pin"), "KSh 700.00" in owner.looks("two-phones"))
    owner.page.click("#others summary")
    owner.page.click(f"#phones a >> text={NO_FUNDS.grouped}")
    owner.page.wait_for_selector(OPEN)
    other = owner.looks("the-other-phone")
    owner.page.keyboard.type("1234")
    owner.page.keyboard.press("Enter")
    owner.page.wait_for_selector(".sms >> text=You do not have enough money")

    assert undisturbed == ("12", False)
    assert "KSh 700.00" in other and "KSh 1,500.00" not in other


def test_hidden_phone_stops_polling_and_resumes_when_visible(new_visitor: Any) -> None:
    owner = new_visitor().owns(asked())
    owner.page.clock.install()
    picks_up(owner)
    _turned_away(owner, is_hidden=True)

    with owner.page.expect_response("**/practice-phone/"):
        owner.page.clock.run_for(2_500)
    owner.page.clock.fast_forward(301_000)
    looks: list[str] = []
    owner.page.wait_for_load_state("networkidle")
    owner.page.on("request", lambda request: looks.append(request.url))
    owner.page.clock.run_for(20_000)
    rested = list(looks)
    with owner.page.expect_response("**/practice-phone/"):
        _turned_away(owner, is_hidden=False)

    assert rested == []


def _turned_away(person: Person, *, is_hidden: bool) -> None:
    person.page.evaluate(
        "(is) => { Object.defineProperty(document, 'hidden', {value: is, configurable: true});"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        is_hidden,
    )


@pytest.mark.parametrize(
    ("button", "text"),
    [("right", "Confirmed."), ("wrong", "Failed. Wrong M-PESA PIN."), ("cancel", "Cancelled.")],
)
def test_buttons_answer_without_scripts(new_visitor: Any, button: str, text: str) -> None:
    owner = picks_up(new_visitor(scripts=False).owns(asked()))
    owner.looks("plain")
    has_pad = owner.page.locator("#pin").is_visible()

    owner.page.click(f"button[value={button}]")
    owner.page.wait_for_selector(f".sms >> text={text}")

    assert not has_pad
