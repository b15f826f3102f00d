"""Money that arrived: kept as a receipt first, then used for its order where that is right."""

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


def store_receipt(payment: MpesaPayment, news: PaymentUpdate, now: datetime) -> Verdict:
    """Keep the money that news of a success tells of, once; the order and the payment are locked by the caller.

    Says ``applied`` for a new receipt whatever it was used for, ``duplicate`` for one that is known, ``mismatch``
    where the amount is not ours, ``unmatched`` for a number that belongs to another payment, ``no_change`` where the
    money is known already and nothing may follow from hearing of it again.
    """
    known = _known_receipts(payment, news)
    same = next((receipt for receipt in known if news.receipt_number and receipt.number == news.receipt_number), None)
    if same is not None and _was_reported_for_other_order(same, payment):
        same = _locked(same)
    if same is not None and _was_reported_for_other_order(same, payment):
        _release_number(same, payment, now)
        known.remove(same)
    elif same is not None:
        return _find_same_money(same, payment, news, now, known)
    own = [receipt for receipt in known if receipt.payment_id == payment.pk]
    if not news.receipt_number:
        is_known = bool(own) or _is_reported_for_order(payment, known)
        return Verdict.NO_CHANGE if is_known else _store_unnumbered(payment, news, now, known)
    unproven = [receipt for receipt in own if _awaits_number(receipt, news)]
    unproven = unproven or [receipt for receipt in known if _is_probable_typo(receipt, payment, news)]
    if unproven:
        return _complete(min(unproven, key=_by_evidence), payment, news, now, known)
    return _store_numbered(payment, news, now, known)


def store_receipt_for_order(mpesa_order: MpesaOrder, news: PaymentUpdate, now: datetime) -> None:
    """Keep money that was found elsewhere and belongs to no attempt; the order is locked by the caller."""
    assert news.amount is not None
    receipt = MpesaReceipt(
        number=news.receipt_number,
        environment=mpesa_order.environment,
        amount=news.amount,
        paid_at=news.paid_at or now,
        source=news.source.value,
        order_id=mpesa_order.pk,
        created_at=now,
    )
    others = list(MpesaReceipt.objects.filter(order_id=mpesa_order.pk))
    if news.amount != mpesa_order.order.total_incl_tax and not is_order_paid(mpesa_order, others):
        amounts = {"expected": str(mpesa_order.order.total_incl_tax), "arrived": str(news.amount)}
        record_allocation(receipt, mpesa_order, now, Allocation.MISMATCH, reason=ReceiptReason.WRONG_TOTAL, **amounts)
    else:
        allocate(receipt, mpesa_order, now, others=others)


def _find_same_money(
    receipt: MpesaReceipt, payment: MpesaPayment, news: PaymentUpdate, now: datetime, known: list[MpesaReceipt]
) -> Verdict:
    """A number counts once, ever: told again it adds nothing, and what was told of it first stays."""
    is_own = receipt.payment_id == payment.pk
    if _is_reported(receipt) and (is_own or receipt.order_id == payment.order_id):
        return _complete(_oldest_match(receipt, payment, now, known), payment, news, now, known)
    if not is_own and (receipt.payment_id is not None or receipt.order_id not in {None, payment.order_id}):
        logger.error("M-Pesa payment %s: receipt %s belongs to another payment", payment.pk, receipt.number)
        number = news.receipt_number
        audit.record(EventType.RECEIPT_CODE_CONFLICT, payment, now=now, receipt=receipt, number=number)
        return Verdict.UNMATCHED
    if news.amount == receipt.amount:
        return Verdict.DUPLICATE
    audit.record(EventType.RECEIPT_AMOUNT_CONFLICT, payment, now=now, receipt=receipt, amount=str(news.amount))
    return Verdict.MISMATCH if receipt.allocation == Allocation.MISMATCH else Verdict.NO_CHANGE


def _is_reported(receipt: MpesaReceipt) -> bool:
    """By a person, and not decided about since: it gives way to Safaricom's word."""
    return receipt.source == ReceiptSource.STAFF and _is_unresolved(receipt)


def _was_reported_for_other_order(receipt: MpesaReceipt, payment: MpesaPayment) -> bool:
    """A person gave the code to another order than Safaricom does."""
    return (
        _is_reported(receipt) and receipt.order_id not in {None, payment.order_id} and receipt.payment_id != payment.pk
    )


