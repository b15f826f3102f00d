"""Staff decide about money at the moment at which something else changes it: one wins, and the sums are right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from oscar.core.loading import get_class, get_model

from oscar_mpesa.models import MpesaAllocation, MpesaCallback, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.allocation import allocate, move_allocation, reverse_allocation
from oscar_mpesa.services.exceptions import DecisionRefused
from oscar_mpesa.services.order_closure import CloseResult, close_expired_order
from oscar_mpesa.services.preview import preview
from oscar_mpesa.services.reconciliation import reconcile
from oscar_mpesa.services.refunds import record_refund
from tests.databases.books import assert_paid_once, assert_sums_agree
from tests.databases.threads import BusyDaraja, after, at_once, clear_query_budget, new_payment
from tests.shop import failure, later, new_order, new_staff_user, post, success

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]

ROUNDS = range(10)

Order = get_model("order", "Order")


@pytest.fixture(autouse=True)
def _no_delay(daraja: BusyDaraja) -> None:
    daraja.seconds = 0


@pytest.fixture
def staff() -> Any:
    return new_staff_user("match_receipt", "record_refund", "close_order")


def try_job(job: Callable[[], Any]) -> str:
    """Run a job; return the name of its refusal, or an empty string."""
    try:
        job()
    except DecisionRefused as refusal:
        return type(refusal).__name__
    return ""


def receive(payment: MpesaPayment, index: int, letter: str = "N") -> MpesaReceipt:
    """Complete a payment by its callback; return the receipt."""
    post(payment, success(payment, number=f"SK{letter}{index:07}"), now=payment.created_at)
    return MpesaReceipt.objects.get(payment=payment)


def paid(index: int) -> MpesaReceipt:
    """Return the receipt of KSh 1,500 that paid an order."""
    return receive(new_payment(), index)


def set_total(order: Any, total: int) -> None:
    """Change what an order costs, as staff or the shop's own code do."""
    order.total_incl_tax = order.total_excl_tax = Decimal(total)
    order.save(update_fields=["total_incl_tax", "total_excl_tax"])


def unmatched(index: int, staff: Any) -> MpesaReceipt:
    """Return a receipt that staff unmatched from its order."""
    receipt = paid(index)
    return reverse_allocation(receipt.allocations.get(), by=staff, note="another order's", now=later(60))


def side_of(receipt: MpesaReceipt) -> MpesaOrder:
    """Return the M-PESA side of the order that a receipt is meant for, as it is now."""
    return MpesaOrder.objects.select_related("order").get(pk=receipt.meant_for_id)


def refund(receipt: MpesaReceipt, amount: int, code: str, staff: Any) -> Callable[[], Any]:
    facts: dict[str, Any] = {"amount": Decimal(amount), "refunded_before": Decimal(0), "code": code}
    return partial(record_refund, receipt, **facts, by=staff, now=later(120))


def assert_nothing_failed() -> None:
    assert not MpesaCallback.objects.filter(verdict="failed").exists()
    assert_sums_agree()


def test_two_staff_match_one_receipt_to_two_orders_at_once(staff: Any) -> None:
    for index in ROUNDS:
        receipt, orders = unmatched(index, staff), [new_order(), new_order()]

        jobs = [partial(allocate, receipt, order, by=staff, now=later(90)) for order in orders]
        results = at_once([partial(try_job, job) for job in jobs])

        entry = MpesaAllocation.objects.get(receipt=receipt, reversed_at=None)
        assert sorted(results) == ["", "NoDecisionNeeded"]
        assert entry.order_id == orders[results.index("")].pk
        assert [side.is_paid for side in MpesaOrder.objects.filter(pk=entry.order_id)] == [True]
    assert_nothing_failed()


def test_two_refunds_of_the_same_money_at_once_are_recorded_once(staff: Any) -> None:
    for index in ROUNDS:
        receipt = paid(index)

        jobs = [refund(receipt, 1000, f"SKR{index:06}{letter}", staff) for letter in "AB"]
        results = at_once([partial(try_job, job) for job in jobs])

        assert sorted(results) == ["", "RefundKnown"]
        assert receipt.refunds.get().amount == 1000
        assert (side_of(receipt).is_paid, side_of(receipt).balance) == (True, 0)
    assert_nothing_failed()


