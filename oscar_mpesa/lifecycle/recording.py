"""Money that staff found elsewhere, in the M-PESA portal or on a statement, and codes that are still missing."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from oscar_mpesa.domain.receipts import receipt_number
from oscar_mpesa.domain.status import Status
from oscar_mpesa.lifecycle import audit
from oscar_mpesa.lifecycle.decisions import (
    AttemptUnclear,
    HeldPayment,
    NoteMissing,
    ReceiptKnown,
    require_amount,
    require_time,
)
from oscar_mpesa.lifecycle.enrolling import enrolled
from oscar_mpesa.lifecycle.money import take_for_order
from oscar_mpesa.lifecycle.news import News
from oscar_mpesa.lifecycle.settling import settle
from oscar_mpesa.lifecycle.staff import name_of, require_permission
from oscar_mpesa.models import EventType, MpesaOrder, MpesaPayment, MpesaReceipt, UpdateSource

#: Shillings; more than any receipt holds.
MOST = 999_999_999


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
    require_amount(amount, most=MOST)
    require_time(paid_at or now, now=now)
    if not note.strip():
        raise NoteMissing
    news = _news(receipt_number(number), amount, paid_at)
    try:
        return _record(news, order, payment, by=by, note=note, now=now)
    except IntegrityError:  # written down for another order in the same moment: now it is known
        return _record(news, order, payment, by=by, note=note, now=now)


def _record(news: News, order: Any, payment: MpesaPayment | None, *, by: Any, note: str, now: datetime) -> MpesaReceipt:
    with transaction.atomic():
        mpesa_order = enrolled(order.pk, now=now)
        attempt = mpesa_order.payments.get(pk=payment.pk) if payment else _likely_attempt(mpesa_order)
        _require_new(news, attempt or mpesa_order)
        if attempt is None and MpesaReceipt.objects.counted().filter(order=mpesa_order.order, number=None).exists():
            raise AttemptUnclear(mpesa_order.pk)
        if attempt is None:
            take_for_order(mpesa_order, news, now)
        else:
            settle(attempt, news, now=now)
        return _sign(news, attempt or mpesa_order, by=by, note=note, now=now)


def _news(number: str, amount: Decimal, paid_at: datetime | None) -> News:
    return News(
        source=UpdateSource.STAFF,
        status=Status.COMPLETED,
        code="0",
        amount=amount,
        receipt_number=number,
        paid_at=paid_at,
    )


def _likely_attempt(mpesa_order: MpesaOrder) -> MpesaPayment | None:
    """Of the prompts that brought no code yet: the paid one, else the one without an answer; none that failed."""
    possible = list(mpesa_order.payments.exclude(prompted_at=None).exclude(receipts__number__isnull=False))
    paid = [payment for payment in possible if payment.is_paid]
    unanswered = [payment for payment in possible if payment.is_live or payment.was_unanswered]
    likely = paid or unanswered
    return likely[0] if len(likely) == 1 else None


def _require_new(news: News, subject: MpesaPayment | MpesaOrder) -> None:
    known = MpesaReceipt.objects.filter(environment=subject.environment, number=news.receipt_number).first()
    if known is not None:
        raise ReceiptKnown(known)
    if isinstance(subject, MpesaPayment) and subject.held:
        raise HeldPayment(subject.pk)


def _sign(news: News, subject: MpesaPayment | MpesaOrder, *, by: Any, note: str, now: datetime) -> MpesaReceipt:
    receipt = MpesaReceipt.objects.get(environment=subject.environment, number=news.receipt_number)
    receipt.allocated_by, receipt.allocated_by_name, receipt.note = by, name_of(by), note
    receipt.save(update_fields=["allocated_by", "allocated_by_name", "note"])
    after = receipt.allocation
    audit.record(EventType.RECEIPT_RECORDED, subject, now=now, by=by, receipt=receipt, after=after, note=note)
    return receipt
