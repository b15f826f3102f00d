"""Staff unmatch money from orders, or resolve it with a note (M18, L5)."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaAllocation, MpesaEvent
from oscar_mpesa.services.allocation import allocate, resolve_receipt, reverse_allocation
from oscar_mpesa.services.exceptions import (
    NoDecisionNeeded,
    NoteMissing,
)
from oscar_mpesa.services.order_closure import close_order
from tests.services.money import (
    FIRST,
    SECOND,
    balance,
    books,
    canceled_twice,
    claim_for,
    entries,
    money,
    order_of,
    paid_order,
    pay_amount,
    receipt,
    twice_paid,
)
from tests.services.refunds import refund, request_refund
from tests.services.unmatched import events
from tests.shop import later, new_order, new_payment, new_staff_user, pay

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


# Unmatch


def test_unmatched_money_waits_and_its_order_is_unpaid(staff: Any) -> None:
    order = paid_order()

    own = reverse_allocation(entry(order), by=staff, note="another order's", now=later(800))

    assert (own.status, own.unallocated, own.unmatched_reason) == ("unmatched", 1500, "unmatched_by_staff")
    assert (balance(order), order_of(order).status) == ((False, 1500), "Being processed")
    reversed_one = MpesaAllocation.objects.get()
    assert (reversed_one.reversal_reason, reversed_one.reversal_note) == ("staff", "another order's")
    assert (reversed_one.reversed_by, reversed_one.reversed_by_name) == (staff, "Achieng Were")
    assert events(order) == [("allocation_reversed", "1500.00", "Achieng Were")]


def test_unmatching_leaves_what_was_refunded(staff: Any) -> None:
    order = paid_order()
    refund(receipt(), staff, amount=500)

    reverse_allocation(entry(order), by=staff, note="another order's", now=later(800))

    assert (entries(order), money()) == ([(FIRST, 500)], ("unmatched", 1000, "unmatched_by_staff"))
    assert (balance(order), books(order)) == ((False, 1000), 0)


def test_unmatched_money_pays_the_order_that_it_was_meant_for(staff: Any) -> None:
    meant_for = twice_paid()
    other = new_order(status="Pending")
    allocate(receipt(SECOND), other, by=staff, now=later(800))
    reverse_allocation(entry(meant_for), by=staff, note="a mistake", now=later(810))

    reverse_allocation(entry(other), by=staff, note="it was for the first order", now=later(820))

    assert (entries(meant_for), balance(meant_for), balance(other)) == ([(SECOND, 1500)], (True, 0), (False, 1500))
    assert MpesaEvent.objects.filter(type="receipt_unmatched", receipt=receipt(SECOND)).count() == 1


@pytest.mark.parametrize("note", ["", "  "])
def test_unmatching_needs_a_note(staff: Any, note: str) -> None:
    order = paid_order()

    with pytest.raises(NoteMissing):
        reverse_allocation(entry(order), by=staff, note=note, now=later(800))

    assert balance(order) == (True, 0)


def test_unmatching_needs_permission() -> None:
    order, others = paid_order(), new_staff_user("record_refund", "resolve_receipt")

    with pytest.raises(PermissionDenied):
        reverse_allocation(entry(order), by=others, note="why", now=later(800))

    assert balance(order) == (True, 0)


def test_unmatching_is_on_the_timelines_of_both_orders(staff: Any) -> None:
    meant_for, other = twice_paid(), new_order()
    allocate(receipt(SECOND), other, by=staff, now=later(800))

    reverse_allocation(entry(other), by=staff, note="a mistake", now=later(810))

    reversed_here = MpesaEvent.objects.filter(type="allocation_reversed", receipt=receipt(SECOND), by=staff)
    common = {"amount": "1500.00", "number": SECOND, "reason": "staff", "note": "a mistake"}
    assert reversed_here.get(mpesa_order_id=other.pk).params == {**common, "meant_for": meant_for.number}
    assert reversed_here.get(mpesa_order_id=meant_for.pk).params == {**common, "order": other.number}
    matched = MpesaEvent.objects.get(type="receipt_matched", mpesa_order_id=other.pk)
    assert matched.params == {"amount": "1500.00", "meant_for": meant_for.number}


def test_money_is_unmatched_once(staff: Any) -> None:
    own = entry(paid_order())
    reverse_allocation(own, by=staff, note="another order's", now=later(800))

    with pytest.raises(NoDecisionNeeded):
        reverse_allocation(own, by=staff, note="another order's", now=later(801))


@pytest.mark.parametrize("how", ["refunded", "reserved", "claimed"])
def test_money_that_is_not_free_cannot_be_unmatched(staff: Any, how: str) -> None:
    order = new_order(status="Pending") if how == "claimed" else paid_order()
    if how == "refunded":
        refund(receipt(), staff)
    elif how == "reserved":
        request_refund(receipt(), 1500, allocation=entry(order))
    else:
        claim_for(order, staff)

    with pytest.raises(NoDecisionNeeded):
        reverse_allocation(entry(order), by=staff, note="another order's", now=later(800))

    assert balance(order) == (True, 0)


# Resolve


def test_resolved_money_needs_no_decision_and_counts_for_no_order(staff: Any) -> None:
    order = twice_paid()

    own = resolve_receipt(receipt(SECOND), note="paid back in cash", by=staff, now=later(800))

    assert (own.status, own.unallocated, own.unmatched_reason) == ("resolved", 0, "")
    resolved = MpesaAllocation.objects.get(order=None)
    assert (resolved.amount, resolved.reason, resolved.note) == (1500, "resolved", "paid back in cash")
    assert (resolved.by_name, books(order)) == ("Achieng Were", 1500)
    assert events(order)[-1] == ("receipt_resolved", "1500.00", "Achieng Were")


def test_rest_of_partly_matched_money_is_resolved(staff: Any) -> None:
    payment = new_payment()
    allocate(pay_amount(payment, 2000), order_of(payment), by=staff, now=later(99))

    resolve_receipt(receipt(), note="a tip", by=staff, now=later(200))

    assert (money(), entries(order_of(payment))) == (("matched", 0, ""), [(FIRST, 1500)])
    assert MpesaAllocation.objects.get(order=None).amount == 500


def test_resolved_money_can_be_unmatched_and_used(staff: Any) -> None:
    order = twice_paid()
    resolve_receipt(receipt(SECOND), note="paid back in cash", by=staff, now=later(800))

    reverse_allocation(MpesaAllocation.objects.get(order=None), by=staff, note="it was not", now=later(900))

    assert (money(SECOND), balance(order)) == (("overpaid", 1500, "order_paid"), (True, 0))
    event = MpesaEvent.objects.get(type="resolution_undone", mpesa_order_id=order.pk)
    assert event.params == {"amount": "1500.00", "number": SECOND, "note": "it was not"}
    assert (event.receipt, event.by, event.by_name) == (receipt(SECOND), staff, "Achieng Were")


def test_undoing_a_resolution_needs_the_permission_to_resolve(staff: Any) -> None:
    twice_paid()
    resolve_receipt(receipt(SECOND), note="paid back in cash", by=staff, now=later(800))
    own = MpesaAllocation.objects.get(order=None)

    with pytest.raises(PermissionDenied):
        reverse_allocation(own, by=new_staff_user("match_receipt"), note="it was not", now=later(900))
    assert money(SECOND) == ("resolved", 0, "")

    reverse_allocation(own, by=new_staff_user("resolve_receipt"), note="it was not", now=later(900))
    assert money(SECOND) == ("overpaid", 1500, "order_paid")


@pytest.mark.parametrize("note", ["", "  "])
def test_resolving_needs_a_note(staff: Any, note: str) -> None:
    twice_paid()

    with pytest.raises(NoteMissing):
        resolve_receipt(receipt(SECOND), note=note, by=staff, now=later(800))

    assert money(SECOND) == ("overpaid", 1500, "order_paid")


def test_resolving_needs_permission() -> None:
    twice_paid()

    with pytest.raises(PermissionDenied):
        resolve_receipt(receipt(SECOND), note="why", by=new_staff_user("match_receipt"), now=later(800))

    assert money(SECOND) == ("overpaid", 1500, "order_paid")


def test_matched_money_cannot_be_resolved(staff: Any) -> None:
    paid_order()

    with pytest.raises(NoDecisionNeeded):
        resolve_receipt(receipt(), note="why", by=staff, now=later(800))

    assert money() == ("matched", 0, "")
