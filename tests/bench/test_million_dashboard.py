"""The dashboard's pages cost the same among a million payments of a year as among ten thousand, on PostgreSQL."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from oscar_mpesa.models import MpesaPayment
from tests.bench.million_rows import trade
from tests.dashboard.staff import staff_client, url_of
from tests.query_counts import counted

pytestmark = [pytest.mark.bench, pytest.mark.django_db(transaction=True)]

FEW, MANY = 10_000, 1_000_000

#: Rounds over all pages, so that another program does not slow one page only.
ROUNDS = 5

#: The most queries of a page, with BEGIN, COMMIT and the session's user.
MOST_QUERIES = 12 + 3

#: Each page and its parameters; braces stand for values of a payment in the middle of the year.
PAGES: dict[str, tuple[str, dict[str, str]]] = {
    "the overview": ("overview", {}),
    "the payments": ("payments", {}),
    "their last page": ("payments", {"page": "100"}),
    "by amount": ("payments", {"sort": "-amount"}),
    "a status": ("payments", {"status": "cancelled"}),
    "an environment": ("payments", {"environment": "simulated"}),
    "an amount": ("payments", {"amount": "111"}),
    "a status and an amount": ("payments", {"status": "cancelled", "amount": "110"}),
    "an order": ("payments", {"q": "{order}"}),
    "a phone": ("payments", {"q": "{phone}"}),
    "an M-PESA code": ("payments", {"q": "{code}"}),
    "a checkout id": ("payments", {"q": "{id}"}),
    "last digits": ("payments", {"q": "678"}),
    "a name": ("payments", {"q": "Guest99"}),
    "an email": ("payments", {"q": "guest99@example.com"}),
    "nothing": ("payments", {"q": "B99999999"}),
    "the money": ("receipts", {"status": ""}),
    "its last page": ("receipts", {"status": "", "page": "100"}),
    "matched money": ("receipts", {"status": "matched"}),
    "refunded money": ("receipts", {"status": "refunded"}),
    "money of days": ("receipts", {"since": "2026-01-01", "until": "2026-12-31"}),
    "money of an amount": ("receipts", {"amount": "111"}),
    "money of an order": ("receipts", {"order": "{order}"}),
    "money by its code": ("receipts", {"code": "{code}"}),
    "unmatched money": ("receipts", {}),
}


def pages() -> dict[str, tuple[str, dict[str, str]]]:
    """Return the pages with the values of one payment."""
    middle = MpesaPayment.objects.filter(status="completed").order_by("created_at")[FEW // 2]
    receipt = middle.receipts.get()
    known = {
        "order": middle.mpesa_order.order.number,
        "phone": f"0{middle.phone[3:]}",
        "code": receipt.number,
        "id": middle.checkout_request_id,
    }
    return {
        name: (page, {key: text.format(**known) for key, text in params.items()})
        for name, (page, params) in PAGES.items()
    }


def seconds(client: Client, page: str, params: dict[str, str], *, times: int = 5) -> float:
    """Return the fastest of some requests for a page, because other programs use the machine too."""
    timings = []
    for _ in range(times):
        started = perf_counter()
        response: Any = client.get(url_of(page), params)
        timings.append(perf_counter() - started)
        assert response.status_code == 200
    return min(timings)


def count_queries(client: Client, page: str, params: dict[str, str]) -> int:
    with counted() as count:
        client.get(url_of(page), params)
    return len(count)


def costs(client: Client) -> dict[str, float]:
    for page, params in pages().values():
        client.get(url_of(page), params)  # warm up imports and caches
    rounds = [{name: seconds(client, *page) for name, page in pages().items()} for _ in range(ROUNDS)]
    return {name: min(each[name] for each in rounds) for name in PAGES}


def seconds_with_empty_cache(client: Client) -> float:
    """Return the fastest time of the overview when it must count all days again."""
    timings = []
    for _ in range(5):
        caches["default"].clear()
        timings.append(seconds(client, "overview", {}, times=1))
    return min(timings)


def test_dashboard_pages_are_as_fast_among_a_million_payments(capsys: Any) -> None:
    client = staff_client("view_full_phone")
    trade(FEW, "A")
    few = costs(client)
    trade(MANY - FEW, "B")

    many = costs(client)

    uncached = seconds_with_empty_cache(client)
    with capsys.disabled():
        print(f"\n\nAmong {MANY:,} payments, against {FEW:,}:")
        for name in PAGES:
            print(f"  {name:<24}{many[name] / few[name]:>6.2f} times as long ({1000 * many[name]:.1f} ms)")
        print(f"  the overview, every ten minutes: {1000 * uncached:.1f} ms")
    assert {name: many[name] / few[name] for name in PAGES if many[name] > 1.5 * few[name]} == {}
    assert max(count_queries(client, *page) for page in pages().values()) <= MOST_QUERIES
