"""The list of payments: search, filters, order and queries."""

from __future__ import annotations

import re
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from oscar.core.loading import get_model
from oscar.test.factories import UserFactory

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.domain.references import account_reference
from oscar_mpesa.models import MpesaPayment
from tests.bulk_rows import many_failed_payments, many_payments
from tests.dashboard.staff import new_claim, orders_staff_client, page_text, staff_client, url_of
from tests.query_counts import counted
from tests.shop import ANOTHER, PAYS, failure, later, new_order, new_payment, pay, post

pytestmark = pytest.mark.django_db

LIST = url_of("payments")


@pytest.fixture
def achieng() -> Any:
    return UserFactory(username="achieng", email="achieng@example.com", first_name="Achieng", last_name="Wanjiku")


@pytest.fixture
def payments(achieng: Any) -> dict[str, MpesaPayment]:
    """Return a payment that Achieng paid, and one that a guest cancelled on another phone."""
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
    """Return the ids of the payments on the page, in order."""
    response = client.get(LIST, asked)
    assert response.status_code == 200
    rows = response.content.decode().partition("<tbody")[2]
    return [int(pk) for pk in re.findall(r'payments/(\d+)/"', rows)]


#: As Safaricom's SMS to a payer begins.
MESSAGE = "OD123ABC45 Confirmed. Ksh1,500.00 sent to DUKA LETU for account 100042 on 23/11/26 at 3:00 PM"

TERMS = {
    "the order's number": ("number", ["paid"]),
    "the order's number with a hash": ("#number", ["paid"]),
    "the M-PESA code": ("OD123ABC45", ["paid"]),
    "the M-PESA code in small letters": (" od123 abc45 ", ["paid"]),
    "the account number of a statement": ("reference", ["paid"]),
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
    "more digits than the mask shows": ("45678", ["cancelled"]),
    "all digits after the zero": ("712345678", ["cancelled"]),
    "the masked number": ("0712 •••678", ["cancelled"]),
    "the masked number of another start": ("0713 •••678", []),
    "a code with punctuation": ("od123-abc.45", ["paid"]),
    "a pasted message": (MESSAGE, ["paid"]),
    "a pasted message with a code of nobody": (MESSAGE.replace("OD123ABC45", "OD999ZZZ99"), []),
    "a quote, a percent sign and a NUL": ("%'\x00;--", []),
    "digits that no number has": ("9" * 60, []),
}


@pytest.mark.parametrize("term_name", TERMS)
def test_search_finds_a_payment_by(payments: dict[str, MpesaPayment], term_name: str) -> None:
    term, expected = TERMS[term_name]
    number = payments["paid"].mpesa_order.order.number
    term = term.replace("number", number).replace("reference", account_reference(number).lower())
    if term == "checkout":
        term = payments["paid"].checkout_request_id or ""

    found = listed(staff_client("view_full_phone"), q=term)

    assert found == [payments[name].pk for name in expected]


def test_recorded_code_finds_the_payments_of_its_order(payments: dict[str, MpesaPayment]) -> None:
    new_claim(payments["cancelled"].mpesa_order.order)

    assert listed(staff_client(), q="OD777KKK77") == [payments["cancelled"].pk]
    assert "( OD777KKK77 )" in page_text(staff_client().get(LIST))


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


@pytest.mark.parametrize("name", FILTERS)
def test_list_is_filtered_and_sorted_by(payments: dict[str, MpesaPayment], name: str) -> None:
    asked, expected = FILTERS[name]

    assert listed(staff_client(), **asked) == [payments[each].pk for each in expected]


def test_days_are_in_nairobi(payments: dict[str, MpesaPayment]) -> None:
    MpesaPayment.objects.filter(pk=payments["paid"].pk).update(created_at=later(12 * 3600 - 3 * 3600))  # its midnight

    assert listed(staff_client(), since="2026-11-24") == [payments["paid"].pk]
    assert listed(staff_client(), until="2026-11-23") == [payments["cancelled"].pk]


@pytest.mark.parametrize(
    "wrong", [{"amount": "many"}, {"since": "0001-01-01"}, {"until": "9999-12-31"}, {"status": "x"}]
)
def test_invalid_filter_finds_nothing(payments: dict[str, MpesaPayment], wrong: dict[str, str]) -> None:
    response = staff_client().get(LIST, wrong)

    assert "Nothing was searched." in page_text(response)
    assert listed(staff_client(), **wrong) == []


