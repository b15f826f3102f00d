"""CSV downloads: safe cells, encoding and streaming."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest
from django.utils.translation import gettext_lazy

from oscar_mpesa.dashboard.csv_export import streamed_csv


def chunks_of(response: Any) -> Iterator[bytes]:
    return iter(response.streaming_content)


def cells(response: Any) -> list[list[str]]:
    text = b"".join(chunks_of(response)).decode()
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "  =", "＝", "＋", "－", "＠"])
def test_formula_is_escaped(start: str) -> None:
    formula = f"{start}HYPERLINK(1)"

    _header, row = cells(streamed_csv("a.csv", ["Name"], [[formula]]))

    assert row == [f"'{formula}"]


def test_numbers_stay_numbers_and_times_are_in_nairobi() -> None:
    moment = datetime(2026, 11, 4, 21, 30, tzinfo=timezone.utc)

    response = streamed_csv("a.csv", ["A", "B", "C", "D", "E"], [[-5, Decimal("-1.50"), moment, None, "100042"]])
    text = b"".join(chunks_of(response)).decode()

    assert text.splitlines()[1] == '-5,-1.50,"2026-11-05 00:30:00","","100042"'


def test_non_ascii_text_and_quotes_are_kept() -> None:
    row = ['Wanjikũ "Shiru", Duka; la =pili', gettext_lazy("Overview")]

    _header, text = cells(streamed_csv("a.csv", ["A", "B"], [row]))

    assert text == ['Wanjikũ "Shiru", Duka; la =pili', "Overview"]


def test_response_is_a_download_that_is_not_cached() -> None:
    response = streamed_csv("m-pesa payments.csv", ["A"], [])

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="m-pesa payments.csv"'
    assert "no-store" in response["Cache-Control"]


def test_rows_are_read_while_the_response_is_sent() -> None:
    read = 0

    def rows() -> Iterator[list[int]]:
        nonlocal read
        for number in range(100_000):
            read += 1
            yield [number]

    chunks = chunks_of(streamed_csv("a.csv", ["Number"], rows()))
    next(chunks)
    first = next(chunks)

    assert first.splitlines()[:2] == [b'"Number"', b"0"]
    assert 0 < read < 1_000
    assert sum(len(chunk.splitlines()) for chunk in chunks) + len(first.splitlines()) == 100_001
