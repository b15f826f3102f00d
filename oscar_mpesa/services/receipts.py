"""Store receipts of money that arrived, once each, and allocate them."""

from __future__ import annotations

import logging
from datetime import datetime
from decimal import Decimal

from django.db.models import Q

from oscar_mpesa.domain.receipt_number import is_probable_typo
from oscar_mpesa.models import (
    Allocation,
    EventType,
    MpesaOrder,
    MpesaPayment,
    MpesaReceipt,
    ReceiptSource,
    UpdateSource,
    Verdict,
)
from oscar_mpesa.models.receipts import MONEY_ARRIVED, ReceiptReason
from oscar_mpesa.services import audit
from oscar_mpesa.services.allocation import allocate, book_receipt, is_order_paid, record_allocation, report_unmatched
from oscar_mpesa.services.locks import lock_order
from oscar_mpesa.services.ports import FATAL_ERRORS
from oscar_mpesa.services.update_sources import PaymentUpdate

logger = logging.getLogger("oscar_mpesa")


def store_receipt(payment: MpesaPayment, update: PaymentUpdate, now: datetime) -> Verdict:
    """Store the money of a successful update, once. The caller locks the order and the payment.

    Returns ``applied`` for a new receipt, whatever it is allocated to, and ``duplicate`` for a known one. Returns
    ``mismatch`` if the amount is wrong, and ``unmatched`` if the code belongs to another payment. Returns
    ``no_change`` if the money is known already and the update changes nothing.
    """
    number, known = update.receipt_number, _known_receipts(payment, update)
    same = next((receipt for receipt in known if number and receipt.number == number), None)
    if same is not None and _is_recorded_for_other_order(same, payment):
        same = _lock_recorded(same)
    if same is not None and _is_recorded_for_other_order(same, payment):
        _release_number(same, payment, now)
        known.remove(same)
    elif same is not None:
        return _apply_to_same_number(same, payment, update, now, known)
    own = [receipt for receipt in known if receipt.payment_id == payment.pk]
    if not number:
        is_known = bool(own) or _adopt_recorded(payment, known)
        return Verdict.NO_CHANGE if is_known else _store_new(payment, update, now, known)
    unproven = [receipt for receipt in own if _awaits_number(receipt, update)]
    unproven = unproven or [receipt for receipt in known if _is_mistyped(receipt, payment, update)]
    if unproven:
        return _complete(min(unproven, key=_evidence_rank), payment, update, now, known)
    return _store_new(payment, update, now, known)


def store_receipt_for_order(mpesa_order: MpesaOrder, update: PaymentUpdate, now: datetime) -> None:
    """Store money that staff recorded and that belongs to no payment. The caller locks the order."""
    assert update.amount is not None
    receipt = MpesaReceipt(
        number=update.receipt_number,
        environment=mpesa_order.environment,
        amount=update.amount,
        paid_at=update.paid_at or now,
        source=update.source.value,
        order_id=mpesa_order.pk,
        created_at=now,
    )
    others = list(MpesaReceipt.objects.filter(order_id=mpesa_order.pk))
    if update.amount != mpesa_order.order.total_incl_tax and not is_order_paid(mpesa_order, others):
        amounts = {"expected": str(mpesa_order.order.total_incl_tax), "arrived": str(update.amount)}
        record_allocation(receipt, mpesa_order, now, Allocation.MISMATCH, reason=ReceiptReason.WRONG_TOTAL, **amounts)
    else:
        allocate(receipt, mpesa_order, now, others=others)


def _known_receipts(payment: MpesaPayment, update: PaymentUpdate) -> list[MpesaReceipt]:
    """Return the receipts of the order, of the payment, and of the update's number."""
    concerned = Q(order_id=payment.order_id) | Q(payment_id=payment.pk)
    if update.receipt_number:
        concerned |= Q(environment=payment.environment, number=update.receipt_number)
    return list(MpesaReceipt.objects.counted().filter(concerned))


def _apply_to_same_number(
    receipt: MpesaReceipt, payment: MpesaPayment, update: PaymentUpdate, now: datetime, known: list[MpesaReceipt]
) -> Verdict:
    """Apply an update to the receipt that has its number: complete what staff recorded, else change nothing."""
    is_own = receipt.payment_id == payment.pk
    if _is_recorded(receipt) and (is_own or receipt.order_id == payment.order_id):
        return _complete(_merge_unnumbered(receipt, payment, now, known), payment, update, now, known)
    if not is_own and (receipt.payment_id is not None or receipt.order_id not in {None, payment.order_id}):
        logger.error("M-PESA payment %s: receipt %s belongs to another payment", payment.pk, receipt.number)
        number = update.receipt_number
        audit.record(EventType.RECEIPT_CODE_CONFLICT, payment, now=now, receipt=receipt, number=number)
        return Verdict.UNMATCHED
    if update.amount == receipt.amount:
        return Verdict.DUPLICATE
    audit.record(EventType.RECEIPT_AMOUNT_CONFLICT, payment, now=now, receipt=receipt, amount=str(update.amount))
    return Verdict.MISMATCH if receipt.allocation == Allocation.MISMATCH else Verdict.NO_CHANGE


