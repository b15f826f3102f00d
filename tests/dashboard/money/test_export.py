"""The accountant's file: each payment once, by Nairobi's months, with what became of how much at the foot."""

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
from tests.dashboard.staff import at_desk, new_receipt, production
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
    """Of the rows between the header and the empty line."""
    return [line[0] for line in lines[1 : lines.index([])]]


def foot(lines: list[list[str]]) -> dict[str, str]:
    return {line[0]: line[2] for line in lines[lines.index([]) + 1 :] if len(line) > 1}


def exported(asked: dict[str, str] | None = None, *permissions: str) -> list[list[str]]:
    return lines_of(at_desk("export_payments", *permissions).get(EXPORT, asked or NOVEMBER))


def test_a_row_has_what_an_accountant_asks_for(settings: Any) -> None:
    production(settings)
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
        "Rounding in it": "0.50",
        "Difference that was accepted": "",
        "What became of it": "used for an order",
        "Payer": "•••149",
        "Source": "Safaricom's callback",
        "Returned on": "",
        "Returned amount": "",
        "Reference of the return": "",
        "Note": "regular",
        "Environment": "Production",
    }


def test_the_payer_stands_there_in_full_only_for_who_may_see_numbers(settings: Any) -> None:
    production(settings)
    new_receipt(payer="254708374149")

    assert "254708374149" in exported(None, "view_full_phone")[1]


def test_a_month_is_nairobi_s(settings: Any) -> None:
    production(settings)
    new_receipt("OD00BEFORE", paid_at=NOON.replace(day=1, hour=0) - timedelta(hours=3, seconds=1))
    new_receipt("OD0000FIRST"[:10], paid_at=NOON.replace(day=1, hour=0) - timedelta(hours=3))
    new_receipt("OD00LAST00", paid_at=NOON.replace(day=30, hour=20, minute=59, second=59))
    new_receipt("OD00AFTER0", paid_at=NOON.replace(day=30, hour=21))

    assert codes(exported()) == ["OD0000FIRS", "OD00LAST00"]
    assert codes(exported({"from": "2026-12-01", "to": "2026-12-01"})) == ["OD00AFTER0"]
    assert codes(exported({"month": "2026-10"})) == ["OD00BEFORE"]


def test_the_foot_says_what_became_of_how_much(settings: Any) -> None:
    production(settings)
    new_receipt("OD00000001")
    new_receipt("OD00000002", amount=Decimal("700.50"), returned_amount=Decimal(200), returned_at=NOON)
    new_receipt("OD00000003", amount=300, allocation="returned", returned_amount=300, returned_at=NOON)
    new_receipt("OD00000004", amount=50, allocation="surplus")
    new_receipt("OD00000005", amount=100, allocation="surplus", returned_amount=40, returned_at=NOON)

    told = foot(exported())

    assert told["Total used for an order (payments: 2)"] == "2200.50"
    assert told["Total returned wholly (payments: 1)"] == "300.00"
    assert told["Total paid twice (payments: 2)"] == "150.00"
    assert told["Total no order took it (payments: 0)"] == "0"
    assert told["Total that arrived (payments: 5)"] == "2650.50"
    assert told["Returned of it before this file was made, in whole or in part"] == "540.00"
    assert told["Arrived, less what was returned"] == "2110.50"
    assert told["Of that still to sort out, so perhaps not the shop's"] == "110.00"


def test_it_says_that_charges_are_not_taken_off() -> None:
    assert "All amounts are before Safaricom's charges." in exported()[-1][0]


def test_money_that_was_told_of_twice_is_counted_once(settings: Any) -> None:
    production(settings)
    new_receipt(None, allocation="explained", same_as=new_receipt())
    new_receipt(None, allocation="explained", reason="order_paid")

    lines = exported()

    assert codes(lines) == ["OD123ABC45", ""]
    assert foot(lines)["Total that arrived (payments: 2)"] == "3000.00"


def test_a_shop_that_takes_real_money_leaves_tests_out(settings: Any) -> None:
    production(settings)
    new_receipt(environment="sandbox")
    new_receipt("OD00REAL00", amount=20)

    response = at_desk("export_payments").get(EXPORT, NOVEMBER)
    lines = lines_of(response)

    assert "TEST" not in response["Content-Disposition"]
    assert codes(lines) == ["OD00REAL00"]
    assert foot(lines)["Arrived, less what was returned"] == "20.00"


def test_a_shop_in_test_mode_says_so_everywhere() -> None:
    receipt = mismatch()
    record_refund(receipt, amount=Decimal(400), reference="R1", by=new_staff_user("record_return"), now=later(9))
    new_receipt("OD00REAL00")

    response = at_desk("export_payments").get(EXPORT, NOVEMBER)
    lines = lines_of(response)

    last = min(date(2026, 11, 30), today(timezone.now()))
    assert f"TEST-mpesa-money-2026-11-01-{last}.csv" in response["Content-Disposition"]
    assert codes(lines) == ["OD123ABC45"] and lines[1][-1] == "TEST"
    assert foot(lines)["TEST, no real money: Arrived, less what was returned"] == "1000.00"


def test_no_cell_is_run_by_a_spreadsheet(settings: Any) -> None:
    production(settings)
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
def test_days_that_are_none_are_refused_in_a_sentence(asked: dict[str, str]) -> None:
    response = at_desk("export_payments").get(EXPORT, asked)

    assert response.status_code == 400 and "Choose a month such as 2026-11" in response.content.decode()


def test_without_a_month_it_is_this_one() -> None:
    response = at_desk("export_payments").get(EXPORT)

    assert response.status_code == 200 and response.streaming


def test_it_speaks_swahili_where_the_dashboard_does(settings: Any) -> None:
    production(settings)
    new_receipt()

    with translation.override("sw"):
        lines = lines_of(at_desk("export_payments").get(reverse("dashboard:mpesa-receipts-export"), NOVEMBER))

    assert "zimetumika kwa oda" in lines[1]


def test_a_thousand_rows_cost_as_many_queries_as_one(settings: Any) -> None:
    production(settings)
    many_receipts(1_000)
    client = at_desk("export_payments")
    client.get(EXPORT, NOVEMBER)

    with counted() as count:
        lines = lines_of(client.get(EXPORT, NOVEMBER))

    assert len(codes(lines)) == 1_000
    assert len(count) <= 8, str(count)


def test_a_return_has_a_day_and_no_time_that_nobody_wrote_down(settings: Any) -> None:
    production(settings)
    evening = NOON.replace(hour=21, minute=30)  # after midnight in Nairobi
    new_receipt("OD00000001", allocation="returned", returned_amount=1500, returned_at=evening)

    header, row = exported()[:2]

    assert dict(zip(header, row, strict=True))["Returned on"] == "2026-11-24"
