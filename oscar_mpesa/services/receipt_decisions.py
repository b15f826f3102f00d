"""What staff decide about money that arrived: use it for an order, note its return, or close it with a note.

Each verb locks the orders (sorted), then the payment, then the receipt; asks for a permission of its own; and leaves
an event with the person's name. None of them moves money.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from oscar_mpesa.conf import PRODUCTION, get_settings
from oscar_mpesa.domain.money import CURRENCY
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.domain.receipt_number import ReceiptNumberRefused, receipt_number
from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.models import Allocation, EventType, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.models.receipts import NEEDS_DECISION
from oscar_mpesa.services import allocation, audit
from oscar_mpesa.services.authorization import name_of, require_permission
from oscar_mpesa.services.exceptions import (
    AmountNotAccepted,
    BookingFailed,
    NoDecisionNeeded,
    NoteMissing,
    OrderCancelled,
    OrderPaid,
    OrderReturnedToBasket,
    OtherCurrency,
    OtherEnvironment,
    OutOfStock,
    PartlyRefunded,
    RefundCodeKnown,
    RefundKnown,
    require_amount,
    require_time,
)
from oscar_mpesa.services.locks import lock_order
from oscar_mpesa.services.payment_updates import end_by_staff
from oscar_mpesa.services.payments import get_or_create_mpesa_order
from oscar_mpesa.services.ports import FATAL_ERRORS, shop

__all__ = ["allocate_receipt", "record_refund", "resolve_receipt"]

#: When the end of a hold leaves an order unpaid, its shopper has at least this long to pay.
TIME_TO_PAY_AFTER_HOLD = timedelta(minutes=30)


def allocate_receipt(
    receipt: MpesaReceipt, order: Any, *, by: Any, note: str = "", accept_difference: bool = False, now: datetime
) -> MpesaReceipt:
    """Use money that waits for a person for an order, once; the order may be another one than it came for.

    Writes the books, takes up a released order again if all of it is in stock, and completes the attempt that the
    money came by, if it was for this order. An amount that is not the order's total needs ``accept_difference``.
    Raises ``PermissionDenied`` or ``DecisionRefused``; nothing is changed then.
    """
    require_permission(by, "apply_receipt")
    with transaction.atomic():
        locked = _lock(receipt, order.pk)
        payment = locked.payment
        _require(locked, *NEEDS_DECISION)
        target = get_or_create_mpesa_order(order.pk, environment=locked.environment, now=now)
        _require_fit(locked, target)
        _require_total(locked, target, is_accepted=accept_difference)
        before, came_for, locked.order = locked.allocation, _order_of(locked), target.order
        _write(locked, target, now)
        _sign(locked, by, note)
        allocation.record_allocation(locked, target, now, Allocation.APPLIED)
        _audit(EventType.RECEIPT_MATCHED, locked, target, before=before, by=by, now=now, note=note)
        if payment is not None and payment.order_id == target.pk and not payment.is_paid:
            end_by_staff(payment, PaymentStatus.COMPLETED, by=by, now=now)
        _end_hold(locked, by=by, now=now)
        if came_for is not None and came_for.pk != target.pk:
            _audit(
                EventType.RECEIPT_MATCHED, locked, came_for, before=before, by=by, now=now, order=target.order.number
            )
            _reopen(came_for, now)
        return locked


def require_allocatable(receipt: MpesaReceipt, order: Any) -> None:
    """Raise the ``DecisionRefused`` that ``apply_receipt`` would meet, as far as that is known before trying.

    For a page, before its button: locks and changes nothing. The amount is not looked at, nor what is in stock.
    """
    if order.currency != CURRENCY:
        raise OtherCurrency(order.pk)
    target = MpesaOrder.objects.filter(pk=order.pk).first() or MpesaOrder(pk=order.pk, environment=receipt.environment)
    target.order = order
    _require_fit(receipt, target)


def record_refund(
    receipt: MpesaReceipt,
    *,
    amount: Decimal,
    reference: str,
    note: str = "",
    by: Any,
    returned_at: datetime | None = None,
    returned_before: Decimal | None = None,
    seen_as: str | None = None,
    now: datetime,
) -> MpesaReceipt:
    """Write down that money was sent back by hand; ``reference`` is the return's own code or voucher.

    ``amount`` is in shillings, up to its ``rest``; ``returned_before`` and ``seen_as`` are what the person saw as
    returned already, and as its allocation. Oscar's books are told only of money that stands in them. What is returned
    in part stays what it was; a whole return ends a hold. Raises ``PermissionDenied`` or ``DecisionRefused``.
    """
    require_permission(by, "record_return")
    with transaction.atomic():
        locked = _lock(receipt)
        _require(locked, Allocation.APPLIED, *NEEDS_DECISION)
        _require_new_refund(locked, reference, returned_before, seen_as)
        require_amount(amount, most=locked.rest)
        require_time(returned_at := returned_at or now, earliest=min(locked.paid_at, now), now=now)
        _send_back(locked, amount, reference, returned_at)
        fate = Allocation(locked.allocation) if locked.rest else Allocation.RETURNED
        told = {"amount": str(amount), "day": str(returned_at.astimezone(NAIROBI).date()), "reference": reference}
        _close(EventType.REFUND_RECORDED, locked, fate, by=by, note=note, now=now, **told)
        return locked


def resolve_receipt(receipt: MpesaReceipt, *, note: str, by: Any, now: datetime) -> MpesaReceipt:
    """Close money that waits for a person with a note, such as how it was settled elsewhere. Ends a hold.

    Money in the books of an order that was cancelled is closed so too, and stays in them. Raises
    ``PermissionDenied`` or ``DecisionRefused``; nothing is changed then.
    """
    require_permission(by, "explain_receipt")
    if not note.strip():
        raise NoteMissing
    with transaction.atomic():
        locked = _lock(receipt)
        if not locked.needs_decision:
            raise NoDecisionNeeded(locked.pk)
        _close(EventType.RECEIPT_RESOLVED, locked, Allocation.EXPLAINED, by=by, note=note, now=now)
    return locked


def _lock(receipt: MpesaReceipt, *order_ids: int) -> MpesaReceipt:
    """The receipt and its payment, fresh, after all orders that are concerned; refused if it went elsewhere since."""
    concerned = {receipt.order_id, receipt.payment.order_id if receipt.payment else None, *order_ids}
    orders: dict[int | None, Any] = {pk: lock_order(pk) for pk in sorted(pk for pk in concerned if pk is not None)}
    payment = None
    if receipt.payment_id is not None:
        payment = MpesaPayment.objects.select_for_update().select_related("mpesa_order").get(pk=receipt.payment_id)
    locked = MpesaReceipt.objects.select_for_update().get(pk=receipt.pk)
    if (locked.order_id, locked.payment_id) != (receipt.order_id, receipt.payment_id):
        raise NoDecisionNeeded(receipt.pk)
    locked.payment, locked.order = payment, orders.get(locked.order_id)
    return locked


def _order_of(receipt: MpesaReceipt) -> MpesaOrder | None:
    return MpesaOrder.objects.select_related("order").filter(pk=receipt.order_id).first()


def _require(receipt: MpesaReceipt, *allocations: Allocation) -> None:
    if receipt.allocation not in allocations:
        raise NoDecisionNeeded(receipt.pk)


def _require_fit(receipt: MpesaReceipt, target: MpesaOrder) -> None:
    is_test_in_real_shop = receipt.environment != PRODUCTION and get_settings().environment == PRODUCTION
    if receipt.environment != target.environment or is_test_in_real_shop:
        raise OtherEnvironment(receipt.pk)
    if receipt.returned_amount is not None:
        raise PartlyRefunded(receipt.pk)
    others = MpesaReceipt.objects.filter(order_id=target.pk).exclude(pk=receipt.pk)
    stands_elsewhere = receipt.booked_at is not None and receipt.order_id != target.pk
    if stands_elsewhere or allocation.is_order_paid(target, others):
        raise OrderPaid(target.pk)
    if target.order.status == get_settings().CANCELLED_STATUS:
        raise OrderCancelled(target.pk)
    if target.basket_restored_at is not None:
        raise OrderReturnedToBasket(target.pk)


def _require_total(receipt: MpesaReceipt, target: MpesaOrder, *, is_accepted: bool) -> None:
    if receipt.amount != target.order.total_incl_tax and not is_accepted:
        raise AmountNotAccepted(receipt.amount)


def _write(receipt: MpesaReceipt, target: MpesaOrder, now: datetime) -> None:
    try:
        used = allocation.book_receipt(receipt, target, now)
    except FATAL_ERRORS:
        raise
    except Exception as error:
        raise BookingFailed(repr(error)) from error
    if not used:
        raise OutOfStock(target.pk)
    receipt.error, receipt.next_try_at = "", None


def _require_new_refund(
    receipt: MpesaReceipt, reference: str, returned_before: Decimal | None, seen_as: str | None
) -> None:
    """A page may be old: the money was used since, or the same return written down; and a code is of one return.

    Words such as "reimbursed" may stand at many.
    """
    if seen_as not in {None, receipt.allocation}:
        raise NoDecisionNeeded(receipt.pk)
    if returned_before not in {None, receipt.amount - receipt.rest}:
        raise RefundKnown(receipt.pk)
    try:
        code = receipt_number(reference)
    except ReceiptNumberRefused:
        return
    returned = MpesaReceipt.objects.filter(environment=receipt.environment, returned_reference__icontains=code)
    if not code.isalpha() and returned.exists():
        raise RefundCodeKnown(receipt.pk)


def _send_back(receipt: MpesaReceipt, amount: Decimal, reference: str, returned_at: datetime) -> None:
    receipt.returned_at, receipt.returned_amount = returned_at, (receipt.returned_amount or 0) + amount
    receipt.returned_reference = ", ".join(filter(None, [receipt.returned_reference, reference]))[:128]
    if receipt.booked_at is not None:
        _refund(receipt, amount, reference)


def _refund(receipt: MpesaReceipt, amount: Decimal, reference: str) -> None:
    try:
        shop().refund_books(receipt, receipt.order, amount=amount, reference=reference[:128])
    except FATAL_ERRORS:
        raise
    except Exception as error:
        raise BookingFailed(repr(error)) from error


def _close(
    event_type: EventType,
    receipt: MpesaReceipt,
    allocation: Allocation,
    *,
    by: Any,
    note: str,
    now: datetime,
    **params: str,
) -> None:
    before = receipt.allocation
    receipt.allocation, receipt.allocated_at, receipt.next_try_at = allocation, now, None
    _sign(receipt, by, note)
    receipt.save()
    mpesa_order = _order_of(receipt)
    if mpesa_order is None:
        return
    _audit(event_type, receipt, mpesa_order, before=before, by=by, now=now, note=note, **params)
    if allocation != before:
        _end_hold(receipt, by=by, now=now)
        _reopen(mpesa_order, now)


def _sign(receipt: MpesaReceipt, by: Any, note: str) -> None:
    receipt.allocated_by, receipt.allocated_by_name = by, name_of(by)
    receipt.note = "; ".join(filter(None, [receipt.note, note]))


def _audit(
    event_type: EventType, receipt: MpesaReceipt, mpesa_order: MpesaOrder, *, before: str, now: datetime, **told: Any
) -> None:
    subject, after = allocation.subject_of(receipt, mpesa_order), receipt.allocation
    step = {} if before == after else {"before": before, "after": after}
    audit.record(event_type, subject, now=now, receipt=receipt, **step, **told)


def _end_hold(receipt: MpesaReceipt, *, by: Any, now: datetime) -> None:
    """A payment that this money held fails, or stays as it had ended; unless more money of another amount holds it."""
    payment = receipt.payment
    if payment is None or not payment.on_hold:
        return
    if payment.receipts.filter(allocation=Allocation.MISMATCH).exclude(pk=receipt.pk).exists():
        return
    if payment.is_live:
        end_by_staff(payment, PaymentStatus.FAILED, by=by, now=now)
    else:
        payment.on_hold = False
        payment.save(update_fields=["on_hold"])


def _reopen(mpesa_order: MpesaOrder, now: datetime) -> None:
    """Money left the order that it came for; while that waits it can be paid again, and its clock goes on."""
    if mpesa_order.is_awaiting_payment and mpesa_order.payments.exists():
        until = Greatest(F("pay_before"), now + TIME_TO_PAY_AFTER_HOLD)
        MpesaOrder.objects.filter(pk=mpesa_order.pk).update(pay_before=until, close_check_at=until)
