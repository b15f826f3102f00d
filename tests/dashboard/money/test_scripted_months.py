"""A whole month in the month report, compared with sums that the script of the month keeps itself."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from oscar_mpesa.reports.bridge import Bridge
from oscar_mpesa.reports.period import period_figures
from tests.dashboard.staff import page_text, staff_client, url_of
from tests.reports.scripted_book import IN, MATCH, RECEIVED, REFUND, RETURN, RETURN_VOID, UNMATCH, VOID, Book
from tests.reports.scripted_month import FIRST, LAST, NEXT_FIRST, NEXT_LAST, ScriptedMonth

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def page_of(client: Client, first: date) -> str:
    return page_text(client.get(url_of("month"), {"month": f"{first:%Y-%m}"}))


def line(label: str, amount: int, count: int | None = None) -> str:
    """Return a line of the page's sums."""
    sign = "-" if amount < 0 else ""
    return " ".join([label, *([f"{count:,}"] if count is not None else []), f"{sign}KSh {abs(amount):,}"])


def expected_lines(book: Book, first: date, last: date) -> list[str]:
    """Return the lines that the page must show, from the script's own sums."""
    rows = book.between(first, last)

    def of_kind(label: str, what: str, sign: int = 1) -> str:
        count = sum(row.what == what for row in rows)
        return line(label, sign * book.total(what, first, last), count)

    return [
        of_kind("Money in", RECEIVED),
        of_kind("Refunds of orders' money", REFUND, -1),
        of_kind("Voided: Refunds of orders' money", VOID, -1),
        of_kind("Matched to orders", MATCH),
        of_kind("Unmatched from orders", UNMATCH),
        of_kind("Matched to orders", MATCH, -1),
        line("Taken", book.taken(first, last)),
        line("Unmatched at the beginning", book.unmatched_at(first - timedelta(days=1))),
        line("Unmatched at the end", book.unmatched_at(last)),
        f"Entries ({len(rows)})",
        f"Posted on a later day than M-PESA's: {sum(row.is_later for row in rows)}",
    ]


def bridge_of(first: date, last: date) -> Bridge:
    return period_figures("simulated", first, last).bridge


def explained(bridge: Bridge) -> Decimal:
    """Return what the lines of a bridge leave of the orders' totals."""
    parts = (bridge.unpaid_open, bridge.unpaid_ended, bridge.recorded, bridge.credits, bridge.differences)
    return bridge.placed.amount - sum((part.amount for part in parts), Decimal(0))


def test_page_shows_the_sums_of_a_month_of_500_entries() -> None:
    month, client = ScriptedMonth(), staff_client()
    before = page_of(client, FIRST)
    bridge = bridge_of(FIRST, LAST)
    month.correct()
    after, next_month = page_of(client, FIRST), page_of(client, NEXT_FIRST)

    assert [each for each in expected_lines(month.book, FIRST, LAST) if each not in before] == []
    assert [each for each in expected_lines(month.book, FIRST, LAST) if each not in after] == []
    assert [each for each in expected_lines(month.book, NEXT_FIRST, NEXT_LAST) if each not in next_month] == []
    assert month.book.column(IN, FIRST, LAST) > 0 > month.book.total(UNMATCH, NEXT_FIRST, NEXT_LAST)
    assert month.book.total(RETURN, FIRST, LAST) == -month.book.total(RETURN_VOID, FIRST, LAST) > 0
    assert_bridge_agrees(month, bridge)


def assert_bridge_agrees(month: ScriptedMonth, before: Bridge) -> None:
    """All orders of the script were placed in its first month; later, some of them got cheaper."""
    book, after, december = month.book, bridge_of(FIRST, LAST), bridge_of(NEXT_FIRST, NEXT_LAST)
    assert before.taken == explained(before) == book.taken(FIRST, LAST)
    assert after.taken == explained(after) == book.taken(FIRST, LAST)
    assert after.recorded == before.recorded and before.recorded.count == 10
    assert (december.placed.count, december.for_other_orders) == (0, book.taken(NEXT_FIRST, NEXT_LAST))