def test_phones_are_masked_without_permission(payments: dict[str, MpesaPayment]) -> None:
    masked, full = page_text(staff_client().get(LIST)), page_text(staff_client("view_full_phone").get(LIST))

    assert "0708 •••149" in masked
    assert "374" not in masked
    assert "0708 374 149" in full


def test_order_is_a_link_with_permission_only(payments: dict[str, MpesaPayment]) -> None:
    link = f"/dashboard/orders/{payments['paid'].mpesa_order.order.number}/"

    assert link not in staff_client().get(LIST).content.decode()
    assert link in orders_staff_client().get(LIST).content.decode()


def test_row_shows_time_amount_status_and_code(payments: dict[str, MpesaPayment]) -> None:
    term_name = page_text(staff_client().get(LIST))

    for word in ["23 Nov 2026, 15:00", "KSh 1,500", "KSh 90", "paid", "canceled on the phone", "OD123ABC45"]:
        assert word in term_name
    assert term_name.count("Simulated (test)") == 3  # both lines, and the filter
    assert "Payments: 2" in term_name


def test_names_are_searched_in_the_whole_history_once_indexed(payments: dict[str, MpesaPayment]) -> None:
    many_payments(2_999, created_at=later(90))
    before, unindexed = listed(staff_client(), q="Achieng"), page_text(staff_client().get(LIST, {"q": "Achieng"}))

    call_command("mpesa_index_search", stdout=StringIO())

    after, indexed = listed(staff_client(), q="Achieng"), page_text(staff_client().get(LIST, {"q": "Achieng"}))
    inside = listed(staff_client(), q="chieng")
    assert (before, after, inside) == ([], [payments["paid"].pk], [])
    assert "since 23 Nov 2026, 15:01, because older ones are not indexed yet." in unindexed
    assert "searched in all payments, and other parts of them in payments since 23 Nov 2026, 15:01." in indexed


def test_ends_of_numbers_are_searched_in_the_whole_history_once_indexed(payments: dict[str, MpesaPayment]) -> None:
    many_payments(2_999, created_at=later(90))
    call_command("mpesa_index_search", stdout=StringIO())

    ends = [payments["cancelled"].phone[-4:], payments["cancelled"].mpesa_order.order.number[-4:]]
    found = [payments["cancelled"].pk in listed(staff_client("view_full_phone"), q=end) for end in ends]

    assert found == [True, True]
    assert "To search further back" not in page_text(staff_client("view_full_phone").get(LIST, {"q": ends[0]}))


def test_long_list_is_counted_to_its_limit_only() -> None:
    many_failed_payments(10_001)

    term_name = page_text(staff_client().get(LIST))

    assert "More than 10,000 payments" in term_name
    assert "Showing the first 2,500: narrow the dates to see more." in term_name


def test_page_size_and_number_are_limited() -> None:
    for _ in range(3):
        new_payment()
    client = staff_client()

    assert len(listed(client, per_page="2")) == 2
    assert len(listed(client, per_page="2", page="99")) == 1
    assert len(listed(client, per_page="-5", page="x")) == 1


def test_export_link_needs_permission(payments: dict[str, MpesaPayment]) -> None:
    export_url = f"{url_of('payments-export')}?status=completed"

    assert export_url in staff_client("export_payments").get(LIST, {"status": "completed"}).content.decode()
    assert url_of("payments-export") not in staff_client().get(LIST).content.decode()


def test_25_rows_cost_as_many_queries_as_one() -> None:
    pay(new_payment())
    client = staff_client("view_full_phone", "export_payments")
    terms = ["", "0708374149", "achieng", "guest@example.com", "149"]
    one = {term: len(queries(client, term)) for term in terms}
    for number in range(25):
        pay(new_payment(phone=PhoneNumber.parse(f"07080{number:02}149")), number=f"OD123ABD{number:02}")

    many = {term: queries(client, term) for term in terms}

    assert {term: len(found) for term, found in many.items()} == one, str(many)
    assert max(one.values()) <= 14, str(many)


def queries(client: Client, term: str) -> list[str]:
    """Return the queries of a page, without the test's savepoints."""
    client.get(LIST, {"q": term})
    with counted() as count:
        client.get(LIST, {"q": term})
    return [sql for sql in count if "SAVEPOINT" not in sql]


def test_list_shows_no_secrets(payments: dict[str, MpesaPayment]) -> None:
    page = staff_client("view_full_phone").get(LIST).content.decode()

    assert payments["paid"].mpesa_order.order.number in page and "0708 374 149" in page
    assert payments["paid"].secret not in page
    assert str(payments["paid"].checkout_request_id) not in page
