"""Money that staff found elsewhere, in the M-PESA portal or on a statement, and codes that are still missing."""

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

#: Shillings; more than any receipt holds.
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
    """Write down money that staff found elsewhere, or the missing code of money that is known; locks the order.

    It is used as if Safaricom had told of it, marked as recorded by hand, and gives way to what Safaricom tells of
    the same attempt later. Without ``payment`` (one of the order's) it belongs to the only attempt that is paid without
    a code or has no answer, else to none. ``amount`` is in shillings, ``note`` says where it was seen.

    Raises ``PermissionDenied``, ``ReceiptNumberRefused`` or ``DecisionRefused``; nothing is changed then.
    """
    require_permission(by, "record_receipt")
    require_amount(amount, most=MAX_AMOUNT)
    require_time(paid_at or now, now=now)
    if not note.strip():
        raise NoteMissing
    news = _news(receipt_number(number), amount, paid_at)
    try:
        return _record(news, order, payment, by=by, note=note, now=now)
    except IntegrityError:  # written down for another order in the same moment: now it is known
        return _record(news, order, payment, by=by, note=note, now=now)


def _record(
    news: PaymentUpdate, order: Any, payment: MpesaPayment | None, *, by: Any, note: str, now: datetime
) -> MpesaReceipt:
    with transaction.atomic():
        mpesa_order = get_or_create_mpesa_order(order.pk, now=now)
        attempt = mpesa_order.payments.get(pk=payment.pk) if payment else _likely_attempt(mpesa_order)
        _require_new(news, attempt or mpesa_order)
        if attempt is None and MpesaReceipt.objects.counted().filter(order=mpesa_order.order, number=None).exists():
            raise PaymentUnclear(mpesa_order.pk)
        if attempt is None:
            store_receipt_for_order(mpesa_order, news, now)
        else:
            apply_update(attempt, news, now=now)
        return _sign(news, attempt or mpesa_order, by=by, note=note, now=now)


def _news(number: str, amount: Decimal, paid_at: datetime | None) -> PaymentUpdate:
    return PaymentUpdate(
        source=UpdateSource.STAFF,
        status=PaymentStatus.COMPLETED,
        code="0",
        amount=amount,
        receipt_number=number,
        paid_at=paid_at,
    )


def _likely_attempt(mpesa_order: MpesaOrder) -> MpesaPayment | None:
    """Of the prompts that brought no code yet: the paid one, else the one without an answer; none that failed."""
    possible = list(mpesa_order.payments.exclude(push_sent_at=None).exclude(receipts__number__isnull=False))
    paid = [payment for payment in possible if payment.is_paid]
    unanswered = [payment for payment in possible if payment.is_live or payment.was_unanswered]
    likely = paid or unanswered
    return likely[0] if len(likely) == 1 else None


def _require_new(news: PaymentUpdate, subject: MpesaPayment | MpesaOrder) -> None:
    known = MpesaReceipt.objects.filter(environment=subject.environment, number=news.receipt_number).first()
    if known is not None:
        raise ReceiptKnown(known)
    if isinstance(subject, MpesaPayment) and subject.on_hold:
        raise PaymentOnHold(subject.pk)


def _sign(
    news: PaymentUpdate, subject: MpesaPayment | MpesaOrder, *, by: Any, note: str, now: datetime
) -> MpesaReceipt:
    receipt = MpesaReceipt.objects.get(environment=subject.environment, number=news.receipt_number)
    receipt.allocated_by, receipt.allocated_by_name, receipt.note = by, name_of(by), note
    receipt.save(update_fields=["allocated_by", "allocated_by_name", "note"])
    after = receipt.allocation
    audit.record(EventType.RECEIPT_RECORDED, subject, now=now, by=by, receipt=receipt, after=after, note=note)
    return receipt
