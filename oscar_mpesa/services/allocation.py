"""What arrived money is used for. Callers hold the locks of the order and the payment."""

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
from oscar_mpesa.services.locks import lock_order
from oscar_mpesa.services.ports import FATAL_ERRORS, shop

logger = logging.getLogger("oscar_mpesa")

#: When the books are tried again after the shop's own code raised; each further pause is twice as long.
FIRST_RETRY = timedelta(minutes=1)

#: After so many tries a person has to look.
MAX_TRIES = 10

#: Money in the shop's books stands there under one of these. A mismatch was applied before Safaricom told another
#: amount, and staff decide (M8), perhaps by closing it with a note.
BOOKED_ALLOCATIONS = {Allocation.APPLIED.value, Allocation.MISMATCH.value, Allocation.EXPLAINED.value}


def allocate(
    receipt: MpesaReceipt, mpesa_order: MpesaOrder, now: datetime, *, others: Iterable[MpesaReceipt]
) -> Allocation:
    """Use a receipt for its order where that is right, else keep it for a person; say what became of it."""
    if is_order_paid(mpesa_order, others):
        return record_allocation(receipt, mpesa_order, now, Allocation.SURPLUS, reason=ReceiptReason.ORDER_PAID)
    if receipt.environment != PRODUCTION and get_settings().environment == PRODUCTION:
        return record_allocation(receipt, mpesa_order, now, Allocation.UNALLOCATED, reason=ReceiptReason.TEST_MONEY)
    if _is_closed(mpesa_order):
        return record_allocation(receipt, mpesa_order, now, Allocation.UNALLOCATED, reason=ReceiptReason.ORDER_CLOSED)
    return _allocate_to_order(receipt, mpesa_order, now)


def is_order_paid(mpesa_order: MpesaOrder, receipts: Iterable[MpesaReceipt]) -> bool:
    """By receipts whose money stands in the order's books, never by the order's status."""
    own = (receipt for receipt in receipts if receipt.order_id == mpesa_order.pk)
    return any(receipt.booked_at is not None and receipt.allocation in BOOKED_ALLOCATIONS for receipt in own)


def has_money(order_id: int) -> bool:
    """Money of an order is here, in the books or waiting for a person, so nobody is asked to pay again; one query."""
    return MpesaReceipt.objects.filter(order_id=order_id, allocation__in=MONEY_ARRIVED).exists()


def book_receipt(receipt: MpesaReceipt, mpesa_order: MpesaOrder, now: datetime) -> bool:
    """Write the shop's books in a savepoint, and reopen a closed order.

    Returns False if a closed order's stock is sold. Raises what the shop's own code raises, and then leaves nothing in
    the books; raises ``AdapterMissing`` without a shop adapter.
    """
    released = mpesa_order.is_closed
    snapshot = mpesa_order.stock_snapshot if released else None
    with transaction.atomic():
        used = shop().write_books(receipt, mpesa_order.order, stock_snapshot=snapshot)
    if used and released:
        _reopen_order(mpesa_order, now)
    if used:
        receipt.booked_at = receipt.booked_at or now
    return used


def record_allocation(
    receipt: MpesaReceipt,
    mpesa_order: MpesaOrder,
    now: datetime,
    allocation: Allocation,
    *,
    reason: ReceiptReason | None = None,
    **params: str,
) -> Allocation:
    """Write down what became of a receipt, and owe what has to be told of it; ``params`` go to its event."""
    receipt.allocation, receipt.allocated_at, receipt.reason = allocation, now, reason.value if reason else ""
    receipt.save()
    if allocation is Allocation.APPLIED:
        outbox.enqueue(subject_of(receipt, mpesa_order), *outbox.MESSAGES_WHEN_PAID, now=now, receipt=receipt)
    else:
        report_unmatched(receipt, mpesa_order, now, **params)
    return allocation