def test_two_staff_move_one_entry_to_two_orders_at_once(staff: Any) -> None:
    for index in ROUNDS:
        receipt, orders = paid(index), [new_order(), new_order()]
        entry = receipt.allocations.get()

        jobs = [partial(move_allocation, entry, order, by=staff, note="theirs", now=later(90)) for order in orders]
        results = at_once([partial(try_job, job) for job in jobs])

        own = MpesaAllocation.objects.get(receipt=receipt, reversed_at=None)
        winner = orders[results.index("")]
        assert sorted(results) == ["", "NoDecisionNeeded"]
        assert (own.order_id, own.amount, own.balance_after) == (winner.pk, 1500, 0)
        assert not MpesaOrder.objects.filter(pk__in={each.pk for each in orders} - {winner.pk}, is_paid=True).exists()
        assert (side_of(receipt).is_paid, side_of(receipt).balance) == (False, 1500)
    assert_nothing_failed()


def test_move_while_a_refund_of_the_money_is_recorded(staff: Any) -> None:
    for index in ROUNDS:
        receipt, target = paid(index), new_order()
        move = partial(move_allocation, receipt.allocations.get(), target, by=staff, note="theirs", now=later(90))

        moved = partial(after, index / 500, partial(try_job, move))
        refusal, _ = at_once([moved, refund(receipt, 300, f"SKR{index:06}A", staff)])

        receipt.refresh_from_db()
        active = receipt.allocations.filter(reversed_at=None)
        kept = {each.order_id: each.amount for each in active}
        assert (refusal, receipt.refunds.get().amount, receipt.unallocated) == ("", 300, 0)
        assert kept in ({target.pk: 1500}, {receipt.meant_for_id: 300, target.pk: 1200})
    assert_nothing_failed()


def test_money_is_moved_back_and_forth_without_a_deadlock(staff: Any) -> None:
    for index in ROUNDS:
        first, second = paid(index), receive(new_payment(), index, "M")
        a, b = first.allocations.get(), second.allocations.get()
        set_total(side_of(first).order, 3000)
        set_total(side_of(second).order, 3000)

        jobs = [
            partial(move_allocation, a, side_of(second).order, by=staff, note="theirs", now=later(90)),
            partial(move_allocation, b, side_of(first).order, by=staff, note="theirs", now=later(90)),
        ]
        results = at_once([partial(try_job, job) for job in jobs])

        assert results == ["", ""]
        assert [side_of(each).balance for each in (first, second)] == [1500, 1500]
    assert_nothing_failed()


def test_preview_of_a_match_while_it_is_made(staff: Any) -> None:
    for index in ROUNDS:
        receipt, order = unmatched(index, staff), new_order()
        match = partial(allocate, receipt, order, by=staff, now=later(90))
        look = partial(preview, match, receipt=receipt, order_ids=[order.pk])

        refused, _ = at_once([partial(after, index / 500, partial(try_job, look)), match])

        assert refused in {"", "NoDecisionNeeded"}
        own = MpesaAllocation.objects.get(receipt=receipt, reversed_at=None)
        assert (own.order_id, own.amount) == (order.pk, 1500)
        assert (MpesaOrder.objects.get(pk=order.pk).is_paid, own.booked_at) == (True, later(90))
    assert_nothing_failed()


def test_refund_and_a_lower_total_at_once_leave_right_sums(staff: Any) -> None:
    for index in ROUNDS:
        receipt = paid(index)

        lower = partial(set_total, side_of(receipt).order, 1200)

        at_once([partial(after, index / 500, lower), refund(receipt, 300, f"SKR{index:06}A", staff)])

        receipt.refresh_from_db()
        owed = {"credit": Decimal(900), "payment_returned": Decimal(1200)}[receipt.refunds.get().purpose]
        assert side_of(receipt).total_seen == 1200
        assert (side_of(receipt).is_paid, receipt.unallocated) == (True, 1200 - owed)
    assert_nothing_failed()


