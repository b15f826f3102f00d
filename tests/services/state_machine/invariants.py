"""What holds after every step of a history; each invariant describes how it was broken."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from oscar_mpesa.domain.payment_status import LIVE, PaymentStatus, is_allowed
from oscar_mpesa.models import CloseReason
from oscar_mpesa.services.order_closure import MAX_POSTPONEMENT
from tests.services.ledger_machine.invariants import broken_invariants as broken_sums
from tests.services.ledger_machine.rows import Rows
from tests.services.state_machine.snapshot import RowSnapshot

PENDING, PAID, CANCELLED = "Pending payment", "Being processed", "Cancelled"
BY_THE_CLOCK = {CloseReason.EXPIRED.value, CloseReason.UNCONFIRMED.value}

#: How long unmatched money keeps an order open.
DECISION_TIME = timedelta(hours=72)


@dataclass(kw_only=True)
class Facts:
    """What our rows do not hold: what Safaricom reported, and what others did.

    ``reported`` are the amounts that Safaricom reported of each payment and receipt number. ``reported_paid`` are the
    payments that a query called paid, and ``queried`` those of this step's queries. ``allocated_elsewhere`` is what
    others hold of each stock record. ``announced`` counts the deliveries to the shop's code.
    """

    now: datetime
    reported: dict[tuple[int, str], set[Decimal]] = field(default_factory=lambda: defaultdict(set))
    reported_paid: set[int] = field(default_factory=set)
    queried: list[int] = field(default_factory=list)
    allocated_elsewhere: Counter[int] = field(default_factory=Counter)
    announced: Counter[tuple[str, int]] = field(default_factory=Counter)


Invariant: TypeAlias = Callable[[RowSnapshot, RowSnapshot, Facts], Iterator[str]]


def money_adds_up(before: RowSnapshot, after: RowSnapshot, facts: Facts) -> Iterator[str]:
    if after is not before:
        yield from broken_sums(Rows.read())


def no_money_is_lost(before: RowSnapshot, after: RowSnapshot, facts: Facts) -> Iterator[str]:
    by_payment = {receipt.payment_id: receipt for receipt in after.receipts.values()}
    numbers = {receipt.number for receipt in after.receipts.values()}
    for (payment, number), amounts in facts.reported.items():
        receipt = by_payment.get(payment)
        if receipt is None and number not in numbers:
            yield f"the money of {number} is in no receipt"
        elif receipt and receipt.number == number and receipt.amount not in {*amounts, after.payments[payment].amount}:
            yield f"{number} was reported with {amounts} and is stored with {receipt.amount}"
    yield from (f"payment {pk} was reported paid and has no receipt" for pk in facts.reported_paid - by_payment.keys())
    yield from (f"receipt {pk} is gone" for pk in before.receipts.keys() - after.receipts.keys())


def wrong_amount_pays_only_by_decision(before: RowSnapshot, after: RowSnapshot, facts: Facts) -> Iterator[str]:
    for pk, entry in after.allocations.items():
        receipt = after.receipts.get(entry.receipt_id)
        if receipt and entry.reason == "payment" and receipt.amount != after.payments[receipt.payment_id].amount:
            yield f"allocation {pk} uses {receipt.amount} of receipt {receipt.pk}, which is not what was asked"


def only_booked_money_pays_an_order(before: RowSnapshot, after: RowSnapshot, facts: Facts) -> Iterator[str]:
    for pk, order in after.orders.items():
        entries = after.entries_of(pk)
        if order.status == PAID and not any(entry.booked_at for entry in entries):
            yield f"order {pk} is {PAID} without money"
        is_booked = all(entry.booked_at and not entry.error for entry in entries if not entry.reversed_at)
        is_paid = pk in after.mpesa_orders and after.mpesa_orders[pk].is_paid
        if is_paid and is_booked and order.status != PAID:
            yield f"order {pk} has its money in its books and is {order.status}"


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
    with_money = {receipt.payment_id for receipt in after.receipts.values()}
    completed = {pk for pk, payment in after.payments.items() if payment.status == PaymentStatus.COMPLETED}
    yield from (f"payment {pk} is completed, or has money, and not both" for pk in completed ^ with_money)


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
        if before.mpesa_orders[pk].is_paid:
            yield f"order {pk} was closed although it was paid"
        if after.waiting_for(pk) and before.waiting_for(pk) and facts.now < mpesa_order.pay_before + DECISION_TIME:
            yield f"order {pk} was closed although money waits"
        if any(PaymentStatus(payment.status) in LIVE for payment in after.payments_of(pk)):
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
    for pk in after.mpesa_orders:
        for receipt in after.waiting_for(pk):
            if f"receipt_unmatched receipt {receipt.pk} order {pk}" not in keys:
                yield f"no message says that receipt {receipt.pk} is unmatched"
    for (what, pk), times in facts.announced.items():
        if times > (after.mpesa_orders[pk].paid_count if what == "order_paid" else 1):
            yield f"{what} was delivered {times} times"


INVARIANTS: tuple[Invariant, ...] = (
    money_adds_up,
    no_money_is_lost,
    wrong_amount_pays_only_by_decision,
    only_booked_money_pays_an_order,
    one_payment_is_live,
    every_status_change_is_allowed,
    completed_payment_has_money,
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
        if PaymentStatus(payment.status) in LIVE:
            yield f"payment {pk} is {payment.status} forever"
    for pk in {payment.mpesa_order_id for payment in after.payments.values()}:
        if after.orders[pk].status == PENDING and not after.waiting_for(pk):
            yield f"order {pk} holds its stock forever"
    for due in after.outbox_messages.values():
        if due.delivered_at is None:
            yield f"{due.key} is never delivered"


def _newly_closed(before: RowSnapshot, after: RowSnapshot) -> list[Any]:
    was_open = {pk for pk, row in before.mpesa_orders.items() if row.closed_at is None}
    return [row for pk, row in after.mpesa_orders.items() if row.closed_at and pk in was_open]
