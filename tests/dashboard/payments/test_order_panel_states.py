"""The panel tells the states of an order's money apart, adds the money up, and lists each entry."""

from __future__ import annotations

import html
import re
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaAllocation, MpesaOrder, MpesaReceipt, MpesaRefund, RefundPurpose
from oscar_mpesa.services.allocation import allocate, reverse_allocation
from oscar_mpesa.services.refunds import record_refund, void_refund
from tests.dashboard.payments.order_money import (
    closed_by_staff,
    part_paid,
    part_recorded,
    recorded_and_closed,
    refunded,
)
from tests.dashboard.payments.order_pages import page_of, panel_of, somebody
from tests.dashboard.staff import new_claim, new_refund
from tests.services.money import order_of, paid_order, receipt, set_status
from tests.services.unmatched import mismatch, surplus, unallocated
from tests.shop import later, new_order, new_payment, new_staff_user, pay

pytestmark = pytest.mark.django_db

Transaction = get_model("payment", "Transaction")


def words(part: str) -> str:
    """Return the text without tags, with single spaces."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", part)).split())


def state(order: Any) -> tuple[str, str]:
    """Return the class of the panel's state and its word."""
    ((css, word),) = re.findall(r'mpesa-money-([\w -]+)"><p><strong class="mpesa-state">(.*?)<', panel_of(order))
    return css, word


def sums(order: Any) -> dict[str, str]:
    """Return the rows of the panel's sums."""
    rows = re.findall(r'<tr><th scope="row">(.*?)</th><td>(.*?)</td></tr>', panel_of(order))
    return {words(label): words(value) for label, value in rows}


def entries(order: Any) -> list[tuple[str, ...]]:
    """Return the rows of the panel's entries."""
    _, _, table = panel_of(order).partition('id="mpesa-entries"')
    rows = re.findall(r"<tr>(<td.*?)</tr>", table, re.DOTALL)
    return [tuple(words(cell) for cell in row.split("</td>")[:-1]) for row in rows]


def refunded_unmatched() -> Any:
    """Create an order that was closed before its money came, which staff refunded."""
    late = unallocated()
    record_refund(late, amount=late.amount, code="RK1", by=new_staff_user("record_refund"), now=later(120))
    return late.meant_for


def refunded_and_canceled() -> Any:
    order = refunded(1500)
    set_status(order, "Cancelled")
    return order_of(order)


@pytest.mark.parametrize(
    ("build", "css", "word"),
    [
        pytest.param(paid_order, "paid", "Paid", id="paid"),
        pytest.param(lambda: refunded(500), "partly-refunded", "Paid, partly refunded", id="part refund"),
        pytest.param(part_paid, "partly-paid mpesa-action-needed", "Partly paid", id="part paid"),
        pytest.param(
            lambda: refunded(500, RefundPurpose.PAYMENT_RETURNED),
            "partly-paid mpesa-action-needed",
            "Partly paid",
            id="returned in part",
        ),
        pytest.param(
            lambda: new_claim(new_order()).order, "unconfirmed mpesa-action-needed", "Unconfirmed", id="recorded"
        ),
        pytest.param(lambda: part_recorded(500), "unconfirmed mpesa-action-needed", "Unconfirmed", id="part recorded"),
        pytest.param(lambda: refunded(1500), "refunded mpesa-action-needed", "Refunded", id="refunded, goes on"),
        pytest.param(
            lambda: refunded(1500, RefundPurpose.PAYMENT_RETURNED),
            "refunded mpesa-action-needed",
            "Refunded",
            id="returned, goes on",
        ),
        pytest.param(refunded_and_canceled, "refunded", "Refunded", id="refunded and canceled"),
        pytest.param(refunded_unmatched, "refunded", "Refunded", id="unmatched money refunded"),
        pytest.param(lambda: surplus().meant_for, "waits mpesa-action-needed", "Waits for a decision", id="overpaid"),
        pytest.param(
            lambda: mismatch().meant_for, "waits mpesa-action-needed", "Waits for a decision", id="wrong amount"
        ),
        pytest.param(
            recorded_and_closed, "waits mpesa-action-needed", "Waits for a decision", id="recorded, counts for nothing"
        ),
        pytest.param(
            lambda: new_payment().mpesa_order.order, "unpaid mpesa-action-needed", "Not paid", id="on the phone"
        ),
        pytest.param(closed_by_staff, "unpaid mpesa-action-needed", "Not paid", id="closed"),
    ],
)
def test_each_state_has_its_own_word_and_style(build: Any, css: str, word: str) -> None:
    assert state(build()) == (css, word)


PAID = {"Amount due": "KSh 1,500", "Received": "KSh 1,500", "Refunded": "KSh 0", "Balance": "KSh 0"}


@pytest.mark.parametrize(
    ("build", "changes"),
    [
        pytest.param(paid_order, {}, id="paid"),
        pytest.param(part_paid, {"Received": "KSh 1,000", "Balance": "KSh 500 missing"}, id="part paid"),
        pytest.param(lambda: refunded(500), {"Amount due": "KSh 1,000", "Refunded": "KSh 500"}, id="price cut"),
        pytest.param(
            lambda: refunded(500, RefundPurpose.PAYMENT_RETURNED),
            {"Refunded": "KSh 500", "Balance": "KSh 500 missing"},
            id="payment returned",
        ),
        pytest.param(
            lambda: part_recorded(300),
            {"Received": "KSh 1,300, of it unconfirmed KSh 300", "Balance": "KSh 200 missing"},
            id="recorded",
        ),
        pytest.param(lambda: surplus().meant_for, {"Waits for a decision": "KSh 1,500"}, id="overpaid"),
    ],
)
def test_panel_adds_up_the_money(build: Any, changes: dict[str, str]) -> None:
    assert sums(build()) == {**PAID, **changes}


