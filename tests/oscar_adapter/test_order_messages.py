"""Sentences about an order's money say what arrived, what was decided, and what to do next."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from oscar.core.loading import get_class

from oscar_mpesa.models import MpesaAllocation, MpesaOrder, MpesaReceipt
from oscar_mpesa.oscar_adapter import order_messages
from oscar_mpesa.services.allocation import allocate, resolve_receipt, reverse_allocation
from oscar_mpesa.services.claims import record_claim
from oscar_mpesa.services.order_closure import close_order
from oscar_mpesa.services.refunds import record_refund
from tests.commit_hooks import commit_hooks
from tests.payment_results import cancelled, closed_by_staff, overdue, paid_too_late
from tests.services.unmatched import mismatch, other_amount_reported, surplus, unallocated
from tests.shop import later, new_order, new_payment, pay, post, success

pytestmark = pytest.mark.django_db


def part_paid(*, total: int = 2500) -> MpesaOrder:
    """Create an order whose total changed while KSh 1,500 was on its way."""
    payment = new_payment()
    type(payment.mpesa_order.order).objects.update(total_incl_tax=total, total_excl_tax=total)
    post(payment, success(payment), now=later(20))
    return MpesaOrder.objects.select_related("order").get()


def order_of(receipt: MpesaReceipt) -> MpesaOrder:
    return MpesaOrder.objects.select_related("order").get(pk=receipt.meant_for_id)


def unmatched_message(receipt: MpesaReceipt) -> str:
    return order_messages.unmatched_receipt_message(receipt, order_of(receipt))


def decision(receipt: MpesaReceipt) -> str:
    receipt = MpesaReceipt.objects.get(pk=receipt.pk)
    return order_messages.decision_message(receipt, order=receipt.meant_for)


def test_money_meant_for_another_order_never_names_its_reason() -> None:
    receipt, other = mismatch(), new_payment(new_order()).mpesa_order

    message = order_messages.unmatched_receipt_message(receipt, other)

    assert "the prompt asked for" in unmatched_message(receipt)
    assert message.startswith("The shop is reviewing your KSh 1,400 (M-PESA code OD123ABC45) for order")
    assert other.order.number in message


def test_reminder_names_the_balance() -> None:
    mpesa_order = part_paid()

    reminder = order_messages.unpaid_order_message(mpesa_order)

    assert reminder == f"Order {mpesa_order.order.number} is waiting for KSh 1,000."


def test_part_paid_message_names_all_three_amounts() -> None:
    mpesa_order = part_paid()

    confirmed, recorded = (
        order_messages.part_paid_message(mpesa_order, received=Decimal(1500), is_confirmed=is_confirmed)
        for is_confirmed in (True, False)
    )

    assert recorded == "KSh 1,500 of KSh 2,500 is recorded. KSh 1,000 is left to pay."
    assert confirmed == "KSh 1,500 of KSh 2,500 has arrived. KSh 1,000 is left to pay."


def test_closed_order_message_by_reason(admin_user: Any) -> None:
    expired, staff, other = overdue(cancelled()), closed_by_staff(cancelled(), by=admin_user), order_of(unallocated())

    messages = [
        order_messages.closed_order_message(each, now=later(60), has_open_claim=False)
        for each in (expired.mpesa_order, staff.mpesa_order, other)
    ]

    assert messages == [
        f"We received no payment for order {expired.mpesa_order.order.number} by 15:30, so it's closed.",
        f"The shop closed order {staff.mpesa_order.order.number}. We received no payment for it.",
        f"You chose another way to pay, so order {other.order.number} is closed.",
    ]


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("expired", "We didn't receive the full amount for order {} by 15:00, 24 Nov, so it's closed."),
        ("staff", "The shop closed order {}."),
    ],
)
def test_closed_order_message_after_a_part_payment(admin_user: Any, reason: str, message: str) -> None:
    mpesa_order = part_paid()
    close_order(mpesa_order.order, by=admin_user, now=later(60))
    MpesaOrder.objects.update(close_reason=reason)
    mpesa_order.refresh_from_db()

    closed, recorded = (
        order_messages.closed_order_message(mpesa_order, now=later(60), has_open_claim=has_open_claim)
        for has_open_claim in (False, True)
    )

    assert closed == message.format(mpesa_order.order.number)
    looked_at = "The shop is checking the payment that it recorded for this order. Don't pay again."
    assert recorded == f"{closed} {looked_at}"


def test_late_money_message_says_the_order_was_closed(admin_user: Any) -> None:
    receipt = MpesaReceipt.objects.get(payment=paid_too_late(by=admin_user))

    assert unmatched_message(receipt) == (
        f"Your KSh 1,500 (M-PESA code OD123ABC45) arrived after order {order_of(receipt).order.number} was closed. "
        "The shop will send your items or refund the money, and write to you. Don't pay again."
    )


def test_part_payment_message_says_the_order_closed_before_it_was_paid(admin_user: Any) -> None:
    number = part_paid().order.number
    close_order(MpesaOrder.objects.get().order, by=admin_user, now=later(60))

    assert unmatched_message(MpesaReceipt.objects.get()) == (
        f"Order {number} was closed before it was paid in full. The shop will send your items or refund your "
        "KSh 1,500 (M-PESA code OD123ABC45), and write to you. Don't pay again."
    )


def test_second_payment_message_differs_from_an_overpayment() -> None:
    twice = unmatched_message(surplus())
    MpesaReceipt.objects.filter(number="OD222BBB22").update(amount=2000)

    assert twice.startswith("We received two payments for this order. One is enough.")
    assert unmatched_message(MpesaReceipt.objects.get(number="OD222BBB22")).startswith(
        "We received KSh 1,500 more than"
    )


def test_wrong_amount_message_names_what_the_prompt_asked() -> None:
    assert unmatched_message(mismatch(amount=1400)) == (
        "KSh 1,400 arrived; the prompt asked for KSh 1,500. The shop is reviewing it and will write to you. "
        "Don't pay again."
    )


def test_money_with_another_reported_amount_is_being_reviewed() -> None:
    assert unmatched_message(other_amount_reported()).startswith("The shop is reviewing your KSh 1,500 for order")


def test_canceled_order_message_promises_no_date() -> None:
    order = pay(new_payment()).mpesa_order.order
    with commit_hooks():
        get_class("order.processing", "EventHandler")().handle_order_status_change(order, "Cancelled")

    assert unmatched_message(MpesaReceipt.objects.get()) == (
        f"Order {order.number} was canceled. The shop has been asked to refund your KSh 1,500 (M-PESA code OD123ABC45) "
        "to the number that paid. Nobody will ask for your PIN or a fee."
    )


def test_money_that_staff_unmatched_is_being_reviewed(boss: Any) -> None:
    order = pay(new_payment()).mpesa_order.order
    reverse_allocation(MpesaAllocation.objects.get(), by=boss, note="wrong order", now=later(60))

    assert unmatched_message(MpesaReceipt.objects.get()) == (
        f"The shop is reviewing your KSh 1,500 (M-PESA code OD123ABC45) for order {order.number} and will write to "
        "you. Don't pay again."
    )


def test_money_refunded_twice_names_the_whole_amount() -> None:
    pay(new_payment())
    MpesaReceipt.objects.update(unallocated=-1500, unmatched_reason="refunded_twice")

    assert "The shop is reviewing your KSh 1,500 (M-PESA" in unmatched_message(MpesaReceipt.objects.get())


def test_refunds_are_added_up(boss: Any) -> None:
    receipt = mismatch(amount=1400)
    for amount, code in ((400, "RX1"), (200, "RX2")):
        record_refund(receipt, amount=Decimal(amount), code=code, by=boss, now=later(60))
    part = decision(receipt)

    record_refund(receipt, amount=Decimal(800), code="RX3", by=boss, now=later(90))

    assert part == "The shop refunded KSh 600 of your KSh 1,400 (M-PESA code OD123ABC45) on 23 Nov."
    assert decision(receipt) == "The shop refunded your KSh 1,400 (M-PESA code OD123ABC45) on 23 Nov."


def test_money_used_for_other_orders_is_named_before_resolved_money(boss: Any) -> None:
    receipt, other = mismatch(amount=1400), new_order(total="600.00")
    undecided = decision(receipt)
    allocate(receipt, other, by=boss, now=later(60))
    resolve_receipt(receipt, note="paid back in cash", by=boss, now=later(90))

    assert undecided == ""
    assert decision(receipt) == (
        f"KSh 600 of your KSh 1,400 (M-PESA code OD123ABC45) was used for order {other.number}. "
        "The shop has resolved your payment of KSh 1,400 (M-PESA code OD123ABC45). If you have questions, call us."
    )


def test_money_used_for_one_other_order_needs_no_amount(boss: Any) -> None:
    receipt, other = mismatch(amount=1400), new_order(total="1400.00")

    allocate(receipt, other, by=boss, now=later(60))

    assert decision(receipt) == f"Your KSh 1,400 (M-PESA code OD123ABC45) was used for order {other.number}."


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        (1400, "Your KSh 1,400 (M-PESA code OD123ABC45) was used for another order."),
        (600, "KSh 600 of your KSh 1,400 (M-PESA code OD123ABC45) was used for another order."),
    ],
)
def test_other_customers_order_is_not_named(boss: Any, amount: int, message: str) -> None:
    receipt, other = mismatch(amount=1400), new_order(total="1400.00", user=boss)

    allocate(receipt, other, amount=Decimal(amount), by=boss, now=later(60))

    assert decision(receipt) == message


def test_reader_without_an_order_reads_no_order_number(boss: Any) -> None:
    receipt, other = mismatch(amount=1400), new_order(total="1400.00")

    allocate(receipt, other, by=boss, now=later(60))

    assert order_messages.decision_message(MpesaReceipt.objects.get()) == (
        "Your KSh 1,400 (M-PESA code OD123ABC45) was used for another order."
    )


@pytest.mark.parametrize(
    ("user_id", "guest_email", "is_same"),
    [(None, "Guest@example.com", True), (None, "other@example.com", False), (None, "", False), (7, "", False)],
)
def test_guests_are_compared_by_email(user_id: int | None, guest_email: str, is_same: bool) -> None:
    assert order_messages.is_same_customer(new_order(), user_id=user_id, guest_email=guest_email) is is_same


def test_users_are_compared_by_account(boss: Any) -> None:
    order = new_order(user=boss)

    assert order_messages.is_same_customer(order, user_id=boss.pk, guest_email="") is True
    assert order_messages.is_same_customer(order, user_id=None, guest_email=boss.email) is False


def test_money_is_named_with_its_code_if_it_has_one(boss: Any) -> None:
    claim = record_claim("OD123ABC45", Decimal(1500), order=new_order(), by=boss, note="portal", now=later(9))

    assert order_messages.receipt_name(claim) == "KSh 1,500 (M-PESA code OD123ABC45)"
    assert order_messages.receipt_name(MpesaReceipt(amount=Decimal("99.50"))) == "KSh 99.50"


def test_time_has_its_day_unless_it_is_today() -> None:
    assert order_messages.when(later(60), later(0)) == "15:01"
    assert order_messages.when(later(86400), later(0)) == "15:00, 24 Nov"