def _is_unresolved(receipt: MpesaReceipt) -> bool:
    return receipt.allocation in MONEY_ARRIVED


def _is_recorded(receipt: MpesaReceipt) -> bool:
    """Return whether staff recorded the receipt and have not resolved it. Safaricom's facts replace it."""
    return receipt.source == ReceiptSource.STAFF and _is_unresolved(receipt)


def _is_recorded_for_other_order(receipt: MpesaReceipt, payment: MpesaPayment) -> bool:
    """Return whether staff recorded the code for another order than Safaricom's."""
    is_other_order = receipt.order_id not in {None, payment.order_id} and receipt.payment_id != payment.pk
    return is_other_order and _is_recorded(receipt)


def _lock_recorded(receipt: MpesaReceipt) -> MpesaReceipt:
    """Lock the receipt's own order, then the receipt, because staff may decide about it now; return it fresh.

    Raises ``OperationalError`` if that order is locked. The update is then applied again later.
    """
    assert receipt.order_id is not None
    lock_order(receipt.order_id, nowait=True)
    return MpesaReceipt.objects.select_for_update().get(pk=receipt.pk)


def _release_number(receipt: MpesaReceipt, payment: MpesaPayment, now: datetime) -> None:
    """Take the code from a receipt that staff recorded for another order. Its books stay until staff decide."""
    assert receipt.number is not None
    params = {"number": receipt.number, "order": payment.mpesa_order.order.number}
    receipt.reason = ReceiptReason.CODE_OF_OTHER_ORDER.value
    receipt.number, receipt.allocation = None, Allocation.MISMATCH
    receipt.save()
    report_unmatched(receipt, MpesaOrder.objects.select_related("order").get(pk=receipt.order_id), now, **params)


def _awaits_number(receipt: MpesaReceipt, update: PaymentUpdate) -> bool:
    """Return whether the receipt has no code yet, or a code that staff mistyped and the update corrects."""
    if receipt.number is None:
        return True
    assert update.receipt_number is not None
    is_from_safaricom = update.source is not UpdateSource.STAFF
    return _is_recorded(receipt) and is_from_safaricom and is_probable_typo(receipt.number, update.receipt_number)


def _adopt_recorded(payment: MpesaPayment, known: list[MpesaReceipt]) -> bool:
    """Give the payment a receipt that staff recorded for its order, if only this payment can have brought it."""
    of_order = (receipt for receipt in known if receipt.payment_id is None and _is_recorded(receipt))
    recorded = next((receipt for receipt in of_order if receipt.amount == payment.amount), None)
    others = payment.mpesa_order.payments.exclude(push_sent_at=None).exclude(pk=payment.pk)
    if recorded is None or others.exists():
        return False
    recorded.payment = payment
    recorded.save(update_fields=["payment"])
    return True


def _is_mistyped(receipt: MpesaReceipt, payment: MpesaPayment, update: PaymentUpdate) -> bool:
    """Return whether staff recorded this money for the order alone, with a mistyped code."""
    is_of_order_alone = receipt.payment_id is None and receipt.order_id == payment.order_id
    is_same_money = receipt.number is not None and receipt.amount == update.amount
    return is_of_order_alone and is_same_money and _awaits_number(receipt, update)


def _evidence_rank(receipt: MpesaReceipt) -> tuple[bool, bool]:
    """Sort receipts that a query reported without a number first, then booked ones."""
    return receipt.number is not None, receipt.booked_at is None


def _merge_unnumbered(
    recorded: MpesaReceipt, payment: MpesaPayment, now: datetime, known: list[MpesaReceipt]
) -> MpesaReceipt:
    """Merge the receipts that a query stored without a number into the recorded one; return the one that stays.

    A booked receipt stays, else the recorded one. The others become *same money* and count no more.
    """
    unnumbered = [each for each in known if each.payment_id == payment.pk and each.number is None]
    unnumbered = [each for each in unnumbered if _is_unresolved(each)]
    booked = next((each for each in unnumbered if each.booked_at is not None and recorded.booked_at is None), None)
    kept = booked or recorded
    params = {"after": Allocation.EXPLAINED, "reason": ReceiptReason.SAME_MONEY, "number": recorded.number}
    for each in [*unnumbered, recorded]:
        if each is not kept and (each is recorded or each.booked_at is None):
            each.number = each.awaiting_number = each.next_try_at = None
            each.allocation, each.reason, each.error = Allocation.EXPLAINED, ReceiptReason.SAME_MONEY.value, ""
            each.same_as = kept
            each.save()
            audit.record(EventType.RECEIPT_DUPLICATED, payment, now=now, receipt=each, **params)
    return kept


