"""Pages show a full phone number only to the session that typed it and to staff with permission."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from oscar_mpesa.access.api_authorization import TOKEN_HEADER
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.services.order_tokens import make_token
from tests.pay_links import link_to
from tests.shop import CANCELS, new_product, new_staff_user, pay
from tests.shopper import Shopper
from tests.wiring.addresses import CHECK, INITIATE, LINK, PAYMENT_PAGE, RETRY, TABLE, filled, valid_post
from tests.wiring.order_stages import STAGES, pending, placing

pytestmark = pytest.mark.django_db(transaction=True)

#: The number without its prefixes.
DIGITS = CANCELS.msisdn.removeprefix("254")

Viewer = Callable[[MpesaPayment], Client]
Guess = Callable[[Client, MpesaPayment], None]


def shows_number(page: str) -> bool:
    """Return whether a page has the number, with any spaces, tags or entities between its digits."""
    return DIGITS in re.sub(r"\D", "", re.sub(r"<[^>]*>", "", html.unescape(page))) or DIGITS in re.sub(r"\D", "", page)


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def by_link(payment: MpesaPayment) -> Client:
    client = Client()
    client.get(filled(LINK, payment, token=link_to(payment).token))
    return client


def by_token(payment: MpesaPayment) -> Client:
    return Client(headers={TOKEN_HEADER: make_token(payment.order_id)})


VIEWERS: dict[str, Viewer] = {
    "its user on another device": lambda payment: signed_in(payment.mpesa_order.order.user),
    "who came by a link": by_link,
    "who holds a token": by_token,
    "staff without the permission": lambda payment: signed_in(new_staff_user("view_mpesapayment", "close_order")),
    "nobody": lambda payment: Client(),
}


@pytest.fixture
def user() -> Any:
    return get_user_model().objects.create_user("achieng", "achieng@example.com")


def pages(client: Client, payment: MpesaPayment) -> Iterator[tuple[str, str]]:
    """Load all our pages, their refusals, and the shop's pages with reminders."""
    number = payment.mpesa_order.order.number
    for address in [*TABLE, reverse("basket:summary"), reverse("customer:order", args=[number])]:
        url = filled(address, payment, token=link_to(payment).token)
        yield address, client.get(url, follow=True).content.decode()
    for name, data in {"again": {"again": "yes"}, "wrong number": {"phone_number": "9"}}.items():
        yield name, client.post(filled(RETRY, payment), data, follow=True).content.decode()
    yield "API", client.post(f"{INITIATE}/", **valid_post(INITIATE, payment)).content.decode()


@pytest.mark.parametrize("who", list(VIEWERS))
@pytest.mark.parametrize("stage", list(STAGES))
def test_no_page_shows_the_number_to_others(user: Any, stage: str, who: str) -> None:
    payment = STAGES[stage](user=user)
    client = VIEWERS[who](payment)

    seen = dict(pages(client, payment))

    assert len(seen) == len(TABLE) + 5 and "M-PESA" in "".join(seen.values())
    assert [name for name, page in seen.items() if shows_number(page)] == []


def test_session_that_typed_the_number_sees_it() -> None:
    payment = pending()
    client = placing(payment)

    assert shows_number(client.get(filled(PAYMENT_PAGE, payment)).content.decode())
    assert shows_number(client.get(filled(CHECK, payment)).content.decode())


def test_staff_with_permission_see_the_number() -> None:
    payment = pending()
    staff = signed_in(new_staff_user("view_mpesapayment", "view_full_phone"))

    assert shows_number(staff.get(filled(CHECK, payment)).content.decode())


def on_the_payment_page(guesser: Client, payment: MpesaPayment) -> None:
    guesser.post(filled(RETRY, payment), {"phone_number": CANCELS.local})


def in_the_checkout(guesser: Client, payment: MpesaPayment) -> None:
    shopper = Shopper(guesser).puts_in_basket(new_product()).gives_address()
    shopper.chooses("mpesa")
    assert shopper.names_phone(CANCELS.local).status_code == 302


@pytest.mark.parametrize("guess", [on_the_payment_page, in_the_checkout])
def test_guessing_numbers_without_a_prompt_reveals_nothing(guess: Guess) -> None:
    payment = pending()
    guesser = by_link(payment)

    guess(guesser, payment)

    page = guesser.get(filled(PAYMENT_PAGE, payment)).content.decode()

    assert "KSh 1,500" in page
    assert not shows_number(page)


def test_guessing_the_number_does_not_reveal_the_code() -> None:
    payment = pending()
    guesser = by_link(payment)
    pay(payment)

    guesser.post(filled(RETRY, payment), {"phone_number": CANCELS.local})
    page = guesser.get(filled(PAYMENT_PAGE, payment)).content.decode()

    assert "Paid. Thank you!" in page
    assert "OD123ABC45" not in page and not shows_number(page)


@pytest.mark.parametrize(
    "written",
    [
        "254708374151",
        "+254 708-374-151",
        "0708 374 151",
        "0708&nbsp;374\u00a0151",
        "<b>0708</b>374<i>151</i>",
        "0708&#8239;374151",
    ],
    ids=["as Safaricom has it", "abroad", "grouped", "unbreakable", "marked up", "in a narrow way"],
)
def test_number_is_found_in_any_format(written: str) -> None:
    assert shows_number(f"<p>Pay 1500 by {written}, 12:30</p>")
    assert not shows_number(f"<p>{CANCELS.masked}</p>")
