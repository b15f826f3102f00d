"""The shopkeeper's pages cost the same among a million payments as among ten thousand, of one year. On PostgreSQL."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from oscar_mpesa.models import MpesaPayment
from tests.bench.million_rows import traded
from tests.dashboard.staff import address, at_desk
from tests.query_counts import counted

pytestmark = [pytest.mark.bench, pytest.mark.django_db(transaction=True)]

FEW, MANY = 10_000, 1_000_000

#: So often each page is asked for again after all others, so that no passing program meets one of them only.
ROUNDS = 5

#: So many queries at the most, and with them BEGIN, COMMIT and the session's user.
MOST = 12 + 3

#: A page and what it is asked for; what stands in braces is of a payment in the middle of the year.
QUESTIONS: dict[str, tuple[str, dict[str, str]]] = {
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
    "an e-mail": ("payments", {"q": "guest99@example.com"}),
    "nothing": ("payments", {"q": "B99999999"}),
    "the money": ("receipts", {"allocation": ""}),
    "its last page": ("receipts", {"allocation": "", "page": "100"}),
    "money used": ("receipts", {"allocation": "applied"}),
    "money returned": ("receipts", {"allocation": "returned"}),
    "money of days": ("receipts", {"since": "2026-01-01", "until": "2026-12-31"}),
    "money of an amount": ("receipts", {"amount": "111"}),
    "money of an order": ("receipts", {"order": "{order}"}),
    "money by its code": ("receipts", {"code": "{code}"}),
    "money to sort out": ("receipts", {}),
}


def questions() -> dict[str, tuple[str, dict[str, str]]]:
    """With what one payment is known by."""
    middle = MpesaPayment.objects.filter(status="completed").order_by("created_at")[FEW // 2]
    receipt = middle.receipts.get()
    known = {
        "order": middle.mpesa_order.order.number,
        "phone": f"0{middle.phone[3:]}",
        "code": receipt.number,
        "id": middle.checkout_request_id,
    }
    return {
        name: (page, {key: text.format(**known) for key, text in asked.items()})
        for name, (page, asked) in QUESTIONS.items()
    }


def seconds(client: Client, page: str, asked: dict[str, str], *, times: int = 5) -> float:
    """For a page; the best of some, because other programs want the machine too."""
    taken = []
    for _ in range(times):
        started = perf_counter()
        response: Any = client.get(address(page), asked)
        taken.append(perf_counter() - started)
        assert response.status_code == 200
    return min(taken)


def queries(client: Client, page: str, asked: dict[str, str]) -> int:
    with counted() as count:
        client.get(address(page), asked)
    return len(count)


def costs(client: Client) -> dict[str, float]:
    for page, asked in questions().values():
        client.get(address(page), asked)  # what is imported and remembered once
    rounds = [{name: seconds(client, *question) for name, question in questions().items()} for _ in range(ROUNDS)]
    return {name: min(each[name] for each in rounds) for name in QUESTIONS}


def seconds_after_ten_minutes(client: Client) -> float:
    """For the overview that counts the days before today anew."""
    taken = []
    for _ in range(5):
        caches["default"].clear()
        taken.append(seconds(client, "overview", {}, times=1))
    return min(taken)


def test_a_million_payments_are_looked_at_as_fast_as_ten_thousand(capsys: Any) -> None:
    client = at_desk("view_full_phone")
    traded(FEW, "A")
    few = costs(client)
    traded(MANY - FEW, "B")

    many = costs(client)

    anew = seconds_after_ten_minutes(client)
    with capsys.disabled():
        print(f"\n\nAmong {MANY:,} payments, against {FEW:,}:")
        for name in QUESTIONS:
            print(f"  {name:<24}{many[name] / few[name]:>6.2f} times as long ({1000 * many[name]:.1f} ms)")
        print(f"  the overview, every ten minutes: {1000 * anew:.1f} ms")
    assert {name: many[name] / few[name] for name in QUESTIONS if many[name] > 1.5 * few[name]} == {}
    assert max(queries(client, *question) for question in questions().values()) <= MOST
