"""Staff match money to orders (M18, L6)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaAllocation, MpesaEvent
from oscar_mpesa.services.allocation import allocate, reverse_allocation
from oscar_mpesa.services.exceptions import (
    InvalidAmount,
)
from oscar_mpesa.services.order_closure import close_order
from tests.pipelines import forked_pipeline
from tests.services.concurrent_changes import broken_shop
from tests.services.money import (
    FIRST,
    SECOND,
    balance,
    books,
    canceled_twice,
    claim_for,
    entries,
    expired_order,
    money,
    order_of,
    paid_order,
    pay_amount,
    receipt,
    row,
    set_status,
    signals,
    twice_paid,
)
from tests.services.refunds import refund
from tests.services.unmatched import events
from tests.shop import later, new_order, new_payment, pay

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")
StockRecord = get_model("partner", "StockRecord")


def closed_by_staff(staff: Any) -> Any:
    """Create an order that staff closed before its money came."""
    payment, _ = canceled_twice()
    close_order(order_of(payment), by=staff, now=later(200))
    pay(payment, number=FIRST, now=later(300))
    return order_of(payment)


def entry(order: Any) -> MpesaAllocation:
    return MpesaAllocation.objects.active().filter(order=order).latest("pk")


# Match


def test_less_than_the_price_is_a_part_payment(staff: Any) -> None:
    payment = new_payment()
    pay_amount(payment, 1400)

    own = allocate(receipt(), order_of(payment), by=staff, note="she brings the rest", now=later(99))

    assert (own.amount, own.reason, own.note) == (1400, "staff", "she brings the rest")
    assert (own.by, own.by_name, own.created_at) == (staff, "Achieng Were", later(99))
    assert (money(), balance(payment.mpesa_order)) == (("matched", 0, ""), (False, 100))
    order = order_of(payment)
    assert (order.status, books(order), signals(order)) == ("Pending payment", 1400, [])
    assert events(order) == [("receipt_matched", "1400.00", "Achieng Were")]


def test_more_than_the_price_pays_and_leaves_the_rest_overpaid(staff: Any) -> None:
    payment = new_payment()
    pay_amount(payment, 2000)

    allocate(receipt(), order_of(payment), by=staff, now=later(99))

    assert (money(), balance(payment.mpesa_order)) == (("overpaid", 500, "order_paid"), (True, 0))
    assert (order_of(payment).status, books(order_of(payment))) == ("Being processed", 1500)


def test_overpaid_money_pays_after_its_difference_was_refunded(staff: Any) -> None:
    payment = new_payment()
    pay_amount(payment, 2000)
    refund(receipt(), staff, amount=500, at=50)

    allocate(receipt(), order_of(payment), by=staff, now=later(99))

    assert (money(), balance(payment.mpesa_order), books(order_of(payment))) == (("matched", 0, ""), (True, 0), 1500)


def test_chosen_part_is_matched(staff: Any) -> None:
    twice_paid()
    other = new_order(status="Pending")

    allocate(receipt(SECOND), other, amount=Decimal(400), by=staff, now=later(800))

    assert (money(SECOND), entries(other)) == (("overpaid", 1100, "order_paid"), [(SECOND, 400)])
    assert balance(other) == (False, 1100)


@pytest.mark.parametrize("amount", ["0", "-1", "1500.01", "0.001", "NaN"])
def test_impossible_part_is_refused(staff: Any, amount: str) -> None:
    twice_paid()
    other = new_order(status="Pending", total="9000.00")

    with pytest.raises(InvalidAmount):
        allocate(receipt(SECOND), other, amount=Decimal(amount), by=staff, now=later(800))

    assert money(SECOND) == ("overpaid", 1500, "order_paid")


def test_overpayment_pays_another_order(staff: Any) -> None:
    order = twice_paid()
    other = new_order(status="Pending")

    allocate(receipt(SECOND), other, by=staff, now=later(800))

    assert (money(SECOND), entries(other), balance(other)) == (("matched", 0, ""), [(SECOND, 1500)], (True, 0))
    assert (order_of(other).status, signals(other)) == ("Pending", ["order_paid 1"])
    assert row(other).close_check_at is None
    assert (books(order), books(other)) == (1500, 1500)
    assert events(order) == events(other) == [("receipt_matched", "1500.00", "Achieng Were")]
    matched = MpesaEvent.objects.filter(type="receipt_matched").order_by("pk")
    assert [each.params.get("order") for each in matched] == [other.number, None]


def test_money_moved_to_the_right_order_leaves_the_wrong_one_unpaid(staff: Any) -> None:
    wrong, right = paid_order(), new_order(status="Pending")

    reverse_allocation(entry(wrong), by=staff, note="it was for the other order", now=later(800))
    allocate(receipt(), right, by=staff, now=later(810))

    assert (balance(wrong), balance(right)) == ((False, 1500), (True, 0))
    assert (books(wrong), books(right)) == (0, 1500)
    assert (signals(wrong), signals(right)) == (["order_paid 1", "order_unpaid 1"], ["order_paid 1"])


def test_money_of_a_canceled_order_pays_the_new_one(staff: Any) -> None:
    canceled, new = paid_order(), new_order(status="Pending")
    set_status(canceled, "Cancelled")

    allocate(receipt(), new, by=staff, now=later(900))

    assert (balance(new), books(canceled), books(new)) == ((True, 0), 0, 1500)
    assert (money(), row(canceled).is_closed) == (("matched", 0, ""), True)


def test_match_displaces_a_claim(staff: Any) -> None:
    twice_paid()
    other = new_order(status="Pending")
    claim = claim_for(other, staff, number="OD333CCC33")

    allocate(receipt(SECOND), other, by=staff, now=later(800))

    claim.refresh_from_db()
    assert (claim.status, entries(other), books(other)) == ("open", [(SECOND, 1500)], 1500)
    assert signals(other) == ["order_paid 1"]


@pytest.mark.parametrize("by_clock", [False, True])
def test_match_reopens_a_closed_order(staff: Any, by_clock: bool) -> None:
    if by_clock:
        twice_paid()
        order, number = order_of(expired_order()), SECOND
    else:
        order, number = closed_by_staff(staff), FIRST

    allocate(receipt(number), order, by=staff, now=later(4000))

    assert (row(order).is_closed, order_of(order).status, balance(order)) == (False, "Being processed", (True, 0))
    assert not StockRecord.objects.filter(num_allocated=0).exists()


def test_part_match_reopens_an_order_whose_pipeline_forbids_it(staff: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    order = closed_by_staff(staff)
    forked_pipeline(monkeypatch, {"Payment expired": ("Being processed",), "Being processed": ()})

    allocate(receipt(), order, amount=Decimal(500), by=staff, now=later(400))

    assert (row(order).is_closed, order_of(order).status) == (False, "Payment expired")
    assert (balance(order), row(order).close_check_at) == ((False, 1000), later(400 + 24 * 3600))


def test_match_counts_although_the_shop_s_code_raises(staff: Any) -> None:
    order = closed_by_staff(staff)

    with broken_shop():
        own = allocate(receipt(), order, by=staff, now=later(400))

    own.refresh_from_db()
    assert (balance(order), own.booked_at, own.next_try_at) == ((True, 0), None, later(460))
    assert (row(order).is_closed, signals(order)) == (False, [])
