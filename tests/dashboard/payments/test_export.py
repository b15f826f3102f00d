"""The export of payments: all filtered payments, with masked phones."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from oscar_mpesa.models import MpesaPayment
from tests.bulk_rows import many_failed_payments
from tests.dashboard.staff import staff_client, url_of
from tests.query_counts import counted
from tests.shop import ANOTHER, PAYS, failure, later, new_order, new_payment, pay, post

pytestmark = pytest.mark.django_db

EXPORT = url_of("payments-export")
HEADER = [
    "Payment",
    "When",
    "Order",
    "Amount in KSh",
    "Phone",
    "Status",
    "What happened",
    "Ended",
    "M-PESA code",
    "Environment",
]


@pytest.fixture
def two() -> list[MpesaPayment]:
    """Return a paid payment and a newer cancelled one."""
    paid = pay(new_payment(phone=PAYS), now=later(20))
    cancelled = new_payment(new_order(total="90.00"), phone=ANOTHER, now=later(60))
    post(cancelled, failure(cancelled), now=later(70))
    return [paid, cancelled]


def read(client: Client, **asked: Any) -> list[list[str]]:
    response: Any = client.get(EXPORT, asked)
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_each_payment_is_a_row_newest_first(two: list[MpesaPayment]) -> None:
    paid, cancelled = two

    header, first, second = read(staff_client("export_payments"))

    assert header == HEADER
    assert first[:6] == [
        str(cancelled.pk),
        "2026-11-23 15:01:00",
        cancelled.mpesa_order.order.number,
        "90",
        "0712 •••678",
        "canceled on the phone",
    ]
    assert first[6:] == ["canceled, closed or ignored on the phone", "2026-11-23 15:01:10", "", "Simulated (test)"]
    assert second[0] == str(paid.pk)
    assert second[8] == "OD123ABC45"


def test_file_has_only_filtered_payments(two: list[MpesaPayment]) -> None:
    rows = read(staff_client("export_payments"), q="OD123ABC45", status="completed")

    assert [row[0] for row in rows[1:]] == [str(two[0].pk)]


def test_phones_are_in_full_with_permission(two: list[MpesaPayment]) -> None:
    masked, whole = read(staff_client("export_payments")), read(staff_client("export_payments", "view_full_phone"))

    assert [row[4] for row in masked[1:]] == ["0712 •••678", "0708 •••149"]
    assert [row[4] for row in whole[1:]] == ["0712 345 678", "0708 374 149"]


def test_formula_in_an_order_number_is_escaped(two: list[MpesaPayment]) -> None:
    order = two[0].mpesa_order.order
    order.number = '=HYPERLINK("https://evil.example")'
    order.save()

    rows = read(staff_client("export_payments"))

    assert rows[2][2] == '\'=HYPERLINK("https://evil.example")'


def test_file_is_in_the_pages_language(two: list[MpesaPayment]) -> None:
    with translation.override("sw"):
        there = url_of("payments-export")
        paid = translation.pgettext("choice", "paid")

    response: Any = staff_client("export_payments").get(there)
    text = b"".join(response.streaming_content).decode()

    assert f'"{paid}"' in text
    assert paid != "paid"


def test_invalid_filter_redirects_to_the_list(two: list[MpesaPayment]) -> None:
    response = staff_client("export_payments").get(EXPORT, {"amount": "many"})

    assert (response.status_code, response["Location"]) == (302, f"{url_of('payments')}?amount=many")


def test_long_file_is_read_in_chunks() -> None:
    many_failed_payments(1_001)
    client = staff_client("export_payments")
    response: Any = client.get(EXPORT)

    with counted() as queries:
        lines = b"".join(response.streaming_content).decode().splitlines()

    assert len(lines) == 1 + 1_001
    assert len(queries) == 1 + 2, str(queries)  # the payments, and the money of each piece
