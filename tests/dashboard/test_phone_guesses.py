"""Staff who may not see full numbers can't find out hidden digits by searching, however often they try."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaBlockedPhone, MpesaPayment, MpesaReceipt
from tests.dashboard.staff import VIEW, new_allocation, new_claim, new_receipt, new_refund, page_text, url_of
from tests.shared_state import once_for_module
from tests.shop import NOON, new_order, new_payment, new_staff_user, pay

pytestmark = pytest.mark.django_db

#: The mask shows 0755 •••555. A neighbor differs in hidden digits only.
PHONE, NEIGHBOR = "0755123555", "0755987555"
CHECKOUT_ID = "ws_CO_23112026150000755123555"

#: What differs with each request: the tokens of forms, and the minute in Oscar's head.
VARYING = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"|<meta name="created"[^>]*>')

ONLY_THREE = "You can search for a phone by its last three digits only, because you may not see full numbers."
NOT_HERE = "You cannot search for phones here, because you may not see full numbers."


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A payment from ``PHONE``, whose digits are in every text too; staff who see full numbers, and staff who don't."""

    payment: MpesaPayment
    seeing: Client
    blind: Client
    receipt: MpesaReceipt


@once_for_module
def desk() -> Desk:
    customer = get_user_model().objects.create_user(
        "jane", f"jane.{PHONE}@example.com", first_name="Jane 0755", last_name="123555"
    )
    payment = pay(new_payment(new_order(user=customer), phone=PhoneNumber.parse(PHONE)))
    MpesaPayment.objects.update(checkout_request_id=CHECKOUT_ID)
    receipt = new_receipt("OD777KKK11", status="unmatched", payer=PHONE, payer_phone=PHONE, bill_reference=PHONE)
    new_allocation(receipt, None, amount=1, note=PHONE)
    new_refund(receipt, 1, code=PHONE, note=PHONE)
    new_claim(new_order())
    MpesaBlockedPhone.objects.create(phone="254755123555", note=PHONE, created_at=NOON)
    return Desk(payment=payment, receipt=receipt, seeing=clerk("view_full_phone"), blind=clerk())


def clerk(*permissions: str) -> Client:
    """Return staff who may look at everything and make every decision about money."""
    client = Client()
    user = new_staff_user(VIEW, "export_payments", "match_receipt", "record_claim", *permissions)
    views = Permission.objects.filter(content_type__app_label="oscar_mpesa", codename__startswith="view_mpesa")
    user.user_permissions.add(*views)
    client.force_login(user)
    return client


def changelist(model: str) -> str:
    return reverse(f"admin:oscar_mpesa_mpesa{model}_changelist")


#: Each place where staff type something to find: a URL and the field; "POST" sends it as a form.
PLACES: dict[str, Any] = {
    "payments": lambda desk: (url_of("payments"), "q"),
    "search": lambda desk: (url_of("search"), "q"),
    "export of payments": lambda desk: (url_of("payments-export"), "q"),
    "money by order": lambda desk: (f"{url_of('receipts')}?status=", "order"),
    "money by code": lambda desk: (f"{url_of('receipts')}?status=", "code"),
    "blocked numbers": lambda desk: (url_of("blocked-phones"), "q"),
    "callbacks": lambda desk: (url_of("callbacks"), "q"),
    "order of a match": lambda desk: (url_of("receipt-allocate", desk.receipt.pk), "POST order"),
    "admin, payments": lambda desk: (changelist("payment"), "q"),
    "admin, blocked numbers": lambda desk: (changelist("blockedphone"), "q"),
    "admin, refunds": lambda desk: (changelist("refund"), "q"),
}


def answer(client: Client, desk: Desk, place: str, term: str) -> str:
    """Return the status and the body of a search, without the echoed term and what always differs."""
    url, field = PLACES[place](desk)
    response: Any = (
        client.post(url, {field.removeprefix("POST "): term})
        if field.startswith("POST ")
        else client.get(f"{url}{'&' if '?' in url else '?'}{field}={quote_plus(term)}")
    )
    body = b"".join(response).decode() if response.streaming else response.content.decode()
    assert response.status_code in {200, 422}
    for echo in (term, html.escape(term), quote_plus(term), term.replace("\x00", "")):
        body = body.replace(echo, "TERM")
    return f"{response.status_code} {VARYING.sub('', body)}"


#: A number, its parts, and texts with it, as people type them: ``n`` is national, ``g`` its groups.
SHAPES = {
    "as dialed": "0{n}",
    "without the zero": "{n}",
    "with its country": "254{n}",
    "with a plus": "+254{n}",
    "with two zeros": "00254{n}",
    "country and zero": "2540{n}",
    "in groups": "0{g[0]} {g[1]} {g[2]}",
    "with dashes": "+254-{g[0]}-{g[1]}-{g[2]}",
    "with dots and brackets": "(0{g[0]}) {g[1]}.{g[2]}",
    "with an invisible space": "0{g[0]}\u200b{g[1]}{g[2]}",
    "with a hash": "#0{n}",
    "with a NUL": "0{g[0]}\x00{g[1]}{g[2]}",
    "in full-width digits": "{wide}",
    "in Arabic digits": "{arabic}",
    "last four": "{n[5]}{g[2]}",
    "last five": "{n[4]}{n[5]}{g[2]}",
    "last six": "{g[1]}{g[2]}",
    "last six with a space": "{g[1]} {g[2]}",
    "last eight": "55{g[1]}{g[2]}",
    "first seven": "0{g[0]}{g[1]}",
    "national six": "{g[0]}{g[1]}",
    "country and six": "254{g[0]}{g[1]}",
    "hidden digits": "{g[1]}",
    "checkout id": "ws_CO_23112026150000{n}",
    "end of a checkout id": "0000{n}",
    "as an email": "0{n}@",
    "with a domain": "0{n}@example.com",
    "whole email": "jane.0{n}@example.com",
    "end of an email": "{n[5]}{g[2]}@example",
    "start of an email": "jane.0{g[0]}{g[1]}",
    "beside a name": "Jane 0{n}",
    "end beside a name": "jane {g[1]}{g[2]}",
    "last name": "jane 0{g[0]} {g[1]}{g[2]}",
    "part of the last name": "jane {g[1]}",
}


