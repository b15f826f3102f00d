"""What is found out later never changes the entries of a past day, apart from a code that was missing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from oscar_mpesa.models import MpesaAllocation, MpesaClaim, MpesaReceipt
from oscar_mpesa.reports.entries import EntryKind, PostedEntries
from oscar_mpesa.reports.period import period_figures
from oscar_mpesa.services.allocation import reverse_allocation
from oscar_mpesa.services.payment_updates import apply_update
from tests.services.money import PERMISSIONS, claim_for
from tests.shop import NOON, later, new_payment, new_staff_user, post, query_update, success

pytestmark = pytest.mark.django_db

DAY = 86_400
TODAY = date(2026, 12, 3)
MISTYPED, CODE = "ODB0000001", "ODA0000001"
K = EntryKind


def days_of(first: date | None, last: date | None) -> list[tuple[Any, ...]]:
    entries = PostedEntries("simulated", first, last)
    return [(each.kind, each.posted_on, each.amount, each.claim_id is not None, each.by) for each in entries]


def test_code_that_is_added_later_changes_no_past_day() -> None:
    staff, payment = new_staff_user(*PERMISSIONS), new_payment()
    order = payment.mpesa_order.order
    apply_update(payment, query_update("0"), now=later(20))
    reverse_allocation(MpesaAllocation.objects.get(), by=staff, note="whose?", now=later(DAY))
    claim_for(order, staff, number=MISTYPED, at=2 * DAY)  # names the code of the money
    claim_for(order, staff, number=CODE, at=3 * DAY)  # so this one counts
    past = days_of(None, TODAY - timedelta(days=1))

    post(payment, success(payment, number=CODE), now=later(10 * DAY))

    assert [kind for kind, *_ in past] == [K.RECEIVED, K.MATCHED, K.UNMATCHED, K.RECORDED]
    assert days_of(None, TODAY - timedelta(days=1)) == past
    assert days_of(TODAY, None) == [
        (K.RECORDED, TODAY, 1500, True, "Achieng Were"),  # the mistyped code is money of its own now
        (K.MATCHED, TODAY, 1500, False, "Achieng Were"),
        (K.RECORD_ENDED, TODAY, 1500, True, ""),
    ]
    mistyped = MpesaClaim.objects.get(number=MISTYPED)
    assert (mistyped.receipt, mistyped.posted_on, mistyped.ended_on) == (None, TODAY, None)


def test_claim_keeps_its_day_when_the_money_has_another_code() -> None:
    staff, payment = new_staff_user(*PERMISSIONS), new_payment()
    claim_for(payment.mpesa_order.order, staff, number=MISTYPED, at=10)
    apply_update(payment, query_update("0"), now=later(20))
    assert MpesaClaim.objects.get().receipt is not None

    post(payment, success(payment, number=CODE), now=later(10 * DAY))

    claim = MpesaClaim.objects.get()
    assert (claim.receipt, claim.posted_on, claim.ended_on) == (None, NOON.date(), None)


@pytest.mark.parametrize(("days", "is_kept"), [(0, False), (10, True)], ids=["the same day", "a closed day"])
def test_time_that_comes_with_a_code_changes_no_closed_day(days: int, is_kept: bool) -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(20))
    before = times_of_money()

    body = success(payment, number=CODE, TransactionDate=20261122150005)
    post(payment, body, now=later(days * DAY + 60))

    assert MpesaReceipt.objects.get().paid_at == NOON - timedelta(days=1) + timedelta(seconds=5)
    assert before == ([(later(20), False)] * 2, 0)
    assert times_of_money() == (before if is_kept else ([(NOON - timedelta(seconds=86_395), True)] * 2, 2))


def times_of_money() -> tuple[list[tuple[Any, bool]], int]:
    """Return M-PESA's time of each entry, whether it was entered later, and how many the report says were."""
    entries = PostedEntries("simulated", None, None)
    later_ones = period_figures("simulated", NOON.date(), NOON.date()).entered_later
    return [(each.happened_at, each.is_later) for each in entries], later_ones
