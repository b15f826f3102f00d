"""Staff record an M-PESA code while others record it, or Safaricom reports it, at the same moment (L10)."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from oscar_mpesa.models import MpesaAllocation, MpesaCallback, MpesaClaim, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.claims import record_claim
from oscar_mpesa.services.exceptions import ClaimKnown, ReceiptKnown
from oscar_mpesa.services.order_closure import CloseResult, close_expired_order
from oscar_mpesa.services.status_query import query_status
from tests.databases.books import assert_paid_once, assert_sums_agree
from tests.databases.threads import BusyDaraja, after, at_once, clear_query_budget, new_payment
from tests.shop import failure, later, new_order, new_staff_user, post, success

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]

ROUNDS = range(10)


@pytest.fixture(autouse=True)
def _no_delay(daraja: BusyDaraja) -> None:
    daraja.seconds = 0


def number_of(index: int) -> str:
    return f"SKN{index:07}"


def record(number: str, order: Any, staff: Any) -> str:
    """Record the code; return whether it was recorded, or is known already."""
    try:
        record_claim(number, Decimal(1500), order=order, by=staff, note="M-PESA portal", now=later(600))
    except (ClaimKnown, ReceiptKnown) as refusal:
        return type(refusal).__name__
    return "recorded"


def statuses() -> set[str]:
    return set(MpesaClaim.objects.values_list("status", flat=True))


def assert_nothing_failed() -> None:
    assert not MpesaCallback.objects.filter(verdict="failed").exists()
    assert_sums_agree()


def test_code_recorded_for_two_orders_at_once_counts_once() -> None:
    staff = new_staff_user("record_claim")
    for index in ROUNDS:
        number, orders = number_of(index), [new_order(), new_order()]

        results = at_once([partial(record, number, order, staff) for order in orders])

        kept = MpesaClaim.objects.get(number=number)
        entry = MpesaAllocation.objects.get(order__in=[order.pk for order in orders])
        assert sorted(results) == ["ClaimKnown", "recorded"]
        assert (entry.claim_id, entry.order_id, entry.amount) == (kept.pk, kept.order_id, 1500)
    assert_nothing_failed()


def test_claim_and_receipt_of_one_code_at_once_count_once() -> None:
    staff = new_staff_user("record_claim")
    for index in ROUNDS:
        payment = new_payment()
        claim = partial(record, number_of(index), payment.mpesa_order.order, staff)
        receipt = partial(post, payment, success(payment, number=number_of(index)))

        result, _ = at_once([partial(after, index / 500, claim), receipt])

        assert result in {"recorded", "ReceiptKnown"}
        assert MpesaClaim.objects.filter(number=number_of(index)).count() == (result == "recorded")
        assert_paid_once(payment, number=number_of(index))
    assert statuses() <= {"confirmed"}
    assert_nothing_failed()


def test_order_that_safaricom_names_wins_over_a_claim_for_another() -> None:
    staff = new_staff_user("record_claim")
    for index in ROUNDS:
        payment, other = new_payment(), new_order()
        claim = partial(record, number_of(index), other, staff)
        receipt = partial(post, payment, success(payment, number=number_of(index)))

        at_once([partial(after, index / 500, claim), receipt])

        assert_paid_once(payment, number=number_of(index))
        assert not MpesaAllocation.objects.filter(order=other, reversed_at=None).exists()
        assert not MpesaOrder.objects.filter(pk=other.pk, is_paid=True).exists()
    assert statuses() <= {"withdrawn"}
    assert_nothing_failed()


def overdue_payment(*, minutes: int) -> MpesaPayment:
    """Create a failed payment of an order whose time to pay ended this many minutes after ``NOON``."""
    payment = new_payment(now=later(60 * (minutes - 30)))
    post(payment, failure(payment), now=later(60 * (minutes - 29)))
    return payment


def test_claim_on_an_order_being_closed_gives_way_to_the_receipt(daraja: BusyDaraja) -> None:
    daraja.result_code = "1032"
    staff = new_staff_user("record_claim")
    for index in ROUNDS:
        paid, closing = new_payment(now=later(600)), overdue_payment(minutes=10)
        clear_query_budget()
        record(number_of(index), closing.mpesa_order.order, staff)
        receipt = partial(post, paid, success(paid, number=number_of(index)), now=later(601))
        mpesa_order = MpesaOrder.objects.get(pk=closing.order_id)

        result, _ = at_once(
            [partial(after, index / 500, partial(close_expired_order, mpesa_order, now=later(601))), receipt]
        )

        # The claim moved the order on, so it is not closed even if the receipt withdraws the claim first.
        assert result in {CloseResult.PAID, CloseResult.UNCHANGED}
        assert_paid_once(paid, number=number_of(index))
        mpesa_order.refresh_from_db()
        assert (mpesa_order.is_paid, mpesa_order.balance) == (False, 1500)
        assert not mpesa_order.is_closed
    assert statuses() == {"withdrawn"}
    assert_nothing_failed()


def test_query_and_claim_of_money_without_code_count_once(daraja: BusyDaraja) -> None:
    daraja.result_code = "0"
    staff = new_staff_user("record_claim")
    for index in ROUNDS:
        payment = new_payment()
        clear_query_budget()
        claim = partial(record, number_of(index), payment.mpesa_order.order, staff)

        at_once([partial(after, index / 500, claim), partial(query_status, payment, now=later(600))])

        assert MpesaReceipt.objects.get(payment=payment).claims.get().status == "open"
        assert MpesaAllocation.objects.get(order=payment.order_id, reversed_at=None).receipt is not None
        post(payment, success(payment, number=number_of(index)), now=later(601))
        assert_paid_once(payment, number=number_of(index))
    assert statuses() == {"confirmed"}
    assert_nothing_failed()