def _locked(receipt: MpesaReceipt) -> MpesaReceipt:
    """Fresh, for a person may decide about it in the same moment; its own order is locked too.

    Raises ``OperationalError`` where somebody is at work on that order; what was told is told again.
    """
    assert receipt.order_id is not None
    lock_order(receipt.order_id, nowait=True)
    return MpesaReceipt.objects.select_for_update().get(pk=receipt.pk)


def _release_number(receipt: MpesaReceipt, payment: MpesaPayment, now: datetime) -> None:
    """The other order keeps its books until a person has looked; the code is free for whom it belongs to."""
    assert receipt.number is not None
    told = {"number": receipt.number, "order": payment.mpesa_order.order.number}
    receipt.reason = ReceiptReason.CODE_OF_OTHER_ORDER.value
    receipt.number, receipt.allocation = None, Allocation.MISMATCH
    receipt.save()
    report_unmatched(receipt, MpesaOrder.objects.select_related("order").get(pk=receipt.order_id), now, **told)


def _known_receipts(payment: MpesaPayment, news: PaymentUpdate) -> list[MpesaReceipt]:
    same_order = Q(order_id=payment.order_id) | Q(payment_id=payment.pk)
    same_number = Q(environment=payment.environment, number=news.receipt_number)
    which = same_order | same_number if news.receipt_number else same_order
    return list(MpesaReceipt.objects.counted().filter(which))


def _is_unresolved(receipt: MpesaReceipt) -> bool:
    return receipt.allocation in MONEY_ARRIVED


def _awaits_number(receipt: MpesaReceipt, news: PaymentUpdate) -> bool:
    """A query told of the money without a number, or a person mistyped it, which gives way to Safaricom's."""
    if receipt.number is None:
        return True
    assert news.receipt_number is not None
    return (
        _is_reported(receipt)
        and news.source is not UpdateSource.STAFF
        and is_probable_typo(receipt.number, news.receipt_number)
    )


def _is_reported_for_order(payment: MpesaPayment, known: list[MpesaReceipt]) -> bool:
    """A person wrote this money down for the order alone, and no other request of it can have brought it."""
    of_order = (
        each for each in known if each.payment_id is None and _is_reported(each) and each.amount == payment.amount
    )
    typed = next(of_order, None)
    others = payment.mpesa_order.payments.exclude(push_sent_at=None).exclude(pk=payment.pk)
    if typed is None or others.exists():
        return False
    typed.payment = payment
    typed.save(update_fields=["payment"])
    return True


def _is_probable_typo(receipt: MpesaReceipt, payment: MpesaPayment, news: PaymentUpdate) -> bool:
    """A person mistyped the code, and did not know which attempt of this order brought the money."""
    is_of_order_alone = receipt.payment_id is None and receipt.order_id == payment.order_id
    is_same_money = receipt.number is not None and receipt.amount == news.amount
    return is_of_order_alone and is_same_money and _awaits_number(receipt, news)


def _by_evidence(receipt: MpesaReceipt) -> tuple[bool, bool]:
    """What Safaricom told of without a number first, then what stands in the books."""
    return receipt.number is not None, receipt.booked_at is None


def _oldest_match(typed: MpesaReceipt, payment: MpesaPayment, now: datetime, known: list[MpesaReceipt]) -> MpesaReceipt:
    """A query told of the same money without its number, when nobody could know that it was the same.

    What stands in the books stays, else what was typed; the other is closed. Returns the one that stays.
    """
    twins = [each for each in known if each.payment_id == payment.pk and each.number is None and _is_unresolved(each)]
    booked = next((twin for twin in twins if twin.booked_at is not None and typed.booked_at is None), None)
    told = {"after": Allocation.EXPLAINED, "reason": ReceiptReason.SAME_MONEY, "number": typed.number}
    for each in [*twins, typed]:
        if each is not (booked or typed) and (each is typed or each.booked_at is None):
            each.number = each.awaiting_number = each.next_try_at = None
            each.allocation, each.reason, each.error = Allocation.EXPLAINED, ReceiptReason.SAME_MONEY.value, ""
            each.same_as = booked or typed
            each.save()
            audit.record(EventType.RECEIPT_DUPLICATED, payment, now=now, receipt=each, **told)
    return booked or typed


