"""What holds after every step of any story of two orders; each law says in sentences how it was broken."""

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
from tests.services.state_machine.snapshot import Picture

PENDING, PAID, CANCELLED = "Pending payment", "Being processed", "Cancelled"
BY_THE_CLOCK = {CloseReason.EXPIRED.value, CloseReason.UNCONFIRMED.value}
CLOSED = {Allocation.RETURNED.value, Allocation.EXPLAINED.value}


@dataclass(kw_only=True)
class Facts:
    """What is true beside our rows: the money that Safaricom told of, and what others did.

    ``told`` is each receipt number with the amount that Safaricom told of it first; ``typed`` are numbers that staff
    wrote down; ``said_paid`` the payments that an answer of Safaricom called paid; ``asked`` those that it was asked
    about in this step; ``rivals`` what others hold of each stock record; ``announced`` what the shop's code heard;
    ``booked`` each receipt's amount when the books were last told of it: later news changes it only if staff say so.
    """

    now: datetime
    told: dict[str, Decimal] = field(default_factory=dict)
    typed: set[str] = field(default_factory=set)
    said_paid: set[int] = field(default_factory=set)
    asked: list[int] = field(default_factory=list)
    rivals: Counter[int] = field(default_factory=Counter)
    announced: Counter[tuple[str, int]] = field(default_factory=Counter)
    booked: dict[int, Decimal] = field(default_factory=dict)


Law: TypeAlias = Callable[[Picture, Picture, Facts], Iterator[str]]


def a_number_counts_once(before: Picture, after: Picture, facts: Facts) -> Iterator[str]:
    numbers = Counter(receipt.number for receipt in after.receipts.values() if receipt.number)
    yield from (f"{number} is in {times} receipts" for number, times in numbers.items() if times > 1)


def no_money_is_lost(before: Picture, after: Picture, facts: Facts) -> Iterator[str]:
    by_number = {receipt.number: receipt for receipt in after.receipts.values()}
    for number, amount in facts.told.items():
        receipt = by_number.get(number)
        if receipt is None:
            yield f"the money of {number} is in no receipt"
        elif receipt.amount != amount and number not in facts.typed and receipt.allocation not in CLOSED:
            yield f"{number} was told with {amount} and is kept with {receipt.amount}"
    with_receipt = {receipt.payment_id for receipt in after.receipts.values()}
    yield from (f"payment {pk} was called paid and has no receipt" for pk in facts.said_paid - with_receipt)
    yield from (f"receipt {pk} is gone" for pk in before.receipts.keys() - after.receipts.keys())


def money_of_its_own_is_not_closed_as_another_s(before: Picture, after: Picture, facts: Facts) -> Iterator[str]:
    for receipt in after.receipts.values():
        if receipt.number and receipt.same_as_id is not None:
            yield f"{receipt.number} is closed as the same money as receipt {receipt.same_as_id}"


def a_number_goes_to_the_money_that_lacks_it(before: Picture, after: Picture, facts: Facts) -> Iterator[str]:
    for pk, receipt in after.receipts.items():
        same = [row for row in after.receipts.values() if row.payment_id == receipt.payment_id and row.pk > pk]
        lacks_it = receipt.number is None and receipt.payment_id is not None
        if lacks_it and receipt.same_as_id is None and any(row.number not in facts.typed for row in same):
            yield f"receipt {pk} has no number, and its payment {receipt.payment_id} has another one"


def money_pays_an_order_once(before: Picture, after: Picture, facts: Facts) -> Iterator[str]:
    for order_id in after.orders:
        receipts = after.receipts_of(order_id)
        applied = [receipt for receipt in receipts if receipt.allocation == Allocation.APPLIED]
        in_books = [receipt for receipt in receipts if receipt.booked_at and receipt.allocation in BOOKED_ALLOCATIONS]
        if max(len(applied), len(in_books)) > 1:
            yield f"order {order_id} was paid twice"
        if any(receipt.booked_at is None for receipt in applied):
            yield f"money was applied to order {order_id} and is not in its books"


def another_amount_pays_by_a_decision_only(before: Picture, after: Picture, facts: Facts) -> Iterator[str]:
    for pk, receipt in after.receipts.items():
        is_decided = receipt.allocated_by_id is not None or receipt.allocation != Allocation.APPLIED
        if not is_decided and receipt.amount != after.orders[receipt.order_id].total_incl_tax:
            yield f"{receipt.amount} of receipt {pk} paid order {receipt.order_id}"


def the_books_say_what_the_receipts_say(before: Picture, after: Picture, facts: Facts) -> Iterator[str]:
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


