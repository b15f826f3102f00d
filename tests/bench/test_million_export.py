"""An export of a hundred thousand rows needs no more memory than one of ten thousand, on PostgreSQL."""

from __future__ import annotations

import tracemalloc
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.bench.million_rows import trade
from tests.dashboard.staff import staff_client, url_of

pytestmark = [pytest.mark.bench, pytest.mark.django_db(transaction=True)]

FEW, MANY = 10_000, 100_000

#: For Excel, which takes longer.
FEW_CELLS, MANY_CELLS = 2_000, 8_000


def last_year() -> dict[str, str]:
    """Return the days of all rows that ``trade`` adds."""
    today = timezone.localdate()
    return {"from": f"{today - timedelta(days=370)}", "to": f"{today + timedelta(days=1)}"}


def rows_and_peak(client: Client, name: str, params: dict[str, str]) -> tuple[int, int]:
    """Return the number of lines, and the most bytes in memory while they are sent."""
    response: Any = client.get(url_of(name), params)
    assert response.status_code == 200
    tracemalloc.start()
    try:
        lines = sum(chunk.count(b"\n") for chunk in response.streaming_content)
        return lines, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_export_of_many_rows_needs_no_more_memory(capsys: Any) -> None:
    client = staff_client("export_payments")
    files: dict[str, dict[str, str]] = {"payments-export": {}, "receipts-export": last_year()}
    trade(FEW, "A")
    few = {name: rows_and_peak(client, name, params) for name, params in files.items()}
    trade(MANY - FEW, "B")

    many = {name: rows_and_peak(client, name, params) for name, params in files.items()}

    with capsys.disabled():
        for name, (lines, peak) in many.items():
            print(f"\n{name}: {lines:,} lines in {peak / 1e6:.1f} MB, {few[name][1] / 1e6:.1f} MB for a tenth of them")
    assert few["payments-export"][0] > FEW and many["payments-export"][0] > MANY
    assert many["receipts-export"][0] > 2 * MANY * 9 // 10  # each payment is received and matched
    assert {name: peak for name, (_, peak) in many.items() if peak > 1.2 * few[name][1]} == {}


def excel_peak(client: Client) -> int:
    """Return the most bytes in memory while an Excel file of the year is written."""
    tracemalloc.start()
    try:
        response: Any = client.get(url_of("receipts-export"), {**last_year(), "format": "xlsx"})
        assert response.status_code == 200 and sum(len(chunk) for chunk in response.streaming_content) > 100_000
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_excel_file_of_many_rows_needs_no_more_memory(capsys: Any) -> None:
    client = staff_client("export_payments")
    trade(FEW_CELLS, "A")
    excel_peak(client)  # openpyxl is imported once
    few = excel_peak(client)
    trade(MANY_CELLS - FEW_CELLS, "B")

    many = excel_peak(client)

    with capsys.disabled():
        print(f"\nExcel: {many / 1e6:.1f} MB, {few / 1e6:.1f} MB for a quarter of the rows")
    assert many < 1.2 * few
