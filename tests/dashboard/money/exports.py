"""Read the accountant's files."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

from django.urls import reverse

from tests.dashboard.staff import staff_client

EXPORT = reverse("dashboard:mpesa-receipts-export")
NOVEMBER = {"month": "2026-11"}


def content_of(response: Any) -> bytes:
    """Return the bytes of a response's file."""
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content)


def lines_of(response: Any) -> list[list[str]]:
    """Return the cells of a response's CSV file."""
    return list(csv.reader(io.StringIO(content_of(response).decode("utf-8-sig"))))


def rows_of(response: Any) -> list[dict[str, str]]:
    """Return the rows of a response's CSV file by their titles, without empty cells."""
    header, *lines = lines_of(response)
    return [{title: cell for title, cell in zip(header, line, strict=True) if cell} for line in lines]


def exported(asked: dict[str, str] | None = None, *permissions: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file for staff with these permissions; by default of November."""
    return rows_of(staff_client("export_payments", *permissions).get(EXPORT, asked or NOVEMBER))


def codes(rows: list[dict[str, str]]) -> list[str]:
    """Return the codes of the money that arrived."""
    return [row.get("M-PESA code", "") for row in rows if "In" in row]


def workbook_of(response: Any) -> Any:
    """Return the workbook of a response's Excel file."""
    from openpyxl import load_workbook

    return load_workbook(io.BytesIO(content_of(response)))


def sheet_rows(workbook: Any) -> list[dict[str, Any]]:
    """Return the rows of the first sheet by their titles, without empty cells."""
    header, *lines = workbook.worksheets[0].iter_rows(values_only=True)
    return [{title: cell for title, cell in zip(header, line, strict=True) if cell is not None} for line in lines]


def sheet_totals(workbook: Any) -> dict[str, Any]:
    """Return the values of the second sheet by their labels; amounts as decimals."""
    rows = workbook.worksheets[1].iter_rows(min_row=2, values_only=True)
    return {label: Decimal(str(value)) if isinstance(value, float) else value for label, value, *_rest in rows if label}
