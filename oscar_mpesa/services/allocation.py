"""Allocate receipts to orders and book them. Unless stated otherwise, the caller locks the order and the payment."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from oscar_mpesa.conf import PRODUCTION, get_settings
from oscar_mpesa.models import Allocation, EventType, MessageKind, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.models.receipts import MONEY_ARRIVED, ReceiptReason
from oscar_mpesa.services import audit, outbox
from oscar_mpesa.services.locks import lock_mpesa_order
from oscar_mpesa.services.ports import FATAL_ERRORS, shop

logger = logging.getLogger("oscar_mpesa")

#: When booking is retried after the shop's own code raised. Each further pause is twice as long.
FIRST_RETRY = timedelta(minutes=1)

#: After this many tries booking is not retried, and staff decide.
MAX_TRIES = 10

#: Allocations of money that can be in the shop's books. A mismatch is booked if Safaricom reported another amount
#: after the money was applied. Staff may resolve it with a note.
BOOKED_ALLOCATIONS = {Allocation.APPLIED.value, Allocation.MISMATCH.value, Allocation.EXPLAINED.value}


def allocate(
    receipt: MpesaReceipt, mpesa_order: MpesaOrder, now: datetime, *, others: Iterable[MpesaReceipt]
) -> Allocation:
    """Allocate a receipt to its order and book it, or keep it unmatched; return the allocation.

    ``others`` are the order's other receipts. If the shop's own code raises, the receipt is kept and booked later. A
    deadlock can roll back the whole transaction, and a missing adapter is no refusal, so both are raised.
    """
    reason = _unmatched_reason(receipt, mpesa_order, others)
    if reason is None:
        try:
            reason = None if book_receipt(receipt, mpesa_order, now) else ReceiptReason.SOLD_OUT
        except FATAL_ERRORS:
            raise
        except Exception as error:
            logger.exception("M-PESA order %s: the money arrived, but booking it failed", mpesa_order.pk)
            receipt.error, receipt.tries, receipt.next_try_at = repr(error), 1, now + FIRST_RETRY
            reason = ReceiptReason.BOOKS_FAILED
    if reason is None:
        return record_allocation(receipt, mpesa_order, now, Allocation.APPLIED)
    allocation = Allocation.SURPLUS if reason is ReceiptReason.ORDER_PAID else Allocation.UNALLOCATED
    return record_allocation(receipt, mpesa_order, now, allocation, reason=reason)


def _unmatched_reason(
    receipt: MpesaReceipt, mpesa_order: MpesaOrder, others: Iterable[MpesaReceipt]
) -> ReceiptReason | None:
    """Return why the receipt must not be booked for the order, or None."""
    settings = get_settings()
    if is_order_paid(mpesa_order, others):
        return ReceiptReason.ORDER_PAID
    if receipt.environment != PRODUCTION and settings.environment == PRODUCTION:
        return ReceiptReason.TEST_MONEY
    can_be_reopened = settings.REOPEN_EXPIRED_ORDERS and mpesa_order.can_be_reopened
    is_cancelled = mpesa_order.order.status == settings.CANCELLED_STATUS
    return ReceiptReason.ORDER_CLOSED if is_cancelled or (mpesa_order.is_closed and not can_be_reopened) else None


def is_order_paid(mpesa_order: MpesaOrder, receipts: Iterable[MpesaReceipt]) -> bool:
    """Return whether one of these receipts is in the order's books. The order's status is not checked."""
    own = (receipt for receipt in receipts if receipt.order_id == mpesa_order.pk)
    return any(receipt.booked_at is not None and receipt.allocation in BOOKED_ALLOCATIONS for receipt in own)


def has_money(order_id: int) -> bool:
    """Return whether money arrived for an order and is booked or waits for staff. Costs one query."""
    return MpesaReceipt.objects.filter(order_id=order_id, allocation__in=MONEY_ARRIVED).exists()


def book_receipt(receipt: MpesaReceipt, mpesa_order: MpesaOrder, now: datetime) -> bool:
    """Write the shop's books in a savepoint, and reopen a closed order.

    Returns False if a closed order's stock is sold. Raises what the shop's own code raises, and then leaves nothing in
    the books; raises ``AdapterMissing`` without a shop adapter.
    """
    snapshot = mpesa_order.stock_snapshot if mpesa_order.is_closed else None
    with transaction.atomic():
        is_booked = shop().write_books(receipt, mpesa_order.order, stock_snapshot=snapshot)
    if not is_booked:
        return False
    if mpesa_order.is_closed:
        mpesa_order.closed_at, mpesa_order.close_reason, mpesa_order.stock_snapshot = None, "", {}
        mpesa_order.save(update_fields=["closed_at", "close_reason", "stock_snapshot"])
        audit.record(EventType.ORDER_REOPENED, mpesa_order, now=now)
    receipt.booked_at = receipt.booked_at or now
    return True


def record_allocation(
    receipt: MpesaReceipt,
    mpesa_order: MpesaOrder,
    now: datetime,
    allocation: Allocation,
    *,
    reason: ReceiptReason | None = None,
    **params: str,
) -> Allocation:
    """Save the receipt with its allocation and enqueue the messages about it; ``params`` go to its event."""
    receipt.allocation, receipt.allocated_at, receipt.reason = allocation, now, reason.value if reason else ""
    receipt.save()
    if allocation is Allocation.APPLIED:
        outbox.enqueue(subject_of(receipt, mpesa_order), *outbox.MESSAGES_WHEN_PAID, now=now, receipt=receipt)
    else:
        report_unmatched(receipt, mpesa_order, now, **params)
    return allocation


def report_unmatched(receipt: MpesaReceipt, mpesa_order: MpesaOrder, now: datetime, **params: str) -> None:
    """Log, audit and signal money that waits for staff. The payer gets an email, unless only booking failed.

    ``params`` hold the amounts and codes that the sentence for the receipt's reason shows.
    """
    subject = subject_of(receipt, mpesa_order)
    facts = (mpesa_order.pk, receipt.amount, receipt.number, receipt.allocation, receipt.reason)
    logger.error("M-PESA order %s: KSh %s (%s) needs a decision: %s, %s", *facts)
    details = {"after": receipt.allocation, "reason": receipt.reason, **params}
    audit.record(EventType.RECEIPT_UNMATCHED, subject, now=now, receipt=receipt, **details)
    emails = () if receipt.error else (MessageKind.UNMATCHED_EMAIL,)
    outbox.enqueue(subject, MessageKind.RECEIPT_UNMATCHED, *emails, now=now, receipt=receipt)


def subject_of(receipt: MpesaReceipt, mpesa_order: MpesaOrder) -> MpesaPayment | MpesaOrder:
    """Return whose timeline shows the receipt: its payment, or the order if the payment is for another order."""
    payment = receipt.payment
    return payment if payment is not None and payment.order_id == mpesa_order.pk else mpesa_order


def retry_booking(receipt: MpesaReceipt, *, now: datetime) -> bool:
    """Book a receipt again after the shop's own code raised; return False if it raised once more.

    Locks the order. Reserves the receipt by compare-and-set on ``tries``, and returns True if another worker reserved
    it first. If the order was paid or closed meanwhile, the receipt stays unmatched.
    """
    later = now + FIRST_RETRY * 2**receipt.tries
    unreserved = MpesaReceipt.objects.filter(pk=receipt.pk, tries=receipt.tries, allocation=Allocation.UNALLOCATED)
    if not unreserved.update(tries=F("tries") + 1, next_try_at=later if receipt.tries + 1 < MAX_TRIES else None):
        return True
    with transaction.atomic(durable=True):
        assert receipt.order_id is not None
        mpesa_order = lock_mpesa_order(receipt.order_id)
        locked = MpesaReceipt.objects.select_for_update().get(pk=receipt.pk)
        if locked.allocation != Allocation.UNALLOCATED:
            return True
        tries, locked.error = locked.tries, ""
        allocate(locked, mpesa_order, now, others=MpesaReceipt.objects.filter(order_id=mpesa_order.pk))
        has_failed = bool(locked.error)
        MpesaReceipt.objects.filter(pk=receipt.pk).update(
            tries=tries, next_try_at=later if has_failed and tries < MAX_TRIES else None
        )
    return not has_failed
