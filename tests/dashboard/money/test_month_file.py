"""A whole month in the accountant's files, compared with sums that the script of the month keeps itself."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from django.test import Client

from tests.dashboard.money.exports import EXPORT, content_of, lines_of, sheet_rows, sheet_totals, workbook_of
from tests.dashboard.staff import new_receipt, staff_client
from tests.reports.scripted_book import COLUMN, Row
from tests.reports.scripted_month import FIRST, LAST, NEXT_FIRST, NEXT_LAST, ScriptedMonth

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

COLUMNS = ("In", "Out", "Matched to orders", "Settled without an order", "Unconfirmed")


def asked(first: date, form: str) -> dict[str, str]:
    return {"month": f"{first:%Y-%m}", "format": form}


def expected(rows: list[Row]) -> list[tuple[Any, ...]]:
    """Return day, kind, code, order, customer, column, amount, balance and lateness of the script's rows."""
    return [
        (
            str(row.day),
            row.what,
            row.code,
            row.order,
            f"s{int(row.order[1:])}@example.com",
            COLUMN[row.what][0],
            row.amount,
            row.balance,
            row.is_later,
        )
        for row in rows
    ]


def found(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return the same of a file's rows; each has an amount in just one column."""
    return [
        (
            str(row["Posted on"])[:10],
            row["What"],
            row["M-PESA code"],
            row["Order"],
            row["Customer"],
            *next((column, float(row[column])) for column in COLUMNS if column in row),
            float(row["Order balance after it"]) if "Order balance after it" in row else None,
            row.get("Entered later") == "yes",
        )
        for row in rows
        if sum(column in row for column in COLUMNS) == 1
    ]


def csv_rows(client: Client, first: date) -> list[dict[str, Any]]:
    header, *lines = lines_of(client.get(EXPORT, asked(first, "csv")))
    return [{title: cell for title, cell in zip(header, line, strict=True) if cell} for line in lines]


def test_month_of_500_entries_is_never_changed_by_corrections() -> None:
    month, client = ScriptedMonth(), staff_client("export_payments")
    new_receipt("OD00REAL00", amount=7)  # of production, so it is not the shop's
    rows = month.book.between(FIRST, LAST)
    assert len(rows) >= 500 and {row.what for row in rows} == set(COLUMN)

    csv_before, xlsx_before = (content_of(client.get(EXPORT, asked(FIRST, form))) for form in ("csv", "xlsx"))
    workbook = workbook_of(client.get(EXPORT, asked(FIRST, "xlsx")))

    assert found(csv_rows(client, FIRST)) == expected(rows) == found(sheet_rows(workbook))
    assert_totals_agree(month, sheet_totals(workbook), FIRST, LAST)

    assert month.correct() >= 50
    assert content_of(client.get(EXPORT, asked(FIRST, "csv"))) == csv_before
    assert content_of(client.get(EXPORT, asked(FIRST, "xlsx"))) == xlsx_before
    workbook = workbook_of(client.get(EXPORT, asked(NEXT_FIRST, "xlsx")))
    assert found(sheet_rows(workbook)) == expected(month.book.between(NEXT_FIRST, NEXT_LAST))
    assert found(csv_rows(client, NEXT_FIRST)) == found(sheet_rows(workbook))
    assert_totals_agree(month, sheet_totals(workbook), NEXT_FIRST, NEXT_LAST)


def assert_totals_agree(month: ScriptedMonth, totals: dict[str, Any], first: date, last: date) -> None:
    book = month.book
    assert {column: totals[column] for column in COLUMNS} == {
        column: book.column(column, first, last) for column in COLUMNS
    }
    assert totals["In, less what was sent out"] == book.column("In", first, last) - book.column("Out", first, last)
    assert totals["Taken"] == book.taken(first, last)
    assert totals["Unmatched at the beginning"] == book.unmatched_at(date.fromordinal(first.toordinal() - 1))
    assert totals["Unmatched at the end"] == book.unmatched_at(last)
    assert totals["Number of entries"] == len(book.between(first, last))
    assert totals["First day"] == datetime(first.year, first.month, 1)  # noqa: DTZ001
