"""The accountant's file: each entry once, by months in Nairobi, as CSV."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone, translation
from oscar.core.loading import get_model
from oscar.test.factories import ShippingAddressFactory, UserFactory

from oscar_mpesa.dashboard.dates import today
from oscar_mpesa.models import MpesaAllocation, RefundPurpose
from oscar_mpesa.services.allocation import resolve_receipt, reverse_allocation
from oscar_mpesa.services.claims import withdraw_claim
from oscar_mpesa.services.refunds import record_refund, void_refund
from tests.bulk_rows import many_receipts
from tests.dashboard.money.exports import EXPORT, NOVEMBER, codes, exported, lines_of, rows_of
from tests.dashboard.staff import (
    new_allocation,
    new_claim,
    new_receipt,
    new_refund,
    staff_client,
    url_of,
    use_production,
)
from tests.query_counts import counted
from tests.services.money import FIRST, PERMISSIONS, SECOND, paid_order, receipt, twice_paid
from tests.shop import NOON, later, new_order, new_staff_user

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")

DAY = 86_400
TITLES = [
    "Posted on",
    "What",
    "M-PESA time (Nairobi)",
    "Entered later",
    "M-PESA code",
    "Order",
    "Customer",
    "In",
    "Out",
    "Matched to orders",
    "Settled without an order",
    "Unconfirmed",
    "Order balance after it",
    "By",
    "Note",
    "Environment",
]


def test_file_has_a_row_for_each_entry_and_no_totals(settings: Any) -> None:
    use_production(settings)
    order = new_order()
    entry = new_receipt(order=order).allocations.get()
    MpesaAllocation.objects.filter(pk=entry.pk).update(note="regular", by_name="Achieng Were", balance_after=0)

    header, received, matched = lines_of(staff_client("export_payments").get(EXPORT, NOVEMBER))

    assert header == TITLES
    common = {
        "Posted on": "2026-11-23",
        "M-PESA time (Nairobi)": "2026-11-23 15:00:00",
        "M-PESA code": "OD123ABC45",
        "Order": order.number,
        "Customer": "guest@example.com",
        "Environment": "Production",
    }
    shown = [{title: cell for title, cell in zip(TITLES, row, strict=True) if cell} for row in (received, matched)]
    assert shown == [
        {**common, "What": "received", "In": "1500.00"},
        {
            **common,
            "What": "matched to the order",
            "Matched to orders": "1500.00",
            "Order balance after it": "0.00",
            "By": "Achieng Were",
            "Note": "regular",
        },
    ]


def test_each_amount_has_the_sign_of_its_column() -> None:
    twice_paid()
    staff: Any = {"by": new_staff_user(*PERMISSIONS), "note": "why"}
    (refund,) = record_refund(
        receipt(FIRST), amount=Decimal(500), code="R1", purpose=RefundPurpose.CREDIT, **staff, now=later(2000)
    )
    void_refund(refund, **staff, now=later(2010))
    reverse_allocation(receipt(FIRST).allocations.get(), **staff, now=later(2020))
    resolve_receipt(receipt(FIRST), **staff, now=later(2040))
    reverse_allocation(MpesaAllocation.objects.get(order=None), **staff, now=later(2050))
    withdraw_claim(new_claim(new_order(), at=later(2060)), **staff, now=later(2070))

    amounts = [
        (column, row[column])
        for row in exported()
        for column in ("In", "Out", "Matched to orders", "Settled without an order", "Unconfirmed")
        if column in row
    ]

    assert amounts == [
        ("In", "1500.00"),
        ("Matched to orders", "1500.00"),
        ("In", "1500.00"),
        ("Out", "500.00"),
        ("Out", "-500.00"),
        ("Matched to orders", "-1500.00"),
        ("Matched to orders", "1500.00"),
        ("Settled without an order", "1500.00"),
        ("Settled without an order", "-1500.00"),
        ("Unconfirmed", "1500.00"),
        ("Unconfirmed", "-1500.00"),
    ]


def test_customer_is_named_with_email(settings: Any) -> None:
    use_production(settings)
    user = UserFactory(first_name="Wanjiru", last_name="Otieno", email="wanjiru@example.com")
    new_receipt("OD00000001", order=new_order(user=user))
    guest = new_order()
    address = ShippingAddressFactory(first_name="Otieno", last_name="Ouma")
    Order.objects.filter(pk=guest.pk).update(shipping_address=address)
    new_receipt("OD00000002", order=guest)
    new_receipt("OD00000003")

    rows = {row["M-PESA code"]: row.get("Customer") for row in exported()}

    assert rows == {
        "OD00000001": "Wanjiru Otieno, wanjiru@example.com",
        "OD00000002": "Otieno Ouma, guest@example.com",
        "OD00000003": None,
    }


def test_phones_are_in_full_only_with_permission(settings: Any) -> None:
    use_production(settings)
    new_allocation(new_receipt(), None, note="call 254708374149")

    hidden, shown = exported()[1]["Note"], exported(None, "view_full_phone")[1]["Note"]

    assert (hidden, shown) == ("call •••149", "call 254708374149")


def test_month_is_in_nairobi(settings: Any) -> None:
    use_production(settings)
    new_receipt("OD00BEFORE", paid_at=NOON.replace(day=1, hour=0) - timedelta(hours=3, seconds=1))
    new_receipt("OD00FIRST0", paid_at=NOON.replace(day=1, hour=0) - timedelta(hours=3))
    new_receipt("OD00LAST00", paid_at=NOON.replace(day=30, hour=20, minute=59, second=59))
    new_receipt("OD00AFTER0", paid_at=NOON.replace(day=30, hour=21))

    assert codes(exported()) == ["OD00FIRST0", "OD00LAST00"]
    assert codes(exported({"from": "2026-12-01", "to": "2026-12-01"})) == ["OD00AFTER0"]
    assert codes(exported({"month": "2026-10"})) == ["OD00BEFORE"]


def test_entry_of_an_earlier_day_says_that_it_was_entered_later(settings: Any) -> None:
    use_production(settings)
    new_receipt("OD00LATE00", paid_at=NOON - timedelta(days=30), posted_on=date(2026, 11, 2))
    new_receipt("OD00INTIME")

    late, in_time = exported()

    assert (late["Posted on"], late["M-PESA time (Nairobi)"]) == ("2026-11-02", "2026-10-24 15:00:00")
    assert late["Entered later"] == "yes" and "Entered later" not in in_time
    assert codes(exported({"month": "2026-10"})) == []


def test_production_shop_exports_no_tests(settings: Any) -> None:
    use_production(settings)
    new_receipt(environment="sandbox")
    new_receipt("OD00REAL00", amount=20)

    response = staff_client("export_payments").get(EXPORT, NOVEMBER)

    assert "TEST" not in response["Content-Disposition"]
    assert codes(rows_of(response)) == ["OD00REAL00"]


def test_test_shop_says_test_in_name_and_rows() -> None:
    paid_order()
    new_receipt("OD00REAL00")

    response = staff_client("export_payments").get(EXPORT, NOVEMBER)
    rows = rows_of(response)

    last = min(date(2026, 11, 30), today(timezone.now()))
    assert f"TEST-mpesa-money-2026-11-01-{last}.csv" in response["Content-Disposition"]
    assert codes(rows) == [FIRST] and {row["Environment"] for row in rows} == {"TEST"}


def test_formulas_are_escaped(settings: Any) -> None:
    use_production(settings)
    money = new_receipt(number="@SUM(1)")
    new_refund(money, 100, code="", note="=cmd|'/c calc'!A0", requested_by_name="+254 708")

    row = exported(None, "view_full_phone")[1]

    assert [row[title][:2] for title in ("Note", "By", "M-PESA code")] == ["'=", "'+", "'@"]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize(
    "asked",
    [
        {"month": "November"},
        {"month": "2026-13"},
        {"month": "2026-11-05"},
        {"month": "9999-12"},
        {"from": "2026-11-02"},
        {"from": "2026-11-02", "to": "2026-11-01"},
        {"from": "0001-01-01", "to": "9999-12-31"},
    ],
    ids=str,
)
def test_invalid_days_are_refused(asked: dict[str, str], form: str) -> None:
    response = staff_client("export_payments").get(EXPORT, {**asked, "format": form})

    assert response.status_code == 400 and "Choose a month such as 2026-11" in response.content.decode()


def test_unknown_format_is_not_found() -> None:
    client = staff_client("export_payments")

    assert client.get(EXPORT, {**NOVEMBER, "format": "pdf"}).status_code == 404
    assert client.get(EXPORT, {**NOVEMBER, "format": "csv"}).status_code == 200


def test_default_is_the_current_month() -> None:
    response = staff_client("export_payments").get(EXPORT)

    assert response.status_code == 200 and response.streaming


def test_export_is_in_the_dashboards_language(settings: Any) -> None:
    use_production(settings)
    new_receipt(order=new_order())

    with translation.override("sw"):
        response = staff_client("export_payments").get(url_of("receipts-export"), NOVEMBER)
    lines = lines_of(response)

    assert lines[0][5] == "Oda" and "imeoanishwa na oda" in lines[2][1]


def test_thousand_receipts_cost_at_most_sixteen_queries(settings: Any) -> None:
    use_production(settings)
    many_receipts(1_000)
    client = staff_client("export_payments")
    client.get(EXPORT, NOVEMBER)

    with counted() as count:
        rows = rows_of(client.get(EXPORT, NOVEMBER))

    assert len(codes(rows)) == 1_000 and len(rows) == 2_000
    assert len(count) <= 16, str(count)


def test_refund_has_its_own_code_and_time(settings: Any) -> None:
    use_production(settings)
    evening = NOON.replace(hour=21, minute=30)  # after midnight in Nairobi
    new_refund(new_receipt(status="refunded"), 1500, code="SKN7AAA060", note="all", happened_at=evening)

    row = exported()[1]

    assert (row["Posted on"], row["M-PESA time (Nairobi)"]) == ("2026-11-24", "2026-11-24 00:30:00")
    assert (row["M-PESA code"], row["Note"], row["Out"]) == ("OD123ABC45", "SKN7AAA060; all", "1500.00")


def test_unmatched_money_shows_the_order_it_was_meant_for() -> None:
    order, staff = twice_paid(), new_staff_user(*PERMISSIONS)
    record_refund(receipt(SECOND), amount=Decimal(400), code="R1", by=staff, now=later(DAY))

    rows = [row for row in exported() if row["M-PESA code"] == SECOND]

    assert [(row["What"], row["Order"]) for row in rows] == [
        ("received", order.number),
        ("unmatched money refunded", order.number),
    ]
