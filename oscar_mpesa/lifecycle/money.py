"""Money that arrived: kept as a receipt first, then used for its order where that is right."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import OperationalError, transaction
from django.db.models import Q

from oscar_mpesa.conf import PRODUCTION, get_settings
from oscar_mpesa.lifecycle import audit, due
from oscar_mpesa.lifecycle.news import News
from oscar_mpesa.models import Allocation, DueKind, MpesaPayment, MpesaReceipt, Verdict
from oscar_mpesa.signals import money_arrived

logger = logging.getLogger("oscar_mpesa")

#: When the books are tried again after the shop's own code raised.
FIRST_RETRY = timedelta(minutes=1)


def take(payment: MpesaPayment, news: News, now: datetime) -> Verdict:
    """Keep the money that news of a success tells of, once; the order and the payment are locked by the caller.

    Says ``applied`` for a new receipt whatever it was used for, ``duplicate`` for one that is known, ``mismatch``
    where the amount is not ours, ``unmatched`` for a number that belongs to another payment, ``no_change`` where the
    money is known already and nothing may follow from hearing of it again.
    """
    known = _known_receipts(payment, news)
    same = next((receipt for receipt in known if news.receipt_number and receipt.number == news.receipt_number), None)
    if same is not None:
        return _recognise(same, payment, news, now)
    own = [receipt for receipt in known if receipt.payment_id == payment.pk]
    if not news.receipt_number:
        return _take_unnumbered(payment, news, now, known) if not own else Verdict.NO_CHANGE
    unnumbered = next((receipt for receipt in own if receipt.number is None), None)
    if unnumbered is not None:
        return _fill_in(unnumbered, payment, news, now)
    return _take_numbered(payment, news, now, known)


def _recognise(receipt: MpesaReceipt, payment: MpesaPayment, news: News, now: datetime) -> Verdict:
    """A number counts once, ever: told again it adds nothing, and what was told of it first stays."""
    if receipt.payment_id not in {None, payment.pk} or receipt.order_id not in {None, payment.order_id}:
        logger.error("M-Pesa payment %s: receipt %s belongs to another payment", payment.pk, receipt.number)
        audit.record("receipt of another payment", payment, now=now, why=f"{news.receipt_number}", receipt=receipt)
        return Verdict.UNMATCHED
    if news.amount == receipt.amount:
        return Verdict.DUPLICATE
    audit.record("receipt told differently", payment, now=now, why=f"KSh {news.amount} now", receipt=receipt)
    return Verdict.MISMATCH if receipt.allocation == Allocation.MISMATCH else Verdict.NO_CHANGE


def _known_receipts(payment: MpesaPayment, news: News) -> list[MpesaReceipt]:
    same_order = Q(order_id=payment.order_id) | Q(payment_id=payment.pk)
    same_number = Q(environment=payment.environment, number=news.receipt_number)
    which = same_order | same_number if news.receipt_number else same_order
    return list(MpesaReceipt.objects.filter(which))


def _take_unnumbered(payment: MpesaPayment, news: News, now: datetime, known: list[MpesaReceipt]) -> Verdict:
    receipt = _receipt(payment, news, now, amount=Decimal(payment.amount))
    receipt.awaiting_number = payment.pk
    return _allocate(receipt, payment, now, known)


def _take_numbered(payment: MpesaPayment, news: News, now: datetime, known: list[MpesaReceipt]) -> Verdict:
    assert news.amount is not None
    receipt = _receipt(payment, news, now, amount=news.amount)
    if news.amount != payment.amount and not _is_paid(known):
        _keep(receipt, payment, now, Allocation.MISMATCH, why=f"asked for {payment.amount}, {news.amount} arrived")
        return Verdict.MISMATCH
    return _allocate(receipt, payment, now, known)


def _receipt(payment: MpesaPayment, news: News, now: datetime, *, amount: Decimal) -> MpesaReceipt:
    return MpesaReceipt(
        number=news.receipt_number or None,
        environment=payment.environment,
        amount=amount,
        paid_at=news.paid_at or now,
        payer=news.payer[:128],
        source=news.source,
        payment=payment,
        order_id=payment.order_id,
        created_at=now,
    )


def _allocate(receipt: MpesaReceipt, payment: MpesaPayment, now: datetime, known: list[MpesaReceipt]) -> Verdict:
    if _is_paid(known):
        _keep(receipt, payment, now, Allocation.SURPLUS, why="the order is paid already")
    elif payment.environment != PRODUCTION and get_settings().environment == PRODUCTION:
        _keep(receipt, payment, now, Allocation.UNALLOCATED, why="test money in a shop that takes real money")
    elif payment.mpesa_order.is_released or payment.mpesa_order.order.status == get_settings().CANCELLED_STATUS:
        _keep(receipt, payment, now, Allocation.UNALLOCATED, why="the order was closed")
    else:
        _use(receipt, payment, now)
    return Verdict.APPLIED


def _is_paid(known: list[MpesaReceipt]) -> bool:
    """By receipts whose money stands in the books, never by the order's status.

    A mismatch may stand there too: it was applied before Safaricom told another amount, and staff decide (M8).
    """
    in_books = {Allocation.APPLIED.value, Allocation.MISMATCH.value}
    return any(receipt.booked_at is not None and receipt.allocation in in_books for receipt in known)


def _use(receipt: MpesaReceipt, payment: MpesaPayment, now: datetime) -> None:
    error = _books_error(receipt, payment)
    if error is None:
        receipt.booked_at = now
        _keep(receipt, payment, now, Allocation.APPLIED, why="")
        return
    receipt.error, receipt.tries, receipt.next_try_at = repr(error), 1, now + FIRST_RETRY
    _keep(receipt, payment, now, Allocation.UNALLOCATED, why="the shop's own code raised")


def _books_error(receipt: MpesaReceipt, payment: MpesaPayment) -> Exception | None:
    """Tell Oscar's side in a savepoint: the shop's own code may fail without losing the record of the money.

    A deadlock is no such failure (it may have taken the whole transaction with it) and is raised.
    """
    try:
        with transaction.atomic():
            money_arrived.send(sender=MpesaReceipt, receipt=receipt, order=payment.mpesa_order.order)
    except OperationalError:
        raise
    except Exception as error:
        logger.exception("M-Pesa payment %s: the money is there, the books failed", payment.pk)
        return error
    return None


def _keep(receipt: MpesaReceipt, payment: MpesaPayment, now: datetime, allocation: Allocation, *, why: str) -> None:
    receipt.allocation, receipt.allocated_at, receipt.reason = allocation, now, why
    receipt.save()
    if allocation is Allocation.APPLIED:
        due.owe(payment, *due.OWED_WITH_MONEY, now=now, receipt=receipt)
    else:
        _call_for_staff(receipt, payment, now)


def _call_for_staff(receipt: MpesaReceipt, payment: MpesaPayment, now: datetime) -> None:
    told = (payment.pk, receipt.amount, receipt.number, receipt.allocation, receipt.reason)
    logger.error("M-Pesa payment %s: KSh %s (%s) wait for a person: %s, %s", *told)
    audit.record("money to sort out", payment, now=now, after=receipt.allocation, why=receipt.reason, receipt=receipt)
    due.owe(payment, DueKind.MONEY_ASTRAY, now=now, receipt=receipt)


def _fill_in(receipt: MpesaReceipt, payment: MpesaPayment, news: News, now: datetime) -> Verdict:
    """M8: the number of money that a query told of, and Oscar's references; never a second receipt."""
    receipt.number, receipt.awaiting_number = news.receipt_number, None
    receipt.paid_at, receipt.payer, receipt.source = news.paid_at or receipt.paid_at, news.payer[:128], news.source
    agrees = news.amount == receipt.amount
    if agrees and receipt.allocation == Allocation.APPLIED:
        error = _books_error(receipt, payment)
        receipt.error = repr(error) if error else ""
    elif not agrees:
        receipt.amount = news.amount or receipt.amount
        receipt.allocation, receipt.reason = Allocation.MISMATCH, f"asked for {payment.amount}, {news.amount} arrived"
        _call_for_staff(receipt, payment, now)
    receipt.save()
    audit.record("receipt number told", payment, now=now, after=receipt.allocation, why=news.source, receipt=receipt)
    return Verdict.APPLIED if agrees else Verdict.MISMATCH