def test_unmatching_a_part_payment_while_its_order_is_closed(daraja: BusyDaraja, staff: Any) -> None:
    daraja.result_code = "1032"
    for index in ROUNDS:
        clear_query_budget()
        receipt, payment = unmatched(index, staff), new_payment(new_order(total="2500.00"))
        post(payment, failure(payment))
        entry = allocate(receipt, payment.mpesa_order.order, by=staff, now=later(90))
        mpesa_order = MpesaOrder.objects.get(pk=payment.order_id)
        now = mpesa_order.pay_before + timedelta(minutes=1)
        close = partial(close_expired_order, mpesa_order, now=now)
        unmatch = partial(reverse_allocation, entry, by=staff, note="not theirs", now=now)

        result, refusal = at_once([close, partial(after, index / 500, partial(try_job, unmatch))])

        mpesa_order.refresh_from_db()
        entry.refresh_from_db()
        receipt.refresh_from_db()
        assert refusal == ("NoDecisionNeeded" if result is CloseResult.CLOSED else "")
        assert entry.reversal_reason == ("order_closed" if result is CloseResult.CLOSED else "staff")
        assert mpesa_order.is_closed is (result is CloseResult.CLOSED)
        assert (receipt.status, receipt.unallocated, mpesa_order.balance) == ("unmatched", 1500, 2500)
    assert_nothing_failed()


def cancel(order_id: int) -> None:
    """Cancel an order as staff do in Oscar's dashboard."""
    order = Order.objects.get(pk=order_id)
    get_class("order.processing", "EventHandler")().handle_order_status_change(order, "Cancelled")


def test_order_canceled_while_its_callback_arrives_keeps_no_money(staff: Any) -> None:
    for index in ROUNDS:
        payment = new_payment()
        callback = partial(post, payment, success(payment, number=f"SKN{index:07}"))

        at_once([partial(after, index / 500, partial(cancel, payment.order_id)), callback])

        receipt = MpesaReceipt.objects.get(payment=payment)
        assert (receipt.status, receipt.unmatched_reason) == ("unmatched", "order_canceled")
        assert (side_of(receipt).is_paid, side_of(receipt).is_closed) == (False, True)
        assert side_of(receipt).order.status == "Cancelled"
        assert side_of(receipt).order.lines.get().num_allocated == 0
    assert_nothing_failed()


def test_orders_that_share_a_receipt_change_at_once_without_a_deadlock(staff: Any) -> None:
    for index in ROUNDS:
        order, other = new_order(), new_order(total="2500.00")
        unanswered = new_payment(order)
        post(unanswered, failure(unanswered))
        first = receive(new_payment(order, now=later(61)), index, "A")
        shared = receive(unanswered, index, "B")
        allocate(shared, other, amount=Decimal(600), by=staff, now=later(200))
        payment = new_payment(other, now=later(200))

        at_once(
            [
                partial(set_total, side_of(first).order, 2000),
                partial(receive, payment, index, "C"),
                partial(try_job, refund(shared, 100, f"SKR{index:06}A", staff)),
            ]
        )

        shared.refresh_from_db()
        assert (side_of(first).is_paid, side_of(first).balance) == (True, 0)
        assert MpesaOrder.objects.get(pk=other.pk).is_paid
        assert shared.unallocated in {300, 400}
    assert_nothing_failed()


def test_match_to_an_order_whose_own_money_arrives_at_once(staff: Any) -> None:
    for index in ROUNDS:
        receipt, payment = unmatched(index, staff), new_payment()
        job = partial(try_job, partial(allocate, receipt, payment.mpesa_order.order, by=staff, now=later(90)))
        callback = partial(post, payment, success(payment, number=f"SKO{index:07}"))

        refusal, _ = at_once([partial(after, index / 500, job), callback])

        own = MpesaReceipt.objects.get(payment=payment)
        statuses = {"": ("matched", "overpaid"), "OrderPaid": ("unmatched", "matched")}[refusal]
        receipt.refresh_from_db()
        assert (receipt.status, own.status) == statuses
        assert MpesaOrder.objects.get(pk=payment.order_id).is_paid
    assert_nothing_failed()


def test_reconcile_finds_nothing_left_after_races(staff: Any) -> None:
    payment = new_payment()
    at_once([partial(post, payment, success(payment))] * 4)

    steps = [step for step in reconcile(lambda: later(3600)) if step.kind.value in {"claim", "change", "books"}]

    assert steps == []
    assert_paid_once(payment, number="OD123ABC45")
