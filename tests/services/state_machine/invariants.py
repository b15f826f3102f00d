"""What holds after every step of a history; each invariant describes how it was broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from oscar_mpesa.domain.payment_status import LIVE, PaymentStatus, is_allowed
from oscar_mpesa.models import Allocation, CloseReason
from oscar_mpesa.models.receipts import MONEY_ARRIVED, NEEDS_DECISION
from oscar_mpesa.services.allocation import BOOKED_ALLOCATIONS
from oscar_mpesa.services.order_closure import MAX_POSTPONEMENT
from tests.services.state_machine.snapshot import RowSnapshot

PENDING, PAID, CANCELLED = "Pending payment", "Being processed", "Cancelled"
BY_THE_CLOCK = {CloseReason.EXPIRED.value, CloseReason.UNCONFIRMED.value}
CLOSED = {Allocation.RETURNED.value, Allocation.EXPLAINED.value}


@dataclass(kw_only=True)
class Facts:
    """What our rows do not hold: what Safaricom reported, and what others did.

    ``reported`` is each receipt number with the amount that Safaricom reported first. ``recorded`` are the numbers that
    staff recorded. ``reported_paid`` are the payments that a query called paid, and ``queried`` those of this step's
    queries. ``allocated_elsewhere`` is what others hold of each stock record. ``announced`` counts the deliveries to
    the shop's code. ``booked`` is each receipt's booked amount, which only a staff decision changes later.
    """

    now: datetime
    reported: dict[str, Decimal] = field(default_factory=dict)
    recorded: set[str] = field(default_factory=set)
    reported_paid: set[int] = field(default_factory=set)
    queried: list[int] = field(default_factory=list)
    allocated_elsewhere: Counter[int] = field(default_factory=Counter)
    announced: Counter[tuple[str, int]] = field(default_factory=Counter)
    booked: dict[int, Decimal] = field(default_factory=dict)


Invariant: TypeAlias = Callable[[RowSnapshot, RowSnapshot, Facts], Iterator[str]]


def each_number_is_one_receipt(before: RowSnapshot, after: RowSnapshot, facts: Facts) -> Iterator[str]:
    numbers = Counter(receipt.number for receipt in after.receipts.values() if receipt.number)
    yield from (f"{number} is in {times} receipts" for number, times in numbers.items() if times > 1)


def no_money_is_lost(before: RowSnapshot, after: RowSnapshot, facts: Facts) -> Iterator[str]:
    by_number = {receipt.number: receipt for receipt in after.receipts.values()}
    for number, amount in facts.reported.items():
        receipt = by_number.get(number)
        if receipt is None:
            yield f"the money of {number} is in no receipt"
        elif receipt.amount != amount and number not in facts.recorded and receipt.allocation not in CLOSED:
            yield f"{number} was reported with {amount} and is stored with {receipt.amount}"
    with_receipt = {receipt.payment_id for receipt in after.receipts.values()}
    yield from (f"payment {pk} was reported paid and has no receipt" for pk in facts.reported_paid - with_receipt)
    yield from (f"receipt {pk} is gone" for pk in before.receipts.keys() - after.receipts.keys())


def receipts_with_a_number_are_not_the_same_money(
    before: RowSnapshot, after: RowSnapshot, facts: Facts
) -> Iterator[str]:
    for receipt in after.receipts.values():
        if receipt.number and receipt.same_as_id is not None:
            yield f"{receipt.number} is closed as the same money as receipt {receipt.same_as_id}"


def number_goes_to_the_receipt_that_lacks_it(before: RowSnapshot, after: RowSnapshot, facts: Facts) -> Iterator[str]:
    for pk, receipt in after.receipts.items():
        same = [row for row in after.receipts.values() if row.payment_id == receipt.payment_id and row.pk > pk]
        lacks_it = receipt.number is None and receipt.payment_id is not None
        if lacks_it and receipt.same_as_id is None and any(row.number not in facts.recorded for row in same):
            yield f"receipt {pk} has no number, and its payment {receipt.payment_id} has another one"


def one_receipt_pays_an_order(before: RowSnapshot, after: RowSnapshot, facts: Facts) -> Iterator[str]:
    for order_id in after.orders:
        receipts = after.receipts_of(order_id)
        applied = [receipt for receipt in receipts if receipt.allocation == Allocation.APPLIED]
        in_books = [receipt for receipt in receipts if receipt.booked_at and receipt.allocation in BOOKED_ALLOCATIONS]
        if max(len(applied), len(in_books)) > 1:
            yield f"order {order_id} was paid twice"
        if any(receipt.booked_at is None for receipt in applied):
            yield f"money was applied to order {order_id} and is not in its books"


def wrong_amount_pays_only_by_decision(before: RowSnapshot, after: RowSnapshot, facts: Facts) -> Iterator[str]:
    for pk, receipt in after.receipts.items():
        is_decided = receipt.allocated_by_id is not None or receipt.allocation != Allocation.APPLIED
        if not is_decided and receipt.amount != after.orders[receipt.order_id].total_incl_tax:
            yield f"{receipt.amount} of receipt {pk} paid order {receipt.order_id}"


def books_match_the_receipts(before: RowSnapshot, after: RowSnapshot, facts: Facts) -> Iterator[str]:
    for pk, receipt in after.receipts.items():
        if receipt.booked_at and (pk not in facts.booked or receipt.allocation == Allocation.APPLIED):
            facts.booked[pk] = receipt.amount
    for order_id in after.orders:
        booked = [receipt for receipt in after.receipts_of(order_id) if receipt.booked_at]
        wanted = {
            "amount_debited": sum(facts.booked[receipt.pk] for receipt in booked),
            "amount_refunded": sum(receipt.returned_amount or 0 for receipt in booked),
        }
        sources = [source for source in after.sources.values() if source.order_id == order_id]
        for name, amount in wanted.items():
            if sum(getattr(source, name) for source in sources) != amount:
                yield f"the books of order {order_id}: {name} is not {amount}"
        if (
            sum(event.amount for event in after.events.values() if event.order_id == order_id)
            != wanted["amount_debited"]
        ):
            yield f"the payment events of order {order_id} are not its books"


def book_lines_add_up(before: RowSnapshot, after: RowSnapshot, facts: Facts) -> Iterator[str]:
    for pk, source in after.sources.items():
        lines = [row for row in after.transactions.values() if row.source_id == pk]
        for kind, total in (("Debit", source.amount_debited), ("Refund", source.amount_refunded)):
            if sum(row.amount for row in lines if row.txn_type == kind) != total:
                yield f"the {kind} lines of source {pk} do not add up to {total}"


def books_name_the_receipts(before: RowSnapshot, after: RowSnapshot, facts: Facts) -> Iterator[str]:
    for order_id in after.orders:
        named = {row.reference for row in after.sources.values() if row.order_id == order_id}
        for receipt in after.receipts_of(order_id):
            if receipt.allocation == Allocation.APPLIED and not receipt.error and (receipt.number or "") not in named:
                yield f"the books of order {order_id} do not name {receipt.number}"


def only_booked_money_pays_an_order(before: RowSnapshot, after: RowSnapshot, facts: Facts) -> Iterator[str]:
    for pk, order in after.orders.items():
        had_money = any(receipt.booked_at for receipt in after.receipts_of(pk))
        if order.status == PAID and not had_money:
            yield f"order {pk} is {PAID} without money"
        if had_money and order.status not in {PAID, CANCELLED}:
            yield f"order {pk} has money in its books and is {order.status}"


def one_payment_is_live(before: RowSnapshot, after: RowSnapshot, facts: Facts) -> Iterator[str]:
    live = Counter(row.mpesa_order_id for row in after.payments.values() if PaymentStatus(row.status) in LIVE)
    yield from (f"order {pk} has {count} live payments" for pk, count in live.items() if count > 1)
    for pk, payment in after.payments.items():
        if payment.live_order != (payment.mpesa_order_id if PaymentStatus(payment.status) in LIVE else None):
            yield f"payment {pk} is {payment.status} and its live_order {payment.live_order}"


def every_status_change_is_allowed(before: RowSnapshot, after: RowSnapshot, facts: Facts) -> Iterator[str]:
    for pk in after.steps.keys() - before.steps.keys():
        step = after.steps[pk]
        if not is_allowed(PaymentStatus(step.params["before"]), PaymentStatus(step.params["after"])):
            yield f"a payment went from {step.params['before']} to {step.params['after']}"
    for pk, payment in before.payments.items():
        if payment.status == PaymentStatus.COMPLETED and after.payments[pk].status != PaymentStatus.COMPLETED:
            yield f"payment {pk} was completed and is {after.payments[pk].status}"


def completed_payment_has_money(before: RowSnapshot, after: RowSnapshot, facts: Facts) -> Iterator[str]:
    for pk, payment in after.payments.items():
        order_id = payment.mpesa_order_id
        money = [row for row in after.receipts.values() if row.payment_id == pk or row.order_id == order_id]
        if payment.status == PaymentStatus.COMPLETED and not money:
            yield f"payment {pk} is completed by no receipt"
        if payment.on_hold and not any(row.payment_id == pk and row.allocation in NEEDS_DECISION for row in money):
            yield f"payment {pk} is on hold without money"


def payment_on_hold_waits_for_a_person(before: RowSnapshot, after: RowSnapshot, facts: Facts) -> Iterator[str]:
    for pk, was in before.payments.items():
        payment = after.payments[pk]
        money = [row for row in after.receipts.values() if row.payment_id == pk and row.allocation in NEEDS_DECISION]
        if not was.on_hold or (not payment.on_hold and (payment.status == PaymentStatus.COMPLETED or not money)):
            continue
        if not payment.on_hold or payment.status != was.status:
            yield f"payment {pk} was on hold and is {payment.status}"
        if len(after.payments_of(was.mpesa_order_id)) > len(before.payments_of(was.mpesa_order_id)):
            yield f"order {was.mpesa_order_id} was prompted while payment {pk} is on hold"


def only_open_orders_hold_stock(before: RowSnapshot, after: RowSnapshot, facts: Facts) -> Iterator[str]:
    expected = Counter(facts.allocated_elsewhere)
    for line in after.lines.values():
        mpesa_order = after.mpesa_orders.get(line.order_id)
        if mpesa_order is None or mpesa_order.closed_at is None:
            expected[line.stockrecord_id] += line.quantity
    for pk, record in after.stock.items():
        if (record.num_allocated or 0) != expected[pk]:
            yield f"{record.num_allocated} of stock record {pk} are allocated, and should be {expected[pk]}"


def restored_basket_stays_restored(before: RowSnapshot, after: RowSnapshot, facts: Facts) -> Iterator[str]:
    for pk, mpesa_order in after.mpesa_orders.items():
        if mpesa_order.basket_restored_at and mpesa_order.closed_at is None:
            yield f"order {pk} is in a basket and open as well"
        was = before.mpesa_orders.get(pk)
        if was and was.basket_restored_at and was.basket_restored_at != mpesa_order.basket_restored_at:
            yield f"order {pk} was put into a basket twice"


def only_unpaid_orders_expire(before: RowSnapshot, after: RowSnapshot, facts: Facts) -> Iterator[str]:
    for mpesa_order in _newly_closed(before, after):
        pk = mpesa_order.pk
        if mpesa_order.close_reason == CloseReason.STAFF:
            continue
        if any(receipt.allocation in MONEY_ARRIVED for receipt in after.receipts_of(pk)):
            yield f"order {pk} was closed although it has money"
        if any(PaymentStatus(payment.status) in LIVE or payment.on_hold for payment in after.payments_of(pk)):
            yield f"order {pk} was closed with a live payment"


def payments_are_queried_before_an_order_expires(
    before: RowSnapshot, after: RowSnapshot, facts: Facts
) -> Iterator[str]:
    for mpesa_order in _newly_closed(before, after):
        if mpesa_order.close_reason not in BY_THE_CLOCK:
            continue
        pk, is_unconfirmed = mpesa_order.pk, mpesa_order.close_reason == CloseReason.UNCONFIRMED
        has_lost_id = any(payment.push_sent_at and not payment.checkout_request_id for payment in after.payments_of(pk))
        postponed = MAX_POSTPONEMENT if is_unconfirmed and not has_lost_id else timedelta()
        if facts.now < mpesa_order.pay_before + postponed:
            yield f"order {pk} was closed before its time"
        for payment in after.payments_of(pk):
            was_queried = payment.pk in facts.queried or payment.not_paid_at is not None
            if payment.checkout_request_id and payment.status != PaymentStatus.COMPLETED and not was_queried:
                yield f"order {pk} was closed without a query of payment {payment.pk}"


def each_message_is_delivered_once(before: RowSnapshot, after: RowSnapshot, facts: Facts) -> Iterator[str]:
    keys = {row.key for row in after.outbox_messages.values()}
    for receipt in after.receipts.values():
        if receipt.allocation == Allocation.APPLIED and f"order_paid order {receipt.order_id}" not in keys:
            yield f"no message says that order {receipt.order_id} is paid"
        if receipt.allocation in NEEDS_DECISION and f"receipt_unmatched receipt {receipt.pk}" not in keys:
            yield f"no message says that receipt {receipt.pk} is unmatched"
    yield from (f"{what} was delivered {times} times" for what, times in facts.announced.items() if times > 1)


INVARIANTS: tuple[Invariant, ...] = (
    each_number_is_one_receipt,
    no_money_is_lost,
    receipts_with_a_number_are_not_the_same_money,
    number_goes_to_the_receipt_that_lacks_it,
    one_receipt_pays_an_order,
    wrong_amount_pays_only_by_decision,
    books_match_the_receipts,
    book_lines_add_up,
    books_name_the_receipts,
    only_booked_money_pays_an_order,
    one_payment_is_live,
    every_status_change_is_allowed,
    completed_payment_has_money,
    payment_on_hold_waits_for_a_person,
    only_open_orders_hold_stock,
    restored_basket_stays_restored,
    only_unpaid_orders_expire,
    payments_are_queried_before_an_order_expires,
    each_message_is_delivered_once,
)


def broken_invariants(before: RowSnapshot, after: RowSnapshot, facts: Facts) -> list[str]:
    """Return how each invariant was broken by a step."""
    return [sentence for invariant in INVARIANTS for sentence in invariant(before, after, facts)]


def unfinished(after: RowSnapshot) -> Iterator[str]:
    """Return what still waits after a day, although no person has to decide."""
    for pk, payment in after.payments.items():
        if PaymentStatus(payment.status) in LIVE and not payment.on_hold:
            yield f"payment {pk} is {payment.status} forever"
    for pk in {payment.mpesa_order_id for payment in after.payments.values()}:
        money = [receipt for receipt in after.receipts_of(pk) if receipt.allocation in MONEY_ARRIVED]
        if after.orders[pk].status == PENDING and not money:
            yield f"order {pk} holds its stock forever"
    for due in after.outbox_messages.values():
        if due.delivered_at is None:
            yield f"{due.key} is never delivered"


def _newly_closed(before: RowSnapshot, after: RowSnapshot) -> list[Any]:
    was_open = {pk for pk, row in before.mpesa_orders.items() if row.closed_at is None}
    return [row for pk, row in after.mpesa_orders.items() if row.closed_at and pk in was_open]
