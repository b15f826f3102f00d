"""Build money and orders, and a decision about them that is not made yet."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from oscar_mpesa.models import MpesaAllocation, MpesaReceipt, RefundPurpose
from oscar_mpesa.services.allocation import allocate, move_allocation, resolve_receipt, reverse_allocation
from oscar_mpesa.services.claims import withdraw_claim
from oscar_mpesa.services.order_closure import close_order
from oscar_mpesa.services.refunds import record_refund, void_refund
from tests.services.money import (
    FIRST,
    SECOND,
    canceled_twice,
    claim_for,
    expired_order,
    order_of,
    paid_order,
    pay_amount,
    receipt,
    twice_paid,
)
from tests.services.refunds import refund
from tests.shop import later, new_order, new_payment, pay

#: What to do, the money that it is about, and the orders that are named.
Case = tuple[Callable[[], Any], MpesaReceipt | None, list[Any]]


def entry(number: str = FIRST) -> MpesaAllocation:
    return MpesaAllocation.objects.active().get(receipt__number=number)


def late_money(staff: Any, *, is_closed_by_staff: bool = False) -> MpesaReceipt:
    """Return money of an order that was closed before it came."""
    if not is_closed_by_staff:
        return pay_amount(expired_order(), 1500, at=1900)
    payment, _ = canceled_twice()
    close_order(order_of(payment), by=staff, now=later(200))
    pay(payment, number=FIRST, now=later(300))
    return receipt()


def match(number: str, order: Any, staff: Any, *, amount: Any = None) -> Case:
    act = partial(allocate, receipt(number), order, amount=amount and Decimal(amount), by=staff, now=later(2000))
    return act, receipt(number), [order]


def match_exactly(staff: Any) -> Case:
    twice_paid()
    return match(SECOND, new_order(), staff)


def match_a_part(staff: Any) -> Case:
    twice_paid()
    return match(SECOND, new_payment(new_order(total="2000.00")).mpesa_order.order, staff)


def split(staff: Any) -> Case:
    twice_paid()
    return match(SECOND, new_order(), staff, amount=600)


def match_less_than_owed(staff: Any) -> Case:
    twice_paid()
    return match(SECOND, new_order(total="600.00"), staff)


def reopen(staff: Any) -> Case:
    return match(FIRST, order_of(late_money(staff, is_closed_by_staff=True).payment), staff)


def reopen_for_a_part(staff: Any) -> Case:
    return match(FIRST, order_of(late_money(staff, is_closed_by_staff=True).payment), staff, amount=600)


def unmatch(staff: Any) -> Case:
    paid_order()
    return partial(reverse_allocation, entry(), by=staff, note="hers", now=later(900)), receipt(), []


def unmatch_beside_surplus(staff: Any) -> Case:
    twice_paid()
    return partial(reverse_allocation, entry(), by=staff, note="hers", now=later(900)), receipt(), []


def move(staff: Any) -> Case:
    paid_order()
    target = new_order(total="1200.00")
    return partial(move_allocation, entry(), target, by=staff, note="hers", now=later(900)), receipt(), [target]


def move_to_a_dearer_order(staff: Any) -> Case:
    twice_paid()
    target = new_payment(new_order(total="2000.00")).mpesa_order.order
    return partial(move_allocation, entry(), target, by=staff, note="hers", now=later(900)), receipt(), [target]


def undo_resolving(staff: Any) -> Case:
    twice_paid()
    resolve_receipt(receipt(SECOND), by=staff, note="cash", now=later(800))
    own = entry(SECOND)
    return partial(reverse_allocation, own, by=staff, note="it was not", now=later(900)), receipt(SECOND), []


def resolve(staff: Any) -> Case:
    twice_paid()
    return partial(resolve_receipt, receipt(SECOND), by=staff, note="cash", now=later(900)), receipt(SECOND), []


def send_back(purpose: RefundPurpose, amount: int, staff: Any) -> Case:
    paid_order()
    facts: dict[str, Any] = {"amount": Decimal(amount), "code": "SKR1234567", "purpose": purpose}
    return partial(record_refund, receipt(), **facts, by=staff, now=later(900)), receipt(), []


def void(staff: Any) -> Case:
    paid_order()
    sent = refund(receipt(), staff, amount=1500, purpose=RefundPurpose.PAYMENT_RETURNED)[0]
    return partial(void_refund, sent, by=staff, note="never sent", now=later(900)), receipt(), []


def record(staff: Any) -> Case:
    order = new_order()
    return partial(claim_for, order, staff, at=900), None, [order]


def record_for_a_closed_order(staff: Any) -> Case:
    order = order_of(expired_order())
    return partial(claim_for, order, staff, at=1900), None, [order]


def withdraw(staff: Any) -> Case:
    order = new_order()
    claim = claim_for(order, staff)
    return partial(withdraw_claim, claim, by=staff, note="wrong code", now=later(900)), None, [order]


#: Builders by what is decided. Each gets the person who decides.
CASES: dict[str, Callable[[Any], Case]] = {
    "match exactly": match_exactly,
    "match a part of what is owed": match_a_part,
    "split the money": split,
    "match more than is owed": match_less_than_owed,
    "reopen": reopen,
    "reopen for a part": reopen_for_a_part,
    "unmatch": unmatch,
    "unmatch while other money waits": unmatch_beside_surplus,
    "move": move,
    "move to a dearer order while other money waits": move_to_a_dearer_order,
    "resolve": resolve,
    "undo resolving": undo_resolving,
    "refund as credit": partial(send_back, RefundPurpose.CREDIT, 600),
    "refund a returned payment": partial(send_back, RefundPurpose.PAYMENT_RETURNED, 1500),
    "void a refund": void,
    "record a payment": record,
    "record a payment for a closed order": record_for_a_closed_order,
    "withdraw a recorded payment": withdraw,
}
