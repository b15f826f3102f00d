"""Sum up the receipts of an order for its payment page."""

from __future__ import annotations

from dataclasses import dataclass

from oscar_mpesa.models import Allocation, MpesaPayment, MpesaReceipt
from oscar_mpesa.payment_page.page_state import PaymentPageState

#: The states that receipts lead to, by precedence. The last three are decisions by staff.
STATES = (
    PaymentPageState.SURPLUS,
    PaymentPageState.PAID,
    PaymentPageState.MISMATCH,
    PaymentPageState.ARRIVED,
    PaymentPageState.LATE,
    PaymentPageState.RETURNED,
    PaymentPageState.USED,
    PaymentPageState.EXPLAINED,
)

_STATE_BY_ALLOCATION = {
    Allocation.SURPLUS: PaymentPageState.SURPLUS,
    Allocation.APPLIED: PaymentPageState.PAID,
    Allocation.MISMATCH: PaymentPageState.MISMATCH,
    Allocation.UNALLOCATED: PaymentPageState.LATE,
    Allocation.RETURNED: PaymentPageState.RETURNED,
    Allocation.EXPLAINED: PaymentPageState.EXPLAINED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderMoney:
    """All receipts of one order, oldest first, and the page's state by them.

    ``state`` is one of ``STATES``, or None without receipts. ``receipt`` is the receipt that leads to it. ``kept``
    are the receipts that pay the order or await a decision, ``decided`` those that staff refunded, resolved or used
    for another order.
    """

    state: PaymentPageState | None = None
    receipt: MpesaReceipt | None = None
    kept: tuple[MpesaReceipt, ...] = ()
    decided: tuple[MpesaReceipt, ...] = ()

    def decisions(self, *, without: MpesaReceipt | None) -> tuple[MpesaReceipt, ...]:
        """Return the decided receipts except ``without``, and the kept ones that are partly refunded."""
        others = (each for each in self.decided if each is not without)
        return (*others, *(each for each in self.kept if each.returned_amount is not None))

    def receipts_of(self, payment: MpesaPayment) -> list[MpesaReceipt]:
        """Return the receipts of one payment, oldest first."""
        own = (each for each in (*self.kept, *self.decided) if each.payment_id == payment.pk)
        return sorted(own, key=lambda each: each.pk)

    @property
    def has_arrived(self) -> bool:
        """Whether money pays the order or awaits a decision, so that the shopper must not pay again."""
        return self.state is not None and self.state.has_money


def order_money(order_id: int) -> OrderMoney:
    """Return the receipts of an order, and those of its payments that were used elsewhere. Makes one query."""
    of_order = MpesaReceipt.objects.order_by().filter(order_id=order_id)
    elsewhere = MpesaReceipt.objects.order_by().filter(payment__mpesa_order_id=order_id).exclude(order_id=order_id)
    # A union, because databases do not use their indexes for an OR over two tables.
    receipts = [(_state(each, order_id), each) for each in of_order.union(elsewhere, all=True).order_by("id")]
    state, receipt = min(receipts, key=lambda pair: STATES.index(pair[0]), default=(None, None))
    return OrderMoney(
        state=state,
        receipt=receipt,
        kept=tuple(each for state_of_each, each in receipts if state_of_each.has_money),
        decided=tuple(each for state_of_each, each in receipts if not state_of_each.has_money),
    )


def _state(receipt: MpesaReceipt, order_id: int) -> PaymentPageState:
    if receipt.order_id != order_id and receipt.allocation not in {Allocation.RETURNED, Allocation.EXPLAINED}:
        return PaymentPageState.USED
    if receipt.allocation == Allocation.EXPLAINED and receipt.booked_at is not None:
        return PaymentPageState.PAID
    if receipt.allocation == Allocation.UNALLOCATED and receipt.error:
        return PaymentPageState.ARRIVED
    return _STATE_BY_ALLOCATION[Allocation(receipt.allocation)]