def report_unmatched(receipt: MpesaReceipt, mpesa_order: MpesaOrder, now: datetime, **params: str) -> None:
    """Log, audit and announce money that waits for a person; its payer is told, unless only our books lag.

    ``params`` are what the sentence of the receipt's reason names, such as the amount that was asked for.
    """
    subject = subject_of(receipt, mpesa_order)
    told = (mpesa_order.pk, receipt.amount, receipt.number, receipt.allocation, receipt.reason)
    logger.error("M-Pesa order %s: KSh %s (%s) wait for a person: %s, %s", *told)
    step = {"after": receipt.allocation, "reason": receipt.reason, **params}
    audit.record(EventType.RECEIPT_UNMATCHED, subject, now=now, receipt=receipt, **step)
    mails = () if receipt.error else (MessageKind.UNMATCHED_EMAIL,)
    outbox.enqueue(subject, MessageKind.RECEIPT_UNMATCHED, *mails, now=now, receipt=receipt)


def subject_of(receipt: MpesaReceipt, mpesa_order: MpesaOrder) -> MpesaPayment | MpesaOrder:
    """Whose timeline tells of a receipt: the attempt's that brought it, unless staff used it for another order."""
    payment = receipt.payment
    return payment if payment is not None and payment.order_id == mpesa_order.pk else mpesa_order


def retry_booking(receipt: MpesaReceipt, *, now: datetime) -> bool:
    """Try the books of unallocated money once more, where the shop's own code raised; False if it still does.

    Locks the order. Claimed by a compare-and-set on ``tries``; True too if somebody else has it. The order may have
    been paid or closed meanwhile: then the money is surplus, or waits for a person.
    """
    later = now + FIRST_RETRY * 2**receipt.tries
    unclaimed = MpesaReceipt.objects.filter(pk=receipt.pk, tries=receipt.tries, allocation=Allocation.UNALLOCATED)
    if not unclaimed.update(tries=F("tries") + 1, next_try_at=later if receipt.tries + 1 < MAX_TRIES else None):
        return True
    with transaction.atomic(durable=True):
        assert receipt.order_id is not None
        order = lock_order(receipt.order_id)
        locked = MpesaReceipt.objects.select_for_update().get(pk=receipt.pk)
        if locked.allocation != Allocation.UNALLOCATED:
            return True
        mpesa_order = MpesaOrder.objects.get(pk=order.pk)
        mpesa_order.order = order
        tries, locked.error = locked.tries, ""
        allocate(locked, mpesa_order, now, others=MpesaReceipt.objects.filter(order_id=order.pk))
        failed = bool(locked.error)
        MpesaReceipt.objects.filter(pk=receipt.pk).update(
            tries=tries, next_try_at=later if failed and tries < MAX_TRIES else None
        )
    return not failed


def _is_closed(mpesa_order: MpesaOrder) -> bool:
    settings = get_settings()
    if mpesa_order.order.status == settings.CANCELLED_STATUS:
        return True
    return mpesa_order.is_closed and not (settings.REOPEN_EXPIRED_ORDERS and mpesa_order.can_be_reopened)


def _allocate_to_order(receipt: MpesaReceipt, mpesa_order: MpesaOrder, now: datetime) -> Allocation:
    """Write the books, and keep the receipt if the shop's own code raises.

    A deadlock can roll back the whole transaction, and a missing adapter is nobody's refusal: both are raised.
    """
    try:
        used = book_receipt(receipt, mpesa_order, now)
    except FATAL_ERRORS:
        raise
    except Exception as error:
        logger.exception("M-Pesa order %s: the money is there, the books failed", mpesa_order.pk)
        receipt.error, receipt.tries, receipt.next_try_at = repr(error), 1, now + FIRST_RETRY
        return record_allocation(receipt, mpesa_order, now, Allocation.UNALLOCATED, reason=ReceiptReason.BOOKS_FAILED)
    if not used:
        return record_allocation(receipt, mpesa_order, now, Allocation.UNALLOCATED, reason=ReceiptReason.SOLD_OUT)
    return record_allocation(receipt, mpesa_order, now, Allocation.APPLIED)


def _reopen_order(mpesa_order: MpesaOrder, now: datetime) -> None:
    mpesa_order.closed_at, mpesa_order.close_reason, mpesa_order.stock_snapshot = None, "", {}
    mpesa_order.save(update_fields=["closed_at", "close_reason", "stock_snapshot"])
    audit.record(EventType.ORDER_REOPENED, mpesa_order, now=now)