def the_lines_of_the_books_add_up(before: Picture, after: Picture, facts: Facts) -> Iterator[str]:
    for pk, source in after.sources.items():
        lines = [row for row in after.transactions.values() if row.source_id == pk]
        for kind, total in (("Debit", source.amount_debited), ("Refund", source.amount_refunded)):
            if sum(row.amount for row in lines if row.txn_type == kind) != total:
                yield f"the {kind} lines of source {pk} do not add up to {total}"


def the_books_name_the_money(before: Picture, after: Picture, facts: Facts) -> Iterator[str]:
    for order_id in after.orders:
        named = {row.reference for row in after.sources.values() if row.order_id == order_id}
        for receipt in after.receipts_of(order_id):
            if receipt.allocation == Allocation.APPLIED and not receipt.error and (receipt.number or "") not in named:
                yield f"the books of order {order_id} do not name {receipt.number}"


def an_order_is_paid_by_booked_money_only(before: Picture, after: Picture, facts: Facts) -> Iterator[str]:
    for pk, order in after.orders.items():
        had_money = any(receipt.booked_at for receipt in after.receipts_of(pk))
        if order.status == PAID and not had_money:
            yield f"order {pk} is {PAID} without money"
        if had_money and order.status not in {PAID, CANCELLED}:
            yield f"order {pk} has money in its books and is {order.status}"


def one_attempt_lives(before: Picture, after: Picture, facts: Facts) -> Iterator[str]:
    live = Counter(row.mpesa_order_id for row in after.payments.values() if PaymentStatus(row.status) in LIVE)
    yield from (f"order {pk} has {count} live attempts" for pk, count in live.items() if count > 1)
    for pk, payment in after.payments.items():
        if payment.live_order != (payment.mpesa_order_id if PaymentStatus(payment.status) in LIVE else None):
            yield f"payment {pk} is {payment.status} and its live_order {payment.live_order}"


def every_step_is_legal(before: Picture, after: Picture, facts: Facts) -> Iterator[str]:
    for pk in after.steps.keys() - before.steps.keys():
        step = after.steps[pk]
        if not is_allowed(PaymentStatus(step.params["before"]), PaymentStatus(step.params["after"])):
            yield f"a payment went from {step.params['before']} to {step.params['after']}"
    for pk, payment in before.payments.items():
        if payment.status == PaymentStatus.COMPLETED and after.payments[pk].status != PaymentStatus.COMPLETED:
            yield f"payment {pk} was completed and is {after.payments[pk].status}"


def a_completed_attempt_has_its_money(before: Picture, after: Picture, facts: Facts) -> Iterator[str]:
    for pk, payment in after.payments.items():
        order_id = payment.mpesa_order_id
        money = [row for row in after.receipts.values() if row.payment_id == pk or row.order_id == order_id]
        if payment.status == PaymentStatus.COMPLETED and not money:
            yield f"payment {pk} is completed by no receipt"
        if payment.on_hold and not any(row.payment_id == pk and row.allocation in NEEDS_DECISION for row in money):
            yield f"payment {pk} is held by no money"


def a_held_attempt_waits_for_a_person(before: Picture, after: Picture, facts: Facts) -> Iterator[str]:
    for pk, was in before.payments.items():
        payment = after.payments[pk]
        money = [row for row in after.receipts.values() if row.payment_id == pk and row.allocation in NEEDS_DECISION]
        if not was.on_hold or (not payment.on_hold and (payment.status == PaymentStatus.COMPLETED or not money)):
            continue
        if not payment.on_hold or payment.status != was.status:
            yield f"payment {pk} was held and is {payment.status}"
        if len(after.payments_of(was.mpesa_order_id)) > len(before.payments_of(was.mpesa_order_id)):
            yield f"order {was.mpesa_order_id} was prompted while payment {pk} is held"


def stock_is_held_for_open_orders_only(before: Picture, after: Picture, facts: Facts) -> Iterator[str]:
    on_hold = Counter(facts.rivals)
    for line in after.lines.values():
        mpesa_order = after.mpesa_orders.get(line.order_id)
        if mpesa_order is None or mpesa_order.closed_at is None:
            on_hold[line.stockrecord_id] += line.quantity
    for pk, record in after.stock.items():
        if (record.num_allocated or 0) != on_hold[pk]:
            yield f"{record.num_allocated} of stock record {pk} are allocated, and should be {on_hold[pk]}"