def _store_unnumbered(payment: MpesaPayment, news: PaymentUpdate, now: datetime, known: list[MpesaReceipt]) -> Verdict:
    receipt = _new_receipt(payment, news, now, amount=Decimal(payment.amount))
    receipt.awaiting_number = payment.pk
    allocate(receipt, payment.mpesa_order, now, others=known)
    return Verdict.APPLIED


def _store_numbered(payment: MpesaPayment, news: PaymentUpdate, now: datetime, known: list[MpesaReceipt]) -> Verdict:
    assert news.amount is not None
    receipt = _new_receipt(payment, news, now, amount=news.amount)
    if news.amount != payment.amount and not is_order_paid(payment.mpesa_order, known):
        amounts = {"expected": str(payment.amount), "arrived": str(news.amount)}
        record_allocation(
            receipt, payment.mpesa_order, now, Allocation.MISMATCH, reason=ReceiptReason.WRONG_AMOUNT, **amounts
        )
        return Verdict.MISMATCH
    allocate(receipt, payment.mpesa_order, now, others=known)
    return Verdict.APPLIED


def _new_receipt(payment: MpesaPayment, news: PaymentUpdate, now: datetime, *, amount: Decimal) -> MpesaReceipt:
    return MpesaReceipt(
        number=news.receipt_number or None,
        environment=payment.environment,
        amount=amount,
        paid_at=news.paid_at or now,
        payer=news.payer[:128],
        source=news.source.value,
        payment=payment,
        order_id=payment.order_id,
        created_at=now,
    )


def _complete(
    receipt: MpesaReceipt, payment: MpesaPayment, news: PaymentUpdate, now: datetime, known: list[MpesaReceipt]
) -> Verdict:
    """M8: the number of money that is known without a proven one, and Oscar's references; never a second receipt."""
    before, agrees = receipt.number or "", news.amount == receipt.amount
    receipt.payment, receipt.number, receipt.awaiting_number = payment, news.receipt_number, None
    receipt.paid_at, receipt.payer = news.paid_at or receipt.paid_at, news.payer[:128]
    receipt.source = news.source.value
    if agrees and receipt.allocation == Allocation.APPLIED:
        _rename_in_books(receipt, payment, now)
    elif not agrees and _is_unresolved(receipt):
        agrees = _correct(receipt, payment, news, now, known)
    receipt.save()
    told = {"before": before, "after": news.receipt_number} if before else {"after": receipt.allocation}
    audit.record(EventType.RECEIPT_CODE_ADDED, payment, now=now, receipt=receipt, source=news.source, **told)
    return Verdict.APPLIED if agrees and receipt.allocation != Allocation.MISMATCH else Verdict.MISMATCH


def _correct(
    receipt: MpesaReceipt, payment: MpesaPayment, news: PaymentUpdate, now: datetime, known: list[MpesaReceipt]
) -> bool:
    """Another amount than was believed: for staff to decide, unless it is just what we asked for and in no books."""
    assert news.amount is not None
    receipt.amount, receipt.error, receipt.next_try_at = news.amount, "", None
    mpesa_order = _order_of(receipt, payment)
    if news.amount == payment.amount and receipt.booked_at is None and mpesa_order.pk == payment.order_id:
        allocate(receipt, mpesa_order, now, others=known)
        return True
    receipt.allocation, receipt.reason = Allocation.MISMATCH, ReceiptReason.WRONG_AMOUNT.value
    report_unmatched(receipt, mpesa_order, now, expected=str(payment.amount), arrived=str(news.amount))
    return False


def _rename_in_books(receipt: MpesaReceipt, payment: MpesaPayment, now: datetime) -> None:
    try:
        book_receipt(receipt, _order_of(receipt, payment), now)
        receipt.error = ""
    except FATAL_ERRORS:
        raise
    except Exception as error:
        logger.exception("M-Pesa payment %s: its code could not be written into the books", payment.pk)
        receipt.error = repr(error)


def _order_of(receipt: MpesaReceipt, payment: MpesaPayment) -> MpesaOrder:
    """Staff may have used the money for another order than it came for."""
    if receipt.order_id == payment.order_id:
        return payment.mpesa_order
    return MpesaOrder.objects.select_related("order").get(pk=receipt.order_id)
