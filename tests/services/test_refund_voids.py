"""Void refunds that staff recorded by mistake (L9, M18)."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from oscar.core.loading import get_model

from oscar_mpesa.models import RefundStatus
from oscar_mpesa.services.exceptions import (
    BookingFailed,
    NoDecisionNeeded,
    NoteMissing,
)
from oscar_mpesa.services.refunds import void_refund
from tests.services.concurrent_changes import broken_books
from tests.services.money import (
    FIRST,
    SECOND,
    balance,
    books,
    entries,
    money,
    paid_order,
    receipt,
    signals,
    twice_paid,
)
from tests.services.refunds import RETURNED, refund, request_refund
from tests.services.unmatched import events, surplus
from tests.shop import later, new_staff_user

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")


def test_voided_refund_counts_back(staff: Any) -> None:
    order = paid_order()
    [own] = refund(receipt(), staff, amount=500, purpose=RETURNED)

    own = void_refund(own, by=staff, note="never sent", now=later(2 * 24 * 3600))

    assert (own.status, own.voided_at, str(own.voided_on)) == ("voided", later(2 * 24 * 3600), "2026-11-25")
    assert (own.voided_by, own.voided_by_name, own.void_note) == (staff, "Achieng Were", "never sent")
    assert (str(own.posted_on), balance(order), books(order)) == ("2026-11-23", (True, 0), 1500)
    assert signals(order) == ["order_paid 1", "order_unpaid 1", "order_paid 2"]
    assert events(order)[-1] == ("refund_voided", "500.00", "Achieng Were")


def test_voided_refund_of_unmatched_money_leaves_it_again(staff: Any) -> None:
    own = surplus()
    [back] = refund(own, staff)

    void_refund(back, by=staff, note="never sent", now=later(900))

    assert money("OD222BBB22") == ("overpaid", 1500, "order_paid")


def test_money_used_in_place_of_a_voided_refund_is_overpaid(staff: Any) -> None:
    order = twice_paid()
    [own] = refund(receipt(FIRST), staff)

    void_refund(own, by=staff, note="never sent", now=later(900))

    assert (money(FIRST), money(SECOND)) == (("matched", 0, ""), ("overpaid", 1500, "order_paid"))
    assert (entries(order), books(order), signals(order)) == ([(FIRST, 1500)], 1500, ["order_paid 1"])


def test_voiding_needs_permission_and_a_note(staff: Any) -> None:
    paid_order()
    [own] = refund(receipt(), staff)

    with pytest.raises(PermissionDenied):
        void_refund(own, by=new_staff_user("match_receipt"), note="never sent", now=later(900))
    with pytest.raises(NoteMissing):
        void_refund(own, by=staff, note=" ", now=later(900))

    own.refresh_from_db()
    assert own.status == "completed"


def test_refund_is_voided_once(staff: Any) -> None:
    paid_order()
    [own] = refund(receipt(), staff)
    void_refund(own, by=staff, note="never sent", now=later(900))

    with pytest.raises(NoDecisionNeeded):
        void_refund(own, by=staff, note="never sent", now=later(901))


def test_refund_that_safaricom_sent_cannot_be_voided(staff: Any) -> None:
    paid_order()
    own = request_refund(receipt(), 500, status=RefundStatus.COMPLETED)

    with pytest.raises(NoDecisionNeeded):
        void_refund(own, by=staff, note="never sent", now=later(900))


def test_void_that_the_books_refuse_changes_nothing(staff: Any) -> None:
    order = paid_order()
    [own] = refund(receipt(), staff)

    with broken_books(), pytest.raises(BookingFailed):
        void_refund(own, by=staff, note="never sent", now=later(900))

    own.refresh_from_db()
    assert (own.status, books(order)) == ("completed", 0)
