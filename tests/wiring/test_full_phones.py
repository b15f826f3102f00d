"""A phone number in full: for who typed it and for staff who may see it, on no page for anybody else."""

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
from oscar_mpesa.services.order_tokens import TokenPurpose, make_token
from tests.shop import CANCELS, new_product, new_staff_user, pay
from tests.shopper import Shopper
from tests.wiring.addresses import CHECK, INITIATE, LINK, RETRY, TABLE, WAIT, filled, wish
from tests.wiring.order_stages import STAGES, asked, placing

pytestmark = pytest.mark.django_db(transaction=True)

#: The number without the prefixes that it is written with.
DIGITS = CANCELS.msisdn.removeprefix("254")

Viewer = Callable[[MpesaPayment], Client]
Guess = Callable[[Client, MpesaPayment], None]


def shows_number(page: str) -> bool:
    """However it is written, and whatever stands between its digits: spaces, tags, entities."""
    return DIGITS in re.sub(r"\D", "", re.sub(r"<[^>]*>", "", html.unescape(page))) or DIGITS in re.sub(r"\D", "", page)


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def by_link(payment: MpesaPayment) -> Client:
    client = Client()
    client.get(filled(LINK, payment, token=make_token(payment.order_id, TokenPurpose.PAY)))
    return client


def by_token(payment: MpesaPayment) -> Client:
    return Client(headers={TOKEN_HEADER: make_token(payment.order_id, TokenPurpose.OWN)})


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
    """All that a browser is told: by our addresses, by their refusals, and by the shop's pages that call us to mind."""
    number = payment.mpesa_order.order.number
    for address in [*TABLE, reverse("basket:summary"), reverse("customer:order", args=[number])]:
        url = filled(address, payment, token=make_token(payment.order_id, TokenPurpose.PAY))
        yield address, client.get(url, follow=True).content.decode()
    for name, data in {"again": {"again": "yes"}, "wrong number": {"phone_number": "9"}}.items():
        yield name, client.post(filled(RETRY, payment), data, follow=True).content.decode()
    yield "API", client.post(f"{INITIATE}/", **wish(INITIATE, payment)).content.decode()


@pytest.mark.parametrize("who", list(VIEWERS))
@pytest.mark.parametrize("stage", list(STAGES))
def test_no_page_shows_it_to_anybody_else(user: Any, stage: str, who: str) -> None:
    payment = STAGES[stage](user=user)
    client = VIEWERS[who](payment)

    seen = dict(pages(client, payment))

    assert len(seen) == len(TABLE) + 5 and "M-PESA" in "".join(seen.values())
    assert [name for name, page in seen.items() if shows_number(page)] == []


def test_who_typed_it_reads_it_in_full() -> None:
    payment = asked()
    client = placing(payment)

    assert shows_number(client.get(filled(WAIT, payment)).content.decode())
    assert shows_number(client.get(filled(CHECK, payment)).content.decode())


def test_staff_with_the_permission_read_it_in_full() -> None:
    payment = asked()
    clerk = signed_in(new_staff_user("view_mpesapayment", "view_full_phone"))

    assert shows_number(clerk.get(filled(CHECK, payment)).content.decode())


def on_the_waiting_page(guesser: Client, payment: MpesaPayment) -> None:
    guesser.post(filled(RETRY, payment), {"phone_number": CANCELS.local})


def in_the_checkout(guesser: Client, payment: MpesaPayment) -> None:
    shopper = Shopper(guesser).puts_in_basket(new_product()).gives_address()
    shopper.chooses("mpesa")
    assert shopper.names_phone(CANCELS.local).status_code == 302


@pytest.mark.parametrize("guess", [on_the_waiting_page, in_the_checkout])
def test_who_tries_numbers_and_prompts_none_is_not_told_which_is_right(guess: Guess) -> None:
    payment = asked()
    guesser = by_link(payment)

    guess(guesser, payment)

    page = guesser.get(filled(WAIT, payment)).content.decode()

    assert "KSh 1,500" in page
    assert not shows_number(page)


def test_nor_is_the_code_of_who_paid_told_to_who_guesses_the_number() -> None:
    payment = asked()
    guesser = by_link(payment)
    pay(payment)

    guesser.post(filled(RETRY, payment), {"phone_number": CANCELS.local})
    page = guesser.get(filled(WAIT, payment)).content.decode()

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
def test_it_is_found_however_it_is_written(written: str) -> None:
    assert shows_number(f"<p>Pay 1500 by {written}, 12:30</p>")
    assert not shows_number(f"<p>{CANCELS.masked}</p>")
