"""Three mistakes of staff, corrected on the pages alone: a wrong order, a wrong amount and a wrong refund."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.test import Client

from oscar_mpesa.models import MpesaClaim, MpesaOrder, MpesaReceipt
from oscar_mpesa.services.ledger_check import check_ledger
from tests.dashboard.money.deciding import decide, look, refund_values
from tests.dashboard.staff import VIEW, decision_url, page_text, receipt_url, url_of
from tests.services.money import PERMISSIONS, balance, books, entries, paid_order, receipt
from tests.services.unmatched import fresh, surplus
from tests.shop import new_order, new_staff_user

pytestmark = pytest.mark.django_db

LINK = re.compile(r'<a [^>]*href="([^"]+)"[^>]*>([^<]+)</a>')


@pytest.fixture
def desk() -> Client:
    """Return the client of a bookkeeper, who may make every decision about money."""
    client = Client()
    client.force_login(new_staff_user(VIEW, *PERMISSIONS))
    return client


def link(response: Any, label: str) -> str:
    """Return where a link of the page leads."""
    addresses = {text.strip(): href for href, text in LINK.findall(response.content.decode())}
    return html.unescape(addresses[label])


def sums(order: Any, money: MpesaReceipt) -> tuple[Any, ...]:
    """Return what the order misses, what Oscar's books have of it, and what is left of the money."""
    side = MpesaOrder.objects.filter(pk=order.pk).first()
    return side.balance if side else order.total_incl_tax, books(order), fresh(money).unallocated


def test_money_of_a_wrong_order_is_moved_and_moved_back(desk: Client) -> None:
    money, wrong, right = surplus(), new_order(), new_order()
    decide(desk, decision_url("allocate", money), order=wrong.number)
    before = (sums(wrong, money), sums(right, money))

    page = desk.get(receipt_url(money))
    moved = decide(desk, link(page, "Move to another order"), order=right.number, note="typing error")
    after = (sums(wrong, money), sums(right, money))
    decide(desk, link(moved, "Move it back"), order=wrong.number, note="it was right")

    assert before == ((0, 1500, 0), (1500, 0, 0))
    assert after == ((1500, 0, 0), (0, 1500, 0))
    assert (sums(wrong, money), sums(right, money)) == before
    assert list(check_ledger()) == []


def test_recorded_payment_of_a_wrong_amount_is_withdrawn_and_recorded_again(desk: Client) -> None:
    order = new_order()
    typed = {"code": "OD777KKK77", "day": "2026-11-23", "time": "15:01", "note": "portal", "order": order.number}
    recorded = decide(desk, url_of("record"), **typed, amount="150")
    before = (balance(order), entries(order))

    withdrawn = decide(desk, link(recorded, "Withdraw it"), note="one zero is missing")
    between = (balance(order), books(order))
    again = desk.get(link(withdrawn, "Record it again")).content.decode()
    decide(desk, url_of("record"), **typed, amount="1500")

    assert before == ((False, 1350), [("OD777KKK77", 150)])
    assert between == ((False, 1500), 0)
    assert 'name="amount" value="150"' in again
    assert (balance(order), books(order)) == ((True, 0), 1500)
    assert [each.status for each in MpesaClaim.objects.order_by("pk")] == ["withdrawn", "open"]
    assert list(check_ledger()) == []


def test_money_of_two_orders_is_split_after_a_wrong_match(desk: Client) -> None:
    money, first, second = surplus(), new_order(total="900.00"), new_order(total="900.00")
    matched = decide(desk, decision_url("allocate", money), order=first.number)
    before = (sums(first, money), sums(second, money))

    decide(desk, link(matched, "Unmatch it"), note="only 600 were for this order")
    for order, amount in ((first, "600"), (second, "900")):
        decide(desk, decision_url("allocate", money), order=order.number, amount=amount)

    assert before == ((0, 900, 600), (900, 0, 600))
    assert (sums(first, money), sums(second, money)) == ((300, 600, 0), (0, 900, 0))
    assert list(check_ledger()) == []


def test_wrong_refund_is_voided_and_recorded_again(desk: Client) -> None:
    order = paid_order()
    url = decision_url("refund", receipt())
    wrong = decide(desk, url, **refund_values(receipt(), 1500, purpose="payment_returned"))
    before = sums(order, receipt())

    seen = look(desk, link(wrong, "Void it"), note="it was KSh 150")
    voided = decide(desk, link(wrong, "Void it"), note="it was KSh 150")
    between = sums(order, receipt())
    again = link(voided, "Record the right refund")
    decide(desk, again, **refund_values(receipt(), 150, purpose="credit", reference="OD777REV77"))

    assert before == (1500, 0, 0)
    assert f"This pays order {order.number}." in seen
    assert between == (0, 1500, 0)
    assert sums(order, receipt()) == (0, 1350, 0)
    assert f"Refunded of order {order.number}" in page_text(desk.get(receipt_url(receipt())))
    assert list(check_ledger()) == []
