"""Staff move money from one order to another in one step (M18, L6)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaAllocation, MpesaClaim, MpesaEvent, MpesaOrder
from oscar_mpesa.services.allocation import allocate, move_allocation, resolve_receipt
from oscar_mpesa.services.exceptions import (
    ClaimNotMovable,
    InvalidAmount,
    NoDecisionNeeded,
    NoteMissing,
    OrderCancelled,
    OrderPaid,
    OtherCurrency,
    OutOfStock,
    SameOrder,
)
from oscar_mpesa.services.order_closure import close_order
from tests.rows import all_rows
from tests.services.money import (
    FIRST,
    SECOND,
    balance,
    books,
    claim_for,
    entries,
    money,
    order_of,
    paid_order,
    pay_amount,
    receipt,
    row,
    signals,
    twice_paid,
)
from tests.services.refunds import refund, request_refund
from tests.shop import ANOTHER, later, new_order, new_payment, new_staff_user, pay

pytestmark = pytest.mark.django_db

StockRecord = get_model("partner", "StockRecord")


def entry(order: Any) -> MpesaAllocation:
    return MpesaAllocation.objects.active().filter(order=order).latest("pk")


def move(order: Any, target: Any, staff: Any, **about: Any) -> MpesaAllocation:
    return move_allocation(entry(order), target, **{"note": "hers", "now": later(800), "by": staff, **about})


def moves(order: Any) -> list[dict[str, str]]:
    """Return the params of an order's events about moved money."""
    events = MpesaEvent.objects.filter(type="allocation_moved", mpesa_order_id=order.pk, receipt=receipt())
    return [event.params for event in events]


def test_moved_money_pays_the_other_order_and_leaves_the_first_unpaid(staff: Any) -> None:
    first, target = paid_order(), new_order()

    own = move(first, target, staff)

    assert (own.order, own.amount, own.reason, own.note) == (target, 1500, "staff", "hers")
    assert (money(), balance(first), balance(target)) == (("matched", 0, ""), (False, 1500), (True, 0))
    assert (books(first), books(target)) == (0, 1500)
    assert (signals(first), signals(target)) == (["order_paid 1", "order_unpaid 1"], ["order_paid 1"])
    before = MpesaAllocation.objects.get(order=first)
    assert (before.reversal_reason, before.reversal_note, before.reversed_by) == ("staff", "hers", staff)
    assert (before.balance_after_reversal, entry(target).balance_after) == (1500, 0)


def test_move_is_one_event_on_each_order(staff: Any) -> None:
    first, target = paid_order(), new_order()

    move(first, target, staff)

    common = {"amount": "1500.00", "number": FIRST, "note": "hers"}
    assert moves(first) == [{**common, "moved_to": target.number}]
    assert moves(target) == [{**common, "moved_from": first.number}]
    assert not MpesaEvent.objects.filter(type__in=["allocation_reversed", "receipt_matched"]).exists()


def test_what_the_other_order_does_not_owe_stays_unmatched(staff: Any) -> None:
    first, target = paid_order(), new_order(total="1200.00")

    move(first, target, staff)

    assert (entries(first), entries(target)) == ([], [(FIRST, 1200)])
    assert (money(), balance(first)) == (("unmatched", 300, "unmatched_by_staff"), (False, 1500))
    assert [Decimal(moves(first)[0][name]) for name in ("amount", "left_over")] == [1500, 300]
    assert Decimal(moves(target)[0]["amount"]) == 1200


def test_part_of_the_money_is_moved(staff: Any) -> None:
    first, target = paid_order(), new_order()

    move(first, target, staff, amount=Decimal(600))

    assert (entries(first), entries(target), balance(target)) == ([], [(FIRST, 600)], (False, 900))
    assert money()[:2] == ("unmatched", 900)


def test_refunded_part_stays_with_the_first_order(staff: Any) -> None:
    first, target = paid_order(), new_order()
    refund(receipt(), staff, amount=500)

    move(first, target, staff, now=later(900))

    assert (entries(first), entries(target)) == ([(FIRST, 500)], [(FIRST, 1000)])
    assert (money(), balance(target)) == (("matched", 0, ""), (False, 500))


def test_first_order_uses_other_money_that_waits_for_it(staff: Any) -> None:
    first, target = twice_paid(), new_order()

    move(first, target, staff)

    assert (entries(first), balance(first), balance(target)) == ([(SECOND, 1500)], (True, 0), (True, 0))


def test_order_that_the_money_was_meant_for_hears_of_the_move(staff: Any) -> None:
    meant_for = paid_order()
    wrong, right = new_order(), new_order()
    move(meant_for, wrong, staff)

    move(wrong, right, staff, now=later(900))

    assert moves(meant_for)[-1] == {
        "amount": "1500.00",
        "number": FIRST,
        "note": "hers",
        "moved_from": wrong.number,
        "moved_to": right.number,
    }
    assert (balance(meant_for), balance(wrong), balance(right)) == ((False, 1500), (False, 1500), (True, 0))


