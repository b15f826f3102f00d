"""The accountant's file for Excel: the same rows as cells of their own kind, and totals on a sheet of their own."""

from __future__ import annotations

import io
import sys
import zipfile
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import RequestFactory

from oscar_mpesa.dashboard.money.export import EntriesExportView
from oscar_mpesa.dashboard.xlsx_export import Sheet, write_workbook
from oscar_mpesa.services.refunds import record_refund
from tests.dashboard.money.exports import (
    EXPORT,
    NOVEMBER,
    content_of,
    exported,
    sheet_rows,
    sheet_totals,
    workbook_of,
)
from tests.dashboard.staff import new_allocation, new_receipt, new_refund, staff_client, url_of, use_production
from tests.services.money import FIRST, SECOND, receipt, twice_paid
from tests.shop import NOON, later, new_order, new_staff_user

pytestmark = pytest.mark.django_db

EXCEL = {**NOVEMBER, "format": "xlsx"}


def excel(**asked: str) -> Any:
    return workbook_of(staff_client("export_payments").get(EXPORT, {**EXCEL, **asked}))


def cells(*values: Any) -> list[Any]:
    """Return the cells of a sheet with one row of these values."""
    from openpyxl import load_workbook

    file = io.BytesIO()
    titles = [str(number) for number, _ in enumerate(values)]
    write_workbook(file, [Sheet(title="S", header=titles, rows=[values], widths=[9])])
    return list(load_workbook(file).worksheets[0][2])


def test_sheet_has_the_rows_of_the_csv_file() -> None:
    twice_paid()

    sheet, lines = sheet_rows(excel()), exported()

    texts = ("What", "M-PESA code", "Order", "Customer", "Environment")
    assert len(sheet) == 3
    assert [[row.get(name) for name in texts] for row in sheet] == [[row.get(name) for name in texts] for row in lines]
    assert sheet[0]["Posted on"] == datetime(2026, 11, 23) and sheet[0]["In"] == 1500  # noqa: DTZ001
    assert sheet[0]["M-PESA time (Nairobi)"] == datetime(2026, 11, 23, 15, 0, 5)  # noqa: DTZ001
    assert sheet[1]["Order balance after it"] == 0


def test_totals_stand_on_a_sheet_of_their_own(settings: Any) -> None:
    use_production(settings)
    new_receipt("OD00BEFORE", paid_at=NOON - timedelta(days=30), status="unmatched", amount=70)
    money = new_receipt("OD00000001", order=new_order())
    new_refund(money, 200, allocation=money.allocations.get())
    new_receipt("OD00000002", amount=300, status="overpaid")
    new_allocation(new_receipt("OD00000003", amount=50, status="resolved"), None)

    workbook = excel()
    totals = sheet_totals(workbook)

    assert workbook.sheetnames == ["Entries", "Totals"]
    assert totals["First day"] == datetime(2026, 11, 1) and totals["Last day"] == datetime(2026, 11, 30)  # noqa: DTZ001
    expected = {
        "In": 1850,
        "Out": 200,
        "In, less what was sent out": 1650,
        "Matched to orders": 1500,
        "Settled without an order": 50,
        "Unconfirmed": 0,
        "Taken": 1300,
        "Unmatched at the beginning": 70,
        "Unmatched at the end": 370,
        "Number of entries": 6,
        "received": 3,
        "refund voided": 0,
    }
    assert {label: totals[label] for label in expected} == expected
    assert "TEST, no real money" not in totals


def test_test_shop_says_test_in_the_totals() -> None:
    twice_paid()

    response = staff_client("export_payments").get(EXPORT, EXCEL)
    name = response["Content-Disposition"]
    workbook = workbook_of(response)

    assert "TEST-mpesa-money-2026-11-01-" in name and ".xlsx" in name
    assert "TEST, no real money" in sheet_totals(workbook) and sheet_rows(workbook)[0]["Environment"] == "TEST"


def test_text_is_never_a_formula_or_an_error() -> None:
    texts = ["=1+1", "+254", "@SUM(1)", "#N/A", "=cmd|'/c calc'!A0"]

    found = cells(*texts)

    assert [(cell.data_type, cell.value) for cell in found] == [("s", text) for text in texts]


def test_notes_reach_the_sheet_as_text(settings: Any) -> None:
    use_production(settings)
    new_refund(new_receipt(status="refunded"), 100, code="", note="=HYPERLINK(1)")

    (cell,) = [cell for cell in excel().worksheets[0][3] if cell.value == "=HYPERLINK(1)"]

    assert cell.data_type == "s"


def test_numbers_days_and_times_have_their_formats() -> None:
    number, whole, day, moment, nothing = cells(Decimal("1500.50"), 7, date(2026, 11, 23), NOON, "")

    assert (number.value, number.number_format) == (1500.5, "#,##0.00") and whole.value == 7
    assert day.is_date and moment.value == datetime(2026, 11, 23, 15) and nothing.value is None  # noqa: DTZ001


def test_characters_that_no_xml_holds_are_left_out() -> None:
    assert [cell.value for cell in cells("a\x00b\x0bc\uffffd", "tab\tand é")] == ["abcd", "tab\tand é"]


def test_same_entries_make_the_same_bytes(settings: Any) -> None:
    twice_paid()
    client = staff_client("export_payments")

    first, again = (content_of(client.get(EXPORT, EXCEL)) for _ in range(2))
    staff = new_staff_user("record_refund")
    record_refund(receipt(SECOND), amount=Decimal(400), code="R1", by=staff, now=later(60))
    changed = content_of(client.get(EXPORT, EXCEL))

    assert first == again != changed
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {member.date_time[0] for member in archive.infolist()} == {1980}
        assert b"2026" not in archive.read("docProps/core.xml")


def test_more_rows_than_a_sheet_holds_are_refused(rf: RequestFactory) -> None:
    twice_paid()
    view, request = EntriesExportView.as_view(most_rows=2), rf.get(EXPORT, EXCEL)
    request.user = new_staff_user("export_payments")

    response: Any = view(request)

    assert response.status_code == 400
    assert "An Excel sheet cannot hold that many rows." in response.content.decode()
    assert len(sheet_rows(excel())) == 3


def test_without_openpyxl_there_is_only_csv(monkeypatch: pytest.MonkeyPatch) -> None:
    client = staff_client("export_payments")
    with_excel = client.get(url_of("receipts")).content.decode()
    monkeypatch.setitem(sys.modules, "openpyxl", None)

    page = client.get(url_of("receipts")).content.decode()

    assert '<option value="xlsx">' in with_excel and '<option value="xlsx">' not in page
    assert '<option value="csv">' in page and f'href="{url_of("month")}?month=' in page
    assert client.get(EXPORT, EXCEL).status_code == 404
    assert client.get(EXPORT, NOVEMBER).status_code == 200


def test_phones_are_hidden_in_excel_too(settings: Any) -> None:
    use_production(settings)
    new_allocation(new_receipt(FIRST), None, note="call 254708374149")

    assert sheet_rows(excel())[1]["Note"] == "call •••149"