def test_balance_below_zero_is_too_much() -> None:
    order = paid_order()
    MpesaOrder.objects.update(balance=Decimal(-100))

    assert sums(order) == {**PAID, "Amount due": "KSh 1,400", "Balance": "KSh 100 too much"}


def test_open_order_without_money_has_neither_sums_nor_entries() -> None:
    order = new_payment().mpesa_order.order

    assert state(order) == ("unpaid mpesa-action-needed", "Not paid")
    assert sums(order) == {} and entries(order) == []


def test_entries_are_listed_with_day_and_amount() -> None:
    order, clerk = refunded(500), new_staff_user("record_refund", "match_receipt")
    void_refund(MpesaRefund.objects.get(), by=clerk, note="not sent", now=later(86_400))
    reverse_allocation(MpesaAllocation.objects.get(), by=clerk, note="of another order", now=later(2 * 86_400))

    assert entries(order) == [
        ("23 Nov 2026", "OD123ABC45 matched to the order", "KSh 1,500"),
        ("23 Nov 2026", "OD123ABC45 refunded · RK1 · the customer returned goods or got a price cut", "-KSh 500"),
        ("24 Nov 2026", "OD123ABC45 refund voided · RK1", "KSh 500"),
        ("25 Nov 2026", "OD123ABC45 no longer counts for the order · staff unmatched it", "-KSh 1,500"),
    ]


def test_entries_of_a_recorded_payment_link_to_it() -> None:
    claim = new_claim(new_order())

    assert entries(claim.order) == [("23 Nov 2026", "OD777KKK77 recorded, not confirmed", "KSh 1,500")]
    assert f'href="{reverse("dashboard:mpesa-claim", args=[claim.pk])}">OD777KKK77</a> recorded' in panel_of(
        claim.order
    )


def test_phone_in_the_code_of_a_refund_is_masked() -> None:
    order = paid_order()
    new_refund(receipt(), 500, allocation=MpesaAllocation.objects.get(), code="to 0712345678", purpose="credit")

    assert entries(order)[-1][1].startswith("OD111AAA11 refunded · to •••678 · ")
    assert "refunded · to 0712345678 · " in panel_of(order, "view_full_phone")


def test_payment_tab_explains_each_status_that_transactions_show() -> None:
    order, clerk = refunded(500), new_staff_user("record_refund", "match_receipt")
    void_refund(MpesaRefund.objects.get(), by=clerk, note="not sent", now=later(100))
    reverse_allocation(MpesaAllocation.objects.get(), by=clerk, note="of another order", now=later(200))

    page = page_of(order, somebody("view_mpesapayment"))

    statuses = set(Transaction.objects.filter(source__order=order).values_list("status", flat=True))
    assert statuses == {"simulated", "refunded", "refund voided", "reversed"}
    explained = set(re.findall(r'<dt lang="en">(.*?)</dt>', page))
    assert explained == {*statuses, "confirmed", "reported"}


def test_payment_tab_of_an_order_without_money_explains_nothing() -> None:
    page = page_of(new_payment().mpesa_order.order, somebody("view_mpesapayment"))

    assert "mpesa-order-panel" in page and '<dt lang="en">' not in page


def test_refund_that_has_not_sent_money_is_no_entry() -> None:
    order = paid_order()
    new_refund(receipt(), 500, allocation=MpesaAllocation.objects.get(), status="requested", posted_on=None)

    assert entries(order) == [("23 Nov 2026", "OD111AAA11 matched to the order", "KSh 1,500")]


def test_both_orders_of_a_move_link_to_each_other() -> None:
    order, other, clerk = pay(new_payment()).mpesa_order.order, new_order(), new_staff_user("match_receipt")
    own = reverse_allocation(MpesaAllocation.objects.get(), by=clerk, note="of another order", now=later(60))
    allocate(own, other, by=clerk, now=later(60))

    moved, got = entries(order)[-1], entries(other)[-1]

    assert moved[1].endswith(f"· moved to order {other.number}") and moved[2] == "-KSh 1,500"
    assert got[1:] == (f"OD123ABC45 matched to the order · moved from order {order.number}", "KSh 1,500")
    receipt_url = reverse("dashboard:mpesa-receipt", args=[MpesaReceipt.objects.get().pk])
    for own_order, there in ((order, other), (other, order)):
        panel = panel_of(own_order)
        assert f'href="{receipt_url}">OD123ABC45</a>' in panel
        assert f'href="{reverse("dashboard:order-detail", args=[there.number])}"' in panel


def test_money_never_meant_for_the_order_is_linked_after_it_left() -> None:
    first, second, clerk = new_order(), new_order(), new_staff_user("match_receipt")
    money = unallocated()
    entry = allocate(money, first, by=clerk, now=later(120))
    reverse_allocation(entry, by=clerk, note="of another order", now=later(180))
    allocate(money, second, by=clerk, now=later(180))

    assert entries(first)[-1][1].endswith(f"· moved to order {second.number}")
    assert state(first) == ("unpaid mpesa-action-needed", "Not paid")


def test_unmatched_money_that_was_matched_again_later_is_no_move() -> None:
    order, other, clerk = pay(new_payment()).mpesa_order.order, new_order(), new_staff_user("match_receipt")
    own = reverse_allocation(MpesaAllocation.objects.get(), by=clerk, note="of another order", now=later(60))
    allocate(own, other, by=clerk, now=later(61))

    assert "moved" not in entries(order)[-1][1] and "no longer counts" in entries(order)[-1][1]
    assert "moved" not in entries(other)[-1][1]
