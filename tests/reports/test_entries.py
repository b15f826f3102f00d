"""All entries of some days: each kind on its own day, in the order in which they were stored."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from oscar_mpesa.models import MpesaAllocation, MpesaClaim
from oscar_mpesa.reports.entries import EntryColumn, EntryKind, PostedEntries, PostedEntry
from oscar_mpesa.reports.entry_kinds import INCOME, entries_of_kind
from oscar_mpesa.services.allocation import allocate, resolve_receipt, reverse_allocation
from oscar_mpesa.services.claims import withdraw_claim
from oscar_mpesa.services.refunds import record_refund, void_refund
from tests.dashboard.staff import new_allocation, new_receipt
from tests.query_counts import counted
from tests.reports.plans import plan
from tests.services.money import (
    FIRST,
    PERMISSIONS,
    SECOND,
    claim_for,
    order_of,
    paid_order,
    receipt,
    twice_paid,
)
from tests.shop import NOON, failure, later, new_order, new_payment, new_staff_user, pay, post, success

pytestmark = pytest.mark.django_db

DAY = 86_400
NOVEMBER = (date(2026, 11, 1), date(2026, 11, 30))
K = EntryKind


def posted(first: date = NOVEMBER[0], last: date = NOVEMBER[1], **asked: Any) -> list[PostedEntry]:
    return list(PostedEntries("simulated", first, last, **asked))


def facts_of(entries: list[PostedEntry]) -> list[tuple[Any, ...]]:
    """Return kind, day of the month, code, order, amount and balance of entries."""
    return [
        (each.kind, each.posted_on.day, each.number, each.order_number, each.amount, each.balance_after)
        for each in entries
    ]


def test_received_money_and_its_match_follow_each_other() -> None:
    order = paid_order()

    received, matched = posted()

    assert facts_of([received, matched]) == [
        (K.RECEIVED, 23, FIRST, order.number, 1500, None),
        (K.MATCHED, 23, FIRST, order.number, 1500, 0),
    ]
    assert (received.moment, received.happened_at, matched.happened_at) == (NOON, receipt().paid_at, receipt().paid_at)
    assert received.receipt_id == matched.receipt_id == receipt().pk and received.claim_id is None
    assert matched.order_id == order.pk and not matched.is_later


def test_unmatched_and_moved_money_is_posted_on_the_day_of_the_decision() -> None:
    order, other, staff = paid_order(), new_order(total="900.00"), new_staff_user(*PERMISSIONS)
    reverse_allocation(MpesaAllocation.objects.get(), by=staff, note="wrong order", now=later(DAY))
    allocate(receipt(), other, by=staff, note="theirs", now=later(2 * DAY))

    *_, unmatched, matched = posted()

    assert facts_of([unmatched, matched]) == [
        (K.UNMATCHED, 24, FIRST, order.number, 1500, 1500),
        (K.MATCHED, 25, FIRST, other.number, 900, 0),
    ]
    assert (unmatched.by, unmatched.note, unmatched.reason) == ("Achieng Were", "wrong order", "staff unmatched it")
    assert (matched.by, matched.note, matched.reason) == ("Achieng Were", "theirs", "")
    assert (unmatched.moment, unmatched.happened_at) == (later(DAY), receipt().paid_at)
    assert unmatched.is_later and matched.is_later


def test_refund_and_its_voiding_are_two_entries() -> None:
    order, staff = paid_order(), new_staff_user(*PERMISSIONS)
    sent: dict[str, Any] = {"amount": Decimal(500), "code": "SKN7AAA060", "happened_at": later(60)}
    (refund,) = record_refund(receipt(), **sent, note="half", by=staff, now=later(DAY))
    void_refund(refund, by=staff, note="not sent", now=later(3 * DAY))

    *_, refunded, voided = posted()

    assert facts_of([refunded, voided]) == [
        (K.REFUNDED, 24, FIRST, order.number, 500, 0),
        (K.VOIDED, 26, FIRST, order.number, 500, 0),
    ]
    assert (refunded.reference, refunded.note, refunded.happened_at) == ("SKN7AAA060", "half", later(60))
    assert refunded.is_later and (voided.note, voided.moment) == ("not sent", later(3 * DAY))


def test_money_without_an_order_shows_the_order_it_was_meant_for() -> None:
    order, staff = twice_paid(), new_staff_user(*PERMISSIONS)
    (returned,) = record_refund(receipt(SECOND), amount=Decimal(400), code="R1", by=staff, now=later(DAY))
    void_refund(returned, by=staff, note="no", now=later(DAY + 60))
    resolve_receipt(receipt(SECOND), note="a tip", by=staff, now=later(2 * DAY))
    (resolved,) = record_refund(receipt(SECOND), amount=Decimal(300), code="R2", by=staff, now=later(3 * DAY))
    void_refund(resolved, by=staff, note="no", now=later(4 * DAY))
    reverse_allocation(MpesaAllocation.objects.get(order=None), by=staff, note="no tip", now=later(5 * DAY))

    found = [each for each in posted() if each.number == SECOND]

    assert facts_of(found) == [
        (K.RECEIVED, 23, SECOND, order.number, 1500, None),
        (K.RETURNED, 24, SECOND, order.number, 400, None),
        (K.RETURN_VOIDED, 24, SECOND, order.number, 400, None),
        (K.RESOLVED, 25, SECOND, order.number, 1500, None),
        (K.RESOLVED_RETURNED, 26, SECOND, order.number, 300, None),
        (K.RESOLVED_RETURN_VOIDED, 27, SECOND, order.number, 300, None),
        (K.UNRESOLVED, 28, SECOND, order.number, 1500, None),
    ]
    assert sum(each.kind.unmatched_sign * each.amount for each in found) == receipt(SECOND).unallocated == 1500


def test_recorded_payments_are_entries_until_they_end() -> None:
    staff, order, other = new_staff_user(*PERMISSIONS), new_order(), new_order()
    claim = claim_for(order, staff, number="ODA0000001", at=60)
    withdraw_claim(claim, by=staff, note="not there", now=later(DAY))
    payment = new_payment(other)
    claim_for(other, staff, number="ODA0000002", at=120)
    pay(payment, number="ODA0000002", now=later(2 * DAY))

    recorded, second, withdrawn, received, matched, confirmed = posted()

    assert facts_of([recorded, second, withdrawn]) == [
        (K.RECORDED, 23, "ODA0000001", order.number, 1500, None),
        (K.RECORDED, 23, "ODA0000002", other.number, 1500, None),
        (K.RECORD_ENDED, 24, "ODA0000001", order.number, 1500, None),
    ]
    assert (recorded.by, recorded.note, recorded.claim_id) == ("Achieng Were", "portal", claim.pk)
    assert (withdrawn.by, withdrawn.note, withdrawn.reason) == ("Achieng Were", "not there", "withdrawn")
    assert [each.kind for each in (received, matched, confirmed)] == [K.RECEIVED, K.MATCHED, K.RECORD_ENDED]
    assert [each.posted_on.day for each in (received, matched, confirmed)] == [25, 25, 25]
    assert (confirmed.by, confirmed.reason) == ("", "confirmed")


def test_money_of_a_confirmed_claim_says_what_its_order_owes_then() -> None:
    staff, order = new_staff_user(*PERMISSIONS), new_order(total="1500.00")
    payment = new_payment(order)
    post(payment, failure(payment), now=later(10))
    rest = new_payment(order, now=later(100))
    post(rest, failure(rest), now=later(110))
    claim_for(order, staff, number="ODA0000001", amount=1000, at=400)
    post(rest, success(rest, number="ODA0000002", amount=500), now=later(500))
    allocate(receipt("ODA0000002"), order, by=staff, now=later(600))

    post(payment, success(payment, number="ODA0000001", amount=1000), now=later(8 * DAY))

    assert [(each.kind, each.number[-1], each.balance_after) for each in PostedEntries("simulated", None, None)] == [
        (K.RECORDED, "1", None),
        (K.RECEIVED, "2", None),
        (K.MATCHED, "2", 0),
        (K.RECEIVED, "1", None),
        (K.MATCHED, "1", 0),
        (K.RECORD_ENDED, "1", None),
    ]


def test_claim_that_is_confirmed_at_once_says_what_its_order_owes() -> None:
    staff, payment = new_staff_user(*PERMISSIONS), new_payment()
    claim_for(order_of(payment), staff, number="ODA0000001", at=120)

    pay(payment, number="ODA0000001", now=later(120))

    assert [(each.kind, each.balance_after) for each in posted() if each.kind == K.MATCHED] == [(K.MATCHED, 0)]


def test_code_of_known_money_is_no_entry() -> None:
    staff, order = new_staff_user(*PERMISSIONS), new_order()
    new_allocation(new_receipt(None, environment="simulated", meant_for=order), order)
    claim_for(order, staff)

    assert MpesaClaim.objects.get().posted_on is None
    assert [each.kind for each in posted()] == [K.RECEIVED, K.MATCHED]


def test_other_environments_days_and_repeated_rows_are_left_out() -> None:
    first = new_receipt("OD00BEFORE", environment="simulated", paid_at=NOON - timedelta(days=30))
    new_receipt("OD00REPEAT", environment="simulated", same_as=first)
    new_receipt("OD00REAL00")
    new_receipt("OD00INSIDE", environment="simulated")

    assert [each.number for each in posted()] == ["OD00INSIDE"]
    assert [each.number for each in PostedEntries("production", *NOVEMBER)] == ["OD00REAL00"]
    assert PostedEntries("simulated", None, None).count() == 2


def test_sums_count_each_kind() -> None:
    paid_order()
    entries = PostedEntries("simulated", *NOVEMBER)

    assert entries.count() == 2 and set(entries.totals()) == set(EntryKind)
    assert {kind: total for kind, total in entries.totals().items() if total} == {K.RECEIVED: 1500, K.MATCHED: 1500}
    assert {kind: count for kind, count in entries.counts().items() if count} == {K.RECEIVED: 1, K.MATCHED: 1}


def test_kinds_can_be_chosen_and_entries_sliced() -> None:
    paid_order()
    only = PostedEntries("simulated", *NOVEMBER, kinds=[K.MATCHED])

    assert [each.kind for each in only] == [K.MATCHED] == [each.kind for each in only[:1]]
    assert only.count() == 1 and only[1:2] == []
    assert [each.kind for each in PostedEntries("simulated", *NOVEMBER)[1:2]] == [K.MATCHED]
    assert [each.income for each in posted()] == [0, 1500] and posted()[0].is_test


def test_chunks_cost_five_queries_each() -> None:
    paid_order()
    for number in range(4):
        new_receipt(f"OD{number:08}", environment="simulated", order=new_order())

    with counted() as count:
        chunks = list(PostedEntries("simulated", *NOVEMBER).chunks(5))

    assert [len(each) for each in chunks] == [5, 5]
    assert len(count) <= 1 + 2 * 5, str(count)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="each database writes its plans differently")
@pytest.mark.parametrize("kind", EntryKind)
def test_each_kind_finds_its_days_by_an_index(kind: EntryKind) -> None:
    with counted() as queries:
        list(entries_of_kind(kind, "production", first=NOVEMBER[0], last=NOVEMBER[1]))

    (first, *_rest) = [step for sql in queries for step in plan(sql)]
    assert first.startswith("SEARCH oscar_mpesa_") and f"{kind.day}>" in first


def test_kinds_agree_on_what_income_and_unmatched_money_are() -> None:
    assert {kind for kind in EntryKind if kind.income_sign} == set(INCOME)
    assert K.RECEIVED.column == EntryColumn.IN and K.VOIDED.column == EntryColumn.OUT and K.VOIDED.sign == -1
    assert {kind.day for kind in EntryKind} == {"posted_on", "reversed_on", "voided_on", "ended_on"}
