"""Walk a shop as a person with a browser without scripts: read the page, fill the form, press the button.

The walk knows no address of a checkout. It recognizes what a person would: a choice of methods, a field for a phone
or a card, the payment page, and the page that says thank you.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.test import Client

from tests.stores.html_forms import Field, Form, Reader
from tests.stores.shop_client import ShopClient

MAX_REDIRECTS, MAX_PAGES, MAX_TRIES = 8, 20, 3
PHONE = "0708374149"
MPESA = "mpesa"

#: What a person types, by a part of the field's name. The first that matches counts.
TYPED = {
    "phone": PHONE,
    "mail": "guest@example.com",
    "username": "guest@example.com",
    "first_name": "Wanjiru",
    "last_name": "Otieno",
    "line1": "12 Moi Avenue",
    "line4": "Mombasa",
    "postcode": "80100",
    "quantity": "1",
    "ccv": "123",
    "cvc": "123",
    "number": "5555555555554444",
    "name": "Wanjiru Otieno",
    "expiry": "12/30",
}


class Lost(AssertionError):
    """The walk goes round in circles or meets an error. The message lists the pages."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page with its address, after all redirects."""

    url: str
    status: int
    html: str
    forms: list[Form]
    links: list[tuple[str, str, str]]

    @property
    def is_payment_page(self) -> bool:
        """Return whether the page follows an M-PESA payment."""
        return 'id="mpesa-payment"' in self.html

    @property
    def is_thank_you(self) -> bool:
        """Return whether the shop thanks for the order."""
        return "thank-you" in self.url

    @property
    def asks_for_phone(self) -> bool:
        """Return whether the page asks for the number that gets the prompt."""
        return any(_is_phone(each) for form in self.own_forms for each in form.fields) and "M-PESA" in self.html

    @property
    def own_forms(self) -> list[Form]:
        """Return the page's forms that send something, without the choice of a language and those of a basket."""
        return [form for form in self.forms if form.method == "post" and not _is_beside(form)]

    def choice_of(self, method: str) -> tuple[Form, Field] | None:
        """Return the form and the choice of a payment method, found by its code or by its label."""
        for form in self.own_forms:
            for each in form.choices():
                if each.value.lower() == method.lower() or method.lower() in each.label.lower():
                    return form, each
        return None


@dataclass
class Walk:
    """A shopper with a browser. ``trail`` lists the requests, ``chosen_at`` is where the method was chosen."""

    client: Client = field(default_factory=lambda: ShopClient(enforce_csrf_checks=True))
    trail: list[str] = field(default_factory=list)
    chosen_at: str = ""

    def open(self, url: str) -> Page:
        """Request a page and follow its redirects, of which a second to the same page is a loop."""
        return self._follow(self.client.get(url), url, "GET")

    def send(self, page: Page, form: Form, button: Field | None = None, **typed: str) -> Page:
        """Fill a form, press a button, and return the page that follows."""
        data = {**form.data(), **typed}
        if button is not None and button.name:
            data[button.name] = button.value
        url = urljoin(page.url, form.action) if form.action else page.url
        return self._follow(self.client.post(url, data), url, "POST")

    def goes_on(self, page: Page, method: str, *, until: Callable[[Page], bool]) -> Page:
        """Take steps with a method in mind until a page is reached."""
        for _ in range(MAX_PAGES):
            if page.status not in {200, 422}:
                raise Lost(f"status {page.status}: {self._way()}")
            if until(page):
                return page
            if self.trail[-MAX_TRIES:].count(self.trail[-1]) == MAX_TRIES:
                raise Lost(f"the same page again: {self._way()}")
            page = self.takes_step(page, method)
        raise Lost(f"not reached in {MAX_PAGES} pages: {self._way()}")

    def takes_step(self, page: Page, method: str) -> Page:
        """Do what a person would do on a page."""
        found = page.choice_of(method)
        if found is not None:
            form, choice = found
            self.chosen_at = page.url
            typed = {} if method == MPESA else _typed(form)
            return self.send(page, form, _button(form), **{**typed, choice.name: choice.value})
        if page.own_forms:
            form = next((each for each in page.own_forms if _is_phone_form(each)), page.own_forms[0])
            return self.send(page, form, _button(form), **_typed(form))
        links = [href for href, classes, _ in page.links if "btn-primary" in classes and "btn-lg" in classes]
        links += [href for href, classes, _ in page.links if "btn-primary" in classes]
        if not links:
            raise Lost(f"nothing to press: {self._way()}")
        return self.open(urljoin(page.url, links[0]))

    def _follow(self, answer: Any, url: str, verb: str) -> Page:
        seen = [url]
        self.trail.append(f"{verb} {urlsplit(url).path}")
        while answer.status_code in {301, 302, 303, 307}:
            url = urljoin(url, answer["Location"])
            self.trail.append(f"-> {urlsplit(url).path}")
            if seen.count(url) > 1 or len(seen) > MAX_REDIRECTS:
                raise Lost(f"too many redirects: {self._way()}")
            seen.append(url)
            answer = self.client.get(url)
        html = answer.content.decode()
        reader = Reader(html)
        status: int = answer.status_code
        return Page(url=url, status=status, html=html, forms=reader.forms, links=reader.links)

    def _way(self) -> str:
        return " ".join(self.trail[-24:])


def _is_beside(form: Form) -> bool:
    """Return whether a form stands beside what the page is about."""
    if {each.name for each in (*form.fields, *form.buttons)} & {"language", "code"}:
        return True
    return any(each.name.endswith("TOTAL_FORMS") for each in form.fields)


def _is_phone(each: Field) -> bool:
    return "phone" in each.name and each.kind in {"tel", "text"}


def _is_phone_form(form: Form) -> bool:
    return any(_is_phone(each) for each in form.fields)


def _button(form: Form) -> Field | None:
    return form.buttons[0] if form.buttons else None


def _typed(form: Form) -> dict[str, str]:
    """Return what a person types into the empty fields that need it."""
    typed = {}
    for each in form.fields:
        if each.kind in {"text", "tel", "email", "number"} and not each.value and _is_needed(form, each):
            part = next((part for part in TYPED if part in each.name.lower()), None)
            if part is not None:
                typed[each.name] = TYPED[part]
    return typed


def _is_needed(form: Form, each: Field) -> bool:
    """Skip the optional phone of an address, so that the phone of the payment is the one that is typed."""
    is_address = any("line1" in other.name for other in form.fields)
    return not (is_address and "phone" in each.name)
