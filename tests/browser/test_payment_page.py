"""The payment page updates in place, keeps the focus and fits every screen."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from oscar_mpesa.models import MpesaPayment, MpesaReceipt
from tests.browser.shopper import Person, five_seconds_pass
from tests.browser.states import paid, unanswered_too_long

if TYPE_CHECKING:
    from playwright.sync_api import Route

pytestmark = pytest.mark.browser

POLICY = "default-src 'self'"


def focused(person: Person) -> str:
    """The id of what has the focus."""
    return str(person.page.evaluate("document.activeElement.id"))


def changed(**changes: Any) -> None:
    """Change the newest payment behind the page's back."""
    MpesaPayment.objects.filter(pk=MpesaPayment.objects.latest("pk").pk).update(**changes)


def test_page_updates_in_place(new_person: Any) -> None:
    guest = new_person()
    guest.orders("0708374149")
    guest.sees("enter-pin")
    guest.page.evaluate("window.isTheSamePage = true; window.region = document.querySelector('[aria-live]')")
    regions = guest.page.locator(
        "#mpesa-payment [aria-live], #mpesa-payment [role=status], #mpesa-payment [role=alert]"
    )

    five_seconds_pass()
    paid = guest.sees("paid")

    assert regions.count() == 1
    assert guest.page.evaluate("window.isTheSamePage && region === document.querySelector('[aria-live]')")
    assert "M-PESA code" in paid
    assert guest.page.title().startswith("Paid. Thank you!")
    assert focused(guest) == "mpesa-heading"


def test_update_keeps_the_focus(new_person: Any) -> None:
    guest = new_person()
    guest.orders("0708374149")
    guest.sees("enter-pin")
    guest.page.focus("#mpesa-check")

    changed(checkout_request_id=None, push_sent_at=timezone.now() - timedelta(seconds=80))
    checking = guest.sees("checking")

    assert focused(guest) == "mpesa-check"
    assert "We're checking with M-PESA" in checking
    assert "Checked at" in checking


def test_page_updates_while_a_part_of_the_shop_has_the_focus(new_person: Any) -> None:
    guest = new_person()
    guest.orders("0708374149")
    guest.sees("enter-pin")
    odd_id = "2nd.menu:open"
    guest.page.evaluate(
        """(id) => {
            const button = document.createElement("button");
            button.id = id;
            document.body.prepend(button);
            button.focus();
        }""",
        odd_id,
    )

    five_seconds_pass()
    guest.sees("paid")

    assert focused(guest) == odd_id


def test_update_waits_while_the_shopper_types(new_person: Any) -> None:
    guest = new_person()
    guest.orders("0708374151")
    guest.sees("enter-pin")
    five_seconds_pass()
    guest.sees("failed")
    guest.page.click("#mpesa-another-number")
    guest.page.locator("#mpesa-payment [name=phone_number]").type("0712")

    changed(result_code="2001", status="failed")
    guest.page.evaluate("window.dispatchEvent(new Event('focus'))")
    guest.page.locator("#mpesa-payment [name=phone_number]").type("345678")
    typed = guest.page.locator("#mpesa-payment [name=phone_number]").input_value()
    guest.page.focus("#mpesa-another-number")
    guest.comes_back()
    guest.page.wait_for_selector("text=The M-PESA PIN was wrong.")

    assert typed == "0712345678"
    assert focused(guest) in {"mpesa-another-number", "mpesa-heading"}


def test_same_phone_gets_a_new_prompt_once_the_button_opens(new_visitor: Any) -> None:
    payment = unanswered_too_long()
    changed(push_sent_at=timezone.now() - timedelta(seconds=56), checkout_request_id=None)
    guest = new_visitor().owns(payment).waits_for(payment)

    closed = guest.page.locator("#mpesa-again[aria-disabled]").inner_text()
    hint = guest.page.inner_text("#mpesa-again-reason")
    guest.page.wait_for_selector("#mpesa-again:not([aria-disabled])")
    is_hint_visible = guest.page.locator("#mpesa-again-reason").is_visible()
    guest.page.click("#mpesa-again")
    guest.sees("enter-pin")

    assert "(0:0" in closed and "You can send" in hint and not is_hint_visible
    assert MpesaPayment.objects.count() == 2


@pytest.mark.parametrize(("width", "language"), [(320, "en"), (360, "sw"), (1280, "en")])
def test_every_state_fits_the_screen_with_large_targets(
    new_person: Any, settings: Any, width: int, language: str
) -> None:
    settings.OSCAR_MPESA = {
        **settings.OSCAR_MPESA,
        "NAME_ON_PROMPT": "DUKA LA PWANI ONLINE TRADERS",
        "SUPPORT_CONTACT": "WhatsApp 0700 000 000, 8–18",
    }
    guest = new_person(width=width, language=language)
    guest.orders("0708374151")
    states: list[tuple[str, dict[str, Any]]] = [
        ("enter-pin", {"checkout_request_id": None}),
        ("checking", {"push_sent_at": timezone.now() - timedelta(seconds=80)}),
        ("failed", {"status": "cancelled", "result_code": "1032", "live_order": None, "ended_at": timezone.now()}),
    ]
    wide = {}
    for state, change in states:
        changed(**change)
        guest.page.reload()
        guest.sees(state)
        wide[state] = guest.fits()
        for summary in guest.page.locator("#mpesa-payment summary").all():
            summary.click()
        wide[f"{state}, opened"] = guest.fits()
    targets = guest.page.locator("#mpesa-payment .btn, #mpesa-payment summary, #mpesa-payment [name=phone_number]")

    assert set(wide.values()) == {True}, wide
    assert min(target.bounding_box()["height"] for target in targets.all()) >= 44


def test_pages_work_with_a_strict_content_security_policy(new_person: Any) -> None:
    guest = new_person()
    guest.context.route("**/*", _with_policy)
    phone = guest.context.new_page()
    heard: list[str] = []
    phone.on("console", lambda message: heard.append(message.text))
    phone.goto(f"{guest.shop}/practice-phone/")

    guest.orders("0708374149")
    strict = guest.page.reload().headers["content-security-policy"]
    phone.wait_for_selector("#pad:visible")
    for digit in "1234":
        phone.click(f"[data-key='{digit}']")
    phone.click("#send")

    guest.sees("paid")
    assert strict == POLICY
    assert [line for line in heard if "favicon" not in line] == []


def _with_policy(route: Route) -> None:
    if route.request.resource_type != "document":
        route.continue_()
        return
    answer = route.fetch(max_redirects=0)
    route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": POLICY})


def test_code_of_the_payment_reads_in_one_piece_on_a_narrow_phone(new_visitor: Any) -> None:
    payment = paid()
    guest = new_visitor(width=320).owns(payment).waits_for(payment)
    guest.sees("paid")

    lead = guest.page.locator("#mpesa-page-status .lead")
    lines = lead.evaluate("at => at.getBoundingClientRect().height / parseFloat(getComputedStyle(at).lineHeight)")

    assert str(MpesaReceipt.objects.get().number) in lead.inner_text()
    assert lines <= 4
