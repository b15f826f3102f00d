"""Somebody in front of a screen: clicks, types, and looks."""

from __future__ import annotations

from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.utils import timezone

from oscar_mpesa.access.ownership import NUMBERS_KEY, ORDERS_KEY
from oscar_mpesa.models import MpesaPayment

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Error, Page

ADDRESS = {"first_name": "Wanjiru", "last_name": "Otieno", "line1": "12 Moi Avenue", "line4": "Mombasa"}
#: Of the demo's users. Their public passwords work with DEBUG only.
PASSWORD = "maziwa mgando"


class Person:
    """One person, one browser, one language; every look leaves a picture."""

    def __init__(
        self,
        chromium: Browser,
        shop: str,
        *,
        pictures: Path,
        width: int = 360,
        scripts: bool = True,
        language: str = "en",
    ) -> None:
        self.shop, self.language, self.pictures, self.width = shop, language, pictures, width
        self.context = chromium.new_context(viewport={"width": width, "height": 740}, java_script_enabled=scripts)
        self.errors: list[str] = []
        self.page = self._opens_page()

    def owns(self, *payments: MpesaPayment) -> Person:
        """As if these payments' orders had been placed in this browser."""
        session = SessionStore()
        session[ORDERS_KEY] = [payment.mpesa_order.public_id for payment in payments]
        session[NUMBERS_KEY] = [payment.phone for payment in payments]
        session.create()
        return self._keeps(settings.SESSION_COOKIE_NAME, str(session.session_key))

    def is_signed_in(self, user: Any) -> Person:
        """As if this user of the shop had signed in here."""
        client = Client()
        client.force_login(user)
        return self._keeps(settings.SESSION_COOKIE_NAME, client.cookies[settings.SESSION_COOKIE_NAME].value)

    def reads(self, language: str) -> Person:
        """Choose the language of pages that have none in their address."""
        return self._keeps(settings.LANGUAGE_COOKIE_NAME, language)

    def opens_tab(self, address: str = "") -> Person:
        """The same person at a new tab of the same browser, at the same page or at another address."""
        tab = copy(self)
        tab.page = self._opens_page()
        tab.page.goto(address or self.page.url)
        return tab

    def goes(self, path: str) -> Person:
        """Open a page of the shop by its path without the language."""
        self.page.goto(f"{self.shop}/{self.language}/{path}")
        return self

    def looks(self, name: str) -> str:
        """Take a picture and return the words on the page; nothing may stick out sideways."""
        folder = self.pictures / f"{self.language}-{self.width}"
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"{name}.png", full_page=True)
        return str(self.page.locator("body").inner_text())

    def fits(self) -> bool:
        """Nothing has to be scrolled sideways."""
        room = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        return bool(self.page.evaluate(room))

    def signs_in(self, email: str, password: str) -> Person:
        """Through the shop's own login page."""
        self.goes("accounts/login/")
        self.page.fill("#id_login-username", email)
        self.page.fill("#id_login-password", password)
        self.page.click("button[name=login_submit]")
        return self

    def fills_basket(self) -> Person:
        """The first thing on the shelf."""
        self.goes("")
        self.page.locator("form[action*='/basket/add/'] button").first.click()
        return self

    def goes_to_payment(self) -> Person:
        """As a guest: e-mail, address, delivery."""
        self.goes("checkout/")
        if self.page.locator("#id_username").count():
            self.page.fill("#id_username", "guest@example.com")
            self.page.check("input[name=options][value=anonymous]")
            self.page.locator("form button[type=submit]").last.click()
        for name, text in {**ADDRESS, "phone_number": "0712345678"}.items():
            self.page.fill(f"[name={name}]", text)
        self.page.locator("form button[type=submit]").last.click()
        if "shipping-method" in self.page.url:
            self.page.locator("form button[type=submit]").first.click()
        return self

    def chooses(self, method: str) -> Person:
        """On the chooser."""
        self.page.check(f"#method-{method}")
        self.page.click(".mpesa-panel button[type=submit]")
        return self

    def names_phone(self, number: str) -> Person:
        """On the phone step."""
        if self.page.locator("#which-another").count():
            self.page.check("#which-another")
        self.page.fill("[name=phone_number]", number)
        self.page.click(".mpesa-panel button[type=submit]")
        return self

    def places_order(self) -> Person:
        """On the preview; back once the next page has come."""
        with self.page.expect_navigation():
            self.page.click("#place-order")
        return self

    def orders(self, phone: str) -> Person:
        """From the shelf to the waiting page."""
        self.fills_basket().goes_to_payment()
        return self.chooses("mpesa").names_phone(phone).places_order()

    def waits_for(self, payment: MpesaPayment) -> Person:
        """Open the waiting page of a payment's order."""
        return self.goes(f"checkout/mpesa/{payment.mpesa_order.public_id}/")

    def comes_back(self) -> Person:
        """To a waiting page, from another tab or app: it asks at once."""
        with self.page.expect_response("**/status/"):
            self.page.evaluate("window.dispatchEvent(new Event('focus'))")
        return self

    def sees(self, state: str) -> str:
        """Wait until the waiting page is in a state; return its words."""
        self.page.wait_for_selector(f".mpesa-{state}")
        return self.looks(state)

    def uses_another_number(self, number: str) -> Person:
        """On the payment page after a failure, or by a payment link. The form may be folded."""
        form = self.page.locator("#mpesa-payment form:has([name=phone_number])")
        if not form.is_visible():
            self.page.click("#mpesa-another-number")
        form.locator("[name=phone_number]").fill(number)
        with self.page.expect_navigation():
            form.locator("button").click()
        return self

    def pays_later(self) -> Person:
        """On the waiting page after a failure; back once the page offers a link to pass on."""
        self.page.click("#mpesa-pay-later")
        self.page.click("details:has(#mpesa-pay-later) button")
        self.page.wait_for_selector("#mpesa-copy", state="attached")
        return self

    def leaves(self) -> None:
        """Close the browser."""
        self.context.close()

    def _opens_page(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", self._hears)
        page.on("pageerror", self._breaks)
        return page

    def _keeps(self, name: str, value: str) -> Person:
        self.context.add_cookies([{"name": name, "value": value, "url": self.shop}])
        return self

    def _breaks(self, error: Error) -> None:
        if "oscar_mpesa" in (error.stack or ""):
            self.errors.append(str(error))

    def _hears(self, message: ConsoleMessage) -> None:
        """Our own files only; a refused form's 422 is no mistake."""
        ours = "oscar_mpesa" in message.location.get("url", "")
        if message.type == "error" and ours:
            self.errors.append(message.text)


def five_seconds_pass() -> None:
    """For the newest prompt: the simulator's answer is due."""
    moment: Any = timezone.now() - timezone.timedelta(seconds=6)  # type: ignore[attr-defined]
    newest = MpesaPayment.objects.latest("pk")
    MpesaPayment.objects.filter(pk=newest.pk).update(push_sent_at=moment)
