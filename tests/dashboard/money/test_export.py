"""The export of receipts: each receipt once, by months in Nairobi, with totals."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone, translation
from oscar.core.loading import get_model

from oscar_mpesa.dashboard.dates import today
from oscar_mpesa.domain.money import ROUNDING_CODE
from oscar_mpesa.services.receipt_decisions import record_refund
from tests.bulk_rows import many_receipts
from tests.dashboard.staff import new_receipt, staff_client, use_production
from tests.query_counts import counted
from tests.services.unmatched import mismatch
from tests.shop import NOON, later, new_order, new_staff_user

pytestmark = pytest.mark.django_db

EXPORT = reverse("dashboard:mpesa-receipts-export")
Surcharge = get_model("order", "Surcharge")
NOVEMBER = {"month": "2026-11"}


def lines_of(response: Any) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def codes(lines: list[list[str]]) -> list[str]:
    """Return the codes of the rows between the header and the empty line."""
    return [line[0] for line in lines[1 : lines.index([])]]


def totals(lines: list[list[str]]) -> dict[str, str]:
    return {line[0]: line[2] for line in lines[lines.index([]) + 1 :] if len(line) > 1}


def exported(asked: dict[str, str] | None = None, *permissions: str) -> list[list[str]]:
    return lines_of(staff_client("export_payments", *permissions).get(EXPORT, asked or NOVEMBER))


def test_row_has_all_columns(settings: Any) -> None:
    use_production(settings)
    order = new_order(total="1500.00")
    Surcharge.objects.create(
        order=order, name="Rounding", code=ROUNDING_CODE, incl_tax=Decimal("0.50"), excl_tax=Decimal("0.50")
    )
    new_receipt(order=order, payer="254708374149", note="regular", source="callback")

    header, row, *_ = exported()

    assert dict(zip(header, row, strict=True)) == {
        "M-PESA code": "OD123ABC45",
        "Paid at (Nairobi time)": "2026-11-23 15:00:00",
        "Amount in KSh": "1500.00",
        "Order": order.number,
        "Order total": "1500.00",
        "Rounding included": "0.50",
        "Accepted difference": "",
        "Status": "matched to an order",
        "Name on M-PESA": "•••149",
        "Source": "Safaricom's callback",
        "Refunded on": "",
        "Refunded amount": "",
        "Refund reference": "",
        "Note": "regular",
        "Environment": "Production",
    }


def test_payer_is_in_full_with_permission(settings: Any) -> None:
    use_production(settings)
    new_receipt(payer="254708374149")

    assert "254708374149" in exported(None, "view_full_phone")[1]


def test_month_is_in_nairobi(settings: Any) -> None:
    use_production(settings)
    new_receipt("OD00BEFORE", paid_at=NOON.replace(day=1, hour=0) - timedelta(hours=3, seconds=1))
    new_receipt("OD0000FIRST"[:10], paid_at=NOON.replace(day=1, hour=0) - timedelta(hours=3))
    new_receipt("OD00LAST00", paid_at=NOON.replace(day=30, hour=20, minute=59, second=59))
    new_receipt("OD00AFTER0", paid_at=NOON.replace(day=30, hour=21))

    assert codes(exported()) == ["OD0000FIRS", "OD00LAST00"]
    assert codes(exported({"from": "2026-12-01", "to": "2026-12-01"})) == ["OD00AFTER0"]
    assert codes(exported({"month": "2026-10"})) == ["OD00BEFORE"]


def test_totals_are_by_allocation(settings: Any) -> None:
    use_production(settings)
    new_receipt("OD00000001")
    new_receipt("OD00000002", amount=Decimal("700.50"), returned_amount=Decimal(200), returned_at=NOON)
    new_receipt("OD00000003", amount=300, allocation="returned", returned_amount=300, returned_at=NOON)
    new_receipt("OD00000004", amount=50, allocation="surplus")
    new_receipt("OD00000005", amount=100, allocation="surplus", returned_amount=40, returned_at=NOON)

    text = totals(exported())

    assert text["Total matched to an order (payments: 2)"] == "2200.50"
    assert text["Total refunded in full (payments: 1)"] == "300.00"
    assert text["Total overpaid (payments: 2)"] == "150.00"
    assert text["Total unmatched (payments: 0)"] == "0"
    assert text["Total received (payments: 5)"] == "2650.50"
    assert text["Refunded before this file was made, in full or in part"] == "540.00"
    assert text["Received, less refunds"] == "2110.50"
    assert text["Of that unmatched, so perhaps not the shop's"] == "110.00"


def test_last_row_mentions_safaricoms_charges() -> None:
    assert "All amounts are before Safaricom's charges." in exported()[-1][0]


def test_duplicate_receipt_is_counted_once(settings: Any) -> None:
    use_production(settings)
    new_receipt(None, allocation="explained", same_as=new_receipt())
    new_receipt(None, allocation="explained", reason="order_paid")

    lines = exported()

    assert codes(lines) == ["OD123ABC45", ""]
    assert totals(lines)["Total received (payments: 2)"] == "3000.00"


def test_production_shop_exports_no_tests(settings: Any) -> None:
    use_production(settings)
    new_receipt(environment="sandbox")
    new_receipt("OD00REAL00", amount=20)

    response = staff_client("export_payments").get(EXPORT, NOVEMBER)
    lines = lines_of(response)

    assert "TEST" not in response["Content-Disposition"]
    assert codes(lines) == ["OD00REAL00"]
    assert totals(lines)["Received, less refunds"] == "20.00"


def test_test_shop_says_test_in_name_rows_and_totals() -> None:
    receipt = mismatch()
    record_refund(receipt, amount=Decimal(400), reference="R1", by=new_staff_user("record_return"), now=later(9))
    new_receipt("OD00REAL00")

    response = staff_client("export_payments").get(EXPORT, NOVEMBER)
    lines = lines_of(response)

    last = min(date(2026, 11, 30), today(timezone.now()))
    assert f"TEST-mpesa-money-2026-11-01-{last}.csv" in response["Content-Disposition"]
    assert codes(lines) == ["OD123ABC45"] and lines[1][-1] == "TEST"
    assert totals(lines)["TEST, no real money: Received, less refunds"] == "1000.00"


def test_formulas_are_escaped(settings: Any) -> None:
    use_production(settings)
    new_receipt(note="=cmd|'/c calc'!A0", returned_reference="@SUM(1)", payer="+254708374149")

    row = exported(None, "view_full_phone")[1]

    assert [cell[:1] for cell in (row[13], row[12], row[8])] == ["'", "'", "'"]


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
def test_invalid_days_are_refused(asked: dict[str, str]) -> None:
    response = staff_client("export_payments").get(EXPORT, asked)

    assert response.status_code == 400 and "Choose a month such as 2026-11" in response.content.decode()


def test_default_is_the_current_month() -> None:
    response = staff_client("export_payments").get(EXPORT)

    assert response.status_code == 200 and response.streaming


def test_export_is_in_the_dashboards_language(settings: Any) -> None:
    use_production(settings)
    new_receipt()

    with translation.override("sw"):
        lines = lines_of(staff_client("export_payments").get(reverse("dashboard:mpesa-receipts-export"), NOVEMBER))

    assert "zimeoanishwa na oda" in lines[1]


def test_thousand_rows_cost_at_most_eight_queries(settings: Any) -> None:
    use_production(settings)
    many_receipts(1_000)
    client = staff_client("export_payments")
    client.get(EXPORT, NOVEMBER)

    with counted() as count:
        lines = lines_of(client.get(EXPORT, NOVEMBER))

    assert len(codes(lines)) == 1_000
    assert len(count) <= 8, str(count)


def test_refund_is_exported_as_a_day_in_nairobi(settings: Any) -> None:
    use_production(settings)
    evening = NOON.replace(hour=21, minute=30)  # after midnight in Nairobi
    new_receipt("OD00000001", allocation="returned", returned_amount=1500, returned_at=evening)

    header, row = exported()[:2]

    assert dict(zip(header, row, strict=True))["Refunded on"] == "2026-11-24"
