"""Add and reverse entries; never edit one (L12, M18)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from oscar_mpesa.models import AllocationReason, MpesaAllocation, MpesaEvent, ReversalReason
from oscar_mpesa.services.allocation import allocate
from oscar_mpesa.services.entries import reverse_entry, shrink_entry, subject_of_receipt
from oscar_mpesa.services.ledger import read_ledger
from oscar_mpesa.services.locks import lock_mpesa_order
from tests.services.money import (
    FIRST,
    SECOND,
    books,
    change_total,
    claim_for,
    entries,
    order_of,
    paid_order,
    receipt,
    row,
    set_status,
    twice_paid,
)
from tests.services.refunds import RETURNED, refund, request_refund
from tests.shop import NOON, later, new_order, new_payment, pay

pytestmark = pytest.mark.django_db

DAY = 24 * 3600


def days() -> list[tuple[Decimal, str, str]]:
    """Return the amounts of all entries, and the days on which they are posted and reversed."""
    return [(each.amount, str(each.posted_on), str(each.reversed_on)) for each in MpesaAllocation.objects.all()]


def test_entry_counts_on_the_day_of_the_money_if_stored_in_time() -> None:
    payment = new_payment(now=NOON + timedelta(hours=8, minutes=58))

    pay(payment, number=FIRST, now=NOON + timedelta(hours=14))

    assert days() == [(1500, "2026-11-23", "None")]


def test_entry_counts_on_the_day_it_is_made_if_later(staff: Any) -> None:
    twice_paid()

    allocate(receipt(SECOND), new_order(status="Pending"), by=staff, now=later(2 * DAY))

    assert days() == [(1500, "2026-11-23", "None"), (1500, "2026-11-25", "None")]


def test_reversal_and_what_remains_count_on_the_day_of_the_reversal() -> None:
    order = paid_order()

    change_total(order, "900.00", at=2 * DAY)

    assert days() == [(1500, "2026-11-23", "2026-11-25"), (900, "2026-11-25", "None")]


def test_rest_before_the_books_of_yesterday_close_counts_today() -> None:
    order = paid_order()

    change_total(order, "900.00", at=13 * 3600)

    assert days() == [(1500, "2026-11-23", "2026-11-24"), (900, "2026-11-24", "None")]


def test_what_remains_is_a_new_entry_with_the_same_facts(staff: Any) -> None:
    twice_paid()
    other = new_order(status="Pending")
    allocate(receipt(SECOND), other, by=staff, note="hers", now=later(800))

    change_total(other, "900.00", at=900)

    old, new = MpesaAllocation.objects.filter(order=other)
    assert (old.amount, old.reversal_reason, old.is_active) == (1500, "not_owed", False)
    assert (new.amount, new.reason, new.note, new.by_name) == (900, "replaced", "hers", "Achieng Were")
    event = MpesaEvent.objects.get(type="allocation_reversed")
    assert (event.params["amount"], event.params["reason"], event.receipt) == ("600.00", "not_owed", receipt(SECOND))
    assert str(old) == f"M-PESA allocation {old.pk}: 1500.00"


def test_refunds_stay_with_what_remains(staff: Any) -> None:
    order = paid_order()
    refund(receipt(), staff, amount=500, purpose=RETURNED)
    request_refund(receipt(), 200, allocation=MpesaAllocation.objects.active().get())

    set_status(order, "Cancelled")

    kept = MpesaAllocation.objects.active().get()
    assert (kept.amount, kept.refunds.count(), entries(order)) == (700, 2, [(FIRST, 700)])
    assert books(order) == 200


def test_entry_that_is_wholly_refunded_is_not_reversed(staff: Any) -> None:
    order = paid_order()
    refund(receipt(), staff)

    set_status(order, "Cancelled")

    own = MpesaAllocation.objects.get()
    assert (own.is_active, own.amount) == (True, 1500)


def test_nothing_to_cut_leaves_the_entry() -> None:
    ledger = read_ledger(lock_mpesa_order(paid_order().pk))

    shrink_entry(ledger, ledger.active[0], Decimal(0), ReversalReason.NOT_OWED, now=later(800))

    assert MpesaAllocation.objects.get().is_active


def test_reversal_of_money_of_no_order_is_recorded(staff: Any) -> None:
    order = twice_paid()
    ledger = read_ledger(lock_mpesa_order(order.pk))
    money = next(each for each in ledger.receipts if each.number == SECOND)
    own = MpesaAllocation.objects.create(
        receipt=money,
        amount=1500,
        reason=AllocationReason.RESOLVED,
        created_at=later(700),
        posted_on=later(700).date(),
    )
    ledger.allocations.append(own)

    reverse_entry(ledger, own, ReversalReason.STAFF, by=staff, note="a mistake", now=later(800))

    event = MpesaEvent.objects.get(type="allocation_reversed")
    assert (event.mpesa_order, event.by, event.params["note"]) == (None, staff, "a mistake")


def test_timeline_of_money_is_its_payment_s_or_the_order_s(staff: Any) -> None:
    order = twice_paid()
    other = new_order(status="Pending")
    claim_for(other, staff, number="OD333CCC33")

    assert subject_of_receipt(receipt(), row(order)) == receipt().payment
    assert subject_of_receipt(receipt(), row(other)) == row(other)
    assert subject_of_receipt(None, row(other)) == row(other)
    assert order_of(order) == order