def shaped(form: str, phone: str) -> str:
    wide, arabic = ("".join(chr(ord(digit) + shift) for digit in phone) for shift in (0xFEE0, 0x630))
    return SHAPES[form].format(n=phone[1:], g=(phone[1:4], phone[4:7], phone[7:]), wide=wide, arabic=arabic)


#: What finds the payment with the permission, which shows that the number is there to find.
FOUND_IN_FULL = {"as dialed", "with a plus", "in groups", "checkout id", "whole email", "last name", "end of an email"}


@pytest.mark.parametrize("form", SHAPES)
def test_hidden_number_gives_the_same_page_as_an_unknown_one(desk: Desk, form: str) -> None:
    pages = [answer(desk.blind, desk, "payments", shaped(form, phone)) for phone in (PHONE, NEIGHBOR)]

    assert pages[0] == pages[1]
    assert form not in FOUND_IN_FULL or is_listed(desk.seeing, desk, shaped(form, PHONE))


def is_listed(client: Client, desk: Desk, term: str) -> bool:
    page = client.get(url_of("payments"), {"q": term}).content.decode()
    return url_of("payment", desk.payment.pk) in page


#: What finds something with the permission, by place. The other places find no phone at all.
FOUND = {
    "payments": PHONE,
    "search": PHONE,
    "export of payments": PHONE,
    "admin, payments": "254755123555",
    "admin, blocked numbers": "254755123555",
    "admin, refunds": PHONE,
}


@pytest.mark.parametrize("place", PLACES)
def test_no_place_tells_a_number_from_an_unknown_one(desk: Desk, place: str) -> None:
    term = FOUND.get(place, PHONE)
    unknown = term.replace("123", "124")

    blind, seeing = (
        [answer(client, desk, place, each) for each in (term, unknown)] for client in (desk.blind, desk.seeing)
    )

    assert blind[0] == blind[1]
    assert place not in FOUND or seeing[0] != seeing[1]


def test_last_three_digits_name_and_email_still_find_the_payment(desk: Desk) -> None:
    number = desk.payment.mpesa_order.order.number

    for term in ("555", "jane", "jane 555", "555@example.com", "OD123ABC45", number, f"#{number}", number[-4:]):
        assert is_listed(desk.blind, desk, term), term


def test_order_whose_number_looks_like_a_phone_is_found(desk: Desk) -> None:
    order = desk.payment.mpesa_order.order
    order.number = NEIGHBOR
    order.save()

    page = desk.blind.get(url_of("payments"), {"q": NEIGHBOR})

    assert url_of("payment", desk.payment.pk) in page.content.decode()
    assert ONLY_THREE not in page_text(page)


def test_page_says_that_only_three_digits_can_be_searched(desk: Desk) -> None:
    for term in (PHONE, "4567", "+254 755", CHECKOUT_ID):
        assert ONLY_THREE in page_text(desk.blind.get(url_of("payments"), {"q": term}))
        assert ONLY_THREE not in page_text(desk.seeing.get(url_of("payments"), {"q": term}))
    for term in ("555", "Kamau", "OD999ZZZ99", ""):
        assert ONLY_THREE not in page_text(desk.blind.get(url_of("payments"), {"q": term}))


def test_admin_says_that_phones_cannot_be_searched(desk: Desk) -> None:
    blind, seeing = (client.get(changelist("payment"), {"q": NEIGHBOR}) for client in (desk.blind, desk.seeing))

    assert NOT_HERE in blind.content.decode()
    assert NOT_HERE not in seeing.content.decode()


@pytest.mark.parametrize("sort", ["phone", "-phone", "payer", "payer_phone"])
def test_lists_cannot_be_sorted_by_phone(desk: Desk, sort: str) -> None:
    other = new_payment(phone=PhoneNumber.parse("0711000555"))
    rows = re.compile(rf"payments/({desk.payment.pk}|{other.pk})/")

    pages = [desk.blind.get(url_of("payments"), {"sort": each}).content.decode() for each in (sort, "")]

    assert rows.findall(pages[0]) == rows.findall(pages[1]) == [str(other.pk), str(desk.payment.pk)]


@pytest.mark.slow
@pytest.mark.parametrize("place", [place for place in PLACES if place not in {"money by code", "admin, refunds"}])
def test_thousand_guesses_find_nothing(desk: Desk, place: str) -> None:
    guesses = {answer(desk.blind, desk, place, f"0755{hidden:03}555") for hidden in range(1000)}

    assert len(guesses) == 1
    assert is_listed(desk.seeing, desk, PHONE)
