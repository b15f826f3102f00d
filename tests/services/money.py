"""Build orders with money, and read what the ledger says of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from oscar.core.loading import get_class, get_model

from oscar_mpesa.models import MpesaAllocation, MpesaClaim, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.allocation import allocate
from oscar_mpesa.services.claims import record_claim
from oscar_mpesa.services.locks import lock_mpesa_order
from oscar_mpesa.services.order_closure import close_expired_order
from oscar_mpesa.services.reassessment import reassess_order
from tests.commit_hooks import commit_hooks
from tests.shop import CANCELS, failure, later, new_order, new_payment, pay, post, success

Order = get_model("order", "Order")

#: Codes of the first and second payment of an order.
FIRST, SECOND = "OD111AAA11", "OD222BBB22"

#: All permissions on money.
PERMISSIONS = ("match_receipt", "record_claim", "record_refund", "resolve_receipt", "close_order")


def paid_order(**about: Any) -> Any:
    """Create an order that is paid by one push."""
    return order_of(pay(new_payment(new_order(**about)), number=FIRST))


def twice_paid() -> Any:
    """Create an order that two pushes paid: ``FIRST`` counts for it, ``SECOND`` is overpaid."""
    first, second = canceled_twice()
    pay(first, number=FIRST, now=later(300))
    pay(second, number=SECOND, now=later(310))
    return order_of(first)


def surplus_moved_to_another_order(staff: Any) -> tuple[Any, Any]:
    """Return an order that was paid twice, and the order to which staff matched the second payment."""
    first, other = new_order(), new_order()
    late = new_payment(first)
    post(late, failure(late), now=later(30))
    payment = new_payment(first, now=later(600))
    pay(payment, number="ODA0000001", now=later(620))
    pay(late, number="ODA0000002", now=later(700))
    allocate(MpesaReceipt.objects.get(number="ODA0000002"), other, by=staff, now=later(1900))
    return first, other


def canceled_twice(*, total: str = "1500.00") -> tuple[MpesaPayment, MpesaPayment]:
    """Create an order with two payments that ended without money. Both may still be paid."""
    first = new_payment(new_order(total=total), phone=CANCELS)
    post(first, failure(first), now=later(10))
    second = new_payment(first.mpesa_order.order, phone=CANCELS, now=later(100))
    post(second, failure(second), now=later(110))
    return first, second


def expired_order() -> MpesaPayment:
    """Create a payment whose order was closed by the clock."""
    payment = new_payment(phone=CANCELS)
    post(payment, failure(payment), now=later(10))
    close_expired_order(payment.mpesa_order, now=later(1800))
    payment.refresh_from_db()
    return payment


def pay_amount(payment: MpesaPayment, amount: int, *, number: str = FIRST, at: float = 5) -> MpesaReceipt:
    """Let a payment bring this amount, as Safaricom confirms it."""
    post(payment, success(payment, amount=amount, number=number), now=later(at))
    return receipt(number)


def claim_for(order: Any, by: Any, *, number: str = FIRST, amount: Any = 1500, at: float = 400) -> MpesaClaim:
    """Record money that staff saw in the portal."""
    return record_claim(number, Decimal(amount), order=order, by=by, note="portal", now=later(at))


def change_total(order: Any, total: str, *, at: float = 500) -> None:
    """Change an order's total as a shop does, and reassess it."""
    Order.objects.filter(pk=order.pk).update(total_incl_tax=Decimal(total), total_excl_tax=Decimal(total))
    reassess(order, at=at)


def set_status(order: Any, status: str) -> None:
    """Set an order's status as Oscar's dashboard does."""
    with commit_hooks():
        get_class("order.processing", "EventHandler")().handle_order_status_change(order_of(order), status)


def reassess(order: Any, *, at: float = 600) -> None:
    reassess_order(lock_mpesa_order(order.pk), now=later(at))


def order_of(subject: Any) -> Any:
    """Read the order of a payment, or an order again."""
    return Order.objects.get(pk=subject.order_id if isinstance(subject, MpesaPayment) else subject.pk)


def row(order: Any) -> MpesaOrder:
    return MpesaOrder.objects.select_related("order").get(pk=order.pk)


def receipt(number: str | None = FIRST) -> MpesaReceipt:
    return MpesaReceipt.objects.get(number=number)


def money(number: str | None = FIRST) -> Any:
    """Return a receipt's status, unallocated amount and reason."""
    own = receipt(number)
    return own.status, own.unallocated, own.unmatched_reason


def balance(order: Any) -> Any:
    """Return whether an order is paid, and what is missing."""
    own = row(order)
    return own.is_paid, own.balance


def entries(order: Any) -> Any:
    """Return the codes and amounts of an order's active allocations."""
    active = MpesaAllocation.objects.active().filter(order_id=order.pk).select_related("receipt", "claim")
    return [(each.number, each.amount) for each in active]


def books(order: Any) -> Any:
    """Return what Oscar's books say that M-PESA paid for an order, without what was refunded."""
    sources = order.sources.filter(source_type__code="mpesa")
    return sum((each.amount_debited - each.amount_refunded for each in sources), Decimal(0))


def signals(order: Any) -> list[str]:
    """Return the outbox keys of an order's signals about being paid, in their order."""
    kinds = ("order_paid", "order_unpaid")
    messages = row(order).outbox_messages.filter(kind__in=kinds).order_by("pk")
    return [f"{each.kind} {each.key.split()[-1]}" for each in messages]
