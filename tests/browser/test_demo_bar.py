"""The demo bar opens the practice phone, says whether the periodic work runs, and leads to the emails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from oscar_mpesa.models import MpesaJobRun, MpesaPayment
from tests.browser.axe import ALL_WIDTHS, all_violations
from tests.shop import ANOTHER, new_payment

pytestmark = pytest.mark.browser

LINK = "#duka-phone-link"


def test_phone_opens_beside_the_shop_on_wide_screens(new_visitor: Any) -> None:
    payment = new_payment(phone=ANOTHER, now=timezone.now())
    shopper = new_visitor(width=1280).owns(payment).goes("catalogue/")
    shopper.page.click(LINK)

    shopper.goes(f"checkout/mpesa/{payment.mpesa_order.public_id}/")
    shopper.page.focus("#mpesa-check")
    phone = shopper.page.frame_locator(".duka-phone")
    phone.locator("#pad").wait_for()
    shopper.looks("beside")
    kept = shopper.page.evaluate("document.activeElement.id")
    fits = shopper.fits()
    for digit in "1234":
        phone.locator(f"[data-key='{digit}']").click()
    phone.locator("#send").click()
    shopper.sees("paid")
    shopper.page.click(LINK)

    assert (kept, fits) == ("mpesa-check", True)
    assert shopper.page.locator(".duka-phone").count() == 0
    assert MpesaPayment.objects.get().is_paid


@pytest.mark.parametrize(("width", "scripts"), [(360, True), (1280, False)], ids=["narrow", "without scripts"])
def test_phone_opens_in_a_tab_elsewhere(new_visitor: Any, width: int, scripts: bool) -> None:
    shopper = new_visitor(width=width, scripts=scripts).goes("catalogue/")

    with shopper.context.expect_page() as opened:
        shopper.page.click(LINK)

    assert opened.value.url == f"{shopper.shop}/practice-phone/"
    assert shopper.page.locator(".duka-phone").count() == 0


def test_bar_says_at_all_widths_that_the_work_runs(new_visitor: Any) -> None:
    visitor = new_visitor().goes("basket/")
    stopped = visitor.page.locator(".duka-bar-work").inner_text()
    MpesaJobRun.objects.update_or_create(job="reconcile", defaults={"last_run_at": timezone.now()})
    visitor.goes("basket/")

    shown = []
    for width in ALL_WIDTHS:
        visitor.page.set_viewport_size({"width": width, "height": 740})
        shown.append((visitor.page.locator(".duka-bar-work").is_visible(), visitor.fits()))
    runs = visitor.page.locator(".duka-bar-work").inner_text()

    assert stopped == "Nothing closes unpaid orders now. Start the shop with make sandbox."
    assert runs.startswith("Unpaid orders close and emails leave by themselves. Last run at ")
    assert shown == [(True, True)] * 3


def test_visitor_reads_an_email_and_follows_its_link(new_visitor: Any, settings: Any, tmp_path: Path) -> None:
    settings.DEBUG = True
    settings.EMAIL_BACKEND, settings.MAILBOX = "sandbox_site.mailbox.MailboxBackend", tmp_path
    visitor = new_visitor()
    message = EmailMultiAlternatives("TEST: Pay later", f"Pay: {visitor.shop}/en/basket/", None, ["amina@example.com"])
    message.attach_alternative(f'<h1>Pay</h1><a href="{visitor.shop}/en/basket/">Pay now</a>', "text/html")
    message.send()

    visitor.goes("catalogue/").page.click("text=Emails")
    violations = all_violations(visitor.page)
    words = visitor.looks("emails")
    visitor.page.click(".duka-email-text a")
    by_text = visitor.page.url
    visitor.goes("demo-emails/").page.click("text=as an email program shows it")
    visitor.page.click("text=Pay now")

    assert violations == []
    assert "TEST: Pay later" in words and "amina@example.com" in words
    assert (by_text, visitor.page.url) == (f"{visitor.shop}/en/basket/", f"{visitor.shop}/en/basket/")