def test_moved_money_can_come_back(staff: Any) -> None:
    first, target = paid_order(), new_order()
    move(first, target, staff)

    move(target, first, staff, now=later(900))

    assert (entries(first), balance(first), entries(target)) == ([(FIRST, 1500)], (True, 0), [])


def test_resolved_money_is_moved_with_both_permissions(staff: Any) -> None:
    twice_paid()
    resolve_receipt(receipt(SECOND), note="cash", by=staff, now=later(700))
    own, target = MpesaAllocation.objects.get(order=None), new_order()

    with pytest.raises(PermissionDenied):
        move_allocation(own, target, by=new_staff_user("match_receipt"), note="hers", now=later(800))
    move_allocation(own, target, by=staff, note="hers", now=later(800))

    assert (money(SECOND), balance(target)) == (("matched", 0, ""), (True, 0))
    event = MpesaEvent.objects.get(type="allocation_moved", mpesa_order_id=target.pk)
    assert event.params == {"amount": "1500.00", "number": SECOND, "note": "hers"}


def test_closed_order_is_reopened_by_moved_money(staff: Any) -> None:
    first, target = paid_order(), new_payment().mpesa_order.order
    close_order(target, by=staff, now=later(200))

    move(first, target, staff)

    assert (row(target).is_closed, balance(target), order_of(target).status) == (False, (True, 0), "Being processed")


# Refusals


def assert_refused(error: type[Exception], order: Any, target: Any, staff: Any, **about: Any) -> Any:
    """Assert that a move is refused and changes nothing; return the refusal."""
    before = all_rows()
    with pytest.raises(error) as raised:
        move(order, target, staff, **about)
    assert all_rows() == before
    return raised.value


def test_move_needs_a_note_and_the_permission_to_match(staff: Any) -> None:
    first, target = paid_order(), new_order()

    assert_refused(NoteMissing, first, target, staff, note=" ")
    assert_refused(PermissionDenied, first, target, new_staff_user("resolve_receipt", "record_refund"))


@pytest.mark.parametrize("amount", ["0", "1500.01", "1200.01", "0.001"])
def test_amount_is_at_most_what_the_other_order_owes(staff: Any, amount: str) -> None:
    assert_refused(InvalidAmount, paid_order(), new_order(total="1200.00"), staff, amount=Decimal(amount))


def test_orders_that_cannot_take_the_money_are_refused(staff: Any) -> None:
    first = paid_order()

    assert_refused(SameOrder, first, first, staff)
    assert_refused(OrderPaid, first, order_of(pay(new_payment(phone=ANOTHER), number=SECOND)), staff)
    assert_refused(OrderCancelled, first, new_order(status="Cancelled"), staff)
    assert_refused(OtherCurrency, first, new_order(currency="USD"), staff)


def test_sold_out_order_takes_no_moved_money(staff: Any) -> None:
    first, target = paid_order(), new_payment().mpesa_order.order
    close_order(target, by=staff, now=later(200))
    StockRecord.objects.update(num_in_stock=0)

    assert_refused(OutOfStock, first, target, staff)


@pytest.mark.parametrize("how", ["refunded", "reserved"])
def test_money_that_is_not_free_is_not_moved(staff: Any, how: str) -> None:
    order = paid_order()
    if how == "refunded":
        refund(receipt(), staff)
    else:
        request_refund(receipt(), 1500, allocation=entry(order))

    assert_refused(NoDecisionNeeded, order, new_order(), staff)


def test_money_is_moved_once(staff: Any) -> None:
    first, target, other = paid_order(), new_order(), new_order()
    own = entry(first)
    move(first, target, staff)

    with pytest.raises(NoDecisionNeeded):
        move_allocation(own, other, by=staff, note="hers", now=later(900))
    assert (entries(target), MpesaOrder.objects.filter(pk=other.pk).exists()) == ([(FIRST, 1500)], False)


def test_recorded_payment_is_not_moved(staff: Any) -> None:
    order = new_order()
    claim_for(order, staff)

    refusal = assert_refused(ClaimNotMovable, order, new_order(), staff)

    assert "Withdraw it, and record it for the other order." in str(refusal.sentence)
    assert MpesaClaim.objects.get().is_open


def test_part_payment_is_moved_like_a_whole_one(staff: Any) -> None:
    payment, target = new_payment(), new_order(total="600.00")
    allocate(pay_amount(payment, 600), order_of(payment), by=staff, now=later(99))

    move(order_of(payment), target, staff)

    assert (balance(payment.mpesa_order), balance(target)) == ((False, 1500), (True, 0))