def what_was_given_back_stays_so(before: Picture, after: Picture, facts: Facts) -> Iterator[str]:
    for pk, mpesa_order in after.mpesa_orders.items():
        if mpesa_order.basket_restored_at and mpesa_order.closed_at is None:
            yield f"order {pk} was given back to a basket and is held as well"
        was = before.mpesa_orders.get(pk)
        if was and was.basket_restored_at and was.basket_restored_at != mpesa_order.basket_restored_at:
            yield f"order {pk} was given back twice"


def the_clock_releases_only_what_nobody_paid(before: Picture, after: Picture, facts: Facts) -> Iterator[str]:
    for mpesa_order in _newly_released(before, after):
        pk = mpesa_order.pk
        if mpesa_order.close_reason == CloseReason.STAFF:
            continue
        if any(receipt.allocation in MONEY_ARRIVED for receipt in after.receipts_of(pk)):
            yield f"order {pk} was released with money there"
        if any(PaymentStatus(payment.status) in LIVE or payment.on_hold for payment in after.payments_of(pk)):
            yield f"order {pk} was released with an attempt under way"


def the_clock_asks_before_it_releases(before: Picture, after: Picture, facts: Facts) -> Iterator[str]:
    for mpesa_order in _newly_released(before, after):
        if mpesa_order.close_reason not in BY_THE_CLOCK:
            continue
        pk, is_unasked = mpesa_order.pk, mpesa_order.close_reason == CloseReason.UNCONFIRMED
        unaskable = any(payment.push_sent_at and not payment.checkout_request_id for payment in after.payments_of(pk))
        if facts.now < mpesa_order.pay_before + (MAX_POSTPONEMENT if is_unasked and not unaskable else timedelta()):
            yield f"order {pk} was released before its time"
        for payment in after.payments_of(pk):
            was_asked = payment.pk in facts.asked or payment.not_paid_at is not None
            if payment.checkout_request_id and payment.status != PaymentStatus.COMPLETED and not was_asked:
                yield f"order {pk} was released and nobody asked about payment {payment.pk}"


def what_is_to_be_told_is_told_once(before: Picture, after: Picture, facts: Facts) -> Iterator[str]:
    owed = {row.key for row in after.outbox_messages.values()}
    for receipt in after.receipts.values():
        if receipt.allocation == Allocation.APPLIED and f"order_paid order {receipt.order_id}" not in owed:
            yield f"nobody is told that order {receipt.order_id} is paid"
        if receipt.allocation in NEEDS_DECISION and f"receipt_unmatched receipt {receipt.pk}" not in owed:
            yield f"nobody is told of receipt {receipt.pk}"
    yield from (f"{what} was told {times} times" for what, times in facts.announced.items() if times > 1)


LAWS: tuple[Law, ...] = (
    a_number_counts_once,
    no_money_is_lost,
    money_of_its_own_is_not_closed_as_another_s,
    a_number_goes_to_the_money_that_lacks_it,
    money_pays_an_order_once,
    another_amount_pays_by_a_decision_only,
    the_books_say_what_the_receipts_say,
    the_lines_of_the_books_add_up,
    the_books_name_the_money,
    an_order_is_paid_by_booked_money_only,
    one_attempt_lives,
    every_step_is_legal,
    a_completed_attempt_has_its_money,
    a_held_attempt_waits_for_a_person,
    stock_is_held_for_open_orders_only,
    what_was_given_back_stays_so,
    the_clock_releases_only_what_nobody_paid,
    the_clock_asks_before_it_releases,
    what_is_to_be_told_is_told_once,
)


def broken(before: Picture, after: Picture, facts: Facts) -> list[str]:
    """Every law that a step broke, in sentences."""
    return [sentence for law in LAWS for sentence in law(before, after, facts)]


def hanging(after: Picture) -> Iterator[str]:
    """What still waits though a day went by, and no person has to decide."""
    for pk, payment in after.payments.items():
        if PaymentStatus(payment.status) in LIVE and not payment.on_hold:
            yield f"payment {pk} is {payment.status} for ever"
    for pk in {payment.mpesa_order_id for payment in after.payments.values()}:
        money = [receipt for receipt in after.receipts_of(pk) if receipt.allocation in MONEY_ARRIVED]
        if after.orders[pk].status == PENDING and not money:
            yield f"order {pk} holds its stock for ever"
    for due in after.outbox_messages.values():
        if due.delivered_at is None:
            yield f"{due.key} is never told"


def _newly_released(before: Picture, after: Picture) -> list[Any]:
    was_open = {pk for pk, row in before.mpesa_orders.items() if row.closed_at is None}
    return [row for pk, row in after.mpesa_orders.items() if row.closed_at and pk in was_open]
