"""Lock a receipt together with all orders that it concerns (L3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from oscar_mpesa.models import (
    MpesaAllocation,
    MpesaOrder,
    MpesaPayment,
    MpesaReceipt,
    MpesaRefund,
    RefundStatus,
    UnmatchedReason,
)
from oscar_mpesa.services.exceptions import MoneyMoved
from oscar_mpesa.services.ledger import NOTHING, Entries, cached_sums, read_ledger, write_receipt_sums
from oscar_mpesa.services.locks import lock_mpesa_orders, lock_order
from oscar_mpesa.services.reassessment import settle

#: If a decision leaves an order unpaid, its shopper has at least this long to pay.
TIME_TO_PAY = timedelta(minutes=30)


@dataclass(slots=True, kw_only=True)
class LockedReceipt(Entries):
    """A locked receipt with its entries and refunds, and the orders that it is meant for or counts for, locked too."""

    receipt: MpesaReceipt
    mpesa_orders: dict[int, MpesaOrder]

    @property
    def active(self) -> list[MpesaAllocation]:
        """Return the receipt's active allocations, oldest first, those without an order too."""
        return self.entries_of(self.receipt)

    @property
    def refunded_amount(self) -> Decimal:
        """Return what was refunded of the receipt, in shillings."""
        return sum((each.amount for each in self.refunds if each.status == RefundStatus.COMPLETED), NOTHING)

    @property
    def refundable(self) -> Decimal:
        """Return how much of the receipt can be refunded, in shillings."""
        return max(self.left(self.receipt), NOTHING) + sum((self.free(each) for each in self.active), NOTHING)

    def settle(self, *, now: datetime) -> None:
        """Reassess the orders, and write the sums of a receipt that belongs to none.

        The order that the money was meant for comes first: it may use it, and says why money is left.
        """
        for pk in sorted(self.mpesa_orders, key=lambda pk: pk != self.receipt.meant_for_id):
            settle(read_ledger(self.mpesa_orders[pk]), now=now)
            _extend_deadline(self.mpesa_orders[pk], now)
        if not self.mpesa_orders:
            cached, is_negative = cached_sums(self.receipt), self.left(self.receipt) < 0
            reason = UnmatchedReason.REFUNDED_TWICE if is_negative else UnmatchedReason.NO_ORDER
            self.receipt.unmatched_reason = reason.value
            write_receipt_sums(self, self.receipt, cached)
        self.receipt.refresh_from_db(fields=["unallocated", "unmatched_reason", "status"])


def lock_orders_of(receipt: MpesaReceipt, *order_ids: int) -> None:
    """Lock the receipt's orders and these others, by id, before one of them gets its M-PESA side."""
    for pk in sorted(orders_of(receipt) | set(order_ids)):
        lock_order(pk)


def lock_receipt(receipt: MpesaReceipt, *order_ids: int) -> LockedReceipt:
    """Lock the receipt's orders and these others, by id, then its payment, then the receipt; read all of it again.

    Call it inside a transaction. Raises ``MoneyMoved`` if it turns out to concern another order: that one is not
    locked, so ``repeat_on_deadlock`` starts anew.
    """
    orders = lock_mpesa_orders(orders_of(receipt) | set(order_ids))
    payment = None
    if receipt.payment_id is not None:
        payment = MpesaPayment.objects.select_for_update().select_related("mpesa_order").get(pk=receipt.payment_id)
    locked = MpesaReceipt.objects.select_for_update().get(pk=receipt.pk)
    locked.payment = payment
    if not orders_of(locked) <= set(orders):
        raise MoneyMoved(receipt.pk)
    return LockedReceipt(
        receipt=locked,
        mpesa_orders=orders,
        allocations=list(MpesaAllocation.objects.select_for_update().filter(receipt_id=locked.pk).order_by("pk")),
        refunds=list(MpesaRefund.objects.select_for_update().filter(receipt_id=locked.pk).order_by("pk")),
    )


def _extend_deadline(mpesa_order: MpesaOrder, now: datetime) -> None:
    """Give the shopper time to pay an order that still awaits payment after a decision about its money."""
    until = now + TIME_TO_PAY
    is_late = mpesa_order.is_awaiting_payment and mpesa_order.pay_before < until
    if is_late and not mpesa_order.is_paid and not mpesa_order.is_enrolled:
        mpesa_order.pay_before = mpesa_order.close_check_at = until
        mpesa_order.save(update_fields=["pay_before", "close_check_at"])


def orders_of(receipt: MpesaReceipt) -> set[int]:
    """Return the ids of the orders that a receipt counts for, or is meant for. Makes one query."""
    active = MpesaAllocation.objects.active().filter(receipt_id=receipt.pk, order_id__isnull=False)
    return {*active.values_list("order_id", flat=True), *filter(None, [receipt.meant_for_id])}
