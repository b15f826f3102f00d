"""The list of payments: who is found by what, in what order, and at what cost."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from oscar.core.loading import get_model
from oscar.test.factories import UserFactory

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaPayment
from tests.bulk_rows import many_failed_payments, many_payments
from tests.dashboard.staff import address, at_desk, at_order_desk, words
from tests.query_counts import counted
from tests.shop import ANOTHER, PAYS, failure, later, new_order, new_payment, pay, post

pytestmark = pytest.mark.django_db

LIST = address("payments")


@pytest.fixture
def achieng() -> Any:
    return UserFactory(username="achieng", email="achieng@example.com", first_name="Achieng", last_name="Wanjiku")


@pytest.fixture
def payments(achieng: Any) -> dict[str, MpesaPayment]:
    """One paid by Achieng, one that a guest cancelled on another phone."""
    paid = pay(new_payment(new_order(user=achieng), phone=PAYS), number="OD123ABC45", now=later(20))
    guest = new_order(total="90.00")
    guest.shipping_address = get_model("order", "ShippingAddress").objects.create(
        first_name="Otieno", last_name="Ng'ang'a", line1="1", line4="Kisumu", country=country()
    )
    guest.save()
    cancelled = new_payment(guest, phone=ANOTHER, now=later(60))
    post(cancelled, failure(cancelled), now=later(70))
    return {"paid": paid, "cancelled": MpesaPayment.objects.get(pk=cancelled.pk)}


def country() -> Any:
    return get_model("address", "Country").objects.get_or_create(iso_3166_1_a2="KE", printable_name="Kenya")[0]


def listed(client: Client, **asked: Any) -> list[int]:
    """Ids of the payments on the page, from its top."""
    response = client.get(LIST, asked)
    assert response.status_code == 200
    rows = response.content.decode().partition("<tbody")[2]
    return [int(pk) for pk in re.findall(r'payments/(\d+)/"', rows)]


TERMS = {
    "the order's number": ("number", ["paid"]),
    "the order's number with a hash": ("#number", ["paid"]),
    "the M-PESA code": ("OD123ABC45", ["paid"]),
    "the M-PESA code in small letters": (" od123 abc45 ", ["paid"]),
    "the phone as dialled": ("0708374149", ["paid"]),
    "the phone with its country": ("+254 708-374-149", ["paid"]),
    "the last three digits": ("678", ["cancelled"]),
    "the e-mail of a user": ("achieng@example.com", ["paid"]),
    "the e-mail of a guest": ("guest@EXAMPLE.com", ["cancelled"]),
    "the user's name": ("achieng", ["paid"]),
    "both names, the other way round": ("wanjiku Achieng", ["paid"]),
    "a name on the parcel": ("Ng'ang'a", ["cancelled"]),
    "the checkout id": ("checkout", ["paid"]),
    "nothing but blanks": ("  ", ["cancelled", "paid"]),
    "a code of nobody": ("OD999ZZZ99", []),
    "a number of nobody": ("0799999999", []),
    "a name of nobody": ("Kamau", []),
    "words of two people": ("Achieng Otieno", []),
    "the start of a checkout id": ("ws_CO_", []),
    "more digits than the mask shows": ("45678", []),
    "a quote, a percent sign and a NUL": ("%'\x00;--", []),
    "digits that no number has": ("9" * 60, []),
}


@pytest.mark.parametrize("told", TERMS)
def test_one_box_finds_a_payment_by(payments: dict[str, MpesaPayment], told: str) -> None:
    term, expected = TERMS[told]
    term = term.replace("number", payments["paid"].mpesa_order.order.number)
    if term == "checkout":
        term = payments["paid"].checkout_request_id or ""

    found = listed(at_desk(), q=term)

    assert found == [payments[name].pk for name in expected]


def test_money_found_elsewhere_leads_to_the_requests_of_its_order(payments: dict[str, MpesaPayment]) -> None:
    receipt = payments["paid"].receipts.get()
    receipt.payment, receipt.order = None, payments["cancelled"].mpesa_order.order
    receipt.save()

    assert listed(at_desk(), q="OD123ABC45") == [payments["cancelled"].pk]


FILTERS = {
    "status": ({"status": "cancelled"}, ["cancelled"]),
    "amount": ({"amount": "1500"}, ["paid"]),
    "environment": ({"environment": "production"}, []),
    "its own environment": ({"environment": "simulated"}, ["cancelled", "paid"]),
    "a day, both ends included": ({"since": "2026-11-23", "until": "2026-11-23"}, ["cancelled", "paid"]),
    "the day before": ({"until": "2026-11-22"}, []),
    "the day after": ({"since": "2026-11-24"}, []),
    "two at once": ({"status": "completed", "q": "achieng"}, ["paid"]),
    "two that exclude each other": ({"status": "cancelled", "q": "OD123ABC45"}, []),
    "the smallest amount first": ({"sort": "amount"}, ["cancelled", "paid"]),
    "the largest amount first": ({"sort": "-amount"}, ["paid", "cancelled"]),
    "the oldest first": ({"sort": "when"}, ["paid", "cancelled"]),
    "an order of columns that nobody knows": ({"sort": "secret"}, ["cancelled", "paid"]),
}


@pytest.mark.parametrize("wish", FILTERS)
def test_the_list_is_narrowed_and_sorted_by(payments: dict[str, MpesaPayment], wish: str) -> None:
    asked, expected = FILTERS[wish]

    assert listed(at_desk(), **asked) == [payments[name].pk for name in expected]


def test_days_are_nairobi_s(payments: dict[str, MpesaPayment]) -> None:
    MpesaPayment.objects.filter(pk=payments["paid"].pk).update(created_at=later(12 * 3600 - 3 * 3600))  # its midnight

    assert listed(at_desk(), since="2026-11-24") == [payments["paid"].pk]
    assert listed(at_desk(), until="2026-11-23") == [payments["cancelled"].pk]


@pytest.mark.parametrize(
    "wrong", [{"amount": "many"}, {"since": "0001-01-01"}, {"until": "9999-12-31"}, {"status": "x"}]
)
def test_a_field_that_is_not_understood_finds_nothing_and_says_so(
    payments: dict[str, MpesaPayment], wrong: dict[str, str]
) -> None:
    response = at_desk().get(LIST, wrong)

    assert "Nothing was searched." in words(response)
    assert listed(at_desk(), **wrong) == []


def test_phones_are_masked_unless_the_clerk_may_see_them(payments: dict[str, MpesaPayment]) -> None:
    masked, full = words(at_desk().get(LIST)), words(at_desk("view_full_phone").get(LIST))

    assert "0708 •••149" in masked
    assert "374" not in masked
    assert "0708 374 149" in full


def test_the_order_is_a_link_for_who_may_see_orders(payments: dict[str, MpesaPayment]) -> None:
    link = f"/dashboard/orders/{payments['paid'].mpesa_order.order.number}/"

    assert link not in at_desk().get(LIST).content.decode()
    assert link in at_order_desk().get(LIST).content.decode()


def test_every_line_says_what_a_shopkeeper_asks(payments: dict[str, MpesaPayment]) -> None:
    told = words(at_desk().get(LIST))

    for word in ["23 Nov 2026, 15:00", "KSh 1,500", "KSh 90", "paid", "cancelled on the phone", "OD123ABC45"]:
        assert word in told
    assert told.count("Simulated (test)") == 3  # both lines, and the filter
    assert "Payments: 2" in told


def test_names_are_looked_for_among_the_newest_only_and_the_page_says_so(
    payments: dict[str, MpesaPayment],
) -> None:
    found = listed(at_desk(), q="Achieng")
    many_payments(2_999, created_at=later(90))

    late, told = listed(at_desk(), q="Achieng"), words(at_desk().get(LIST, {"q": "Achieng"}))
    in_its_days = listed(at_desk(), q="Achieng", status="completed")

    assert (found, late) == ([payments["paid"].pk], [])
    assert "since 23 Nov 2026, 15:01. To look further back, choose the days." in told
    assert in_its_days == [payments["paid"].pk]


def test_a_list_that_is_very_long_is_counted_only_so_far() -> None:
    many_failed_payments(10_001)

    told = words(at_desk().get(LIST))

    assert "More than 10,000 payments" in told
    assert "Only the first of them can be leafed through." in told


def test_a_page_is_no_larger_than_the_server_likes_and_the_last_one_stands_for_those_after_it() -> None:
    for _ in range(3):
        new_payment()
    client = at_desk()

    assert len(listed(client, per_page="2")) == 2
    assert len(listed(client, per_page="2", page="99")) == 1
    assert len(listed(client, per_page="-5", page="x")) == 1


def test_the_way_to_the_file_is_shown_to_who_may_have_it(payments: dict[str, MpesaPayment]) -> None:
    address_of_file = f"{address('payments-export')}?status=completed"

    assert address_of_file in at_desk("export_payments").get(LIST, {"status": "completed"}).content.decode()
    assert address("payments-export") not in at_desk().get(LIST).content.decode()


@pytest.mark.parametrize("term", ["", "0708374149", "achieng", "guest@example.com", "149"])
def test_twenty_five_lines_cost_as_many_queries_as_one(term: str) -> None:
    pay(new_payment())
    client = at_desk("view_full_phone", "export_payments")
    one = queries(client, term)
    for number in range(25):
        pay(new_payment(phone=PhoneNumber.parse(f"07080{number:02}149")), number=f"OD123ABD{number:02}")

    many = queries(client, term)

    assert len(many) == len(one) <= 12, "\n".join(many)


def queries(client: Client, term: str) -> list[str]:
    """Of a page, without the savepoints of a test."""
    client.get(LIST, {"q": term})
    with counted() as count:
        client.get(LIST, {"q": term})
    return [sql for sql in count if "SAVEPOINT" not in sql]


def test_no_secret_is_on_the_list(payments: dict[str, MpesaPayment]) -> None:
    page = at_desk("view_full_phone").get(LIST).content.decode()

    assert payments["paid"].mpesa_order.order.number in page and "0708 374 149" in page
    assert payments["paid"].secret not in page
    assert str(payments["paid"].checkout_request_id) not in page