def _store_new(payment: MpesaPayment, update: PaymentUpdate, now: datetime, known: list[MpesaReceipt]) -> Verdict:
    """Store and allocate a new receipt. Without a number, it gets the payment's amount and awaits its number."""
    amount = update.amount if update.receipt_number else None
    receipt = MpesaReceipt(
        number=update.receipt_number or None,
        awaiting_number=None if update.receipt_number else payment.pk,
        environment=payment.environment,
        amount=Decimal(payment.amount) if amount is None else amount,
        paid_at=update.paid_at or now,
        payer=update.payer[:128],
        source=update.source.value,
        payment=payment,
        order_id=payment.order_id,
        created_at=now,
    )
    if receipt.amount == payment.amount or is_order_paid(payment.mpesa_order, known):
        allocate(receipt, payment.mpesa_order, now, others=known)
        return Verdict.APPLIED
    params = {"expected": str(payment.amount), "arrived": str(update.amount)}
    reason = ReceiptReason.WRONG_AMOUNT
    record_allocation(receipt, payment.mpesa_order, now, Allocation.MISMATCH, reason=reason, **params)
    return Verdict.MISMATCH


def _complete(
    receipt: MpesaReceipt, payment: MpesaPayment, update: PaymentUpdate, now: datetime, known: list[MpesaReceipt]
) -> Verdict:
    """Write Safaricom's number and facts on a receipt that is known without them, and into the books."""
    before, is_amount_right = receipt.number or "", update.amount == receipt.amount
    receipt.payment, receipt.number, receipt.awaiting_number = payment, update.receipt_number, None
    receipt.paid_at, receipt.payer = update.paid_at or receipt.paid_at, update.payer[:128]
    receipt.source = update.source.value
    if is_amount_right and receipt.allocation == Allocation.APPLIED:
        _rename_in_books(receipt, payment, now)
    elif not is_amount_right and _is_unresolved(receipt):
        is_amount_right = _correct_amount(receipt, payment, update, now, known)
    receipt.save()
    params = {"before": before, "after": update.receipt_number} if before else {"after": receipt.allocation}
    audit.record(EventType.RECEIPT_CODE_ADDED, payment, now=now, receipt=receipt, source=update.source, **params)
    is_applied = is_amount_right and receipt.allocation != Allocation.MISMATCH
    return Verdict.APPLIED if is_applied else Verdict.MISMATCH


def _correct_amount(
    receipt: MpesaReceipt, payment: MpesaPayment, update: PaymentUpdate, now: datetime, known: list[MpesaReceipt]
) -> bool:
    """Write Safaricom's amount on a receipt; return whether it is the payment's and the receipt could be allocated.

    A receipt that is booked, or of another amount than the payment's, waits for staff.
    """
    assert update.amount is not None
    receipt.amount, receipt.error, receipt.next_try_at = update.amount, "", None
    mpesa_order = _order_of(receipt, payment)
    if update.amount == payment.amount and receipt.booked_at is None and mpesa_order.pk == payment.order_id:
        allocate(receipt, mpesa_order, now, others=known)
        return True
    receipt.allocation, receipt.reason = Allocation.MISMATCH, ReceiptReason.WRONG_AMOUNT.value
    report_unmatched(receipt, mpesa_order, now, expected=str(payment.amount), arrived=str(update.amount))
    return False


def _rename_in_books(receipt: MpesaReceipt, payment: MpesaPayment, now: datetime) -> None:
    try:
        book_receipt(receipt, _order_of(receipt, payment), now)
        receipt.error = ""
    except FATAL_ERRORS:
        raise
    except Exception as error:
        logger.exception("M-PESA payment %s: its code could not be written into the books", payment.pk)
        receipt.error = repr(error)


def _order_of(receipt: MpesaReceipt, payment: MpesaPayment) -> MpesaOrder:
    """Return the order of a receipt. Staff may have allocated it to another order than the payment's."""
    if receipt.order_id == payment.order_id:
        return payment.mpesa_order
    return MpesaOrder.objects.select_related("order").get(pk=receipt.order_id)
