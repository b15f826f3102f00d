"""Let staff decide about money that arrived: allocate it to an order, record a refund, or resolve it with a note.

Each function locks the orders (sorted), then the payment, then the receipt. Each needs its own permission and records
an event with the person's name. None of them sends money.
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

#: If a decision leaves an order unpaid, its shopper has at least this long to pay.
TIME_TO_PAY_AFTER_HOLD = timedelta(minutes=30)


def allocate_receipt(
    receipt: MpesaReceipt, order: Any, *, by: Any, note: str = "", accept_difference: bool = False, now: datetime
) -> MpesaReceipt:
    """Allocate money that waits for a decision to an order, once. It may be another order than it was sent for.

    Writes the books, and reopens a closed order if all of it is in stock. Completes the money's payment if that is for
    the same order. An amount that is not the order's total needs ``accept_difference``. Raises ``PermissionDenied`` or
    ``DecisionRefused``, and then changes nothing.
    """
    require_permission(by, "apply_receipt")
    with transaction.atomic():
        locked = _lock(receipt, order.pk)
        payment = locked.payment
        _require_allocation(locked, *NEEDS_DECISION)
        target = get_or_create_mpesa_order(order.pk, environment=locked.environment, now=now)
        _require_payable_by(locked, target)
        if locked.amount != target.order.total_incl_tax and not accept_difference:
            raise AmountNotAccepted(locked.amount)
        before, origin, locked.order = locked.allocation, _order_of(locked), target.order
        _book(locked, target, now)
        _set_decided_by(locked, by, note)
        allocation.record_allocation(locked, target, now, Allocation.APPLIED)
        _record_event(EventType.RECEIPT_MATCHED, locked, target, before=before, by=by, now=now, note=note)
        if payment is not None and payment.order_id == target.pk and not payment.is_paid:
            end_by_staff(payment, PaymentStatus.COMPLETED, by=by, now=now)
        _end_hold(locked, by=by, now=now)
        if origin is not None and origin.pk != target.pk:
            number = target.order.number
            _record_event(EventType.RECEIPT_MATCHED, locked, origin, before=before, by=by, now=now, order=number)
            _extend_deadline(origin, now)
        return locked


def require_allocatable(receipt: MpesaReceipt, order: Any) -> None:
    """Raise the ``DecisionRefused`` that ``allocate_receipt`` would raise, apart from the amount and the stock.

    A page calls this before it shows the button. Locks and changes nothing.
    """
    if order.currency != CURRENCY:
        raise OtherCurrency(order.pk)
    target = MpesaOrder.objects.filter(pk=order.pk).first() or MpesaOrder(pk=order.pk, environment=receipt.environment)
    target.order = order
    _require_payable_by(receipt, target)


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
    """Record that staff refunded money by hand; ``reference`` is the refund's own code or voucher.

    ``amount`` is in shillings, at most the receipt's ``rest``. ``returned_before`` and ``seen_as`` are the refunded
    amount and the allocation that the person saw. Only booked money changes Oscar's books. After a partial refund the
    allocation stays; a full refund ends a hold. Raises ``PermissionDenied`` or ``DecisionRefused``.
    """
    require_permission(by, "record_return")
    with transaction.atomic():
        locked = _lock(receipt)
        _require_allocation(locked, Allocation.APPLIED, *NEEDS_DECISION)
        _require_new_refund(locked, reference, returned_before, seen_as)
        require_amount(amount, most=locked.rest)
        require_time(returned_at := returned_at or now, earliest=min(locked.paid_at, now), now=now)
        _add_refund(locked, amount, reference, returned_at)
        after = Allocation(locked.allocation) if locked.rest else Allocation.RETURNED
        params = {"amount": str(amount), "day": str(returned_at.astimezone(NAIROBI).date()), "reference": reference}
        _settle(EventType.REFUND_RECORDED, locked, after, by=by, note=note, now=now, **params)
        return locked


def resolve_receipt(receipt: MpesaReceipt, *, note: str, by: Any, now: datetime) -> MpesaReceipt:
    """Resolve money that waits for a decision with a note, such as how it was settled elsewhere. Ends a hold.

    Booked money of a canceled order can be resolved too, and stays booked. Raises ``PermissionDenied`` or
    ``DecisionRefused``, and then changes nothing.
    """
    require_permission(by, "explain_receipt")
    if not note.strip():
        raise NoteMissing
    with transaction.atomic():
        locked = _lock(receipt)
        if not locked.needs_decision:
            raise NoDecisionNeeded(locked.pk)
        _settle(EventType.RECEIPT_RESOLVED, locked, Allocation.EXPLAINED, by=by, note=note, now=now)
    return locked


def _lock(receipt: MpesaReceipt, *order_ids: int) -> MpesaReceipt:
    """Lock all orders concerned, the payment and the receipt; return it fresh, or raise if its order changed."""
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


def _require_allocation(receipt: MpesaReceipt, *allocations: Allocation) -> None:
    if receipt.allocation not in allocations:
        raise NoDecisionNeeded(receipt.pk)


def _require_payable_by(receipt: MpesaReceipt, target: MpesaOrder) -> None:
    is_test_in_real_shop = receipt.environment != PRODUCTION and get_settings().environment == PRODUCTION
    if receipt.environment != target.environment or is_test_in_real_shop:
        raise OtherEnvironment(receipt.pk)
    if receipt.returned_amount is not None:
        raise PartlyRefunded(receipt.pk)
    others = MpesaReceipt.objects.filter(order_id=target.pk).exclude(pk=receipt.pk)
    is_booked_elsewhere = receipt.booked_at is not None and receipt.order_id != target.pk
    if is_booked_elsewhere or allocation.is_order_paid(target, others):
        raise OrderPaid(target.pk)
    if target.order.status == get_settings().CANCELLED_STATUS:
        raise OrderCancelled(target.pk)
    if target.basket_restored_at is not None:
        raise OrderReturnedToBasket(target.pk)


def _book(receipt: MpesaReceipt, target: MpesaOrder, now: datetime) -> None:
    try:
        is_booked = allocation.book_receipt(receipt, target, now)
    except FATAL_ERRORS:
        raise
    except Exception as error:
        raise BookingFailed(repr(error)) from error
    if not is_booked:
        raise OutOfStock(target.pk)
    receipt.error, receipt.next_try_at = "", None


def _require_new_refund(
    receipt: MpesaReceipt, reference: str, returned_before: Decimal | None, seen_as: str | None
) -> None:
    """Raise if the receipt changed since the page was loaded, or if another refund has this code.

    Words such as "reimbursed" are no codes, so several refunds may have them.
    """
    if seen_as not in {None, receipt.allocation}:
        raise NoDecisionNeeded(receipt.pk)
    if returned_before not in {None, receipt.amount - receipt.rest}:
        raise RefundKnown(receipt.pk)
    try:
        code = receipt_number(reference)
    except ReceiptNumberRefused:
        return
    refunded = MpesaReceipt.objects.filter(environment=receipt.environment, returned_reference__icontains=code)
    if not code.isalpha() and refunded.exists():
        raise RefundCodeKnown(receipt.pk)


def _add_refund(receipt: MpesaReceipt, amount: Decimal, reference: str, returned_at: datetime) -> None:
    receipt.returned_at, receipt.returned_amount = returned_at, (receipt.returned_amount or 0) + amount
    receipt.returned_reference = ", ".join(filter(None, [receipt.returned_reference, reference]))[:128]
    if receipt.booked_at is None:
        return
    try:
        shop().refund_books(receipt, receipt.order, amount=amount, reference=reference[:128])
    except FATAL_ERRORS:
        raise
    except Exception as error:
        raise BookingFailed(repr(error)) from error


def _settle(
    event_type: EventType,
    receipt: MpesaReceipt,
    after: Allocation,
    *,
    by: Any,
    note: str,
    now: datetime,
    **params: str,
) -> None:
    """Set the allocation and record who decided; a changed allocation ends a hold and extends the deadline."""
    before = receipt.allocation
    receipt.allocation, receipt.allocated_at, receipt.next_try_at = after, now, None
    _set_decided_by(receipt, by, note)
    receipt.save()
    mpesa_order = _order_of(receipt)
    if mpesa_order is None:
        return
    _record_event(event_type, receipt, mpesa_order, before=before, by=by, now=now, note=note, **params)
    if after != before:
        _end_hold(receipt, by=by, now=now)
        _extend_deadline(mpesa_order, now)


def _set_decided_by(receipt: MpesaReceipt, by: Any, note: str) -> None:
    receipt.allocated_by, receipt.allocated_by_name = by, name_of(by)
    receipt.note = "; ".join(filter(None, [receipt.note, note]))


def _record_event(
    event_type: EventType, receipt: MpesaReceipt, mpesa_order: MpesaOrder, *, before: str, now: datetime, **params: Any
) -> None:
    subject, after = allocation.subject_of(receipt, mpesa_order), receipt.allocation
    change = {} if before == after else {"before": before, "after": after}
    audit.record(event_type, subject, now=now, receipt=receipt, **change, **params)


def _end_hold(receipt: MpesaReceipt, *, by: Any, now: datetime) -> None:
    """End the hold on the receipt's payment, unless another wrong amount holds it. A live payment fails."""
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


def _extend_deadline(mpesa_order: MpesaOrder, now: datetime) -> None:
    """Give the shopper time to pay an order that still awaits payment after its money went elsewhere."""
    if mpesa_order.is_awaiting_payment and mpesa_order.payments.exists():
        until = Greatest(F("pay_before"), now + TIME_TO_PAY_AFTER_HOLD)
        MpesaOrder.objects.filter(pk=mpesa_order.pk).update(pay_before=until, close_check_at=until)
