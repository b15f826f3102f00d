"""The money that came in for an order, as the order's page has to speak of it."""

from __future__ import annotations

from dataclasses import dataclass

from oscar_mpesa.models import Allocation, MpesaPayment, MpesaReceipt
from oscar_mpesa.payment_page.page_state import PaymentPageState

#: The page's states by money, in the order of precedence; the last three are decisions of the staff.
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

_OF_OWN = {
    Allocation.SURPLUS: PaymentPageState.SURPLUS,
    Allocation.APPLIED: PaymentPageState.PAID,
    Allocation.MISMATCH: PaymentPageState.MISMATCH,
    Allocation.UNALLOCATED: PaymentPageState.LATE,
    Allocation.RETURNED: PaymentPageState.RETURNED,
    Allocation.EXPLAINED: PaymentPageState.EXPLAINED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderMoney:
    """All receipts of one order, oldest first, and what the page says by them.

    ``state`` is one of ``STATES``, None where no money came; ``receipt`` is the one that it is about.
    """

    state: PaymentPageState | None = None
    receipt: MpesaReceipt | None = None
    kept: tuple[MpesaReceipt, ...] = ()
    decided: tuple[MpesaReceipt, ...] = ()

    def told_of(self, *, beside: MpesaReceipt | None) -> tuple[MpesaReceipt, ...]:
        """Those that a person decided about, but for the one the page is about, and those of which a part went back."""
        others = (each for each in self.decided if each is not beside)
        return (*others, *(each for each in self.kept if each.returned_amount is not None))

    def brought_by(self, payment: MpesaPayment) -> list[MpesaReceipt]:
        """Those that one attempt brought, oldest first."""
        own = (each for each in (*self.kept, *self.decided) if each.payment_id == payment.pk)
        return sorted(own, key=lambda each: each.pk)

    @property
    def stands(self) -> bool:
        """It is here, in the books or waiting for a person, so nobody pays again."""
        return self.state is not None and self.state.has_money


def order_money(order_id: int) -> OrderMoney:
    """The receipts of an order, and those of its attempts that were used elsewhere; one query."""
    of_order = MpesaReceipt.objects.order_by().filter(order_id=order_id)
    elsewhere = MpesaReceipt.objects.order_by().filter(payment__mpesa_order_id=order_id).exclude(order_id=order_id)
    # Two halves, because no database finds its way through an "or" of two tables by its indexes.
    stated = [(_state(each, order_id), each) for each in of_order.union(elsewhere, all=True).order_by("id")]
    state, receipt = min(stated, key=lambda pair: STATES.index(pair[0]), default=(None, None))
    return OrderMoney(
        state=state,
        receipt=receipt,
        kept=tuple(each for found, each in stated if found.has_money),
        decided=tuple(each for found, each in stated if not found.has_money),
    )


def _state(receipt: MpesaReceipt, order_id: int) -> PaymentPageState:
    if receipt.order_id != order_id and receipt.allocation not in {Allocation.RETURNED, Allocation.EXPLAINED}:
        return PaymentPageState.USED
    if receipt.allocation == Allocation.EXPLAINED and receipt.booked_at is not None:
        return PaymentPageState.PAID
    if receipt.allocation == Allocation.UNALLOCATED and receipt.error:
        return PaymentPageState.ARRIVED
    return _OF_OWN[Allocation(receipt.allocation)]
