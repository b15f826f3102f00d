"""Record money that staff found in the M-PESA portal or on a statement, and codes that are still missing."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.domain.receipt_number import receipt_number
from oscar_mpesa.models import EventType, MpesaOrder, MpesaPayment, MpesaReceipt, UpdateSource
from oscar_mpesa.services import audit
from oscar_mpesa.services.authorization import name_of, require_permission
from oscar_mpesa.services.exceptions import (
    NoteMissing,
    PaymentOnHold,
    PaymentUnclear,
    ReceiptKnown,
    require_amount,
    require_time,
)
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.payments import get_or_create_mpesa_order
from oscar_mpesa.services.receipts import store_receipt_for_order
from oscar_mpesa.services.update_sources import PaymentUpdate

__all__ = ["record_receipt"]

#: Shillings; more than M-PESA can transfer at once.
MAX_AMOUNT = 999_999_999


def record_receipt(
    number: str,
    amount: Decimal,
    *,
    order: Any,
    payment: MpesaPayment | None = None,
    paid_at: datetime | None = None,
    by: Any,
    note: str,
    now: datetime,
) -> MpesaReceipt:
    """Record money that staff found elsewhere, or the missing code of known money. Locks the order.

    The money is allocated as Safaricom's would be. What Safaricom reports later about the same payment replaces it.
    ``payment`` is one of the order's. If it is None, the money goes to the only payment that is paid without a code, or
    else to the only one without a result. ``amount`` is in shillings; ``note`` says where the money was found.

    Raises ``PermissionDenied``, ``ReceiptNumberRefused`` or ``DecisionRefused``; nothing is changed then.
    """
    require_permission(by, "record_receipt")
    require_amount(amount, most=MAX_AMOUNT)
    require_time(paid_at or now, now=now)
    if not note.strip():
        raise NoteMissing
    update = PaymentUpdate(
        source=UpdateSource.STAFF,
        status=PaymentStatus.COMPLETED,
        code="0",
        amount=amount,
        receipt_number=receipt_number(number),
        paid_at=paid_at,
    )
    try:
        return _record(update, order, payment, by=by, note=note, now=now)
    except IntegrityError:  # the code was recorded for another order at the same moment, so now it is known
        return _record(update, order, payment, by=by, note=note, now=now)


def _record(
    update: PaymentUpdate, order: Any, payment: MpesaPayment | None, *, by: Any, note: str, now: datetime
) -> MpesaReceipt:
    with transaction.atomic():
        mpesa_order = get_or_create_mpesa_order(order.pk, now=now)
        likely = mpesa_order.payments.get(pk=payment.pk) if payment else _likely_payment(mpesa_order)
        _require_new(update, likely or mpesa_order)
        if likely is not None:
            apply_update(likely, update, now=now)
        elif MpesaReceipt.objects.counted().filter(order=mpesa_order.order, number=None).exists():
            raise PaymentUnclear(mpesa_order.pk)
        else:
            store_receipt_for_order(mpesa_order, update, now)
        return _set_recorded_by(update, likely or mpesa_order, by=by, note=note, now=now)


def _likely_payment(mpesa_order: MpesaOrder) -> MpesaPayment | None:
    """Return the only payment without a code that is paid, else the only one without a result, else None."""
    possible = list(mpesa_order.payments.exclude(push_sent_at=None).exclude(receipts__number__isnull=False))
    paid = [payment for payment in possible if payment.is_paid]
    without_result = [payment for payment in possible if payment.is_live or payment.was_unanswered]
    likely = paid or without_result
    return likely[0] if len(likely) == 1 else None


def _require_new(update: PaymentUpdate, subject: MpesaPayment | MpesaOrder) -> None:
    known = MpesaReceipt.objects.filter(environment=subject.environment, number=update.receipt_number).first()
    if known is not None:
        raise ReceiptKnown(known)
    if isinstance(subject, MpesaPayment) and subject.on_hold:
        raise PaymentOnHold(subject.pk)


def _set_recorded_by(
    update: PaymentUpdate, subject: MpesaPayment | MpesaOrder, *, by: Any, note: str, now: datetime
) -> MpesaReceipt:
    receipt = MpesaReceipt.objects.get(environment=subject.environment, number=update.receipt_number)
    receipt.allocated_by, receipt.allocated_by_name, receipt.note = by, name_of(by), note
    receipt.save(update_fields=["allocated_by", "allocated_by_name", "note"])
    after = receipt.allocation
    audit.record(EventType.RECEIPT_RECORDED, subject, now=now, by=by, receipt=receipt, after=after, note=note)
    return receipt
